import dataclasses

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from ntkcpl.classifier import ClassifierSettings, accuracy, train_classifier
from ntkcpl.head import Head

SETTINGS = ClassifierSettings(hidden_width=16, epochs=30)
IDENTITY = ("digits", "random", 0, 1)


def test_it_learns_separable_classes(features):
    classifier = train_classifier(features, np.arange(30), SETTINGS, IDENTITY)
    assert classifier.metrics["test_accuracy"] > 0.9
    assert classifier.metrics["pool_accuracy"] > 0.9
    assert classifier.metrics["train_loss"] < 0.3
    assert classifier.head.hidden(features.embedding).shape == (60, 16)


def test_its_accuracy_is_that_of_what_is_stored(features):
    classifier = train_classifier(features, np.arange(12), SETTINGS, IDENTITY)
    head = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)).eval()
    head.load_state_dict({name: torch.tensor(value) for name, value in classifier.state.items()})
    with torch.no_grad():
        x = torch.from_numpy(features.embedding)
        right = (head(x).argmax(dim=1).numpy() == features.label).mean()
    assert classifier.metrics["pool_accuracy"] == pytest.approx(right)


def test_the_result_depends_on_the_identity_only(features):
    first = train_classifier(features, np.arange(12), SETTINGS, IDENTITY)
    np.random.seed(123)  # noqa: NPY002 - NumPy's own state has no part in it
    again = train_classifier(features, np.arange(12), SETTINGS, IDENTITY)
    other = train_classifier(features, np.arange(12), SETTINGS, ("digits", "random", 1, 1))
    np.testing.assert_array_equal(first.state["0.weight"], again.state["0.weight"])
    assert (first.state["0.weight"] != other.state["0.weight"]).any()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 9])
def test_a_batch_never_holds_one_image(features, n):
    settings = ClassifierSettings(hidden_width=4, epochs=2, batch_size=4)
    classifier = train_classifier(features, np.arange(n), settings, IDENTITY)
    assert np.isfinite(classifier.head.probability(features.embedding)).all()
    assert np.isfinite(classifier.metrics["train_loss"])


def test_a_training_that_diverges_says_so(features):
    settings = ClassifierSettings(hidden_width=4, epochs=20, learning_rate=1e6)
    with pytest.raises(ValueError, match=r"lower classifier\.learning_rate, now 1000000\.0"):
        train_classifier(features, np.arange(12), settings, IDENTITY)


def test_the_number_of_threads_outside_decides_nothing(features):
    found = []
    for number in (1, 2):
        with threadpool_limits(number):
            found.append(train_classifier(features, np.arange(60), SETTINGS, IDENTITY).state)
    for name, value in found[0].items():
        np.testing.assert_array_equal(value, found[1][name])


def test_an_image_without_label_is_named(features):
    label = features.label.copy()
    label[4] = -1
    unlabelled = dataclasses.replace(features, label=label)
    with pytest.raises(ValueError, match=r"image004\.png has no label"):
        train_classifier(unlabelled, np.arange(6), SETTINGS, IDENTITY)


def test_accuracy_leaves_out_what_has_no_label():
    one = np.eye(3, dtype=np.float32)
    zero = np.zeros(3, dtype=np.float32)
    head, x = Head(one, zero, one, zero), np.eye(3)[[0, 1, 2, 0]]  # predicts its input
    assert accuracy(head, x, np.array([0, 1, 1, -1])) == pytest.approx(2 / 3)
    assert np.isnan(accuracy(head, x, np.full(4, -1)))


def test_accuracy_is_the_same_by_blocks(features, monkeypatch):
    head = train_classifier(features, np.arange(4), SETTINGS, IDENTITY).head
    label = np.where(np.arange(60) % 7 == 3, -1, features.label)
    whole = accuracy(head, features.embedding, label)
    known = label >= 0
    assert whole == (head.predicted(features.embedding)[known] == label[known]).mean()
    monkeypatch.setattr("ntkcpl.classifier.BLOCK", 7)
    assert accuracy(head, features.embedding, label) == whole
