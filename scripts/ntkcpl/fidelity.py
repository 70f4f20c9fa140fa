"""Does kernel regression know what the trained classifier will do? (section 3.3 of the paper).

`compare_kernels` asks how often the two predict the same class, for kernels to choose from;
`measure_coverage` how the coverage that NTKCPL estimates compares with the true one.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.geometry.scaling import Scaling, scale_embedding
from ntkcpl.records import Classifier, Clusters, Features
from ntkcpl.regression.incremental import covered
from ntkcpl.regression.kernel import Width, absolute_ridge, ntk
from ntkcpl.seeding import numpy_generator
from ntkcpl.strategies.ntkcpl import NTKCPL

WIDTHS: tuple[Width, ...] = (64, 512, 4096, "infinite")
SCALINGS: tuple[Scaling, ...] = ("raw", "l2", "l2_centred", "standardised")
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SECOND_CLASSIFIER = "second classifier"


def regress(
    kernel: NDArray[np.float32],
    labelled: NDArray[np.int64],
    label: NDArray[np.int64],
    n_classes: int,
    ridge: float,
) -> NDArray[np.float64]:
    """Return the kernel regression on one-hot labels (N, C), solved from scratch in float64.

    It equals `IncrementalRegression.predictions`, at the cost of one solve instead of a residual
    kernel.

    Parameters
    ----------
    kernel : float32 (N, N)
        Symmetric positive semi-definite; not changed.
    labelled, label : int64 (L,)
        Rows that are labelled, and their classes.
    n_classes
        Number of classes C.
    ridge
        λ as a share of the mean of the kernel's diagonal.
    """
    columns = kernel[:, labelled].astype(np.float64)
    inner = columns[labelled] + absolute_ridge(kernel, ridge) * np.eye(len(labelled))
    return columns @ np.linalg.solve(inner, np.eye(n_classes)[label])


def _check_labels(features: Features) -> None:
    if (features.label < 0).any():
        image = features.id[int(features.label.argmin())]
        raise ValueError(f"fidelity needs the label of every image, but {image} has none")


def purity(clusters: NDArray[np.int64], label: NDArray[np.int64]) -> float:
    """Return the share of samples whose label is the most frequent one of their cluster."""
    counts = np.zeros((clusters.max() + 1, label.max() + 1), dtype=np.int64)
    np.add.at(counts, (clusters, label), 1)
    return float(counts.max(axis=1).sum() / len(label))


def compare_kernels(
    features: Features,
    classifiers: Sequence[Classifier],
    settings: ClassifierSettings,
    identity: tuple[str | int, ...],
    considered: int = 5_000,
    widths: Sequence[Width] = WIDTHS,
    scalings: Sequence[Scaling] = SCALINGS,
    ridges: Sequence[float] = RIDGES,
) -> pd.DataFrame:
    """Compare the regression's predictions with those of classifiers trained on the same labels.

    Parameters
    ----------
    features
        Embeddings and labels of the pool.
    classifiers
        Those of one run, trained on ever more labels.
    settings
        Their recipe, by which a second one is trained for each: two that differ in nothing but
        their initial weights and batches agree as well as a kernel can hope to.
    identity
        (experiment, seed): seeds the images considered, the kernels' draws and the second
        classifiers.
    considered
        Number of images of the pool, those labelled included, that the kernels are computed for.
    widths, scalings, ridges
        What to compare.

    Returns
    -------
    DataFrame
        kernel, scaling, ridge, labels, agreement, accuracy: a row a variant and classifier.
        `agreement` is the share of the unlabelled images considered for which kernel and
        classifier predict the same class, `accuracy` the share for which the kernel predicts the
        true one. A second classifier is the kernel of that name, its scaling and ridge empty.

    Raises
    ------
    ValueError
        If an image of the pool has no label.
    """
    _check_labels(features)
    labelled = classifiers[-1].labelled
    others = np.setdiff1d(np.arange(len(features.label)), labelled)
    rng = numpy_generator("compare_kernels", *identity)
    drawn = rng.permutation(others)[: max(considered - len(labelled), 0)]
    index = np.concatenate([labelled, drawn])
    truth = features.label[index]
    rows: list[dict[str, object]] = []

    answers = [classifier.head.predicted(features.embedding[index]) for classifier in classifiers]
    numbers = [len(classifier.labelled) for classifier in classifiers]  # the first rows of `index`

    def compare(predicted: NDArray[np.int64], k: int, **variant: object) -> None:
        n = numbers[k]
        same, right = predicted[n:] == answers[k][n:], predicted[n:] == truth[n:]
        scores = {"labels": n, "agreement": same.mean(), "accuracy": right.mean()}
        rows.append(variant | scores)

    for k, classifier in enumerate(classifiers):
        another = ("compare_kernels", SECOND_CLASSIFIER, *identity, numbers[k])
        second = train_classifier(features, classifier.labelled, settings, another)
        predicted = second.head.predicted(features.embedding[index])
        compare(predicted, k, kernel=SECOND_CLASSIFIER, scaling="", ridge=np.nan)
    for width, scaling in product(widths, scalings):
        rng = numpy_generator("compare_kernels", str(width), *identity)
        kernel = ntk(scale_embedding(features.embedding[index], scaling), width, rng)
        for ridge, (k, n) in product(ridges, enumerate(numbers)):
            first = np.arange(n)
            outputs = regress(kernel, first, truth[first], len(features.classes), ridge)
            variant = {"kernel": str(width), "scaling": scaling, "ridge": ridge}
            compare(outputs.argmax(axis=1), k, **variant)
    return pd.DataFrame(rows)


class Round(NamedTuple):
    """What is known of one round: its clusters, its classifier, and what NTKCPL estimated.

    Attributes
    ----------
    clusters
        The images considered.
    classifier
        The one trained after the round.
    estimated
        The coverage estimated once the whole batch is labelled.
    """

    clusters: Clusters
    classifier: Classifier
    estimated: float


def measure_coverage(
    features: Features, strategy: NTKCPL, rounds: Sequence[Round], identity: tuple[str | int, ...]
) -> pd.DataFrame:
    """Compare estimated coverage, true coverage and the classifier's accuracy after each round.

    Parameters
    ----------
    features
        Embeddings and labels of the pool.
    strategy
        Its kernel and ridge are used.
    rounds
        All rounds of one run.
    identity
        (experiment, strategy, seed) of the run.

    Returns
    -------
    DataFrame
        round, labels, purity, estimated, true, classifier: shares of the images that the round
        considered. For `purity`, the true class is the most frequent one of the cluster; for
        `estimated`, kernel regression on pseudo-labels predicts the pseudo-label; for `true`, on
        true labels the true label; for `classifier`, the trained one predicts the true label.

    Raises
    ------
    ValueError
        If an image of the pool has no label.
    """
    _check_labels(features)
    rows = []
    for number, (clusters, classifier, estimated) in enumerate(rounds, start=1):
        index, labelled = clusters.index, classifier.labelled
        rng = numpy_generator(*identity, number, "measure_coverage")
        outputs = regress(
            strategy.kernel(features.embedding[index], rng),
            np.searchsorted(index, labelled),
            features.label[labelled],
            len(features.classes),
            strategy.ridge,
        )
        predicted = classifier.head.predicted(features.embedding[index])
        rows.append(
            {
                "round": number,
                "labels": len(labelled),
                "purity": purity(clusters.pseudo_label, features.label[index]),
                "estimated": estimated,
                "true": covered(outputs, features.label[index]).mean(),
                "classifier": (predicted == features.label[index]).mean(),
            }
        )
    return pd.DataFrame(rows)
