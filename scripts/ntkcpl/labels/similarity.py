"""An order of images in which those that are alike stand side by side."""

import numpy as np
from numpy.typing import NDArray


def similarity_order(embedding: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return a permutation (n,) that puts similar images side by side.

    The leaves of a tree of average-linkage clusters of the embeddings' directions, turned so that
    the distances between neighbours add up to the least (Bar-Joseph, Gifford and Jaakkola 2001,
    "Fast optimal leaf ordering for hierarchical clustering").

    Parameters
    ----------
    embedding : float (n, D)
        Embeddings of the images; finite.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(embedding) < 2:
        return np.arange(len(embedding), dtype=np.int64)
    points = np.asarray(embedding, dtype=np.float64)
    length = np.linalg.norm(points, axis=1, keepdims=True)
    directions = points / np.where(length > 0, length, 1)
    tree = linkage(directions, method="average", optimal_ordering=True)
    return leaves_list(tree).astype(np.int64)
