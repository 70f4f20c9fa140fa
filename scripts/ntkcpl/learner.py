"""Active learning from a notebook: ask which images to label, tell their labels, predict."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ntkcpl import strategies
from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.head import Head
from ntkcpl.pool import Pool
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.records import Batch, Features
from ntkcpl.rounds import select_batch
from ntkcpl.seeding import Identity


class Learner:
    """The rounds of one run over an embedding that is at hand as an array.

    For the same identity, budgets and classes its choices are those of the workflow, whose stages
    call the same functions.

    Parameters
    ----------
    embedding : float (N, D)
        Embeddings of the pool.
    strategy
        A strategy's `method` and parameters, as in the configuration.
    seed
        Repetition: the same seed gives the same choices for the same labels.
    classifier
        Fields of `ClassifierSettings` that differ from its defaults.
    classes
        Names of all classes, in the order of the outputs; without them, the labels told so far, in
        the order in which they came.
    views : float (N, V, D), optional
        Embeddings of augmented views, on which the classifier is trained; without them, on the
        embedding itself.
    experiment, name
        The rest of the identity that seeds all draws; `name` is the method's by default.

    Attributes
    ----------
    labelled : int64 (L,)
        Pool indices told so far, in order.
    estimated_coverage : float or None
        Share of the considered pool that the strategy expects to be predicted rightly once the
        batch asked for last is labelled; None where it estimates none.
    """

    def __init__(
        self,
        embedding: ArrayLike,
        strategy: Mapping[str, Any] = strategies.DEFAULT,
        *,
        seed: int = 0,
        classifier: Mapping[str, Any] | None = None,
        classes: Sequence[Hashable] | None = None,
        views: NDArray[np.floating] | None = None,
        experiment: str = "learner",
        name: str | None = None,
    ) -> None:
        self.embedding, self.strategy, self.seed = embedding, strategy, seed
        self.classifier, self.classes, self.views = classifier, classes, views
        self.experiment, self.name = experiment, name
        self._strategy = strategies.load(strategy)
        self._recipe = ClassifierSettings.model_validate(dict(classifier or {}))
        self._embedding = np.asarray(embedding, dtype=np.float32)
        self._pool = Pool(self._embedding)
        self._class_of = {name: number for number, name in enumerate(classes or [])}
        self._asked: list[int] = []  # images in each batch
        self._batch: Batch | None = None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, as scikit-learn's estimators do."""
        names = ("embedding", "strategy", "seed", "classifier", "classes", "views")
        return {name: getattr(self, name) for name in (*names, "experiment", "name")}

    @property
    def labelled(self) -> NDArray[np.int64]:
        """Pool indices told so far, in order."""
        return self._pool.labelled

    @property
    def estimated_coverage(self) -> float | None:
        """What the strategy expects of the batch asked for last."""
        if self._batch is None or self._batch.estimated_coverage is None:
            return None
        return float(self._batch.estimated_coverage[-1])

    def ask(self, n: int) -> NDArray[np.int64]:
        """Return the pool indices of the `n` images to label next, in order, int64 (n,)."""
        pool, strategy = self.train(), self._strategy
        identity = self._identity(len(self._asked) + 1)
        clustering = strategy.clustering(
            labels=len(pool.labelled) + n, first_budget=(self._asked or [n])[0]
        )
        if isinstance(clustering, Clustering):
            rng = identity.generator("cluster_pool")
            n_classes = len(self._class_of) or None
            pool = replace(pool, clusters=clustering.cluster(pool, rng, n_classes))
        self._batch = select_batch(strategy, pool, n, identity)
        self._asked.append(n)
        return self._batch.index

    def tell(self, indices: ArrayLike, labels: Sequence[Hashable] | NDArray[Any]) -> None:
        """Take the labels, of any hashable type, of some images, whether asked for or not.

        Raises
        ------
        ValueError
            If an index is out of range or told before, or if a label is none of `classes`.
        """
        told = [label.item() if isinstance(label, np.generic) else label for label in labels]
        known = dict(self._class_of)
        for label in told:
            if self.classes is not None and label not in known:
                raise ValueError(f"{label!r} is none of the classes {list(known)}")
            known.setdefault(label, len(known))
        index = np.asarray(indices, dtype=np.int64).reshape(-1)
        self._pool = Pool(
            self._embedding,
            np.concatenate([self._pool.labelled, index]),
            np.concatenate([self._pool.label, [known[label] for label in told]]).astype(np.int64),
            skipped=self._pool.skipped,
        )
        self._class_of = known

    def skip(self, indices: ArrayLike) -> None:
        """Take note of images that have no label, such as those of no class: none is asked again.

        Raises
        ------
        ValueError
            If the label of one has been told.
        """
        index = np.asarray(indices, dtype=np.int64).reshape(-1)
        self._pool = replace(self._pool, skipped=np.union1d(self._pool.skipped, index))

    def predict_proba(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the classifier's probabilities, (n, C), for embeddings (n, D).

        Columns are in the order of `classes_`. Raises ValueError before two classes are known.
        """
        return self.train().classifier.probability(np.asarray(x))

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """Return the likeliest class, (n,), of each of n embeddings (n, D)."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]

    def train(self) -> Pool:
        """Train the classifier on all labels told, if any is new, and return the pool with it.

        Asking and predicting do so by themselves. Without labels of two classes there is none.
        """
        if self._pool.head is None and len(self._class_of) > 1 and len(self._pool.labelled):
            self._pool = replace(self._pool, head=self._head())
        return self._pool

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes known so far, (C,) of any type, in the order of the classifier's outputs."""
        return np.fromiter(self._class_of, dtype=object)

    def _identity(self, round_: int) -> Identity:
        name = self.name or self._strategy.method
        return Identity(self.experiment, name, self.seed, round_)

    def _head(self) -> Head:
        n, width = self._embedding.shape
        label = np.full(n, -1)
        label[self._pool.labelled] = self._pool.label
        features = Features(
            embedding=self._embedding,
            views=self._embedding[:, None] if self.views is None else self.views,
            label=label,
            id=[str(row) for row in range(n)],
            test_embedding=np.empty((0, width), dtype=np.float32),
            test_label=np.empty(0, dtype=np.int64),
            classes=[str(name) for name in self._class_of],
        )
        identity = self._identity(len(self._asked))
        return train_classifier(features, self._pool.labelled, self._recipe, identity).head
