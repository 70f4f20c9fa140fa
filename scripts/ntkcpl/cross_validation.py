"""How right the classifier is about labelled images that it was not trained on."""

import warnings

import numpy as np
from numpy.typing import NDArray

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.records import Features
from ntkcpl.seeding import Identity

FOLDS = 5


def cross_validate(
    features: Features,
    labelled: NDArray[np.int64],
    settings: ClassifierSettings,
    identity: Identity,
) -> NDArray[np.int64]:
    """Predict the class of each labelled image by a classifier trained on the other folds.

    The folds are stratified, so that each has its share of every class that has enough labels;
    where no class has one label a fold, they are random.

    Parameters
    ----------
    features
        Embeddings, labels and views.
    labelled : int64 (L,)
        Pool indices of the images that are labelled, two at least.
    settings
        The classifier's recipe.
    identity
        Of the round: seeds the folds and the trainings.

    Returns
    -------
    int64 (L,)
        The classes predicted.

    Raises
    ------
    ValueError
        If there are fewer than two labels, or as `train_classifier` does.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    label = features.label[labelled]
    folds = min(FOLDS, len(labelled))
    seed = int(identity.generator("cross_validate").integers(2**32))
    kind = StratifiedKFold if np.bincount(label).max() >= folds else KFold
    predicted = np.empty(len(labelled), dtype=np.int64)
    with warnings.catch_warnings():
        # A class of fewer labels than folds is in as many as it can be.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = list(kind(folds, shuffle=True, random_state=seed).split(labelled, label))
    for number, (others, left_out) in enumerate(parts):
        fold = (*identity, f"fold{number}")
        head = train_classifier(features, labelled[others], settings, fold).head
        predicted[left_out] = head.predicted(features.embedding[labelled[left_out]])
    return predicted
