"""How accuracy has grown with the labels that people gave, and what another batch would buy."""

from typing import NamedTuple

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ntkcpl.reporting.look import BLUE, COLUMN_WIDTH, EMPHASISED_WIDTH, GREY, STYLE_SHEET
from ntkcpl.reporting.plots import draw_label_axis

LEVEL = 0.95
SPAN = 4  # rounds with this part of the labels, or more, are what the slope is of
LEAST = 3  # rounds that a slope is of, at least


def accuracies(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy after each round, with the interval of Wilson (1927).

    Parameters
    ----------
    outcomes
        See `artifacts.outcomes.read_outcomes`.

    Returns
    -------
    DataFrame
        round, labels, images, right (numbers of them), accuracy, low, high (shares in [0, 1]); the
        interval is at 95%, and holds for images that are a random sample.
    """
    from scipy.stats import binomtest

    grouped = outcomes.groupby(["round", "labels"])["right"]
    table = grouped.agg(images="size", right="sum").reset_index()
    intervals = [
        binomtest(int(right), int(images)).proportion_ci(LEVEL, method="wilson")
        for right, images in zip(table["right"], table["images"], strict=True)
    ]
    return table.assign(
        accuracy=table["right"] / table["images"],
        low=[interval.low for interval in intervals],
        high=[interval.high for interval in intervals],
    )


class Change(NamedTuple):
    """A change of accuracy, in [-1, 1], and its interval at 95%."""

    value: float
    low: float
    high: float


def change(outcomes: pd.DataFrame, weights: dict[int, float]) -> Change:
    """Return a weighted sum of the accuracies of some rounds, with its interval.

    The same images may count in several rounds, so the variance is that over images (a "sandwich",
    clustered by image), not over rounds. So that it is not zero where every image had the same
    outcome in all rounds, two images are added: a quarter each right in all rounds, wrong in all,
    right in the later rounds only, and in the earlier only, as Agresti and Min (2005, "Simple
    improved confidence intervals for comparing matched proportions") add them for two rounds.

    Parameters
    ----------
    outcomes
        See `artifacts.outcomes.read_outcomes`.
    weights
        Number of each round -> its weight; they add up to zero.
    """
    from scipy.stats import norm

    rounds = list(weights)
    weight = np.array(list(weights.values()))
    wide = outcomes.pivot(index="id", columns="round", values="right")[rounds]
    wide = wide.dropna(how="all").astype(float)
    step = (np.arange(len(rounds)) >= len(rounds) / 2).astype(float)
    added = np.array([np.zeros(len(rounds)), np.ones(len(rounds)), step, 1 - step])
    right = np.vstack([wide.to_numpy(), added])
    images = np.append(np.ones(len(wide)), np.full(4, 0.5))
    counted = images[:, None] * ~np.isnan(right)
    share = np.nansum(images[:, None] * right, axis=0) / counted.sum(axis=0)
    parts = np.nan_to_num(right - share) * (weight / counted.sum(axis=0))
    error = float(np.sqrt((images * parts.sum(axis=1) ** 2).sum()))
    centre, reach = float(share @ weight), float(norm.ppf((1 + LEVEL) / 2)) * error
    value = float(np.nanmean(wide.to_numpy(), axis=0) @ weight)
    return Change(value, max(centre - reach, -1.0), min(centre + reach, 1.0))


def slope_weights(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weights of accuracies whose sum is their slope: a doubling of labels adds so much.

    The slope of the line of least squares over log2(labels). Accuracy grows about like that for a
    while and then slower, so only rounds count that have a quarter of the last one's labels, or the
    last three.
    """
    recent = (labels * SPAN >= labels[-1]) | (np.arange(len(labels)) >= len(labels) - LEAST)
    x = np.where(recent, np.log2(labels), 0.0)
    centred = np.where(recent, x - x[recent].mean(), 0.0)
    weights: NDArray[np.float64] = centred / (centred**2).sum()
    return weights


def next_batch(outcomes: pd.DataFrame, batch_size: int, chosen: bool) -> str:
    """Say in plain sentences what another batch would buy, and how sure that is.

    Parameters
    ----------
    outcomes
        See `artifacts.outcomes.read_outcomes`.
    batch_size
        Images in another batch.
    chosen
        Whether they are of the labelled images, by cross-validation, and not of a holdout.
    """
    curve = accuracies(outcomes)
    if len(curve) == 1:
        return (
            "After one classifier there is no curve yet: what another batch buys can be said after "
            "the third round."
        )
    first, last = curve.iloc[0], curve.iloc[-1]
    rise = change(outcomes, {int(first["round"]): -1.0, int(last["round"]): 1.0})
    so_far = (
        f"The accuracy {'cross-validated' if chosen else 'on the holdout'} went from "
        f"{first['accuracy']:.1%} at {first['labels']:.0f} labels to {last['accuracy']:.1%} at "
        f"{last['labels']:.0f}: {_points(rise)}."
    )
    if len(curve) < LEAST:
        return (
            f"{so_far} Two rounds show no curve: whether it flattens, and so what another batch "
            "buys, can be said after the third."
        )
    weights = slope_weights(curve["labels"].to_numpy())
    doublings = float(np.log2(1 + batch_size / last["labels"]))
    slope, gain = (
        change(outcomes, dict(zip(curve["round"].astype(int), weights * factor, strict=True)))
        for factor in (1.0, doublings)
    )
    gain = Change(*(min(number, 1 - last["accuracy"]) for number in gain))
    return (
        f"If the curve goes on like this, another {batch_size} labels change the accuracy by "
        f"{_points(gain)}. {_verdict(gain, chosen)}\n\n{so_far} Of late a doubling of the labels "
        f"changed it by {_points(slope)}."
    )


def _points(change: Change) -> str:
    value, low, high = (_signed(100 * number) for number in change)
    return f"{value} percentage points (95% interval {low} to {high})"


def _signed(number: float) -> str:
    text = f"{number:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def _verdict(gain: Change, chosen: bool) -> str:
    if chosen:
        return (
            "Take this with care: images that were chosen because they are hard can make the "
            "cross-validated accuracy fall while the classifier gets better."
        )
    low, high = (round(100 * bound, 1) for bound in gain[1:])  # as they are printed
    if low > 0:
        return "More labels still help."
    if high < 0:
        return "It has fallen of late: look whether the labels are right."
    return (
        "The interval has zero in it: this holdout cannot tell whether another batch helps. A "
        "larger one could."
    )


def plot_learning_curve(outcomes: pd.DataFrame, title: str, chosen: bool) -> Figure:
    """Draw accuracy against the number of labels, of a holdout with its intervals.

    Parameters
    ----------
    outcomes, chosen
        As for `next_batch`.
    title
        The figure's.
    """
    curve = accuracies(outcomes)
    colour = GREY if chosen else BLUE
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(COLUMN_WIDTH, 2.4))
        axes = figure.subplots()
        labels, accuracy = curve["labels"], 100 * curve["accuracy"]
        axes.plot(labels, accuracy, color=colour, marker="o", linewidth=EMPHASISED_WIDTH)
        of = "cross-validated on chosen images"
        if not chosen:
            reach = 100 * np.abs(curve[["low", "high"]].to_numpy().T - curve["accuracy"].to_numpy())
            axes.errorbar(
                labels, accuracy, reach, fmt="none", ecolor=colour, elinewidth=0.9, capsize=2.5
            )
            of = f"on {curve['images'].iloc[-1]} images held out, 95% intervals"
        axes.margins(x=0.06)
        axes.set_ylabel("Accuracy (%)")
        axes.set_title(f"{title}: {of}")
        draw_label_axis(axes, labels)
    return figure
