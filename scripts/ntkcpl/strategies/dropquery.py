"""DropQuery: central images among those whose predicted class depends on single features."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ntkcpl.geometry.kmeans import central_samples, kmeans_memory
from ntkcpl.geometry.scaling import Scaling, scale_embedding
from ntkcpl.head import asking_memory
from ntkcpl.settings import Repeats
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


class DropQuery(PairwiseStrategy):
    """DropQuery (Gupte et al. 2024, section 4).

    Candidates are the images for which more than half of the predictions from an embedding with
    dropout differ from the prediction without. They are clustered by k-means into as many clusters
    as images are to be chosen, and the image nearest to each centre is. Without a classifier all
    images are candidates, as in the paper's initial pool.
    """

    method: Literal["dropquery"] = "dropquery"
    about = About(
        paper="Gupte et al. 2024",
        relevance="prediction changes under dropout",
        diversity="k-means of what changes",
        cost="M b D, M candidates",
    )
    samples: Repeats = 3
    """Predictions with dropout (M)."""
    rate: Annotated[float, Field(gt=0, lt=1)] = 0.75
    """Share of an embedding's entries that are dropped (ρ)."""
    scaling: Scaling = "raw"
    """Scaling of the embedding in k-means; the classifier is asked about the raw one."""
    starts: Repeats = 1
    """Starts of k-means: with hundreds of clusters, one is about as good as another."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        return considering + asking_memory(n, d) + kmeans_memory(n, d, labels)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        unlabelled = pool.unlabelled
        different = self._different(pool, unlabelled, rng)
        # If too few differ in most of the predictions, then those that differ in fewer, or none.
        most = self.samples // 2 + 1
        enough = min(most, int(np.sort(different)[-budget]))
        candidates = unlabelled[different >= enough]
        weight = pool.weight[candidates]
        x = scale_embedding(pool.embedding[candidates], self.scaling, weight)
        return Batch(candidates[central_samples(x, budget, rng, self.starts, weight)])

    def _different(
        self, pool: Pool, images: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return how many predictions with dropout differ from the one without, (n,)."""
        different = np.zeros(len(images), dtype=np.int64)
        if pool.head is None:
            return different
        x = pool.embedding[images].astype(np.float32)
        predicted = pool.head.predicted(x)
        for _ in range(self.samples):
            kept = rng.random(x.shape, dtype=np.float32) >= self.rate
            dropped = x * kept / np.float32(1 - self.rate)
            different += pool.head.predicted(dropped) != predicted
        return different
