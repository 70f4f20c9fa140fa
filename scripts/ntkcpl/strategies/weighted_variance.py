"""Weighted variance: the images that together leave the least variance where it matters."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ntkcpl.geometry.scaling import scale_embedding, scaling_memory
from ntkcpl.head import asking_memory
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.regression.settings import KernelRegression
from ntkcpl.settings import Count, Positive, Settings
from ntkcpl.strategies.bait import bernoulli_variance, trace_memory
from ntkcpl.strategies.base import About, Batch, Candidates, PairwiseStrategy, Pool
from ntkcpl.strategies.margin import margins
from ntkcpl.strategies.ntkcpl import NTKCPL


class Landmarks(Settings):
    """The NTK as it is told from some images."""

    landmarks: Count
    """How many, at random of those considered; they should be more than the labels."""


class WeightedNTKVariance(KernelRegression, PairwiseStrategy):
    """The largest fall of the NTK's variance, weighted by the classifier's uncertainty; new here.

    Let R be the posterior covariance of the Gaussian process with the NTK of the classifier's head,
    given the labelled images, and w(j) one minus the margin of the classifier's two likeliest
    classes. Σ_j w(j) R(j, j) is what is left to chance in the outputs of a classifier trained on
    these labels, counted where it can change the class. Images are chosen one by one, each so that
    its label, whatever it be, lowers this sum most (`regression.variance`):

        i* = argmax Σ_j w(j) R(i, j)² / (R(i, i) + λ).

    Before there is a classifier there is no margin, and clusters know more than the process: NTKCPL
    chooses the first batch. While all labels are of one class all weights are one.

    Others are special cases. With `weight: one` and `start: variance` it is EV-GP (Hemachandra et
    al. 2023); with `covariance: linear`, `weight: bernoulli` and `noise: by_weight` the forward
    step of binary BAIT (Ash et al. 2021; Huseljic et al. 2024). docs/method.md derives it and says
    how NTKCPL and UHerding are related, docs/results/comparison.md how they compare.

    What is considered are so many images that R, one number for each pair, has room. Through
    landmarks, or with the linear kernel, the same choice is made among features of the images
    (`regression.fisher`), which have one row each: with `covariance: {landmarks: 512}` and
    `candidates: 1000000` a million images are considered, by an approximation of R. The first batch
    is then NTKCPL's with the candidates that are its default.
    """

    method: Literal["weighted_variance"] = "weighted_variance"
    needs_clusters = True
    about = About(
        paper="new here; after Cohn 1996",
        relevance="fall of the uncertain part's variance",
        diversity="each choice counts for the next",
        cost="M² (D + b), M candidates",
    )
    candidates: Candidates = 10_000
    """What is considered of the unlabelled pool: so many at random, all, or {prototypes: so many}
    that stand for all."""
    start: Literal["clusters", "variance"] = "clusters"
    """What chooses the first batch: NTKCPL, by clusters of the embedding; or the variance, with all
    weights one."""
    covariance: Literal["ntk", "linear"] | Landmarks = "ntk"
    """The kernel: that of the classifier's head; the embeddings' products; or {landmarks: so many},
    the former through the kernels with so many images at random."""
    weight: Literal["margin", "bernoulli", "one"] = "margin"
    """w: one minus the margin, p (1 - p) with p the largest probability, or one."""
    noise: Literal["equal", "by_weight"] = "equal"
    """λ(i): λ, or λ / w(i) as in BAIT, so that what the classifier is sure of tells less."""
    ridge: Positive = 0.01
    """λ as a share of the mean of the kernel's diagonal."""

    @override
    def clustering(self, labels: int, first_budget: int) -> Clustering | None:
        first = labels == first_budget and self.start == "clusters"
        return self._starter().clustering(labels, first_budget) if first else None

    @override
    def lacks_clusters(self, pool: Pool) -> bool:
        """Return whether there are no clusters for the first batch; later ones do without."""
        first = self.start == "clusters" and not len(pool.labelled)
        return first and super().lacks_clusters(pool)

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m, considering = self.considered_memory(n, d, labels)
        if self.covariance == "ntk":
            choosing = self.regression_memory(m, d, labels, n_classes=0)
        else:
            columns, features = d, 0
            if isinstance(self.covariance, Landmarks):
                columns = min(self.covariance.landmarks, m)
                features = 4 * m * columns + 100_000 * columns  # and blocks of the kernel
            scaled = 0 if self.kernel_scaling == "raw" else scaling_memory(m, d)
            choosing = scaled + features + trace_memory(m, columns)
        later = considering + asking_memory(m, d) + choosing
        first = self._starter().memory(n, d, labels) if self.start == "clusters" else 0
        return max(first, later)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        if pool.clusters is not None:
            return self._starter().choose(pool, budget, rng)
        importance = self._importance(pool)
        if self.covariance != "ntk":
            return Batch(self._among_features(pool, importance, budget, rng))
        variance = self.weighted_variance(
            pool.embedding,
            importance,
            pool.labelled,
            pool.weight,
            rng,
            noise_by_importance=self.noise == "by_weight",
        )
        return Batch(variance.select(budget))

    def _among_features(
        self,
        pool: Pool,
        importance: NDArray[np.float64],
        budget: int,
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        from ntkcpl.regression import fisher, landmarks  # with SciPy, which the parser does without

        x = self._features(pool, rng)
        length = np.average(fisher.squared_lengths(x), weights=pool.weight)
        lambda_ = self.ridge * (float(length) or 1.0)
        root = np.sqrt(importance)[:, None]
        wanted = fisher.information(x, root * np.sqrt(pool.weight)[:, None])
        scale = root if self.noise == "by_weight" else np.ones_like(root)
        exact = self.covariance == "linear"
        same = fisher.SAME_GAIN if exact else landmarks.SAME_GAIN
        return fisher.select_forward(x, scale, wanted, pool.labelled, lambda_, budget, same)

    def _features(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.floating]:
        """Return rows (N, M) whose products are the kernel."""
        x = pool.embedding
        if not isinstance(self.covariance, Landmarks):
            raw = self.kernel_scaling == "raw"
            return x if raw else scale_embedding(x, self.kernel_scaling, pool.weight)
        from ntkcpl.regression.landmarks import landmark_features

        number = min(self.covariance.landmarks, len(x))
        rows = np.sort(rng.choice(len(x), number, replace=False))
        kernel = self._block(x, rng, pool.weight, held=False)
        return landmark_features(kernel, len(x), rows)

    def _starter(self) -> NTKCPL:
        if self.covariance != "ntk":  # the candidates may be more than its kernel has room for
            return NTKCPL(feature="self")
        return NTKCPL(feature="self", candidates=self.candidates)

    def _importance(self, pool: Pool) -> NDArray[np.float64]:
        everything = np.arange(len(pool.embedding))
        if pool.head is None or self.weight == "one":
            return np.ones(len(everything))
        probability = pool.probability(everything)
        if self.weight == "bernoulli":
            return bernoulli_variance(probability.max(axis=1))
        return 1 - margins(probability)
