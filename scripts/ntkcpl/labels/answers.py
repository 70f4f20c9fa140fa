"""What people said of the images, and all that is wrong with it."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ntkcpl.labels.names import SKIPPED, class_fault, is_utf8, tidy

# Faults that an error lists; it counts the others.
LISTED = 10


class LabelsError(Exception):
    """Labels cannot be used; the message is a sentence a fault, of at most `LISTED`.

    Attributes
    ----------
    faults : list of str
        All of them: each names file, line and image, and says what to do.
    """

    def __init__(self, faults: Sequence[str]):
        self.faults = list(faults)
        more = len(faults) - LISTED
        lines = [*faults[:LISTED], *([f"and {more} more like these"] if more > 0 else [])]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Answer:
    """What was said of one image.

    Attributes
    ----------
    label
        Its class; None if it was skipped.
    file
        The file that says so: a table, an export, or a copy of the image in a folder.
    place
        Where in the file, such as "line 3"; empty for a copy.
    """

    label: str | None
    file: Path
    place: str = ""

    @property
    def where(self) -> str:
        """File and place, for a message."""
        return f"{self.file}, {self.place}" if self.place else str(self.file)

    def __str__(self) -> str:
        return SKIPPED if self.label is None else repr(self.label)


@dataclass(frozen=True)
class Labels:
    """What all files together say.

    Attributes
    ----------
    answers
        Id of each image of which something was said -> what, and by which file first.
    gone : set of str
        Former images that were labelled or skipped, and are gone.
    """

    answers: Mapping[str, Answer]
    gone: frozenset[str] = frozenset()

    @property
    def labelled(self) -> dict[str, str]:
        """Id -> class of the images that are not skipped."""
        return {i: a.label for i, a in self.answers.items() if a.label is not None}

    @property
    def skipped(self) -> list[str]:
        """The ids that were skipped."""
        return [i for i, answer in self.answers.items() if answer.label is None]

    @property
    def classes(self) -> list[str]:
        """The names of the classes that occur, sorted."""
        return sorted(set(self.labelled.values()))


class Collector:
    """Gathers answers file by file, and what is wrong with them, instead of stopping at once.

    Parameters
    ----------
    ids
        The images' ids.
    classes
        The classes that are allowed; None for any.
    former
        Each name that an image had before -> its id now, None if it is gone.

    Raises
    ------
    ValueError
        If a name in `classes` cannot be that of a class (see `class_fault`).
    """

    def __init__(
        self,
        ids: Iterable[str],
        classes: Sequence[str] | None,
        former: Mapping[str, str | None] | None = None,
    ):
        for name in classes or ():
            if fault := class_fault(name):
                raise ValueError(fault)
        self.ids = set(ids)
        self.faults: list[str] = []
        self._classes = classes
        self._answers: dict[str, Answer] = {}
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        self._former, self._gone = former or {}, set[str]()
        for image in self.ids | self._former.keys():
            self._by_name[PurePosixPath(image).name].append(image)

    def named(self, name: str) -> list[str]:
        """Return the ids of which the last part is `name`, sorted."""
        return sorted(self._by_name.get(name, []))

    def add(self, image: str, text: str, file: Path, place: str = "") -> None:
        """Take what `file` says of an image; an empty text says nothing yet."""
        name = tidy(text)
        if not name:
            return
        now = self._former.get(image, image)
        if now is None:
            self._gone.add(image)
            return
        image = now
        answer = Answer(None if name.casefold() == SKIPPED else name, file, place)
        fault = self._fault(image, answer)
        if fault:
            self.faults.append(fault)
        else:
            self._answers.setdefault(image, answer)

    def labels(self) -> Labels:
        """Return what was said. Raises LabelsError if anything is wrong with it."""
        if self.faults:
            raise LabelsError(self.faults)
        return Labels(self._answers, frozenset(self._gone))

    def _fault(self, image: str, answer: Answer) -> str:
        """Say what is wrong, or nothing."""
        where, label = answer.where, answer.label
        if image not in self.ids:
            return f"{where}: there is no image {image!r}: {self._fix(image)}"
        if label is not None and not is_utf8(label):
            return (
                f"{where}: the label {label!r} of {image!r} is not UTF-8: save the file as CSV "
                "UTF-8, or name the folder anew"
            )
        if label is not None and self._classes is not None and label not in self._classes:
            close = difflib.get_close_matches(label, self._classes, 1)
            fix = f"write {close[0]!r}" if close else f"take one of {', '.join(self._classes)}"
            return (
                f"{where}: {label!r} of {image!r} is none of the classes: {fix} or add it to them"
            )
        first = self._answers.get(image)
        if first is not None and first.label != label:
            return (
                f"{where}: {image!r} is {answer}, but {first} in {first.where}: decide which is "
                "right, and correct or delete the other"
            )
        return ""

    def _fix(self, image: str) -> str:
        if not is_utf8(image):
            return "save the file as CSV UTF-8, or delete it there"
        namesakes = self.named(PurePosixPath(image).name)
        if len(namesakes) == 1:
            return f"write {namesakes[0]!r} if that is meant"
        return "correct the name, or delete it there"
