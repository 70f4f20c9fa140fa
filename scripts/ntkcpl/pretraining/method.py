"""What the self-supervised methods have in common."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from lightly.models.utils import get_weight_decay_parameters
from lightly.utils.lars import LARS
from torch import Tensor, nn

from ntkcpl.encoders.encoder import Encoder
from ntkcpl.pretraining import PretrainingSettings


class Method(nn.Module, ABC):
    """A self-supervised method: called with two views, it gives the loss.

    Attributes
    ----------
    encoder
        What is pretrained.
    """

    encoder: Encoder

    @abstractmethod
    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scalar loss of two views, and the projections of the first, (B, d).

        Parameters
        ----------
        first, second : float32 (B, 3, H, W)
            In [0, 1].
        """

    @abstractmethod
    def trained(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """Return the modules whose learning rate falls, and those that keep theirs."""

    def after_step(self, step: int, steps: int) -> None:  # nothing, for most methods
        """Do what follows step `step`, from 0 on, of the `steps` of the whole pretraining."""


def new_optimizer(method: Method, settings: PretrainingSettings) -> torch.optim.Optimizer:
    """Return the optimiser of what a method trains."""
    falling, constant = method.trained()
    groups = [
        {"params": parameters, "weight_decay": decay, "falls": falls}
        for modules, falls in ((falling, True), (constant, False))
        for parameters, decay in _decays(modules, settings)
        if parameters
    ]
    kind = {"sgd": torch.optim.SGD, "lars": LARS}[settings.optimizer]
    return kind(groups, lr=settings.largest_rate, momentum=settings.momentum)


def set_rate(optimizer: torch.optim.Optimizer, settings: PretrainingSettings, done: float) -> None:
    """Set the learning rates for a step before which a share `done` in [0, 1) of all is done.

    They rise in a straight line during the warm-up, and fall to 0 by half a cosine after it.
    """
    warmup = settings.warmup_epochs / settings.epochs
    rate = settings.largest_rate
    for group in optimizer.param_groups:
        if not group["falls"]:
            continue
        if done < warmup:
            group["lr"] = rate * done / warmup
        else:
            group["lr"] = rate * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2


def _decays(
    modules: Iterable[nn.Module], settings: PretrainingSettings
) -> list[tuple[list[nn.Parameter], float]]:
    """Return parameters with their weight decay; LARS leaves biases and normalisation alone."""
    if settings.optimizer == "lars":
        decayed, others = get_weight_decay_parameters(modules)
        return [(decayed, settings.weight_decay), (others, 0.0)]
    return [([p for module in modules for p in module.parameters()], settings.weight_decay)]
