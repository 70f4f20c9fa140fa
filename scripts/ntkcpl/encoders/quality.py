"""The quality of an embedding: a k-NN vote, which monitors a pretraining, and a linear probe."""

import math
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

MAX_QUERIES = 5_000
ITERATIONS = 100  # of the linear probe


def knn_accuracy(
    embedding: NDArray[np.float32], label: NDArray[np.int64], neighbours: int = 20
) -> float:
    """Return the leave-one-out accuracy of a k-nearest-neighbour vote under cosine similarity.

    The classes of the `neighbours` most similar other labelled samples vote with equal weight; of
    classes with equally many votes, the lowest wins. It is reported and decides nothing.

    Parameters
    ----------
    embedding : float32 (N, D)
        Embeddings of the pool.
    label : int64 (N,)
        Classes, -1 where unknown; such samples are left out.
    neighbours
        Voters; all other labelled samples where there are fewer.

    Returns
    -------
    float
        Share in [0, 1], over at most `MAX_QUERIES` samples spread evenly over the pool; NaN where
        fewer than two samples are labelled.
    """
    known = np.flatnonzero(label >= 0)
    if len(known) < 2:
        return math.nan
    bank = F.normalize(torch.from_numpy(embedding[known]))
    classes = torch.from_numpy(label[known])
    queries = torch.linspace(0, len(known) - 1, min(len(known), MAX_QUERIES)).long()
    right = sum(_votes_right(bank, classes, part, neighbours) for part in queries.split(512))
    return right / len(queries)


def linear_accuracy(
    embedding: NDArray[np.float32],
    label: NDArray[np.int64],
    test_embedding: NDArray[np.float32],
    test_label: NDArray[np.int64],
) -> float:
    """Return the test accuracy of logistic regression on all labels of the pool, standardised.

    Parameters
    ----------
    embedding, test_embedding : float32 (N, D), (T, D)
    label, test_label : int64 (N,), (T,)
        Classes, -1 where unknown; such samples are left out.

    Returns
    -------
    float
        Share in [0, 1]; NaN where fewer than two classes, or no test samples, are labelled.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known, asked = label >= 0, test_label >= 0
    if len(np.unique(label[known])) < 2 or not asked.any():
        return math.nan
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=ITERATIONS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # good enough for a check
        probe.fit(embedding[known], label[known])
    return float(probe.score(test_embedding[asked], test_label[asked]))


def _votes_right(
    bank: torch.Tensor, classes: torch.Tensor, queries: torch.Tensor, neighbours: int
) -> int:
    """Count the `queries`, rows of `bank`, whose neighbours vote for their class."""
    similarity = bank[queries] @ bank.T
    similarity[torch.arange(len(queries)), queries] = -math.inf
    nearest = similarity.topk(min(neighbours, len(bank) - 1), dim=1).indices
    votes = F.one_hot(classes[nearest], int(classes.max()) + 1).sum(1)
    return int((votes.argmax(1) == classes[queries]).sum())
