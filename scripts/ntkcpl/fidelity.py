"""Does kernel regression know what the trained head will do? (section 3.3 of the paper).

`compare_kernels` asks how often the two predict the same class, for kernels to choose from;
`measure_coverage` how the coverage that NTKCPL estimates compares with the true one.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.artifacts import Classifier, Clusters, Features
from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.kernel import Width, ntk
from ntkcpl.lookahead import covered
from ntkcpl.scaling import Scaling, scale_embedding
from ntkcpl.seeding import numpy_generator
from ntkcpl.strategies.ntkcpl import NTKCPL

WIDTHS: tuple[Width, ...] = (64, 512, 4096, "infinite")
SCALINGS: tuple[Scaling, ...] = ("raw", "l2", "l2_centred", "standardised")
JITTERS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SECOND_HEAD = "second head"


def regress(
    kernel: NDArray[np.float32],
    labelled: NDArray[np.int64],
    label: NDArray[np.int64],
    n_classes: int,
    jitter: float,
) -> NDArray[np.float64]:
    """Return the kernel regression on one-hot labels (N, C), solved from scratch in float64.

    It equals `LookAhead.predictions`, at the cost of one solve instead of a residual kernel.

    Parameters
    ----------
    kernel : float32 (N, N)
        Symmetric positive semi-definite; not changed.
    labelled, label : int64 (L,)
        Rows that are labelled, and their classes.
    n_classes
        Number of classes C.
    jitter
        Ridge as a share of the mean of the kernel's diagonal.
    """
    ridge = jitter * float(np.diagonal(kernel).mean(dtype=np.float64))
    columns = kernel[:, labelled].astype(np.float64)
    inner = columns[labelled] + ridge * np.eye(len(labelled))
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
    seed: int,
    considered: int = 5_000,
    widths: Sequence[Width] = WIDTHS,
    scalings: Sequence[Scaling] = SCALINGS,
    jitters: Sequence[float] = JITTERS,
) -> pd.DataFrame:
    """Compare the regression's predictions with those of heads trained on the same labels.

    Parameters
    ----------
    features
        Embeddings and labels of the pool.
    classifiers
        Heads of one run, trained on ever more labels.
    settings
        Their recipe, by which a second head is trained for each: two heads that differ in nothing
        but their initial weights and batches agree as well as a kernel can hope to.
    seed
        Of the images considered, the kernels' draws and the second heads.
    considered
        Number of images of the pool, those labelled included, that the kernels are computed for.
    widths, scalings, jitters
        What to compare.

    Returns
    -------
    DataFrame
        seed, kernel, scaling, jitter, labels, agreement, accuracy: a row a variant and head.
        `agreement` is the share of the unlabelled images considered for which kernel and head
        predict the same class, `accuracy` the share for which the kernel predicts the true one.
        The second head is the kernel called `second head`, its scaling and jitter empty.

    Raises
    ------
    ValueError
        If an image of the pool has no label.
    """
    _check_labels(features)
    labelled = classifiers[-1].labelled
    others = np.setdiff1d(np.arange(len(features.label)), labelled)
    rng = numpy_generator("compare_kernels", seed)
    drawn = rng.permutation(others)[: max(considered - len(labelled), 0)]
    index = np.concatenate([labelled, drawn])
    truth = features.label[index]
    rows: list[dict[str, object]] = []

    def compare(predicted: NDArray[np.int64], head: Classifier, **variant: object) -> None:
        n = len(head.labelled)  # the first rows of `index`
        same = predicted[n:] == head.probability[index[n:]].argmax(axis=1)
        right = predicted[n:] == truth[n:]
        scores = {"labels": n, "agreement": same.mean(), "accuracy": right.mean()}
        rows.append({"seed": seed} | variant | scores)

    for head in classifiers:
        identity = ("compare_kernels", SECOND_HEAD, seed, len(head.labelled))
        second = train_classifier(features, head.labelled, settings, identity)
        predicted = second.probability[index].argmax(axis=1)
        compare(predicted, head, kernel=SECOND_HEAD, scaling="", jitter=np.nan)
    for width, scaling in product(widths, scalings):
        rng = numpy_generator("compare_kernels", str(width), seed)
        kernel = ntk(scale_embedding(features.embedding[index], scaling), width, rng)
        for jitter, head in product(jitters, classifiers):
            first = np.arange(len(head.labelled))
            outputs = regress(kernel, first, truth[first], len(features.classes), jitter)
            variant = {"kernel": str(width), "scaling": scaling, "jitter": jitter}
            compare(outputs.argmax(axis=1), head, **variant)
    return pd.DataFrame(rows)


class Round(NamedTuple):
    """What is known of one round: its clusters, its head, and what NTKCPL estimated.

    Attributes
    ----------
    clusters
        The images considered.
    classifier
        The head trained after the round.
    estimated
        The coverage estimated once the whole batch is labelled.
    """

    clusters: Clusters
    classifier: Classifier
    estimated: float


def measure_coverage(
    features: Features, strategy: NTKCPL, rounds: Sequence[Round], identity: tuple[str | int, ...]
) -> pd.DataFrame:
    """Compare estimated coverage, true coverage and the head's accuracy after each round.

    Parameters
    ----------
    features
        Embeddings and labels of the pool.
    strategy
        Its kernel and jitter are used.
    rounds
        All rounds of one run.
    identity
        (experiment, strategy, seed) of the run.

    Returns
    -------
    DataFrame
        round, labels, purity, estimated, true, head: shares of the images that the round
        considered. For `purity`, the true class is the most frequent one of the cluster; for
        `estimated`, kernel regression on pseudo-labels predicts the pseudo-label; for `true`, on
        true labels the true label; for `head`, the trained head predicts the true label.

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
            strategy.jitter,
        )
        predicted = classifier.probability[index].argmax(axis=1)
        rows.append(
            {
                "round": number,
                "labels": len(labelled),
                "purity": purity(clusters.pseudo_label, features.label[index]),
                "estimated": estimated,
                "true": covered(outputs, features.label[index]).mean(),
                "head": (predicted == features.label[index]).mean(),
            }
        )
    return pd.DataFrame(rows)
