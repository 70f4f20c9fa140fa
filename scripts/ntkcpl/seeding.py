"""Random generators that depend on what is drawn, never on when or where."""

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import torch


def seed_of(*identity: str | int) -> int:
    """Return a seed in [0, 2**63) that is a hash of `identity`.

    Parameters
    ----------
    identity
        Names the draw: (experiment, strategy, seed, round, purpose). Streams of different
        identities are independent; the same identity gives the same stream on every machine.
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in identity)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(*identity: str | int) -> np.random.Generator:
    """Return a NumPy generator for the draw that `identity` names (see `seed_of`)."""
    return np.random.default_rng(seed_of(*identity))


def torch_generator(*identity: str | int) -> "torch.Generator":
    """Return a CPU torch generator for the draw that `identity` names (see `seed_of`)."""
    import torch

    return torch.Generator().manual_seed(seed_of(*identity))


class Identity(NamedTuple):
    """Names a round of a run."""

    experiment: str
    strategy: str
    seed: int
    round: int

    def generator(self, purpose: str) -> np.random.Generator:
        """Return the generator of what is drawn in this round for a purpose."""
        return numpy_generator(*self, purpose)
