"""The classifier: a small network trained on the frozen embedding's augmented views.

torch is imported in the functions that use it, so that the parser of the configuration, which
reads the settings' class, does without.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ntkcpl.devices import fixed_threads
from ntkcpl.head import Head
from ntkcpl.records import Classifier, Features
from ntkcpl.seeding import seed_of, torch_generator
from ntkcpl.settings import BatchSize, Count, Settings, Threads, Width

if TYPE_CHECKING:
    import torch


class ClassifierSettings(Settings):
    """The recipe: Linear-BatchNorm-ReLU-Linear, SGD with Nesterov momentum, cosine schedule."""

    hidden_width: Width = 512
    """Hidden units, H."""
    epochs: Count = 100
    """Passes over the labelled images; the last state is kept, no validation labels are used."""
    batch_size: Annotated[BatchSize, Field(ge=4)] = 100
    """Images in a step at most; the steps of an epoch are of nearly equal size."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.1
    """Learning rate at the start; it falls to 0 along a cosine."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Nesterov momentum."""
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4
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
    import torch

    if (features.label[labelled] < 0).any():
        raise ValueError(f"{features.id[labelled[features.label[labelled] < 0][0]]} has no label")
    started = time.perf_counter()
    with fixed_threads(settings.threads):
        network = _new_network(
            features.embedding.shape[1],
            len(features.classes),
            settings,
            seed_of(*identity, "weights"),
        )
        views = torch.from_numpy(features.views_of(labelled))
        label = torch.from_numpy(features.label[labelled])
        loss = _train(network, views, label, settings, torch_generator(*identity, "batches"))
    if not math.isfinite(loss):
        raise ValueError(
            f"the training of the classifier diverged, its loss is {loss}: lower "
            f"classifier.learning_rate, now {settings.learning_rate}"
        )
    seconds = time.perf_counter() - started
    state = {name: value.numpy() for name, value in network.state_dict().items()}
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
    known = label >= 0
    if not known.any():
        return float("nan")
    return float((head.predicted(embedding[known]) == label[known]).mean())


def _new_network(
    width: int, n_classes: int, settings: ClassifierSettings, seed: int
) -> torch.nn.Sequential:
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(width, settings.hidden_width),
            nn.BatchNorm1d(settings.hidden_width),
            nn.ReLU(),
            nn.Linear(settings.hidden_width, n_classes),
        )


def _train(
    network: torch.nn.Sequential,
    views: torch.Tensor,
    label: torch.Tensor,
    settings: ClassifierSettings,
    generator: torch.Generator,
) -> float:
    """Train in place on views (L, V, D) and labels (L,); return the last epoch's mean loss."""
    import torch
    from torch.nn.functional import cross_entropy

    n, n_views = views.shape[:2]
    # Nearly equal sizes, because batch norm cannot train on a batch of one image.
    n_batches = -(-n // settings.batch_size)
    steps = settings.epochs * n_batches
    step = sgd(list(network.parameters()), settings.momentum, settings.weight_decay)
    network.train()
    done, total = 0, 0.0
    for _ in range(settings.epochs):
        total = 0.0
        order = torch.randperm(n, generator=generator)
        if n == 1:
            order = order.repeat(2)  # two views of the only image
        drawn = torch.randint(n_views, (len(order),), generator=generator)
        for rows, view in zip(
            order.tensor_split(n_batches), drawn.tensor_split(n_batches), strict=True
        ):
            loss = cross_entropy(network(views[rows, view]), label[rows])
            network.zero_grad()
            loss.backward()
            step(settings.learning_rate * (1 + math.cos(math.pi * done / steps)) / 2)
            done += 1
            total += loss.item() * len(rows)
        total /= len(order)
    return total


def sgd(
    parameters: list[torch.nn.Parameter], momentum: float, weight_decay: float
) -> Callable[[float], None]:
    """Return a function that takes one step of SGD with Nesterov momentum at a learning rate.

    It does what `torch.optim.SGD(nesterov=True)` does (a test compares them), because the first
    use of that class imports torch's compiler, 1.3 s of each of the many short training jobs.
    """
    import torch

    velocities = [torch.zeros_like(parameter) for parameter in parameters]

    @torch.no_grad()
    def step(learning_rate: float) -> None:
        for parameter, velocity in zip(parameters, velocities, strict=True):
            assert parameter.grad is not None
            gradient = parameter.grad.add(parameter, alpha=weight_decay)
            velocity.mul_(momentum).add_(gradient)
            parameter.sub_(gradient.add_(velocity, alpha=momentum), alpha=learning_rate)

    return step
