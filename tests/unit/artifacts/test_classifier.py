"""`classifier.h5` comes back as it was written."""

import numpy as np

from ntkcpl.artifacts.classifier import read_classifier, read_metrics, write_classifier
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Classifier


def test_classifier_round_trip(features, tmp_path):
    rng = np.random.default_rng(0)
    state = {
        "0.weight": rng.normal(size=(4, 6)).astype(np.float32),
        "0.bias": np.zeros(4, np.float32),
        "1.weight": np.ones(4, np.float32),
        "1.bias": np.zeros(4, np.float32),
        "1.running_mean": np.zeros(4, np.float32),
        "1.running_var": np.ones(4, np.float32),
        "1.num_batches_tracked": np.int64(7),
        "3.weight": np.zeros((3, 4), np.float32),
        "3.bias": np.zeros(3, np.float32),
    }
    metrics = {
        "test_accuracy": 0.5,
        "pool_accuracy": 0.25,
        "train_loss": 0.1,
        "selection_seconds": 1.0,
        "training_seconds": 2.0,
    }
    classifier = Classifier(
        labelled=np.array([5, 1]),
        state=state,
        metrics=metrics,
    )
    path = tmp_path / "classifier.h5"
    provenance = Provenance("{}", {"features": features.digest}, ("digits", "random", 3, 2))
    write_classifier(path, classifier, provenance)
    found = read_classifier(path, features)
    assert len(found.digest) == 64
    np.testing.assert_array_equal(found.labelled, classifier.labelled)
    for name, value in state.items():
        np.testing.assert_array_equal(found.state[name], value)
    np.testing.assert_array_equal(
        found.head.predicted(features.embedding), classifier.head.predicted(features.embedding)
    )
    assert read_metrics(path) == metrics | {
        "experiment": "digits",
        "strategy": "random",
        "seed": 3,
        "round": 2,
        "labels": 2,
        "digest": found.digest,
    }
