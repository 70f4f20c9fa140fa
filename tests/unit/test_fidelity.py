"""What kernel regression and trained classifiers have in common, on small separable features."""

import dataclasses

import numpy as np
import pytest

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.fidelity import (
    SECOND_CLASSIFIER,
    Round,
    compare_kernels,
    measure_coverage,
    purity,
    regress,
)
from ntkcpl.records import Pool
from ntkcpl.regression.incremental import IncrementalRegression, covered
from ntkcpl.regression.kernel import infinite_ntk
from ntkcpl.strategies.ntkcpl import NTKCPL

RECIPE = ClassifierSettings(hidden_width=64, epochs=30)


@pytest.fixture
def classifiers(features):
    rows = np.random.default_rng(0).permutation(60)
    return [train_classifier(features, rows[:n], RECIPE, ("test", "random", 0, n)) for n in (6, 15)]


@pytest.mark.parametrize("n_labelled", [0, 1, 12, 40])
def test_regression_is_the_incremental_one_s(n_labelled):
    rng = np.random.default_rng(n_labelled)
    label = rng.integers(4, size=40)
    kernel = infinite_ntk(rng.normal(size=(40, 5)).astype(np.float32))
    labelled = rng.permutation(40)[:n_labelled]
    outputs = regress(kernel, labelled, label[labelled], 4, ridge=0.1)
    expected = IncrementalRegression(kernel.copy(), label, 4, labelled, ridge=0.1).predictions
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


def test_a_tie_is_not_covered():
    outputs = np.array([[0.0, 0.0], [0.2, 0.1], [0.2, 0.1]])
    np.testing.assert_array_equal(covered(outputs, np.array([0, 0, 1])), [False, True, False])


def test_purity_is_the_share_of_the_most_frequent_class():
    clusters, label = np.array([0, 0, 0, 2, 2, 1]), np.array([1, 1, 0, 0, 2, 2])
    assert purity(clusters, label) == (2 + 1 + 1) / 6
    assert purity(np.arange(6), label) == 1


def test_an_image_without_a_label_is_named(features, classifiers):
    label = features.label.copy()
    label[7] = -1
    partly = dataclasses.replace(features, label=label)
    with pytest.raises(ValueError, match=r"image007\.png has none"):
        compare_kernels(partly, classifiers, RECIPE, identity=("test", 0))
    with pytest.raises(ValueError, match=r"image007\.png has none"):
        measure_coverage(partly, NTKCPL(feature="self"), [], ("test", "ntkcpl_self", 0))


def test_compare_kernels_has_a_row_for_each_variant_and_classifier(features, classifiers):
    table = compare_kernels(
        features,
        classifiers,
        RECIPE,
        ("test", 0),
        considered=50,
        widths=(16, "infinite"),
        ridges=(0.01, 0.1),
    )
    variants = table[table["kernel"] != SECOND_CLASSIFIER]
    assert len(variants) == 2 * 4 * 2 * len(classifiers)
    assert len(table) == len(variants) + len(classifiers)
    assert table["labels"].unique().tolist() == [6, 15]
    assert table[["agreement", "accuracy"]].to_numpy().min() >= 0
    # The problem is easy: with 15 labels kernels and classifiers know nearly all.
    assert table[table["labels"] == 15]["agreement"].mean() > 0.9


def rolled(state):
    """The same classifier, but for the classes, which are called by the next one's name."""
    return {k: np.roll(v, 1, axis=0) if k.startswith("3.") else v for k, v in state.items()}


def test_agreement_is_with_the_classifier_and_accuracy_with_the_truth(features, classifiers):
    confused = dataclasses.replace(classifiers[1], state=rolled(classifiers[1].state))
    arguments = {
        "identity": ("test", 0),
        "widths": ("infinite",),
        "scalings": ("raw",),
        "ridges": (0.1,),
    }
    right = compare_kernels(features, classifiers[1:], RECIPE, **arguments).set_index("kernel")
    wrong = compare_kernels(features, [confused], RECIPE, **arguments).set_index("kernel")
    assert right.loc["infinite", "agreement"] > 0.9 > 0.1 > wrong.loc["infinite", "agreement"]
    assert right.loc["infinite", "accuracy"] == wrong.loc["infinite", "accuracy"]


def test_coverage_of_rounds(features, classifiers):
    strategy = NTKCPL(feature="self", candidates=30)
    clustering = strategy.clustering(labels=6, first_budget=6)
    clusters = clustering.cluster(Pool(features.embedding), np.random.default_rng(0))
    classifier = train_classifier(features, clusters.index[:6], RECIPE, ("test", "ntkcpl", 0, 1))
    (row,) = measure_coverage(
        features, strategy, [Round(clusters, classifier, 0.5)], ("test", "ntkcpl_self", 0)
    ).to_dict("records")
    assert row["purity"] == purity(clusters.pseudo_label, features.label[clusters.index])
    assert row["round"] == 1 and row["labels"] == 6 and row["estimated"] == 0.5
    predicted = classifier.head.predicted(features.embedding[clusters.index])
    assert row["classifier"] == (predicted == features.label[clusters.index]).mean()
    incremental = IncrementalRegression(
        infinite_ntk(features.embedding[clusters.index]),
        features.label[clusters.index],
        3,
        np.arange(6),
        ridge=strategy.ridge,
    )
    assert row["true"] == covered(incremental.predictions, features.label[clusters.index]).mean()
