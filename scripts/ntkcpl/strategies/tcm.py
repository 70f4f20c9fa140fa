"""TCM: TypiClust while labels are few, then Margin."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from ntkcpl.pseudo_labels import Clustering
from ntkcpl.strategies.base import About, Batch, Pool, Strategy
from ntkcpl.strategies.margin import Margin
from ntkcpl.strategies.random import Random
from ntkcpl.strategies.typiclust import TypiClust


class TCM(Strategy):
    """TypiClust, then Margin (Doucet et al. 2024, "Bridging diversity and uncertainty ...").

    Typical images of different clusters start the classifier; once it knows something, the images
    are chosen that it is least sure of. Both parts have the default parameters of their own
    strategies. When to change over is counted in first budgets.
    """

    method: Literal["tcm"] = "tcm"
    needs_clusters = True
    about = About(
        paper="Doucet et al. 2024",
        relevance="density in the cluster, then margin",
        diversity="one cluster after the other, at first",
        cost="M K D, then N C, M candidates",
    )
    typiclust_until: Annotated[float, Field(ge=1, le=1e6)] = 3.0
    """Labels up to which TypiClust chooses, in first budgets: by default three equal batches."""

    @override
    def clustering(self, labels: int, first_budget: int) -> Clustering | None:
        if labels > self.typiclust_until * first_budget:
            return None
        return TypiClust().clustering(labels, first_budget)

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        return max(TypiClust().memory(n, d, labels), Margin().memory(n, d, labels))

    @override
    def lacks_clusters(self, pool: Pool) -> bool:
        """Return whether there are no clusters at the start; later there may be a classifier."""
        return super().lacks_clusters(pool) and not len(pool.labelled)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        if pool.clusters is not None:
            return TypiClust().choose(pool, budget, rng)
        # While all labels are of one class there is no classifier.
        part = Random() if pool.head is None else Margin()
        return part.choose(pool, budget, rng)
