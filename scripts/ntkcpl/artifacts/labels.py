"""`labels.json`: what people said that counts from a round on."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ntkcpl.artifacts.files import FIX, ArtifactError, content_digest, write_text
from ntkcpl.records import Features, Held, Taken


def write_taken(path: str | Path, taken: Taken) -> None:
    """Write `labels.json`."""
    content = {"classes": taken.classes, "asked": taken.asked, "offered": taken.offered}
    write_text(path, json.dumps(content, indent=1) + "\n")


def read_taken(path: str | Path) -> Taken:
    """Read `labels.json`. Raises ArtifactError if it is missing, truncated or foreign."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return Taken(content["asked"], content["offered"], content["classes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is no labels.json ({error!r}): {FIX}") from error


def read_held(paths: Sequence[str | Path], features: Features) -> Held:
    """Read `labels.json` of some rounds, in their order, as one.

    The classes are those that the last of them allows, or else those that occur, sorted.

    Raises
    ------
    ArtifactError
        If a file is unusable (see `read_taken`), or names an image that `features` does not hold.
    """
    takens = [read_taken(path) for path in paths]
    answers = {image: label for taken in takens for image, label in taken.answers.items()}
    row = {image: number for number, image in enumerate(features.id)}
    for image in answers:
        if image not in row:
            raise ArtifactError(f"{paths[-1]} or one before it names {image!r}, which is no image")
    labels = {image: label for image, label in answers.items() if label is not None}
    classes = takens[-1].classes or sorted(set(labels.values()))
    skipped = [row[image] for image, label in answers.items() if label is None]
    digests = "".join(content_digest(path) for path in paths)
    return Held(
        labelled=np.array([row[image] for image in labels], dtype=np.int64),
        label=np.array([classes.index(label) for label in labels.values()], dtype=np.int64),
        skipped=np.array(skipped, dtype=np.int64),
        classes=classes,
        digest=hashlib.sha256(digests.encode()).hexdigest(),
    )
