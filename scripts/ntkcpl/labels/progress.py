"""How far the rounds of a run have come: which batches people have answered, and what waits.

An answered batch is history: it stays as it was asked, whatever is corrected later, and whatever
becomes of the features. So does one that somebody has begun to answer. Images of the holdout count
in no round, whoever asked for them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ntkcpl.artifacts.batch import read_ids
from ntkcpl.artifacts.labels import read_taken
from ntkcpl.labels.holdout import Holdout
from ntkcpl.records import Taken

# Images that a line names, of those that are missing.
NAMED = 3


@dataclass(frozen=True)
class Progress:
    """What has been answered in a run, and what has not.

    Attributes
    ----------
    finished : list of Taken
        Of each round, from the first on, whose batch is fully answered: labelled or skipped.
    coming : int or None
        Number of the round that comes after these; None if there is none, because the budgets
        end or no image is left.
    asked : list of str
        Ids of its batch; empty before it is chosen.
    missing : list of str
        Those of them that nobody has answered.
    gone : int
        Images that were labelled and are gone: their labels do not count.
    holdout : Holdout or None
        The images that are held out, if any are to be.
    """

    finished: list[Taken]
    coming: int | None
    asked: list[str]
    missing: list[str]
    gone: int = 0
    holdout: Holdout | None = None

    @property
    def begun(self) -> bool:
        """Whether somebody has begun to answer the batch of the coming round."""
        return len(self.missing) < len(self.asked)

    @property
    def classes(self) -> list[str]:
        """The classes that occur in finished rounds, sorted."""
        return sorted(_classes(self.finished))

    @property
    def trained(self) -> list[int]:
        """Numbers of the finished rounds after which there are two classes, for a classifier."""
        numbers = range(1, len(self.finished) + 1)
        return [number for number in numbers if len(_classes(self.finished[:number])) > 1]

    @property
    def is_trained(self) -> bool:
        """Whether there is a classifier after the last finished round."""
        return len(self.finished) in self.trained

    @property
    def holds(self) -> bool:
        """Whether no batch is to be chosen before people have labelled the holdout."""
        return self.holdout is not None and not self.holdout.is_complete

    def next_step(self, run: Path, labels: str) -> str:
        """Say in one line what people are to do next.

        Parameters
        ----------
        run
            Folder of the run; the holdout's is beside that of its strategy.
        labels
            Where people save.
        """
        parts = []
        if offered := sum(len(taken.offered) for taken in self.finished):
            parts.append(f"answers that were not asked for count too: {offered}")
        if self.gone:
            parts.append(f"labels of images that are gone do not count: {self.gone}")
        if self.holdout is not None and self.holdout.gone:
            parts.append(f"images of the holdout that are gone: {self.holdout.gone}")
        if self.finished and not self.trained:
            parts.append(f"no classifier yet, which needs a second class beside {self.classes}")
        if self.holds:
            parts.append(self._holdout_step(run.parents[1] / "holdout/label", labels))
        elif self.coming is None:
            parts.append("all is answered; for another round append to budgets")
        elif not self.asked:
            parts.append(f"the images of round {self.coming} are to be chosen")
        else:
            kit = run / f"round{self.coming}/label"
            parts.append(_waiting(self.missing, self.asked, f"round {self.coming}", kit, labels))
        return "; ".join(parts)

    def _holdout_step(self, kit: Path, labels: str) -> str:
        assert self.holdout is not None
        if self.holdout.undrawn:
            return "the images of the holdout are to be drawn"
        return _waiting(self.holdout.missing, self.holdout.images, "the holdout", kit, labels)


def _waiting(
    missing: Sequence[str], asked: Sequence[str], part: str, kit: Path, labels: str
) -> str:
    page = kit / "label.html"
    begun = len(missing) < len(asked)
    which = f" ({', '.join(missing[:NAMED])}, …)" if begun else ""
    return (
        f"{len(missing)} of {len(asked)} images of {part} wait{which}: open "
        f"{page if page.exists() else kit / 'table.csv'}, save into {labels}, and run this again"
    )


def _classes(rounds: Sequence[Taken]) -> set[str]:
    return {label for taken in rounds for label in taken.answers.values() if label is not None}


def read_progress(
    run: Path,
    ids: Collection[str],
    answers: Mapping[str, str | None],
    rounds: int,
    classes: list[str] | None = None,
    former: Mapping[str, str | None] | None = None,
    gone: Collection[str] = (),
    holdout: Holdout | None = None,
) -> Progress:
    """Compare what a run has asked with what people have answered.

    An answer that nobody asked for counts from the first round that is finished after it came.

    Parameters
    ----------
    run
        Folder of the run, in which each round has its folder with `batch.csv` and, once it counts,
        `labels.json`.
    ids
        The ids of all images.
    answers
        Id -> class, None if it was skipped.
    rounds
        Number of rounds that the budgets give.
    classes
        The classes that are allowed, if they are given.
    former
        Each name that an image had before -> its id now, None if it is gone.
    gone
        Images that were labelled and are gone.
    holdout
        The images that are held out, if any are to be: they are left out of all batches and of
        what nobody asked for.

    Raises
    ------
    ArtifactError
        If a file of the run is unusable.
    """
    held_out = set(holdout.images if holdout else ())
    batches: list[list[str]] = []
    while (path := run / f"round{len(batches) + 1}/batch.csv").exists():
        now = _now(read_ids(path), former or {})
        batches.append([image for image in now if image not in held_out])
    asked_for = held_out.union(*batches)
    offered = {image: a for image, a in sorted(answers.items()) if image not in asked_for}
    finished: list[Taken] = []
    for number, batch in enumerate(batches[:rounds], start=1):
        if not answers.keys() >= set(batch):
            break
        counted, known = run / f"round{number}/labels.json", offered
        if counted.exists():
            before = _now(read_taken(counted).offered, former or {})
            known = {i: offered[i] for i in before if i in offered}
        offered = {image: a for image, a in offered.items() if image not in known}
        finished.append(Taken({i: answers[i] for i in batch}, known, classes))
    done = len(finished)
    if done == rounds or (done and answers.keys() >= set(ids)):
        return Progress(finished, None, [], [], len(gone), holdout)
    asked = batches[done] if done < len(batches) else []
    missing = [image for image in asked if image not in answers]
    return Progress(finished, done + 1, asked, missing, len(gone), holdout)


def _now(images: Iterable[str], former: Mapping[str, str | None]) -> list[str]:
    """Return the ids that images have now, without those that are gone."""
    return [now for image in images if (now := former.get(image, image)) is not None]
