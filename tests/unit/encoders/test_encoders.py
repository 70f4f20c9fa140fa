from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ntkcpl.artifacts.files import ArtifactError, Provenance
from ntkcpl.devices import fixed_threads
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.embedding import embed
from ntkcpl.encoders.encoder import MEAN, STD, Encoder, build
from ntkcpl.encoders.storage import load_encoder, save_encoder

SMALL = EncoderSettings(width=1 / 8)
ORIGIN = Provenance(settings='{"epochs":1}', inputs={}, identity=("digits", 0))


def small_encoder() -> Encoder:
    torch.manual_seed(0)
    return build(SMALL).eval()


@pytest.mark.parametrize("architecture", ["resnet9", "resnet18"])
@pytest.mark.parametrize("size", [1, 8, 32])
def test_images_of_any_size_give_one_embedding(architecture: Any, size: int):
    encoder = build(EncoderSettings(architecture=architecture, width=1 / 8)).eval()
    embedding = encoder(torch.rand(2, 3, size, size))
    assert embedding.shape == (2, 64) == (2, encoder.embedding_width)


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        ({"width": 0.5}, 256),
        ({"architecture": "resnet18", "width": 0.3}, 152),
        ({"architecture": "wrn-28-8"}, 512),
        ({"architecture": "resnet50"}, 2048),
    ],
)
def test_the_settings_know_the_width_of_the_embedding(settings: Any, width: int):
    known = EncoderSettings(**settings)
    assert build(known).embedding_width == known.embedding_width == width


def test_pixels_are_normalised_once_whatever_their_type():
    encoder = small_encoder()
    images = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    expected = encoder.layers((images / 255 - torch.tensor(MEAN).view(3, 1, 1)) / encoder.std)
    torch.testing.assert_close(encoder(images), expected)
    torch.testing.assert_close(encoder(images / 255), expected)
    torch.testing.assert_close(encoder.std.flatten(), torch.tensor(STD))


def test_embeddings_do_not_depend_on_the_batch_size_and_leave_the_mode():
    encoder = small_encoder().train()
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 8, 8), dtype=np.uint8)
    seen: list[int] = []
    embedding = embed(encoder, images, batch_size=3, on_batch=seen.append)
    assert encoder.training and seen == [3, 3, 1] and embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, embed(encoder, images), atol=1e-6)


def test_the_number_of_threads_holds_in_the_block_only():
    before = torch.get_num_threads()
    with fixed_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_an_encoder_comes_back_as_it_was_saved(tmp_path: Path):
    path, images = tmp_path / "encoder.pt", torch.rand(4, 3, 8, 8)
    encoder = small_encoder()
    digest = save_encoder(path, encoder, ORIGIN)
    loaded, found = load_encoder(path)
    assert found == digest and loaded.settings == SMALL and not loaded.training
    assert torch.equal(loaded(images), encoder(images))
    content = torch.load(path, weights_only=True)
    assert content["settings"] == ORIGIN.settings and "torch" in content["versions"]


def test_the_digest_follows_weights_and_origin_but_not_the_memory_layout(tmp_path: Path):
    path, encoder = tmp_path / "encoder.pt", small_encoder()
    digest = save_encoder(path, encoder, ORIGIN)
    assert save_encoder(path, encoder.to(memory_format=torch.channels_last), ORIGIN) == digest
    other = Provenance(settings="{}", inputs={}, identity=ORIGIN.identity)
    assert save_encoder(path, encoder, other) != digest
    with torch.no_grad():
        next(encoder.parameters()).add_(1)
    assert save_encoder(path, encoder, ORIGIN) != digest


def drop_a_weight(content: dict[str, Any]) -> None:
    content["state_dict"].pop("layers.conv1.weight")


def change_a_weight(content: dict[str, Any]) -> None:
    content["state_dict"]["layers.conv1.weight"].add_(1)


CHANGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda content: content.update(format="ntkcpl/features"), "but holds ntkcpl/features"),
    (lambda content: content.update(format_version=99), "has format version 99"),
    (lambda content: content.pop("digest"), "holds no weights .*KeyError: 'digest'"),
    (lambda content: content.update(encoder='{"width":9}'), "holds no weights .*ValidationError"),
    (drop_a_weight, "holds no weights .*RuntimeError"),
    (change_a_weight, "is damaged, its digest"),
]


@pytest.mark.parametrize(("change", "sentence"), CHANGES)
def test_an_unfit_encoder_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], sentence: str
):
    path = tmp_path / "encoder.pt"
    save_encoder(path, small_encoder(), ORIGIN)
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)
    with pytest.raises(ArtifactError, match=rf"encoder\.pt .*{sentence}.*delete it and run") as it:
        load_encoder(path)
    assert "\n" not in str(it.value) and len(str(it.value)) < 350


def test_a_missing_truncated_or_foreign_file_is_refused(tmp_path: Path):
    path = tmp_path / "encoder.pt"
    with pytest.raises(ArtifactError, match="does not exist: run the stage"):
        load_encoder(path)
    save_encoder(path, small_encoder(), ORIGIN)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ArtifactError, match=r"is truncated or no encoder\.pt.*delete it"):
        load_encoder(path)
    path.write_text("hello")
    with pytest.raises(ArtifactError, match=r"is truncated or no encoder\.pt.*delete it"):
        load_encoder(path)
    torch.save(torch.zeros(3), path)
    with pytest.raises(ArtifactError, match="but holds something else: delete it"):
        load_encoder(path)
