"""Asking and telling, from arrays alone."""

import numpy as np
import pytest

from ntkcpl import strategies
from ntkcpl.learner import Learner

RECIPE = {"hidden_width": 16, "epochs": 20}
rng = np.random.default_rng(0)
CENTRES = rng.normal(size=(3, 6)) * 4
TRUTH = np.arange(90) % 3
X = (CENTRES[TRUTH] + rng.normal(size=(90, 6))).astype(np.float32)
NAMES = ["robin", ("a", "tuple"), None]


def labels_of(index):
    return [NAMES[k] for k in TRUTH[index]]


@pytest.mark.parametrize(
    "strategy",
    [{"method": "ntkcpl", "feature": "al"}, {"method": "margin"}, {"method": "typiclust"}],
    ids=lambda strategy: strategy["method"],
)
def test_rounds_of_asking_and_telling_make_a_classifier(strategy):
    learner = Learner(X, strategy, classifier=RECIPE, seed=1)
    for _ in range(4):
        batch = learner.ask(6)
        assert len(set(batch) | set(learner.labelled)) == 6 + len(learner.labelled)
        learner.tell(batch, labels_of(batch))
    assert sorted(map(str, learner.classes_)) == sorted(map(str, NAMES))
    p = learner.predict_proba(X)
    assert p.shape == (90, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    right = [a == b for a, b in zip(learner.predict(X), labels_of(range(90)), strict=True)]
    assert np.mean(right) > 0.9
    assert (learner.estimated_coverage is not None) == (strategy["method"] == "ntkcpl")


def test_the_same_seed_asks_the_same():
    def run(seed):
        learner = Learner(X, {"method": "badge"}, classifier=RECIPE, seed=seed)
        for _ in range(2):
            learner.tell(batch := learner.ask(8), labels_of(batch))
        return learner.ask(8).tolist()

    assert run(0) == run(0) != run(1)


def test_labels_that_were_never_asked_for_count_too():
    learner = Learner(X, {"method": "margin"}, classifier=RECIPE)
    learner.tell(np.arange(12), TRUTH[:12])
    assert learner.classes_.tolist() == [0, 1, 2]
    assert not set(learner.ask(5)) & set(range(12))


@pytest.mark.parametrize("method", ["margin", "typiclust", "ntkcpl"])
def test_what_is_skipped_is_not_asked_again(method):
    feature = {"feature": "self"} if method == "ntkcpl" else {}
    learner = Learner(X, {"method": method} | feature, classifier=RECIPE)
    learner.tell(np.arange(12), TRUTH[:12])
    learner.skip(first := learner.ask(40))
    learner.tell(np.setdiff1d(np.arange(12, 90), first)[:1], [0])
    learner.skip([])
    rest = learner.ask(90 - 12 - 40 - 1)
    assert not {*rest} & ({*first} | {*range(12)})
    with pytest.raises(ValueError, match="both labelled and skipped"):
        learner.skip([3])


def test_one_class_so_far_is_no_classifier():
    learner = Learner(X, {"method": "margin"}, classifier=RECIPE)
    learner.tell([0, 3], ["same", "same"])
    with pytest.raises(ValueError, match="there is no trained classifier yet"):
        learner.predict_proba(X)
    assert len(learner.ask(4)) == 4


@pytest.mark.parametrize(
    ("indices", "labels", "message"),
    [
        ([0, 1], ["a"], "2 images are labelled, but label has 1"),
        ([5, 5], ["a", "b"], "labelled must not repeat an index"),
        ([90], ["a"], r"labelled must hold indices in \[0, 90\)"),
        ([1], ["wren"], r"'wren' is none of the classes \['a', 'b'\]"),
    ],
)
def test_what_does_not_fit_changes_nothing(indices, labels, message):
    learner = Learner(X, {"method": "random"}, classes=["a", "b"])
    with pytest.raises(ValueError, match=message):
        learner.tell(indices, labels)
    assert len(learner.labelled) == 0


def test_parameters_make_another_one_like_it():
    learner = Learner(X, {"method": "coreset", "feature": "self"}, seed=3, experiment="mine")
    again = Learner(**learner.get_params())
    assert learner.ask(7).tolist() == again.ask(7).tolist()
    assert strategies.load(again.get_params()["strategy"]).method == "coreset"


def test_without_a_choice_the_strategy_is_the_default():
    assert Learner(X).ask(5).tolist() == Learner(X, dict(strategies.DEFAULT)).ask(5).tolist()
