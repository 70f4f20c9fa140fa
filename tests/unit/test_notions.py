"""Notions of coverage on one round of small, separable features."""

import numpy as np
import pytest

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.coverage import Round, predict
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.notions import NOTIONS, TRUTH, Covering, agreement, compare_notions, coverage_map
from ntkcpl.pool import Pool
from ntkcpl.seeding import Identity
from ntkcpl.strategies.ntkcpl import NTKCPL

RECIPE = ClassifierSettings(hidden_width=64, epochs=30)
RUN = ("test", "ntkcpl_self", 0)
STRATEGY = NTKCPL(feature="self", candidates=40)


@pytest.fixture
def finished(features):
    clusters = STRATEGY.clustering(labels=4, first_budget=4).cluster(
        Pool(features.embedding), np.random.default_rng(0)
    )
    return Round(clusters, train_classifier(features, clusters.index[:4], RECIPE, (*RUN, 1)))


def test_agreement_of_six_images():
    covered = np.array([True, True, True, False, False, False])
    truth = np.array([True, False, False, True, False, False])
    one = np.ones(6, np.int64)
    assert agreement(covered, truth, one) == {
        "coverage": 3 / 6,
        "truth": 2 / 6,
        "accuracy": 3 / 6,
        "precision": 1 / 3,
        "recall": 1 / 2,
    }
    nothing = agreement(covered & False, truth & False, one)
    thrice = agreement(covered, truth, np.array([3, 1, 1, 1, 1, 1]))
    assert thrice["accuracy"] == 5 / 8 and thrice["precision"] == 3 / 5
    assert nothing["accuracy"] == 1
    assert np.isnan(nothing["precision"]) and np.isnan(nothing["recall"])


def test_what_each_notion_holds_for_covered(features, finished):
    covered = Covering(features, STRATEGY, RUN).of(finished, 1)
    predictions = predict(features, STRATEGY, finished, Identity(*RUN, 1))
    np.testing.assert_array_equal(covered["ntkcpl"], predictions.cluster_right)
    np.testing.assert_array_equal(covered[TRUTH], predictions.classifier_right)
    assert covered["coreset"].all()
    # ProbCover's: there is a distance within which all and beyond which none are covered.
    unit = scale_embedding(features.embedding, "l2")
    gaps = unit[finished.clusters.index, None] - unit[finished.classifier.labelled]
    distance = np.linalg.norm(gaps, axis=2).min(axis=1)
    inside = covered["probcover"]
    assert 4 <= inside.sum() < 40
    assert distance[inside].max() < distance[~inside].min()


def test_a_row_for_each_round_and_notion(features, finished):
    table = compare_notions(features, STRATEGY, [finished, finished], RUN)
    assert table["notion"].tolist() == [*NOTIONS, *NOTIONS]
    assert table["round"].tolist() == [1] * 3 + [2] * 3
    coreset = table[table["notion"] == "coreset"]
    assert (coreset["coverage"] == 1).all() and (coreset["recall"] == 1).all()
    assert (coreset["precision"] == coreset["truth"]).all()


def test_map_shows_the_labelled_images_and_some_others(features, finished):
    identity = Identity(*RUN, 1)
    places = coverage_map(features, STRATEGY, finished, identity, images=20)
    assert len(places) == 20 and places["labelled"].sum() == 4
    assert np.isfinite(places[["x", "y"]]).all(axis=None)
    assert places["coreset"].all()
    whole = coverage_map(features, STRATEGY, finished, identity)
    assert len(whole) == len(finished.clusters.index)
    again = coverage_map(features, STRATEGY, finished, identity)
    np.testing.assert_array_equal(whole, again)
