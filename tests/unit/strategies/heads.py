"""Classifiers' heads for the tests of strategies."""

import numpy as np

from ntkcpl.head import Head


def random_head(rng, width, n_classes=4, units=10, scale=1.0):
    """A head with random weights; the larger `scale`, the surer it is."""
    return Head(
        weight=rng.normal(size=(units, width)).astype(np.float32),
        bias=rng.normal(size=units).astype(np.float32),
        readout=(scale * rng.normal(size=(n_classes, units))).astype(np.float32),
        readout_bias=rng.normal(size=n_classes).astype(np.float32),
    )


def constant_head(width, logits):
    """A head of one opinion about everything."""
    return Head(
        weight=np.zeros((1, width), np.float32),
        bias=np.zeros(1, np.float32),
        readout=np.zeros((len(logits), 1), np.float32),
        readout_bias=np.asarray(logits, np.float32),
    )


def identity_head(width, n_classes):
    """A head whose hidden units are the positive part of the embedding."""
    return Head(
        weight=np.eye(width, dtype=np.float32),
        bias=np.zeros(width, np.float32),
        readout=np.eye(n_classes, width, dtype=np.float32),
        readout_bias=np.zeros(n_classes, np.float32),
    )
