"""The k-NN monitor: how well neighbours in the embedding agree on the class."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

MAX_QUERIES = 5_000


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


def _votes_right(
    bank: torch.Tensor, classes: torch.Tensor, queries: torch.Tensor, neighbours: int
) -> int:
    """Count the `queries`, rows of `bank`, whose neighbours vote for their class."""
    similarity = bank[queries] @ bank.T
    similarity[torch.arange(len(queries)), queries] = -math.inf
    nearest = similarity.topk(min(neighbours, len(bank) - 1), dim=1).indices
    votes = F.one_hot(classes[nearest], int(classes.max()) + 1).sum(1)
    return int((votes.argmax(1) == classes[queries]).sum())
