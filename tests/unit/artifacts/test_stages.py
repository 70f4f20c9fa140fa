"""Each stage's file comes back as it was written, and what does not fit is refused."""

import dataclasses

import numpy as np
import pytest

from ntkcpl.artifacts import (
    ArtifactError,
    Classifier,
    Clusters,
    Provenance,
    read_batch,
    read_classifier,
    read_clusters,
    read_metrics,
    write_batch,
    write_classifier,
    write_clusters,
)


def test_views_come_in_the_order_asked_for(features):
    rows = np.array([7, 3, 50])
    views = features.views(rows)
    assert views.shape == (3, 2, 6)
    assert views.dtype == np.float32
    for row, view in zip(rows, views, strict=True):
        np.testing.assert_array_equal(view, features.views(np.array([row]))[0])
    assert features.views(np.empty(0, dtype=np.int64)).shape == (0, 2, 6)


def test_batch_round_trip(features, tmp_path):
    index = np.array([5, 2, 9])
    write_batch(
        tmp_path / "batch.csv", features, index, np.array([0.5, 0.75, 1]), np.array([1, 2, 3.5])
    )
    lines = (tmp_path / "batch.csv").read_text().splitlines()
    assert lines[0] == "rank,index,id,estimated_coverage,seconds"
    assert lines[1] == "1,5,image005.png,0.500000,1.0000"
    found, seconds = read_batch(tmp_path / "batch.csv", features, size=3)
    np.testing.assert_array_equal(found, index)
    assert seconds == 3.5


def test_batch_without_estimate_leaves_the_column_empty(features, tmp_path):
    write_batch(tmp_path / "batch.csv", features, np.array([1]), None, np.array([0.0]))
    assert (tmp_path / "batch.csv").read_text().splitlines()[1] == "1,1,image001.png,,0.0000"


HEADER = "rank,index,id,estimated_coverage,seconds\n"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "is no batch.csv"),
        ("", "0 choices where 2 are due"),
        ("a,b\n1,2\n", "is no batch.csv"),
        (HEADER + "1,5,image005.png,,0.1\n", "1 choices where 2 are due"),
        (HEADER + "1,5,image005.png,,0.1\n2,5,image005.png,,0.1\n", "repeats an index"),
        (HEADER + "1,5,image005.png,,0.1\n2,60,image060.png,,0.1\n", "outside the pool"),
        (HEADER + "1,5,image005.png,,0.1\n2,6,another.png,,0.1\n", "another pool"),
        (HEADER + "1,5,image005.png,,0.1\n2,x,image006.png,,0.1\n", "is no batch.csv"),
        (HEADER + "1,5,image005.png,,0.1\n2,6", "is no batch.csv"),
    ],
)
def test_batch_that_does_not_fit(features, tmp_path, content, cause):
    path = tmp_path / "batch.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ArtifactError, match=cause) as caught:
        read_batch(path, features, size=2)
    assert str(path) in str(caught.value)


def test_clusters_round_trip(features, tmp_path):
    splits = {name: np.array([1]) for name in ("parent", "child", "confusing", "size")}
    clusters = Clusters(
        index=np.array([0, 2, 4]),
        pseudo_label=np.array([0, 1, 1]),
        labelled=np.array([4]),
        labelled_class=np.array([-1, 2]),
        splits=splits,
    )
    provenance = Provenance("{}", {"features": features.digest}, ("digits", "ntkcpl_al", 0, 2))
    write_clusters(tmp_path / "clusters.h5", clusters, provenance, seconds=1.5)
    found, seconds = read_clusters(tmp_path / "clusters.h5", features)
    assert seconds == 1.5
    assert found.n_clusters == 2
    for name in ("index", "pseudo_label", "labelled", "labelled_class"):
        np.testing.assert_array_equal(getattr(found, name), getattr(clusters, name))
    assert {name: column.tolist() for name, column in found.splits.items()} == {
        name: [1] for name in splits
    }


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
        digest="",
        labelled=np.array([5, 1]),
        probability=rng.random((60, 3)).astype(np.float16),
        hidden=rng.random((60, 4)).astype(np.float16),
        state=state,
        metrics=metrics,
    )
    path = tmp_path / "classifier.h5"
    provenance = Provenance("{}", {"features": features.digest}, ("digits", "random", 3, 2))
    write_classifier(path, classifier, provenance)
    found = read_classifier(path, features)
    assert len(found.digest) == 64
    for name in ("labelled", "probability", "hidden"):
        np.testing.assert_array_equal(getattr(found, name), getattr(classifier, name))
    for name, value in state.items():
        np.testing.assert_array_equal(found.state[name], value)
    write_classifier(path, dataclasses.replace(classifier, hidden=None), provenance)
    without = read_classifier(path, features)
    assert without.hidden is None
    assert without.digest != found.digest
    assert read_metrics(path) == metrics | {
        "experiment": "digits",
        "strategy": "random",
        "seed": 3,
        "round": 2,
        "labels": 2,
    }
