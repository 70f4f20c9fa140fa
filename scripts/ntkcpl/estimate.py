"""How accurate is the classifier? An estimate from the labels held, without a test set."""

import numpy as np
from numpy.typing import NDArray

from ntkcpl.pool import Pool
from ntkcpl.regression.direct import regress
from ntkcpl.regression.settings import KernelRegression

CONFIDENCE_LOG_TEMPERATURES = (-np.log(1000), np.log(1000))
LOG_TEMPERATURES = (-6.0, 2.0)  # from outputs that are certain to outputs that say nothing
CONSIDERED = 5_000  # unlabelled images at most that an accuracy is estimated on


def estimating_memory(n: int, d: int, labels: int) -> int:
    """Return about how many bytes `estimate_accuracy` takes for n images, `labels` of them held."""
    m = min(n, CONSIDERED + labels)
    return m * (28 * d + 16 * labels)  # embeddings, and the kernel's columns


def estimate_accuracy(pool: Pool, rng: np.random.Generator, considered: int = CONSIDERED) -> float:
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
    weight = pool.weight[index]
    columns, lambda_ = regression.columns(pool.embedding[index], first, rng, weight)
    outputs, left_out = regress(columns, lambda_, first, label, head.n_classes)
    shared = np.bincount(label)[label] > 1
    fitted = shared if shared.any() else ~shared
    temperature = fit_temperature(left_out[fitted], label[fitted])
    right = (head.predicted(pool.embedding[labelled]) == label).sum()
    if len(unlabelled):
        probability = softmax(outputs[len(first) :] / temperature, axis=1)
        answer = head.predicted(pool.embedding[drawn])
        by_answer = probability[np.arange(len(drawn)), answer]
        share = np.average(by_answer, weights=pool.weight[drawn])
        right += share * pool.weight[unlabelled].sum()
    return float(right / pool.weight.sum())


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


def temperature_of_confidence(
    logits: NDArray[np.float64], accuracy: float, weight: NDArray[np.int64] | None = None
) -> float:
    """Return the T at which the mean of the largest of softmax(logits / T) is an accuracy.

    Parameters
    ----------
    logits : float64 (N, C)
        The classifier's outputs for images that it has not seen.
    accuracy
        The share of them that it is right about, known or estimated.
    weight : int64 (N,), optional
        How many images each row stands for; one without.

    Returns
    -------
    float
        Within a factor of 1,000 of one. Where no temperature in there gives the accuracy, the end
        that is nearer to it.
    """
    from scipy.optimize import brentq
    from scipy.special import softmax

    def excess(log_temperature: float) -> float:
        confidence = softmax(logits / np.exp(log_temperature), axis=1).max(axis=1)
        return float(np.average(confidence, weights=weight)) - accuracy

    low, high = CONFIDENCE_LOG_TEMPERATURES
    if excess(low) <= 0:  # the hotter, the less confident
        return float(np.exp(low))
    if excess(high) >= 0:
        return float(np.exp(high))
    # To three digits: how sums over labels and images are rounded must not decide it.
    return float(np.exp(round(brentq(excess, low, high, xtol=1e-6), 3)))
