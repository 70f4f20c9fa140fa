"""How each kind of file is written again as it is: a table of writers."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from faults.artifacts import ARTIFACTS, SMOKE, features_of, name_of
from ntkcpl.artifacts import (
    accuracy,
    batch,
    classifier,
    clusters,
    features,
    images,
    labels,
    outcomes,
    views,
)
from ntkcpl.artifacts.frames import read_frame, write_frame
from ntkcpl.artifacts.hdf5 import Layout, create_hdf5
from ntkcpl.artifacts.parquet import open_parquet
from ntkcpl.artifacts.parts import Parts
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_csv, read_json, read_table
from ntkcpl.encoders.storage import load_encoder, save_encoder
from ntkcpl.labels import predictions
from ntkcpl.pretraining import history
from ntkcpl.pretraining.checkpoint import SealedCheckpoints
from ntkcpl.records import Batch
from ntkcpl.settings import canonical_json

Write = Callable[[], object]


def origin_of(attributes: dict[str, Any]) -> Provenance:
    """Return where a file comes from, as it says itself."""
    return Provenance(
        canonical_json(json.loads(attributes["settings"])),
        json.loads(attributes["inputs"]),
        tuple(json.loads(attributes["identity"])),
        attributes["code"],
    )


def hdf5_again(layout: Layout) -> Callable[[str], Write]:
    """Return what prepares to write an HDF5 file as it is."""

    def prepare(path: str) -> Write:
        with h5py.File(path) as file:
            attributes = dict(file.attrs)
            content = {name: file[name][()] for name in layout.arrays}
        origin = origin_of(attributes)

        def write() -> None:
            with create_hdf5(path, layout, origin) as file:
                for name, array in content.items():
                    texts = array.dtype == object
                    file.store(name, list(map(os.fsdecode, array)) if texts else array)
                file.attrs.update(attributes)

        return write

    return prepare


def batch_again(path: str) -> Write:
    """Prepare to write a batch as it is."""
    features = features_of(SMOKE)
    rows, found = read_table(path, batch.KIND, batch.COLUMNS)
    chosen = Batch(
        np.array([int(row["index"]) for row in rows]),
        np.array([float(row["estimated_coverage"]) for row in rows]),
    )
    seconds, origin = float(rows[-1]["seconds"]), origin_of(found)
    return lambda: batch.write_batch(path, features, chosen, seconds, origin)


def holdout_again(path: str) -> Write:
    """Prepare to write the batch of a holdout as it is."""
    _, found = read_table(path, batch.KIND, batch.COLUMNS)
    ids, origin = batch.read_ids(path), origin_of(found)
    return lambda: batch.write_ids(path, ids, origin)


def outcomes_again(path: str) -> Write:
    """Prepare to write outcomes as they are."""
    rows, found = read_table(path, outcomes.KIND, outcomes.Outcome._fields)
    held, origin = [outcomes.Outcome(**row) for row in rows], origin_of(found)  # type: ignore[arg-type]
    return lambda: outcomes.write_outcomes(path, held, origin)


def frame_again(path: str) -> Write:
    """Prepare to write a table of numbers as it is."""
    kind = Path(path).stem
    _, found = read_csv(path, kind)
    frame, origin = read_frame(path, kind), origin_of(found)
    return lambda: write_frame(path, kind, frame, origin)


def rows_again(kind: str, write: Callable[..., None]) -> Callable[[str], Write]:
    """Return what prepares to write a table of rows as it is."""

    def prepare(path: str) -> Write:
        _, found = read_csv(path, kind)
        rows, origin = read_frame(path, kind).to_dict("records"), origin_of(found)
        return lambda: write(path, rows, origin)

    return prepare


def json_again(
    kind: str, read: Callable[[str], Any], write: Callable[..., None]
) -> Callable[[str], Write]:
    """Return what prepares to write a JSON file as it is."""

    def prepare(path: str) -> Write:
        _, found = read_json(path, kind)
        content, origin = read(path), origin_of(found)
        return lambda: write(path, content, origin)

    return prepare


def predictions_again(path: str) -> Write:
    """Prepare to write predictions as they are."""
    if path.endswith(".csv"):
        _, found = read_csv(path, predictions.KIND)
    else:
        with open_parquet(path, predictions.KIND) as table:
            found = dict(table.origin)
    rows, origin = [*predictions.read_predictions(path)], origin_of(found)
    return lambda: predictions.write_predictions(path, rows, origin)


def checkpoint_again(path: str) -> Write:
    """Prepare to write a checkpoint as it is."""
    content = SealedCheckpoints().load_checkpoint(path)
    return lambda: SealedCheckpoints().save_checkpoint(content, path)


def encoder_again(path: str) -> Write:
    """Prepare to write an encoder as it is."""
    encoder, _ = load_encoder(path)
    origin = origin_of(torch.load(path, weights_only=True))
    return lambda: save_encoder(path, encoder, origin)


def part_again(path: str) -> Write:
    """Prepare to write a part of an extraction as it is."""
    parts = Parts("results/smoke/features.h5", "smoke")
    content = parts.load(Path(path).stem)
    assert content is not None
    return lambda: parts.save(Path(path).stem, content)


# Name of a file -> what reads it, so that it can be written again.
WRITERS: dict[str, Callable[[str], Write]] = {
    "features.h5": hdf5_again(features.LAYOUT),
    "clusters.h5": hdf5_again(clusters.LAYOUT),
    "classifier.h5": hdf5_again(classifier.LAYOUT),
    "views.h5": hdf5_again(views.LAYOUT),
    "encoder.pt": encoder_again,
    "encoder.checkpoint.pt": checkpoint_again,
    "pool-0.npy": part_again,
    "batch.csv": batch_again,
    "predictions.csv": predictions_again,
    "predictions.parquet": predictions_again,
    "pretrain.csv": rows_again(history.KIND, history.write_history),
    "accuracy.csv": rows_again(accuracy.KIND, accuracy.write_accuracy),
    "holdout/batch.csv": holdout_again,
    "holdout/labels.json": json_again(labels.KIND, labels.read_taken, labels.write_taken),
    "holdout/outcomes.csv": outcomes_again,
    "cross_validation.csv": outcomes_again,
    **dict.fromkeys(
        ("estimated_accuracy.csv", "coverage.csv", "notions.csv", "kernels.csv"), frame_again
    ),
    "images.json": json_again(images.KIND, images.read_images, images.write_images),
    "labels.json": json_again(labels.KIND, labels.read_taken, labels.write_taken),
}
FORGOTTEN = {name_of(a.path) for a in ARTIFACTS if a.path.startswith("results/")} - WRITERS.keys()
assert not FORGOTTEN, f"{FORGOTTEN} are in no line of WRITERS: add one"
