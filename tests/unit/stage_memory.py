"""Prints by how many bytes memory grows at most in the stages of every round, as JSON.

    OMP_NUM_THREADS=1 PYTHONPATH=scripts python tests/unit/stage_memory.py <folder>

For each stage and each of `SIZES`: the peak of resident memory over what there was before. Each is
measured in a process of its own, which begins as a copy of this one.
"""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np

from ntkcpl import pool, precomputed, shard_folder, strategies
from ntkcpl.artifacts.batch import write_batch
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.rounds import known_pool, select_batch
from ntkcpl.seeding import Identity

SIZES, WIDTH, CLASSES, SHARD = (200, 20_000, 80_000), 64, 10, 10_000
ROUND = Identity("many", "margin", 0, 2)
LABELLED = np.arange(100)
RECIPE = ClassifierSettings(hidden_width=16, epochs=2)


def write_shards(folder: Path, images: int) -> None:
    """Write a pool of ready embeddings, labelled, in float16."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for start in range(0, images, SHARD):
        number = min(SHARD, images - start)
        rows = rng.standard_normal((number, WIDTH)).astype(np.float16)
        np.save(folder / f"{start:09}.npy", rows)
        np.save(folder / f"{start:09}.label.npy", np.arange(number) % CLASSES)


def import_features(folder: Path, images: int) -> None:
    """Bring the shards into features.h5."""
    shards = folder / f"{images}"
    precomputed.import_features(folder / f"{images}.h5", shards, Provenance(), progress=False)


def read(folder: Path, images: int) -> None:
    """Read features.h5 for the first time, which verifies it."""
    read_features(folder / f"{images}.h5")


def train(folder: Path, images: int) -> None:
    """Train a classifier."""
    train_classifier(read_features(folder / f"{images}.h5"), LABELLED, RECIPE, ROUND)


def select(folder: Path, images: int) -> None:
    """Ask margin for a batch."""
    features = read_features(folder / f"{images}.h5")
    classifier = train_classifier(read_features(folder / f"{SIZES[0]}.h5"), LABELLED, RECIPE, ROUND)
    known = known_pool(features, classifier)
    batch = select_batch(strategies.load({"method": "margin"}), known, 50, ROUND)
    write_batch(folder / f"{images}.csv", features, batch, 0.0, Provenance())


# In this order: each reads what those before it have written.
STAGES = {
    "import_features": import_features,
    "verify": read,
    "train_classifier": train,
    "select_batch": select,
}


def resident(kind: str) -> int:
    """Return this process's resident memory (RSS), or its peak (HWM), in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"^Vm{kind}:\s+(\d+) kB", status, re.M)[1])


def peak(stage: str, folder: Path, images: int) -> int:
    """Return by how much a stage's memory grows at most, measured in a copy of this process."""
    reader, writer = os.pipe()
    if not os.fork():
        Path("/proc/self/clear_refs").write_text("5")  # the peak is from here on
        before = resident("RSS")
        STAGES[stage](folder, images)
        os.write(writer, str(resident("HWM") - before).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        return int(answer.read())


def main() -> None:
    """Measure all."""
    folder = Path(sys.argv[1])
    # What is bounded by these is to be the same for all sizes.
    precomputed.KNN_SAMPLES, shard_folder.BLOCK_BYTES, pool.BLOCK = SIZES[0], 2**18, 2**11
    for images in SIZES:
        write_shards(folder / str(images), images)
    for stage in STAGES:  # imports
        STAGES[stage](folder, SIZES[0])
    print(json.dumps({s: [peak(s, folder, images) for images in SIZES] for s in STAGES}))


if __name__ == "__main__":
    main()
