"""Labels that are likely slips: those that the other labels contradict most."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntkcpl.estimate import fit_temperature
from ntkcpl.regression.direct import regress
from ntkcpl.regression.settings import KernelRegression


class Slips(NamedTuple):
    """What the other labels say of each that they contradict, the likeliest slip first.

    Attributes
    ----------
    place : int64 (S,)
        Which of the labels.
    predicted : int64 (S,)
        The class that the others speak for.
    probability : float64 (S,)
        Its probability, in [0, 1].
    """

    place: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probability: NDArray[np.float64]


def likely_slips(
    embedding: NDArray[np.floating],
    label: NDArray[np.int64],
    n_classes: int,
    rng: np.random.Generator,
) -> Slips:
    """Return the labels that a classifier contradicts which was trained on all the others.

    A label is contradicted where another class is the likeliest, and the more so the smaller its
    own probability is, the "self-confidence" of Northcutt et al. 2021, "Confident learning:
    estimating uncertainty in dataset labels". docs/results/labelling.md compares it with others.

    Parameters
    ----------
    embedding : float (L, D)
        Of the labelled images.
    label : int64 (L,)
        Their classes.
    n_classes
        Number of classes.
    rng
        Draws the head of the kernel, if it is finite.
    """
    probability = left_out_probability(embedding, label, n_classes, rng)
    predicted = probability.argmax(axis=1)
    place = np.argsort(probability[np.arange(len(label)), label], kind="stable")
    place = place[(predicted != label)[place]]
    return Slips(place, predicted[place], probability[place, predicted[place]])


def left_out_probability(
    embedding: NDArray[np.floating],
    label: NDArray[np.int64],
    n_classes: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return each class's probability, float64 (L, C), of labelled images without their labels.

    A classifier repeats the labels that it was trained on. So kernel regression stands in, which
    is solved without each label in turn (see `regress`); the softmax of its outputs, at the
    temperature at which the labels are likeliest, is a probability. The parameters are those of
    `likely_slips`.
    """
    from scipy.special import softmax

    regression = KernelRegression()
    every = np.arange(len(label))
    kernel, lambda_ = regression.columns(embedding, every, rng)
    outputs = regress(kernel, lambda_, every, label, n_classes).left_out
    probability: NDArray[np.float64] = softmax(outputs / fit_temperature(outputs, label), axis=1)
    return probability
