"""What kernel regression and trained classifiers have in common, on small separable features."""

import dataclasses

import numpy as np
import pytest

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.fidelity import SECOND_CLASSIFIER, compare_kernels

RECIPE = ClassifierSettings(hidden_width=64, epochs=30)


@pytest.fixture
def classifiers(features):
    rows = np.random.default_rng(0).permutation(60)
    return [train_classifier(features, rows[:n], RECIPE, ("test", "random", 0, n)) for n in (6, 15)]


def test_an_image_without_a_label_is_named(features, classifiers):
    label = features.label.copy()
    label[7] = -1
    partly = dataclasses.replace(features, label=label)
    with pytest.raises(ValueError, match=r"image007\.png has none"):
        compare_kernels(partly, classifiers, RECIPE, identity=("test", 0))


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
