import warnings
from dataclasses import replace

import numpy as np
import pytest

from ntkcpl import cross_validation
from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.cross_validation import FOLDS, cross_validate
from ntkcpl.seeding import Identity

SETTINGS = ClassifierSettings(hidden_width=8, epochs=15)
IDENTITY = Identity("birds", "mine", 0, 2)


@pytest.fixture
def trainings(monkeypatch):
    """The labelled images of each training, which is run."""
    seen = []

    def train(features, labelled, settings, identity):
        seen.append((labelled, identity))
        return train_classifier(features, labelled, settings, identity)

    monkeypatch.setattr(cross_validation, "train_classifier", train)
    return seen


def test_each_image_is_predicted_by_the_training_that_leaves_it_out(features, trainings):
    labelled = np.random.default_rng(0).permutation(60)[:31]
    predicted = cross_validate(features, labelled, SETTINGS, IDENTITY)
    assert len(trainings) == FOLDS
    left_out = [np.setdiff1d(labelled, used) for used, _ in trainings]
    assert sorted(np.concatenate(left_out)) == sorted(labelled)
    for (used, identity), rows in zip(trainings, left_out, strict=True):
        head = train_classifier(features, used, SETTINGS, identity).head
        own = np.isin(labelled, rows)
        np.testing.assert_array_equal(
            predicted[own], head.predicted(features.embedding[labelled[own]])
        )
        share = np.bincount(features.label[labelled]) / FOLDS
        assert (abs(np.bincount(features.label[rows], minlength=3) - share) < 1).all()  # stratified
    assert len({identity for _, identity in trainings}) == FOLDS
    assert (predicted == features.label[labelled]).mean() > 0.8
    again = cross_validate(features, labelled, SETTINGS, IDENTITY)
    np.testing.assert_array_equal(predicted, again)


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 1], [0, 1, 2, 0], [0] * 9 + [1]])
def test_classes_that_are_too_rare_to_be_in_each_fold(features, labels):
    features = replace(features, label=np.array(labels + [-1] * (60 - len(labels))))
    labelled = np.arange(len(labels))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = cross_validate(features, labelled, SETTINGS, IDENTITY)
    for label in set(labels):
        if labels.count(label) == 1:  # nobody can know it
            assert predicted[labels.index(label)] != label
