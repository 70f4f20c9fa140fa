"""What many unit tests start from."""

import numpy as np
import pytest

from ntkcpl.artifacts.features import LAYOUT, read_features
from ntkcpl.artifacts.hdf5 import create_hdf5
from ntkcpl.artifacts.provenance import Provenance


def _make_features(path, n=60, n_test=20, width=6, n_classes=3, views=2, seed=0):
    """Write a small, separable `features.h5` and read it back."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_classes, width)) * 3
    label = np.arange(n) % n_classes
    test_label = np.arange(n_test) % n_classes
    embedding = (centres[label] + rng.normal(size=(n, width))).astype(np.float32)
    test = (centres[test_label] + rng.normal(size=(n_test, width))).astype(np.float32)
    noise = rng.normal(size=(n, views, width)) * 0.1
    with create_hdf5(path, LAYOUT, Provenance("{}", {}, ("test", seed))) as file:
        file.store("pool/embedding", embedding)
        file.store("pool/views", (embedding[:, None] + noise).astype(np.float16))
        file.store("pool/label", label)
        file.store("pool/id", [f"image{i:03}.png" for i in range(n)])
        file.store("test/embedding", test)
        file.store("test/label", test_label)
        file.store("test/id", [f"test{i:03}.png" for i in range(n_test)])
        file.store("classes", [f"class {c}" for c in range(n_classes)])
    return read_features(path)


@pytest.fixture
def features_path(tmp_path):
    """The path of a small `features.h5`."""
    _make_features(tmp_path / "features.h5")
    return tmp_path / "features.h5"


@pytest.fixture
def features(features_path):
    return read_features(features_path)


@pytest.fixture
def make_features():
    return _make_features
