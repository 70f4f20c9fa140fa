"""Notions of coverage beside the truth: which images does each hold for covered? (Fig. 1).

Coreset's: an image is covered within the covering radius. ProbCover's: within δ of a labelled
image. NTKCPL's: kernel regression on the pseudo-labels of the labelled images gives the image its
own. The truth: the trained classifier is right about the image.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.coverage import Round, predict
from ntkcpl.geometry.balls import pure_radius
from ntkcpl.geometry.distances import Points
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.pool import Pool
from ntkcpl.records import Features
from ntkcpl.seeding import Identity, numpy_generator, seed_of
from ntkcpl.strategies.ntkcpl import NTKCPL
from ntkcpl.strategies.probcover import ProbCover

NOTIONS = ("coreset", "probcover", "ntkcpl")
TRUTH = "truth"


class Covering:
    """Says which images of a pool each notion holds for covered.

    Parameters
    ----------
    features
        Embeddings and labels of the pool.
    strategy
        The NTKCPL whose rounds they are.
    identity
        (experiment, strategy, seed) of the run; seeds ProbCover's clusters.
    """

    def __init__(
        self, features: Features, strategy: NTKCPL, identity: tuple[str, str, int]
    ) -> None:
        self._features, self._strategy, self._identity = features, strategy, identity
        probcover = ProbCover(candidates="all")
        self._points = Points(scale_embedding(features.embedding, probcover.scaling))
        clusters = probcover.clustering(labels=0, first_budget=0).cluster(
            Pool(features.embedding),
            numpy_generator(*identity, "probcover"),
            n_classes=len(features.classes),
        )
        self._radius = pure_radius(self._points, clusters.pseudo_label, probcover.purity)

    def of(self, finished: Round, number: int) -> dict[str, NDArray[np.bool_]]:
        """Return for each of `NOTIONS` and for `TRUTH` which images considered are covered, (N,).

        Parameters
        ----------
        finished
            The round.
        number
            Its number, from 1.

        Raises
        ------
        ValueError
            If an image of the pool has no label.
        """
        identity = Identity(*self._identity, number)
        predictions = predict(self._features, self._strategy, finished, identity)
        index = finished.clusters.index
        nearest = self._points.nearest(finished.classifier.labelled)[index]
        return {
            # The covering radius is the largest distance to a labelled image, so nothing is left.
            "coreset": np.ones(len(index), dtype=np.bool_),
            "probcover": nearest < self._radius,
            "ntkcpl": predictions.cluster_right,
            TRUTH: predictions.classifier_right,
        }


def compare_notions(
    features: Features, strategy: NTKCPL, rounds: Sequence[Round], identity: tuple[str, str, int]
) -> pd.DataFrame:
    """Compare each notion of coverage with the truth, after each round of an NTKCPL.

    Parameters
    ----------
    features, strategy, rounds, identity
        As for `coverage.measure_coverage`.

    Returns
    -------
    DataFrame
        round, labels, notion, coverage, truth, accuracy, precision, recall: a row a round and
        notion. `coverage` is the share of the images considered that the notion holds for covered,
        `truth` that which the classifier is right about, `accuracy` that where the two agree;
        `precision` is the share of the covered that the classifier is right about, `recall` the
        share covered of those that it is right about; NaN of no images.

    Raises
    ------
    ValueError
        If an image of the pool has no label.
    """
    covering = Covering(features, strategy, identity)
    rows: list[dict[str, object]] = []
    for number, finished in enumerate(rounds, start=1):
        covered = covering.of(finished, number)
        labels = len(finished.classifier.labelled)
        rows += [
            {"round": number, "labels": labels, "notion": notion}
            | agreement(covered[notion], covered[TRUTH], finished.clusters.weight)
            for notion in NOTIONS
        ]
    return pd.DataFrame(rows)


def agreement(
    covered: NDArray[np.bool_], truth: NDArray[np.bool_], weight: NDArray[np.int64]
) -> dict[str, float]:
    """Return coverage, truth, accuracy, precision and recall of one notion (`compare_notions`).

    Images are counted by their weights.
    """

    def number(images: NDArray[np.bool_]) -> float:
        return float(weight[images].sum())

    everything, both = float(weight.sum()), number(covered & truth)
    return {
        "coverage": number(covered) / everything,
        "truth": number(truth) / everything,
        "accuracy": number(covered == truth) / everything,
        "precision": both / number(covered) if covered.any() else float("nan"),
        "recall": both / number(truth) if truth.any() else float("nan"),
    }


def coverage_map(
    features: Features, strategy: NTKCPL, finished: Round, identity: Identity, images: int = 5_000
) -> pd.DataFrame:
    """Lay out the pool on two dimensions, with what each notion holds for covered (Fig. 1).

    Parameters
    ----------
    features, strategy
        As for `coverage.measure_coverage`.
    finished
        The round.
    identity
        Of the round; seeds the images drawn and their places.
    images
        Number of images at most; those labelled are among them.

    Returns
    -------
    DataFrame
        x, y (t-SNE of the embedding), label, labelled, and a column of booleans for each of
        `NOTIONS` and for `TRUTH`.

    Raises
    ------
    ValueError
        If an image of the pool has no label.
    """
    from sklearn.manifold import TSNE

    covered = Covering(features, strategy, identity[:3]).of(finished, identity.round)
    index = finished.clusters.index
    labelled = np.isin(index, finished.classifier.labelled)
    drawn = identity.generator("coverage_map").permutation(np.flatnonzero(~labelled))
    shown = np.concatenate([np.flatnonzero(labelled), drawn])[:images]
    embedding = features.embedding[index[shown]]
    places = TSNE(
        perplexity=min(30, (len(shown) - 1) / 3), random_state=seed_of(*identity, "t-SNE") % 2**32
    ).fit_transform(embedding)
    return pd.DataFrame(
        {
            "x": places[:, 0],
            "y": places[:, 1],
            "label": features.label[index[shown]],
            "labelled": labelled[shown],
        }
        | {name: which[shown] for name, which in covered.items()}
    )
