"""Does kernel regression know what the trained classifier will do? (section 3.3 of the paper).

`compare_kernels` asks how often the two predict the same class, for kernels to choose from.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.coverage import check_labels
from ntkcpl.geometry.scaling import Scaling, scale_embedding
from ntkcpl.records import Classifier, Features
from ntkcpl.regression.direct import regress
from ntkcpl.regression.kernel import Width, absolute_ridge, ntk
from ntkcpl.seeding import numpy_generator

WIDTHS: tuple[Width, ...] = (64, 512, 4096, "infinite")
SCALINGS: tuple[Scaling, ...] = ("raw", "l2", "l2_centred", "standardised")
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SECOND_CLASSIFIER = "second classifier"


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
    check_labels(features)
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
            lambda_ = absolute_ridge(np.diagonal(kernel), ridge)
            columns, n_classes = kernel[:, first], len(features.classes)
            outputs = regress(columns, lambda_, first, truth[first], n_classes).outputs
            variant = {"kernel": str(width), "scaling": scaling, "ridge": ridge}
            compare(outputs.argmax(axis=1), k, **variant)
    return pd.DataFrame(rows)
