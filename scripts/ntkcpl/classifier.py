"""The classifier: a small network trained on the frozen embedding's augmented views."""

import math
import time
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ntkcpl.head import BLOCK, Head
from ntkcpl.perceptron import Perceptron
from ntkcpl.records import Classifier, Features
from ntkcpl.seeding import numpy_generator
from ntkcpl.settings import BatchSize, Count, Positive, Settings, Threads, Width


class ClassifierSettings(Settings):
    """The recipe: Linear-BatchNorm-ReLU-Linear, SGD with Nesterov momentum, cosine schedule."""

    hidden_width: Width = 512
    """Hidden units, H."""
    epochs: Count = 100
    """Passes over the labelled images; the last state is kept, no validation labels are used."""
    batch_size: Annotated[BatchSize, Field(ge=4)] = 100
    """Images in a step at most; the steps of an epoch are of nearly equal size."""
    learning_rate: Positive = 0.1
    """Learning rate at the start; it falls to 0 along a cosine."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Nesterov momentum."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 5e-4
    """Weight decay."""
    threads: Threads = 1
    """CPU threads, part of the result: another number rounds sums differently."""


def train_classifier(
    features: Features,
    labelled: NDArray[np.int64],
    settings: ClassifierSettings,
    identity: tuple[str | int, ...],
    selection_seconds: float = float("nan"),
) -> Classifier:
    """Train a new classifier on the labelled images, and measure it on the pool and the test set.

    In each epoch each labelled image takes part as one of its augmented views, drawn at random;
    predictions are made on the embedding without augmentation.

    Parameters
    ----------
    features
        Embeddings, labels and views.
    labelled : int64 (L,)
        Pool indices to train on.
    settings
        The recipe.
    identity
        (experiment, strategy, seed, round): seeds the initial weights and the order of batches.
    selection_seconds
        Passed on to the metrics.

    Raises
    ------
    ValueError
        If an image of `labelled` has no label, or if the training diverges.
    """
    from threadpoolctl import threadpool_limits

    if (features.label[labelled] < 0).any():
        raise ValueError(f"{features.id[labelled[features.label[labelled] < 0][0]]} has no label")
    started = time.perf_counter()
    network = Perceptron(
        features.embedding.shape[1],
        settings.hidden_width,
        len(features.classes),
        numpy_generator(*identity, "weights"),
        settings.momentum,
        settings.weight_decay,
    )
    views, label = features.views_of(labelled), features.label[labelled]
    # The split of a sum decides how it rounds; a training that diverges overflows, and is named.
    with threadpool_limits(settings.threads), np.errstate(over="ignore", invalid="ignore"):
        loss = _train(network, views, label, settings, numpy_generator(*identity, "batches"))
    if not math.isfinite(loss):
        raise ValueError(
            f"the training of the classifier diverged, its loss is {loss}: lower "
            f"classifier.learning_rate, now {settings.learning_rate}"
        )
    seconds = time.perf_counter() - started
    state = network.state()
    head = Head.from_state(state)
    return Classifier(
        labelled=labelled,
        state=state,
        metrics={
            "test_accuracy": accuracy(head, features.test_embedding, features.test_label),
            "pool_accuracy": accuracy(head, features.embedding, features.label),
            "train_loss": loss,
            "selection_seconds": selection_seconds,
            "training_seconds": seconds,
        },
    )


def accuracy(head: Head, embedding: NDArray[np.floating], label: NDArray[np.int64]) -> float:
    """Return the share in [0, 1] of the labelled rows whose largest output is their label.

    NaN where no row has a label (all are -1).
    """
    known = np.flatnonzero(label >= 0)
    if not len(known):
        return float("nan")
    # Rows may be mapped from a file, and of more than memory holds.
    blocks = (known[start : start + BLOCK] for start in range(0, len(known), BLOCK))
    right = sum((head.predicted(embedding[rows]) == label[rows]).sum() for rows in blocks)
    return float(right / len(known))


def _train(
    network: Perceptron,
    views: NDArray[np.float32],
    label: NDArray[np.int64],
    settings: ClassifierSettings,
    rng: np.random.Generator,
) -> float:
    """Train in place on views (L, V, D) and labels (L,); return the last epoch's mean loss."""
    n, n_views = views.shape[:2]
    # Nearly equal sizes, because batch norm cannot train on a batch of one image.
    n_batches = -(-n // settings.batch_size)
    steps = settings.epochs * n_batches
    done, total = 0, 0.0
    for _ in range(settings.epochs):
        total = 0.0
        order = rng.permutation(n)
        if n == 1:
            order = order.repeat(2)  # two views of the only image
        drawn = rng.integers(n_views, size=len(order))
        for batch in np.array_split(np.arange(len(order)), n_batches):
            rows = order[batch]
            learning_rate = settings.learning_rate * (1 + math.cos(math.pi * done / steps)) / 2
            total += network.step(views[rows, drawn[batch]], label[rows], learning_rate) * len(rows)
            done += 1
        total /= len(order)
    return total
