"""Scores of labels, the smaller the likelier wrong, to compare the review list's own with.

Each takes embeddings float (L, D), labels int64 (L,), and the outputs' number C, and returns
float (L,). None looks at what a classifier says of a label that it was trained on.
"""

import numpy as np

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.records import Features
from ntkcpl.slips import left_out_probability

FOLDS = 5
NEIGHBOURS = 10


def trained(embedding, label, n_classes, identity):
    """Return the head of a classifier with the default recipe, trained on embeddings."""
    n = len(label)
    names = [str(number) for number in range(max(n, n_classes))]
    none = (np.empty((0, embedding.shape[1]), np.float32), np.empty(0, np.int64))
    features = Features(embedding, embedding[:, None], label, names[:n], *none, names[:n_classes])
    return train_classifier(features, np.arange(n), ClassifierSettings(), identity).head


def own(probability, label):
    """Return the probability of each label."""
    return probability[np.arange(len(label)), label]


def margin(probability, label):
    """Return how far each label's probability is above the largest other."""
    others = probability.copy()
    others[np.arange(len(label)), label] = -np.inf
    return own(probability, label) - others.max(axis=1)


def normalised(probability, label):
    """Return probabilities less their mean over that class's labels (Northcutt et al. 2021)."""
    means = [
        probability[label == c, c].mean() if (label == c).any() else np.inf
        for c in range(probability.shape[1])
    ]
    return probability - np.array(means)


def cross_validated(embedding, label, n_classes):
    """Return probabilities by classifiers that were trained on the other folds."""
    fold = np.random.default_rng(0).permutation(len(label)) % FOLDS
    probability = np.empty((len(label), n_classes))
    for number in range(FOLDS):
        others, out = fold != number, fold == number
        head = trained(embedding[others], label[others], n_classes, ("slips", number))
        probability[out] = head.probability(embedding[out])
    return probability


def neighbours(embedding, label, n_classes):
    """Return the shares of the classes among the nearest other labels, weighted by cosine."""
    directions = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    cosine = directions @ directions.T
    np.fill_diagonal(cosine, -1)
    nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :NEIGHBOURS]
    weight = np.take_along_axis(cosine, nearest, axis=1).clip(0)
    votes = np.eye(n_classes)[label[nearest]] * weight[:, :, None]
    return votes.sum(axis=1) / weight.sum(axis=1, keepdims=True)


def scores(embedding, label, n_classes):
    """Return name -> score of every label."""
    regression = left_out_probability(embedding, label, n_classes, np.random.default_rng(0))
    folds = cross_validated(embedding, label, n_classes)
    votes = neighbours(embedding, label, n_classes)
    return {
        "regression without it, probability": own(regression, label),
        "regression without it, margin": margin(regression, label),
        "regression without it, margin by class": margin(normalised(regression, label), label),
        "5 folds, probability": own(folds, label),
        "5 folds, margin": margin(folds, label),
        "5 folds, margin by class": margin(normalised(folds, label), label),
        "10 neighbours, share": own(votes, label),
        "10 neighbours, margin": margin(votes, label),
    }
