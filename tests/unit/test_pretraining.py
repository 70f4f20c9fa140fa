import logging
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import ntkcpl
from ntkcpl.datasets import DatasetSettings, load
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import Encoder
from ntkcpl.pretraining import AugmentationSettings, PretrainingSettings
from ntkcpl.pretraining.augment import affine_maps, augment
from ntkcpl.pretraining.checkpoint import load_checkpoint, remove_checkpoint
from ntkcpl.pretraining.loop import PretrainingError, Row, write_history
from ntkcpl.pretraining.monitor import knn_accuracy, linear_accuracy
from ntkcpl.pretraining.simsiam import pretrain
from ntkcpl.seeding import numpy_generator, torch_generator

SETTINGS = PretrainingSettings(
    epochs=3,
    batch_size=16,
    projection_width=16,
    prediction_width=8,
    monitor_every=2,
    checkpoint_every=1,
)
ENCODER = EncoderSettings(width=1 / 16)
RNG = numpy_generator("test_pretraining")
IMAGES = RNG.integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
LABEL = RNG.integers(0, 3, 40)

# What a killed job runs: the same pretraining, which is killed between two of its epochs.
JOB = """
import sys; from pathlib import Path; from test_pretraining import *
pretrain(IMAGES, LABEL, SETTINGS, ENCODER, Path(sys.argv[1]), progress=False)
"""


def run(checkpoint: Path, **changes: object) -> tuple[Encoder, list[Row]]:
    settings = SETTINGS.model_copy(update=changes)
    return pretrain(IMAGES, LABEL, settings, ENCODER, checkpoint, progress=False)


def assert_same(one: tuple[Encoder, list[Row]], other: tuple[Encoder, list[Row]]) -> None:
    for name, value in one[0].state_dict().items():
        assert torch.equal(value, other[0].state_dict()[name]), name
    assert [str(row | {"seconds": 0}) for row in one[1]] == [
        str(row | {"seconds": 0}) for row in other[1]
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, list[Row]]:
    return run(tmp_path_factory.mktemp("undisturbed") / "checkpoint.pt")


def test_history_has_a_row_an_epoch(undisturbed: tuple[Encoder, list[Row]]):
    encoder, history = undisturbed
    assert not encoder.training
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert [math.isnan(row["knn_accuracy"]) for row in history] == [True, False, False]
    assert all(-1 <= row["loss"] <= 1 and row["seconds"] > 0 for row in history)


def test_learning_lowers_the_loss(tmp_path: Path):
    pool = load(DatasetSettings(name="digits")).pool
    settings = PretrainingSettings(epochs=4, learning_rate=0.2)
    encoder = EncoderSettings(width=1 / 8)
    _, history = pretrain(
        pool.images, pool.label, settings, encoder, tmp_path / "c.pt", progress=False
    )
    assert history[-1]["loss"] < history[0]["loss"] - 0.2


def test_a_run_depends_on_its_seed_and_not_on_the_global_state(
    tmp_path: Path, undisturbed: tuple[Encoder, list[Row]]
):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert_same(run(tmp_path / "same.pt"), undisturbed)
    assert torch.equal(torch.get_rng_state(), state)
    encoder, _ = run(tmp_path / "other.pt", seed=1)
    weight = undisturbed[0].layers[0].weight
    assert not torch.equal(encoder.layers[0].weight, weight)


def test_a_killed_run_goes_on_as_if_nothing_had_been(
    tmp_path: Path, undisturbed: tuple[Encoder, list[Row]]
):
    checkpoint = tmp_path / "checkpoint.pt"
    paths = [str(Path(ntkcpl.__file__).parents[1]), str(Path(__file__).parent)]
    code = f"import sys; sys.path[:0] = {paths}\n{JOB}"
    job = subprocess.Popen([sys.executable, "-c", code, str(checkpoint)])
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert checkpoint.exists()
    assert_same(run(checkpoint), undisturbed)


def test_a_finished_run_is_not_repeated_until_its_checkpoint_is_removed(tmp_path: Path):
    checkpoint = tmp_path / "checkpoint.pt"
    one = run(checkpoint)
    again = run(checkpoint)
    assert_same(one, again)
    assert one[1][0]["seconds"] == again[1][0]["seconds"]
    remove_checkpoint(checkpoint)
    remove_checkpoint(checkpoint)
    assert one[1][0]["seconds"] != run(checkpoint)[1][0]["seconds"]


@pytest.mark.parametrize("damage", ["truncated", "foreign", "other"])
def test_a_useless_checkpoint_is_ignored_with_a_line_in_the_log(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    undisturbed: tuple[Encoder, list[Row]],
    damage: str,
):
    checkpoint = tmp_path / "checkpoint.pt"
    run(checkpoint, **({"seed": 1} if damage == "other" else {}))
    if damage == "truncated":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    elif damage == "foreign":
        torch.save(torch.zeros(3), checkpoint)
    with caplog.at_level(logging.WARNING):
        assert_same(run(checkpoint), undisturbed)
    assert len(caplog.records) == 1 and "pretraining starts anew" in caplog.text


def test_no_checkpoint_is_no_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    assert load_checkpoint(tmp_path / "none.pt", "identity") is None
    assert not caplog.records


def test_a_diverging_run_says_what_to_do(tmp_path: Path):
    with pytest.raises(PretrainingError, match=r"lower pretraining\.learning_rate, now 1e\+30"):
        run(tmp_path / "checkpoint.pt", learning_rate=1e30)


def test_a_pool_of_one_image_is_refused(tmp_path: Path):
    with pytest.raises(PretrainingError, match="at least two images"):
        pretrain(IMAGES[:1], LABEL[:1], SETTINGS, ENCODER, tmp_path / "c.pt", progress=False)


def test_a_batch_may_be_larger_than_the_pool(tmp_path: Path):
    assert math.isfinite(run(tmp_path / "checkpoint.pt", batch_size=512)[1][-1]["loss"])


def test_history_is_written_with_empty_cells(tmp_path: Path):
    rows = [
        Row(epoch=1, loss=-0.5, knn_accuracy=math.nan, seconds=0.25),
        Row(epoch=2, loss=-0.75, knn_accuracy=0.5, seconds=0.25),
    ]
    write_history(tmp_path / "pretrain.csv", rows)
    assert (tmp_path / "pretrain.csv").read_text().splitlines() == [
        "epoch,loss,knn_accuracy,seconds",
        "1,-0.500000,,0.250",
        "2,-0.750000,0.5000,0.250",
    ]


NOTHING = AugmentationSettings(min_crop=1, rotation=0, brightness=0, contrast=0)


def test_an_augmentation_of_nothing_changes_nothing():
    images = torch.rand(5, 3, 8, 8)
    torch.testing.assert_close(augment(images, NOTHING, torch_generator("x")), images)


def test_views_differ_between_images_and_follow_the_generator():
    images = torch.rand(1, 3, 8, 8).expand(6, -1, -1, -1)
    views = augment(images, AugmentationSettings(), torch_generator("x"))
    assert len(torch.unique(views, dim=0)) == 6
    assert views.min() >= 0 and views.max() <= 1
    assert torch.equal(views, augment(images, AugmentationSettings(), torch_generator("x")))
    assert not torch.equal(views, augment(images, AugmentationSettings(), torch_generator("y")))


def test_half_of_the_views_are_mirrored_where_wanted():
    images = torch.rand(1, 3, 8, 8).expand(200, -1, -1, -1)
    flip = NOTHING.model_copy(update={"horizontal_flip": True})
    views = augment(images, flip, torch_generator("x"))
    mirrored = torch.isclose(views, images.flip(3), atol=1e-5).all(dim=(1, 2, 3))
    same = torch.isclose(views, images, atol=1e-5).all(dim=(1, 2, 3))
    assert (mirrored ^ same).all() and 70 < mirrored.sum() < 130


def test_crops_lie_within_the_image_and_have_the_stated_area():
    crop = NOTHING.model_copy(update={"min_crop": 0.3})
    maps = affine_maps(500, crop, torch_generator("x"))
    area, offset = maps[:, 0, 0] * maps[:, 1, 1], maps[:, :, 2].abs()
    assert 0.3 <= area.min() < 0.35 and 0.95 < area.max() <= 1
    assert (offset + area.sqrt()[:, None] <= 1 + 1e-6).all()


def test_rotations_are_drawn_either_way_up_to_the_limit():
    turn = NOTHING.model_copy(update={"rotation": 30.0})
    maps = affine_maps(500, turn, torch_generator("x"))
    angle = torch.rad2deg(torch.atan2(maps[:, 1, 0], maps[:, 0, 0]))
    assert -30 <= angle.min() < -28 and 28 < angle.max() <= 30


def slow_knn(embedding: np.ndarray, label: np.ndarray, neighbours: int) -> float:
    known = [i for i in range(len(label)) if label[i] >= 0]
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    right = 0
    for i in known:
        others = sorted((j for j in known if j != i), key=lambda j: -(unit[i] @ unit[j]))
        right += int(np.bincount(label[others[:neighbours]]).argmax() == label[i])
    return right / len(known)


@pytest.mark.parametrize("neighbours", [1, 5, 1000])
def test_knn_accuracy_is_that_of_a_slow_loop(neighbours: int):
    rng = numpy_generator("knn")
    label = rng.integers(-1, 3, 60)
    embedding = (rng.normal(size=(60, 4)) + label[:, None]).astype(np.float32)
    expected = slow_knn(embedding, label, neighbours)
    assert knn_accuracy(embedding, label, neighbours) == pytest.approx(expected)


def test_knn_accuracy_of_a_large_pool_is_estimated_on_some_queries():
    rng = numpy_generator("knn")
    label = rng.integers(0, 2, 6_000)
    embedding = np.eye(2, dtype=np.float32)[label] + 0.1
    assert knn_accuracy(embedding, label) == 1


def test_knn_accuracy_of_an_unlabelled_pool_is_unknown():
    assert math.isnan(knn_accuracy(np.ones((5, 2), np.float32), np.full(5, -1)))


def test_linear_accuracy_is_that_of_a_separable_problem_and_of_chance():
    rng = np.random.default_rng(0)
    label = np.arange(600) % 3
    embedding = (np.eye(3)[label] * 100 + rng.normal(size=(600, 3))).astype(np.float32)
    known = np.where(np.arange(600) < 300, label, -1)
    assert linear_accuracy(embedding, known, embedding[300:], label[300:]) == 1
    noise = rng.normal(size=(600, 3)).astype(np.float32)
    assert linear_accuracy(noise, known, noise[300:], label[300:]) < 0.5
    assert math.isnan(linear_accuracy(embedding, np.full(600, -1), embedding, label))
    assert math.isnan(linear_accuracy(embedding, label, embedding[:0], label[:0]))
