from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from ntkcpl import features
from ntkcpl.artifacts.features import read_feature_facts, read_features
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import Dataset, Split
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.embedding import embed
from ntkcpl.encoders.encoder import Encoder, build
from ntkcpl.features import (
    FeatureError,
    FeatureSettings,
    ViewSettings,
    cut_views,
    draw_views,
    embed_views,
    embedded_alike,
    extract_features,
    kept_embeddings,
)
from ntkcpl.seeding import numpy_generator

SETTINGS = FeatureSettings(views=3, view=ViewSettings(padding=1, horizontal_flip=True))
ORIGIN = Provenance(settings="{}", inputs={"encoder": "abc"}, identity=("digits",))


def some(number: int, name: str) -> Split:
    rng = numpy_generator("test_features", name)
    images = rng.integers(0, 256, (number, 3, 8, 8), dtype=np.uint8)
    return Split(images, rng.integers(-1, 2, number), [f"{name}/{i}" for i in range(number)])


DATASET = Dataset(some(20, "train"), some(6, "test"), ["no", "yes"])


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(0)
    return build(EncoderSettings(width=1 / 8)).eval()


def test_features_have_the_layout_and_the_embeddings(tmp_path: Path, encoder: Encoder):
    path = tmp_path / "features.h5"
    extract_features(path, DATASET, encoder, SETTINGS, ORIGIN, progress=False)
    features = read_features(path)
    np.testing.assert_array_equal(features.embedding, embed(encoder, DATASET.pool.images))
    np.testing.assert_array_equal(features.label, DATASET.pool.label)
    np.testing.assert_array_equal(features.test_label, DATASET.test.label)
    assert features.test_embedding.shape == (6, 64)
    assert features.id == DATASET.pool.id and features.classes == ["no", "yes"]
    with h5py.File(path) as file:
        assert file["pool/views"].shape == (20, 3, 64) and file["pool/views"].dtype == np.float16
        assert 0 <= file.attrs["knn_accuracy"] <= 1 and file.attrs["seconds"] > 0
        assert 0 <= file.attrs["linear_accuracy"] <= 1


def test_views_are_embedded_in_their_rows(tmp_path: Path, encoder: Encoder):
    path = tmp_path / "features.h5"
    extract_features(path, DATASET, encoder, SETTINGS, ORIGIN, progress=False)
    rows = np.array([17, 2])
    offset, mirrored = draw_views(20, SETTINGS)
    views = cut_views(DATASET.pool.images[rows], offset[rows], mirrored[rows], padding=1)
    expected = embed(encoder, views.reshape(-1, 3, 8, 8)).reshape(2, 3, 64)
    np.testing.assert_allclose(read_features(path).views_of(rows), expected, rtol=2e-3, atol=1e-4)


def test_half_precision_changes_little(tmp_path: Path, encoder: Encoder):
    embeddings = []
    for precision in ("32-true", "bf16-mixed"):
        path = tmp_path / f"{precision}.h5"
        settings = SETTINGS.model_copy(update={"precision": precision})
        extract_features(path, DATASET, encoder, settings, ORIGIN, progress=False)
        embeddings.append(read_features(path).embedding)
        assert read_feature_facts(path)[0]["precision"] == precision
    one, other = embeddings
    assert not np.array_equal(one, other)
    assert np.linalg.norm(one - other) < 0.02 * np.linalg.norm(one)


def test_without_views_the_images_are_their_own(tmp_path: Path, encoder: Encoder):
    path, settings = tmp_path / "features.h5", SETTINGS.model_copy(update={"views": 0})
    extract_features(path, DATASET, encoder, settings, ORIGIN, progress=False)
    features = read_features(path)
    views = features.views_of(np.array([3, 1]))
    np.testing.assert_array_equal(views[:, 0], features.embedding[[3, 1]])
    assert views.shape[1] == read_feature_facts(path)[1]["views"] == 1


def test_the_precision_of_this_machine_is_recorded_and_kept(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
):
    path, auto = tmp_path / "features.h5", SETTINGS.model_copy(update={"precision": "auto"})
    for instructions, used in (({}, "32-true"), ({"amx_bf16": True}, "bf16-mixed")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=instructions: found)
        extract_features(path, DATASET, encoder, auto, ORIGIN, progress=False)
        assert read_feature_facts(path)[0]["precision"] == used
        expected = embed(encoder, DATASET.pool.images, precision=used)
        np.testing.assert_array_equal(read_features(path).embedding, expected)
    # More of them, on another machine.
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert embedded_alike(auto, path).precision == "bf16-mixed"


def test_views_do_not_depend_on_the_batch_size(tmp_path: Path, encoder: Encoder):
    everything = np.arange(20)
    views = []
    for size in (1, 7, 512):
        path = tmp_path / f"{size}.h5"
        settings = SETTINGS.model_copy(update={"batch_size": size})
        extract_features(path, DATASET, encoder, settings, ORIGIN, progress=False)
        views.append(read_features(path).views_of(everything))
    np.testing.assert_allclose(views[0], views[2], rtol=2e-3, atol=1e-4)
    np.testing.assert_allclose(views[1], views[2], rtol=2e-3, atol=1e-4)


def test_the_same_work_gives_the_same_digest(tmp_path: Path, encoder: Encoder):
    digests = []
    for seed in (0, 0, 1):
        path = tmp_path / "features.h5"
        settings = SETTINGS.model_copy(update={"seed": seed})
        extract_features(path, DATASET, encoder, settings, ORIGIN, progress=False)
        digests.append(read_features(path).digest)
    assert digests[0] == digests[1] != digests[2]


def test_views_are_crops_of_the_padded_image_and_its_mirror():
    images = DATASET.pool.images
    offset, mirrored = draw_views(20, SETTINGS)
    views = cut_views(images, offset, mirrored, padding=1)
    assert views.shape == (20, 3, 3, 8, 8) and views.dtype == np.uint8
    assert set(offset.ravel()) == {0, 1, 2} and 0 < mirrored.mean() < 1
    for i, v in np.ndindex(20, 3):
        padded = np.pad(images[i], ((0, 0), (1, 1), (1, 1)))
        y, x = offset[i, v]
        crop = padded[:, y : y + 8, x : x + 8]
        np.testing.assert_array_equal(views[i, v], crop[..., ::-1] if mirrored[i, v] else crop)


def test_without_padding_and_flip_a_view_is_the_image():
    settings = FeatureSettings(views=2, view=ViewSettings(padding=0))
    views = cut_views(DATASET.pool.images, *draw_views(20, settings), padding=0)
    np.testing.assert_array_equal(views[:, 1], DATASET.pool.images)


def test_an_embedding_that_is_not_finite_names_the_image(tmp_path: Path, encoder: Encoder):
    with torch.no_grad():
        encoder.layers[0].weight.fill_(torch.nan)
    path = tmp_path / "features.h5"
    with pytest.raises(FeatureError, match="the float32 embedding of image train/0 is not finite"):
        extract_features(path, DATASET, encoder, SETTINGS, ORIGIN, progress=False)
    assert not any(tmp_path.iterdir())


def test_a_view_that_float16_cannot_hold_names_the_image(tmp_path: Path, encoder: Encoder):
    class Loud(Encoder):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images) + 1e5

    loud = Loud(encoder.settings).eval()
    with pytest.raises(FeatureError, match="the float16 embedding of image train/0 is not finite"):
        extract_features(tmp_path / "features.h5", DATASET, loud, SETTINGS, ORIGIN, progress=False)


class Interrupted(Exception):
    """Stands for a kill."""


class Counting(Encoder):
    """Counts the images that it embeds, and is interrupted after some."""

    def __init__(self, settings: EncoderSettings, limit: int) -> None:
        super().__init__(settings)
        self.embedded, self.limit = 0, limit

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.embedded >= self.limit:
            raise Interrupted
        self.embedded += len(images)
        return super().forward(images)


def counting(encoder: Encoder, limit: int = 10**9) -> Counting:
    copy = Counting(encoder.settings, limit)
    copy.load_state_dict(encoder.state_dict())
    return copy.eval()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "PART", 6)  # 6 images, or 3 views of each of 2 images


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("limit", [6, 30, 60])
def test_a_killed_extraction_goes_on_to_the_same_file(tmp_path: Path, encoder: Encoder, limit: int):
    path, whole = tmp_path / "features.h5", tmp_path / "whole.h5"
    everything = counting(encoder)
    extract_features(whole, DATASET, everything, SETTINGS, ORIGIN, progress=False)
    assert everything.embedded == 20 + 6 + 20 * 3
    with pytest.raises(Interrupted):
        extract_features(path, DATASET, counting(encoder, limit), SETTINGS, ORIGIN, progress=False)
    assert not path.exists()
    rest = counting(encoder)
    extract_features(path, DATASET, rest, SETTINGS, ORIGIN, progress=False)
    assert rest.embedded <= everything.embedded - limit + 6
    assert sorted(tmp_path.iterdir()) == [path, whole]
    assert read_features(path).digest == read_features(whole).digest


@pytest.mark.usefixtures("small_parts")
def test_parts_of_another_extraction_and_damaged_ones_are_not_used(
    tmp_path: Path, encoder: Encoder
):
    path = tmp_path / "features.h5"
    with pytest.raises(Interrupted):
        extract_features(path, DATASET, counting(encoder, 60), SETTINGS, ORIGIN, progress=False)
    (tmp_path / "features.parts/pool-6.npy").write_bytes(b"damaged")
    rest = counting(encoder)
    extract_features(path, DATASET, rest, SETTINGS, ORIGIN, progress=False)
    assert 6 <= rest.embedded < 86
    with pytest.raises(Interrupted):
        extract_features(path, DATASET, counting(encoder, 60), SETTINGS, ORIGIN, progress=False)
    anew = counting(encoder)
    other = SETTINGS.model_copy(update={"seed": 1})
    extract_features(path, DATASET, anew, other, ORIGIN, progress=False)
    assert anew.embedded == 86


def views_in_file(path: Path, encoder: Encoder, rows: np.ndarray) -> np.ndarray:
    extract_features(path, DATASET, encoder, SETTINGS, ORIGIN, progress=False)
    return read_features(path).views_of(rows)


def test_views_of_labelled_images_are_those_of_the_pool(tmp_path: Path, encoder: Encoder):
    rows = np.array([17, 2, 3])
    views = embed_views(DATASET.pool.rows(rows), rows, 20, encoder, SETTINGS)
    assert views.dtype == np.float16
    expected = views_in_file(tmp_path / "features.h5", encoder, rows)
    np.testing.assert_allclose(views, expected, rtol=2e-3, atol=1e-4)


def test_the_views_of_an_image_do_not_depend_on_which_others_are_asked_for(encoder: Encoder):
    rows = np.array([17, 2, 3])
    together = embed_views(DATASET.pool.rows(rows), rows, 20, encoder, SETTINGS)
    for view, row in zip(together, rows, strict=True):
        one = np.array([row])
        alone = embed_views(DATASET.pool.rows(one), one, 20, encoder, SETTINGS)
        np.testing.assert_allclose(alone[0], view, rtol=2e-3, atol=1e-4)
    assert not np.allclose(together[0], together[1], rtol=2e-3, atol=1e-2)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(("changed", "embedded_again"), [("revision", 0), ("code", 6)])
def test_parts_outlive_every_edit_but_one_of_the_code_that_makes_them(
    tmp_path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    changed: str,
    embedded_again: int,
):
    path = tmp_path / "features.h5"
    with pytest.raises(Interrupted):
        extract_features(path, DATASET, counting(encoder, 6), SETTINGS, ORIGIN, progress=False)
    origin = replace(ORIGIN, code="another") if changed == "code" else ORIGIN
    monkeypatch.setattr("ntkcpl.artifacts.provenance.code_revision", lambda: "another")
    rest = counting(encoder)
    extract_features(path, DATASET, rest, SETTINGS, origin, progress=False)
    everything = len(DATASET.test.id) + len(DATASET.pool.id) * (1 + SETTINGS.views)
    assert rest.embedded == everything - 6 + embedded_again


@pytest.mark.usefixtures("small_parts")
def test_features_without_views_hold_all_else(tmp_path: Path, encoder: Encoder):
    path, embedding = tmp_path / "features.h5", embed(encoder, DATASET.pool.images)
    counted = counting(encoder)
    settings = SETTINGS.model_copy(update={"views_of": "labelled"})
    extract_features(path, DATASET, counted, settings, ORIGIN, progress=False)
    assert counted.embedded == 20 + 6
    features = read_features(path)
    np.testing.assert_allclose(features.embedding, embedding, rtol=1e-5, atol=1e-5)
    assert features.views_of(np.array([4, 1])).shape == (2, 0, 64)
    assert read_feature_facts(path)[1]["views"] == 0


def test_a_view_of_a_labelled_image_that_is_not_finite_names_it(encoder: Encoder):
    with torch.no_grad():
        encoder.layers[0].weight.fill_(torch.nan)
    rows = np.array([4])
    with pytest.raises(FeatureError, match="the float16 embedding of image train/4 is not finite"):
        embed_views(DATASET.pool.rows(rows), rows, 20, encoder, SETTINGS)


def test_what_was_embedded_before_is_not_embedded_again(tmp_path: Path, encoder: Encoder):
    path, settings = tmp_path / "features.h5", SETTINGS.model_copy(update={"views_of": "labelled"})
    assert kept_embeddings(path, ORIGIN, {"train/1": "train/1"}) == {}
    extract_features(path, DATASET, encoder, settings, ORIGIN, progress=False)
    former = read_features(path).embedding
    before = {image: image for image in DATASET.pool.id if image not in ("train/0", "train/9")}
    before |= {"train/3": "train/4", "train/5": "of none"}
    kept = kept_embeddings(path, ORIGIN, before)
    assert len(kept) == 17
    assert kept_embeddings(path, replace(ORIGIN, code="another"), before) == {}
    counted = counting(encoder)
    extract_features(path, DATASET, counted, settings, ORIGIN, progress=False, kept=kept)
    assert counted.embedded == 3 + 6
    now = read_features(path).embedding
    np.testing.assert_array_equal(now[3], former[4])
    rest = np.arange(20) != 3
    np.testing.assert_allclose(now[rest], former[rest], rtol=1e-5, atol=1e-5)
