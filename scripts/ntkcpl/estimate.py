"""How accurate is the classifier? An estimate from the labels held, without a test set."""

import numpy as np
from numpy.typing import NDArray

from ntkcpl.records import Pool
from ntkcpl.regression.direct import leave_one_out, regress
from ntkcpl.regression.settings import KernelRegression

LOG_TEMPERATURES = (-6.0, 2.0)  # from outputs that are certain to outputs that say nothing


def estimate_accuracy(pool: Pool, rng: np.random.Generator, considered: int = 5_000) -> float:
    """Estimate the share of the pool that the classifier is right about, from the labels held.

    Kernel regression on the labels held (the paper's eq. 3) stands in for the classifier. What it
    says of each labelled image without that image's label is compared with the label, which gives
    the temperature at which the softmax of its outputs is a probability (Guo et al. 2017, "On
    calibration of modern neural networks"); an image whose class has no other label is left out,
    because no regression could know it. The estimate is the mean probability of the class that the
    classifier predicts; for labelled images it is known whether that class is right.

    Labels that a strategy chose are no random sample, so the share of them that is predicted right
    is no estimate of the pool's. But how right a regression is that is so and so sure carries over,
    and so does how sure it is: that is measured on the pool.

    Parameters
    ----------
    pool
        The labels held and the classifier trained on them; clusters are not looked at.
    rng
        Draws the unlabelled images considered.
    considered
        Their number at most.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If the pool has no classifier.
    """
    from scipy.special import softmax

    head, labelled, label = pool.classifier, pool.labelled, pool.label
    unlabelled = pool.unlabelled
    drawn = rng.permutation(unlabelled)[:considered]
    index = np.concatenate([labelled, drawn])
    first = np.arange(len(labelled))
    regression = KernelRegression()
    kernel = regression.kernel(pool.embedding[index], rng)
    on_labels = (kernel, first, label, head.n_classes, regression.ridge)
    shared = np.bincount(label)[label] > 1
    fitted = shared if shared.any() else ~shared
    temperature = fit_temperature(leave_one_out(*on_labels)[fitted], label[fitted])
    right = (head.predicted(pool.embedding[labelled]) == label).sum()
    if len(unlabelled):
        probability = softmax(regress(*on_labels)[len(first) :] / temperature, axis=1)
        answer = head.predicted(pool.embedding[drawn])
        right += probability[np.arange(len(drawn)), answer].mean() * len(unlabelled)
    return float(right / len(pool.embedding))


def fit_temperature(outputs: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Return the T at which softmax(outputs / T) makes the labels likeliest.

    Parameters
    ----------
    outputs : float64 (L, C)
        What is predicted of L images without their labels.
    label : int64 (L,)
        Their classes.

    Returns
    -------
    float
        Between exp(-6) and exp(2), to which outputs that are all right, and outputs that say
        nothing, would otherwise drive it past any bound.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    rows = np.arange(len(label))

    def surprise(log_temperature: float) -> float:
        likelihood = log_softmax(outputs / np.exp(log_temperature), axis=1)[rows, label]
        return float(-likelihood.mean())

    return float(np.exp(minimize_scalar(surprise, bounds=LOG_TEMPERATURES, method="bounded").x))
