"""The page of an experiment that people label: what they said, what came of it, what is next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ntkcpl.artifacts.provenance import code_revision
from ntkcpl.labels.predictions import Prediction
from ntkcpl.labels.review import Doubt
from ntkcpl.records import Taken
from ntkcpl.reporting.learning_curve import accuracies, next_batch
from ntkcpl.reporting.tables import MISSING, rows_markdown
from ntkcpl.reporting.texts import in_markdown

CHOSEN = (
    "The images were chosen, **not drawn at random**: hard ones are among them, and alike ones are "
    "not. So this is no estimate of how right the classifier is about all images, and may be far "
    "from it. Add `holdout: 60` to the experiment for an honest number."
)
HELD_OUT = (
    "The images of the holdout are a random sample, and no classifier was trained on them. The "
    "interval (Wilson's, at 95%) is how far the luck of the draw may have moved the number."
)
COVERAGE = (
    "Estimated coverage is the strategy's own reckoning when it chose the batch: the share of the "
    "images that it expects to be classified rightly afterwards. It knows clusters and no "
    "truth: compare it from round to round, not with the accuracy."
)
LISTED = 10  # labels to check that the page shows
ONE_CLASS = "There is no classifier yet: it needs labels of two classes at least."


@dataclass(frozen=True)
class Labelling:
    """How far an experiment has come.

    Attributes
    ----------
    experiment
        Its name.
    rounds : list of Taken
        What people said, of each round that is answered.
    holdout : Taken or None
        What they said of the images held out, if any are.
    outcomes : DataFrame or None
        See `artifacts.outcomes.read_outcomes`: of the holdout, or by cross-validation; None before
        there is a classifier.
    chosen
        Whether they are by cross-validation, of images that a strategy chose.
    coverage : list of float
        Of each answered round the coverage that the strategy estimated, NaN if it estimates none.
    unlabelled
        Images without a label; None before there is a classifier.
    doubtful : list of Prediction
        Those of them that the latest classifier is least sure of, these first.
    doubts : list of Doubt
        The labels that look wrong, the likeliest slip first.
    review
        Where they are checked, relative to the page.
    batch_size
        Images in another batch.
    stage_seconds
        For each stage the seconds of its jobs.
    sheets
        Contact sheets of the batches, by the numbers of their rounds, relative to the page.
    """

    experiment: str
    rounds: Sequence[Taken]
    holdout: Taken | None
    outcomes: pd.DataFrame | None
    chosen: bool
    coverage: Sequence[float]
    unlabelled: int | None
    doubtful: Sequence[Prediction]
    doubts: Sequence[Doubt]
    review: str
    batch_size: int
    stage_seconds: Mapping[str, Sequence[float]]
    sheets: Mapping[int, str]


def labelling_page(run: Labelling) -> str:
    """Return the page as Markdown.

    Its figures, relative to the page, are `figures/learning_curve.png`, the contact sheets of
    `run`, and `figures/doubtful.png`. No name of a class or image is markup in it.
    """
    sections = [f"# {run.experiment}", _standing(run)]
    if run.outcomes is None:
        sections += [ONE_CLASS]
    else:
        what = next_batch(run.outcomes, run.batch_size, run.chosen)
        sections += ["## What another batch would buy", what]
        sections += ["![Accuracy against the number of labels](figures/learning_curve.png)"]
        sections += ["## Accuracy", rows_markdown(_accuracy(run), "right")]
        sections += [CHOSEN if run.chosen else HELD_OUT]
        if not all(map(pd.isna, run.coverage)):
            sections += [COVERAGE]
    sections += ["## Labels by class and round", rows_markdown(_labels(run), "right")]
    if run.outcomes is not None:
        sections += _to_check(run)
    if run.sheets:
        sections += ["## The batches, in the order in which they were chosen"]
        sections += [f"![Round {number}]({sheet})" for number, sheet in run.sheets.items()]
    sections += _most_doubtful(run)
    sections += [
        "## Time",
        rows_markdown(_times(run), "right"),
        f"This page: code `{code_revision()}`.",
    ]
    return "\n\n".join(sections) + "\n"


def _standing(run: Labelling) -> str:
    """Say how many images are labelled, and how right the last classifier is."""
    said = [label for taken in run.rounds for label in taken.answers.values()]
    skipped = said.count(None)
    rounds = f"{len(run.rounds)} round{'s' * (len(run.rounds) != 1)}"
    text = f"{len(said) - skipped:,} images are labelled after {rounds}, {skipped:,} skipped"
    if run.holdout is not None:
        text += f", {len(run.holdout.answers):,} held out"
    if run.unlabelled is not None:
        text += f"; {run.unlabelled:,} have no label"
    if run.outcomes is None:
        return f"{text}."
    last = accuracies(run.outcomes).iloc[-1]
    if run.chosen:
        right = f"right on {last['accuracy']:.1%} of the labelled images (cross-validated)"
    else:
        right = (
            f"right on {last['accuracy']:.1%} of the images held out "
            f"(95% interval {last['low']:.1%} to {last['high']:.1%})"
        )
    return f"{text}. The classifier is {right}."


def _accuracy(run: Labelling) -> pd.DataFrame:
    """Return what is known of each round's classifier."""
    assert run.outcomes is not None
    measured = {row["round"]: row for row in accuracies(run.outcomes).to_dict("records")}
    rows, labels = [], 0
    for number, (taken, coverage) in enumerate(zip(run.rounds, run.coverage, strict=True), start=1):
        labels += sum(label is not None for label in taken.answers.values())
        row, found = {"Round": f"{number}", "Labels": f"{labels:,}"}, measured.get(number)
        if run.chosen:
            row["Cross-validated accuracy"] = (
                MISSING if found is None else f"{found['accuracy']:.1%}"
            )
        else:
            right = low_high = MISSING
            if found is not None:
                right = f"{found['right']} of {found['images']} = {found['accuracy']:.1%}"
                low_high = f"{found['low']:.1%} to {found['high']:.1%}"
            row |= {"Right on the holdout": right, "95% interval": low_high}
        if not all(map(pd.isna, run.coverage)):
            row["Estimated coverage"] = MISSING if pd.isna(coverage) else f"{coverage:.1%}"
        rows.append(row)
    return pd.DataFrame(rows)


def _labels(run: Labelling) -> pd.DataFrame:
    """Return how many images of each class were labelled where, and how many of them are right."""
    columns = {
        f"Round {number}": Counter(taken.asked.values())
        for number, taken in enumerate(run.rounds, start=1)
    }
    if any(taken.offered for taken in run.rounds):
        offered = [label for taken in run.rounds for label in taken.offered.values()]
        columns["Not asked for"] = Counter(offered)
    columns["Together"] = sum(columns.values(), Counter())
    if run.holdout is not None:
        columns["Holdout"] = Counter(run.holdout.answers.values())
    named = {label for counts in columns.values() for label in counts if label is not None}
    allowed = run.rounds[-1].classes or []
    classes = [*allowed, *sorted(named - {*allowed})]
    right = "Right, cross-validated" if run.chosen else "Right on the holdout"
    rows = []
    for name in [*classes, None]:
        title = "*skipped*" if name is None else in_markdown(name)
        counts = {column: f"{counts[name]:,}" for column, counts in columns.items()}
        rows.append({"Class": title} | counts)
        if run.outcomes is not None:
            rows[-1][right] = MISSING if name is None else _right(run.outcomes, name)
    return pd.DataFrame(rows)


def _right(outcomes: pd.DataFrame, name: str) -> str:
    """Say how many images of a class the last classifier is right about."""
    last = outcomes[outcomes["round"] == outcomes["round"].max()]
    own = last[last["label"] == name]
    return f"{own['right'].sum()} of {len(own)}" if len(own) else MISSING


def _to_check(run: Labelling) -> list[str]:
    title = "## Labels to check"
    if not run.doubts:
        return [title, "A classifier that was trained without each label in turn contradicts none."]
    listed = [
        {
            "": f"{number}",
            "Image": in_markdown(doubt.id),
            "Label": in_markdown(doubt.label),
            "Classifier": in_markdown(doubt.other.label),
            "Probability": f"{doubt.other.probability:.1%}",
            "Said in": in_markdown(doubt.where),
        }
        for number, doubt in enumerate(run.doubts[:LISTED], start=1)
    ]
    first = f", the first {LISTED} of them below" if len(run.doubts) > LISTED else ""
    return [
        title,
        f"Labels that a classifier contradicts which was trained without them, the likeliest slip "
        f"first: {len(run.doubts)}{first}. They are checked on [{run.review}]({run.review}) in "
        f"`results/{run.experiment}` (a link that a report does not follow).",
        rows_markdown(pd.DataFrame(listed), "left"),
    ]


def _most_doubtful(run: Labelling) -> list[str]:
    if not run.doubtful:
        return []
    listed = [
        {
            "": f"{number}",
            "Image": in_markdown(row.id),
            "Likeliest class": in_markdown(row.class_),
            "Probability": f"{row.probability:.1%}",
            "Margin": f"{row.margin:.1%}",
        }
        for number, row in enumerate(run.doubtful, start=1)
    ]
    return [
        "## The most doubtful images",
        "Those without a label whose two likeliest classes are nearest to each other.",
        *["![The most doubtful images](figures/doubtful.png)"][: bool(run.sheets)],
        rows_markdown(pd.DataFrame(listed), "left"),
    ]


def _times(run: Labelling) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Stage": f"`{stage}`",
            "Jobs": f"{len(seconds):,}",
            "Total (s)": f"{sum(seconds):.1f}",
            "Longest (s)": f"{max(seconds):.1f}",
        }
        for stage, seconds in run.stage_seconds.items()
    )
