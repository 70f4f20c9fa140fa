"""`labels.json`: what people said that counts from a round on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_json, write_json
from ntkcpl.records import Features, Held, Taken

KIND = "labels"


def write_taken(path: str | Path, taken: Taken, provenance: Provenance) -> None:
    """Write `labels.json`."""
    content = {"classes": taken.classes, "asked": taken.asked, "offered": taken.offered}
    write_json(path, KIND, content, provenance)


def read_taken(path: str | Path) -> Taken:
    """Read `labels.json`. Raises ArtifactError if it is unusable (see `read_json`)."""
    return read_said(path)[0]


def read_said(path: str | Path) -> tuple[Taken, str]:
    """Read `labels.json`; return what it holds, and its digest.

    Raises ArtifactError as `read_taken`.
    """
    content, origin = read_json(path, KIND)
    return Taken(content["asked"], content["offered"], content["classes"]), origin["digest"]


def read_held(paths: Sequence[str | Path], features: Features) -> Held:
    """Read `labels.json` of some rounds, in their order, as one.

    The classes are those that the last of them allows, or else those that occur, sorted.

    Raises
    ------
    ArtifactError
        If a file is unusable (see `read_taken`), or names an image that `features` does not hold.
    """
    read = [read_said(path) for path in paths]
    takens = [taken for taken, _ in read]
    answers = {image: label for taken in takens for image, label in taken.answers.items()}
    row = {image: number for number, image in enumerate(features.id) if image in answers}
    for image in answers:
        if image not in row:
            raise ArtifactError(
                f"{paths[-1]} or one before it names {image!r}, which is no image: {FIX}"
            )
    labels = {image: label for image, label in answers.items() if label is not None}
    classes = takens[-1].classes or sorted(set(labels.values()))
    skipped = [row[image] for image, label in answers.items() if label is None]
    return Held(
        labelled=np.array([row[image] for image in labels], dtype=np.int64),
        label=np.array([classes.index(label) for label in labels.values()], dtype=np.int64),
        skipped=np.array(skipped, dtype=np.int64),
        classes=classes,
        digests=[digest for _, digest in read],
    )
