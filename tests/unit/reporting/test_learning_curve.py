import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from ntkcpl.reporting.learning_curve import (
    accuracies,
    change,
    next_batch,
    plot_learning_curve,
    slope_weights,
)


def outcomes(*rounds, labels=None):
    """A row for each image of each round, from lists of whether it is right (None: not there)."""
    labels = labels or [40 * number for number in range(1, len(rounds) + 1)]
    rows = [
        (number, n, f"{image}.png", bool(right))
        for number, (n, images) in enumerate(zip(labels, rounds, strict=True), start=1)
        for image, right in enumerate(images)
        if right is not None
    ]
    return pd.DataFrame(rows, columns=["round", "labels", "id", "right"])


def of(right, images=60):
    return [True] * right + [False] * (images - right)


def test_wilsons_interval():
    table = accuracies(outcomes(of(42), of(60)))
    assert table[["round", "labels", "images", "right"]].to_numpy().tolist() == [
        [1, 40, 60, 42],
        [2, 80, 60, 60],
    ]
    for row in table.itertuples():
        p, n, z = row.right / row.images, row.images, norm.ppf(0.975)
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        assert (row.low, row.high) == pytest.approx((centre - reach, centre + reach))


@pytest.mark.parametrize("seed", range(5))
def test_the_change_over_two_rounds_is_agresti_and_mins(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.random((2, 30)) < 0.7
    gained, lost = (~first & second).sum() + 0.5, (first & ~second).sum() + 0.5
    centre = (gained - lost) / 32
    error = np.sqrt(gained + lost - (gained - lost) ** 2 / 32) / 32
    found = change(outcomes(first, second), {1: -1.0, 2: 1.0})
    assert found.value == pytest.approx(second.mean() - first.mean())
    z = norm.ppf(0.975)
    assert (found.low, found.high) == pytest.approx((centre - z * error, centre + z * error))


def test_its_interval_holds_what_is_true_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(150):
        # An image is right once as many are labelled as it needs: 0.6, 0.7, 0.75 of them.
        ease, luck = rng.random(80), rng.random((3, 80)) < 0.15
        right = [np.where(luck[k], ease < 0.5, ease < p) for k, p in enumerate((0.6, 0.7, 0.75))]
        truth = 0.85 * np.array([0.6, 0.7, 0.75]) + 0.15 * 0.5
        weights = slope_weights(np.array([40, 80, 120]))
        found = change(outcomes(*right), dict(zip((1, 2, 3), weights, strict=True)))
        held += found.low <= truth @ weights <= found.high
    assert 0.93 <= held / 150 <= 1


def test_images_that_are_not_in_all_rounds_and_such_that_never_change():
    labels = [8, 14, 20]
    found = change(
        outcomes([1, 0], [1, 0, 1, 1], [1, 1, 1, 1, 0, 1], labels=labels), {1: -1.0, 3: 1.0}
    )
    assert found.value == pytest.approx(5 / 6 - 1 / 2)
    still = change(outcomes(of(60), of(60)), {1: -1.0, 2: 1.0})
    assert still.value == 0 and -0.05 < still.low < -0.01 < 0.01 < still.high < 0.05


def test_the_slope_is_that_of_the_last_rounds():
    labels = np.array([10, 20, 40, 80, 160, 320])
    accuracy = np.array([0.1, 0.2, 0.3, 0.5, 0.55, 0.6])
    weights = slope_weights(labels)
    assert (weights[:3] == 0).all()
    assert weights.sum() == pytest.approx(0)
    assert weights @ accuracy == pytest.approx(0.05)  # a doubling
    assert slope_weights(np.array([10, 100, 1000])) @ [0, 0, 1] == pytest.approx(1 / np.log2(100))


@pytest.mark.parametrize(
    ("rounds", "chosen", "said", "not_said"),
    [
        ([of(40)], False, "After one classifier there is no curve yet", "interval"),
        ([of(40), of(50)], False, "at 80: +16.7 percentage points (95%", "If the curve"),
        ([of(30), of(42), of(48)], False, "More labels still help.", "zero"),
        ([of(48), of(42), of(30)], False, "look whether the labels are right", "zero"),
        ([of(42), of(42), of(42)], False, "cannot tell whether another batch helps", "fallen"),
        ([of(30), of(42), of(48)], True, "Take this with care", "More labels still"),
    ],
)
def test_what_another_batch_buys_in_words(rounds, chosen, said, not_said):
    text = next_batch(outcomes(*rounds), 40, chosen)
    assert said in text and not_said not in text
    assert ("cross-validated" in text) == chosen


def test_the_forecast_follows_the_line_and_stays_below_all():
    text = next_batch(outcomes(of(30), of(36), of(42), labels=[40, 80, 160]), 160, False)
    # A tenth for each doubling, and 160 more double them.
    assert "another 160 labels change the accuracy by +10.0 percentage points (95%" in text
    steep = next_batch(outcomes(of(20), of(40), of(57), labels=[40, 80, 160]), 640, False)
    assert "another 640 labels change the accuracy by +5.0 percentage points" in steep


@pytest.mark.parametrize("chosen", [False, True])
def test_the_figure_has_intervals_of_a_holdout_only(chosen):
    figure = plot_learning_curve(outcomes(of(30), of(42)), "birds", chosen)
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata().tolist() == [50.0, 70.0]
    assert len(axes.collections) == (0 if chosen else 1)
    assert ("60 images held out" in axes.get_title()) != chosen
