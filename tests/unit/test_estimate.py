"""The accuracy estimated from the labels held, against the true one."""

import dataclasses

import numpy as np
import pytest
from scipy.special import softmax

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.estimate import estimate_accuracy, fit_temperature, temperature_of_confidence
from ntkcpl.pool import Pool

RECIPE = ClassifierSettings(hidden_width=64, epochs=30)


def trained(features, n):
    """A pool with n random labels, and its classifier."""
    rows = np.random.default_rng(0).permutation(len(features.label))[:n]
    head = train_classifier(features, rows, RECIPE, ("test", "random", 0, n)).head
    return Pool(features.embedding, rows, features.label[rows], head)


def noisy(features, share):
    """The same images, of which a share have a random class: no classifier can know it."""
    rng = np.random.default_rng(0)
    random = rng.integers(3, size=len(features.label))
    label = np.where(rng.random(len(random)) < share, random, features.label)
    return dataclasses.replace(features, label=label)


def estimate(pool, **arguments):
    return estimate_accuracy(pool, np.random.default_rng(1), **arguments)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_it_is_near_the_true_accuracy(tmp_path, make_features, share):
    features = noisy(make_features(tmp_path / "features.h5", n=600), share)
    pool = trained(features, 150)
    true = (pool.head.predicted(pool.embedding) == features.label).mean()
    assert estimate(pool) == pytest.approx(true, abs=0.07)


def test_a_classifier_that_contradicts_the_labels_is_estimated_low(features):
    pool = trained(features, 30)
    turned = dataclasses.replace(
        pool.head,
        readout=np.roll(pool.head.readout, 1, axis=0),
        readout_bias=np.roll(pool.head.readout_bias, 1),
    )
    assert estimate(dataclasses.replace(pool, head=turned)) < 0.1 < 0.9 < estimate(pool)


def test_once_all_is_labelled_it_is_the_accuracy(features):
    pool = trained(features, 60)
    assert estimate(pool) == (pool.head.predicted(pool.embedding) == features.label).mean()


def test_some_of_the_unlabelled_images_stand_for_all(tmp_path, make_features):
    pool = trained(noisy(make_features(tmp_path / "features.h5", n=600), 0.5), 60)
    assert estimate(pool, considered=200) == pytest.approx(estimate(pool), abs=0.03)


@pytest.mark.parametrize("n", [1, 2])
def test_few_labels_will_do(features, n):
    pool = trained(features, 4)
    few = dataclasses.replace(pool, labelled=pool.labelled[:n], label=pool.label[:n])
    assert 0 <= estimate(few) <= 1


def test_without_a_classifier_there_is_nothing_to_estimate(features):
    with pytest.raises(ValueError, match="no trained classifier"):
        estimate(Pool(features.embedding))


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(20_000, 4))
    chances = softmax(outputs / 0.3, axis=1).cumsum(axis=1)
    label = (rng.random((20_000, 1)) > chances).sum(axis=1).clip(max=3)
    assert fit_temperature(outputs, label) == pytest.approx(0.3, rel=0.03)


def test_temperature_of_labels_that_are_all_right_or_all_wrong_is_finite():
    right = np.eye(3)
    assert 0 < fit_temperature(right, np.arange(3)) < 0.05
    assert 5 < fit_temperature(-right, np.arange(3)) < 10


@pytest.mark.parametrize("accuracy", [0.3, 0.6, 0.95])
def test_at_its_temperature_the_classifier_is_as_sure_as_it_is_right(accuracy):
    logits = np.random.default_rng(0).normal(scale=5, size=(500, 4))
    temperature = temperature_of_confidence(logits, accuracy)
    confidence = softmax(logits / temperature, axis=1).max(axis=1).mean()
    assert confidence == pytest.approx(accuracy, abs=1e-3)


def test_an_accuracy_that_no_temperature_gives_has_the_nearest():
    logits = np.random.default_rng(0).normal(size=(50, 4))
    assert temperature_of_confidence(logits, 1.1) == pytest.approx(1e-3)
    assert temperature_of_confidence(logits, 0.1) == pytest.approx(1e3)
