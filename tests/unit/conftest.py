"""What many unit tests start from."""

import numpy as np
import pytest

from ntkcpl.artifacts import Provenance, create_hdf5, read_features, store


def _make_features(path, n=60, n_test=20, width=6, n_classes=3, views=2, seed=0):
    """Write a small, separable `features.h5` and read it back."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_classes, width)) * 3
    label = np.arange(n) % n_classes
    test_label = np.arange(n_test) % n_classes
    embedding = (centres[label] + rng.normal(size=(n, width))).astype(np.float32)
    test = (centres[test_label] + rng.normal(size=(n_test, width))).astype(np.float32)
    noise = rng.normal(size=(n, views, width)) * 0.1
    with create_hdf5(path, "features", Provenance("{}", {}, ("test", seed))) as file:
        store(file, "pool/embedding", embedding)
        store(file, "pool/views", (embedding[:, None] + noise).astype(np.float16))
        store(file, "pool/label", label)
        store(file, "pool/id", [f"image{i:03}.png" for i in range(n)])
        store(file, "test/embedding", test)
        store(file, "test/label", test_label)
        store(file, "test/id", [f"test{i:03}.png" for i in range(n_test)])
        store(file, "classes", [f"class {c}" for c in range(n_classes)])
    return read_features(path)


@pytest.fixture
def features(tmp_path):
    return _make_features(tmp_path / "features.h5")


@pytest.fixture
def make_features():
    return _make_features
