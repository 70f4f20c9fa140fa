"""`classifier.h5`: the classifier trained after a round."""

import json
from pathlib import Path
from typing import Any

from ntkcpl.artifacts.hdf5 import Layout, create_hdf5, open_hdf5
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Classifier, Features

# torch's state dict of Linear-BatchNorm-ReLU-Linear, whose modules are 0, 1, 2, 3.
STATE = {
    "0.weight": ("f4", "H D"),
    "0.bias": ("f4", "H"),
    "1.weight": ("f4", "H"),
    "1.bias": ("f4", "H"),
    "1.running_mean": ("f4", "H"),
    "1.running_var": ("f4", "H"),
    "1.num_batches_tracked": ("i8", ""),
    "3.weight": ("f4", "C H"),
    "3.bias": ("f4", "C"),
}
LAYOUT = Layout(
    "classifier",
    {"labelled": ("i8", "L")} | {f"state/{name}": value for name, value in STATE.items()},
)
IDENTITY = ("experiment", "strategy", "seed", "round")
METRICS = ("test_accuracy", "pool_accuracy", "train_loss", "selection_seconds", "training_seconds")


def write_classifier(path: str | Path, classifier: Classifier, provenance: Provenance) -> None:
    """Write `classifier.h5`, the metrics as attributes."""
    with create_hdf5(path, LAYOUT, provenance) as file:
        file.store("labelled", classifier.labelled)
        for name in STATE:
            file.store(f"state/{name}", classifier.state[name])
        for name in METRICS:
            file.attrs[name] = classifier.metrics[name]


def read_classifier(
    path: str | Path, features: Features, expected: Provenance | None = None
) -> Classifier:
    """Read `classifier.h5`; `expected` is what is known of where it comes from.

    Raises
    ------
    ArtifactError
        If the file is unusable (see `open_hdf5`) or was made from other features.
    """
    expected = (expected or Provenance()).made_from(features=features.digest)
    with open_hdf5(path, LAYOUT, expected) as file:
        return Classifier(
            labelled=file.read("labelled"),
            state={name: file.read(f"state/{name}") for name in STATE},
            metrics={name: float(file.attrs[name]) for name in METRICS},
            digest=file.attrs["digest"],
        )


def read_metrics(path: str | Path, expected: Provenance | None = None) -> dict[str, Any]:
    """Return what a `classifier.h5` says in one row, without its arrays.

    The row has the identity (experiment, strategy, seed, round), the number of `labels`, `METRICS`,
    and the file's `digest`.
    """
    with open_hdf5(path, LAYOUT, expected) as file:
        identity = zip(IDENTITY, json.loads(file.attrs["identity"]), strict=True)
        metrics = {name: float(file.attrs[name]) for name in METRICS}
        (labels,) = file.shape("labelled")
        return dict(identity) | {"labels": labels, "digest": file.attrs["digest"]} | metrics
