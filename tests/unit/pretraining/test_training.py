import contextlib
import logging
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_lightning import Trainer

import ntkcpl
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import DatasetSettings, load
from ntkcpl.datasets._folders import find_images
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import Encoder, build
from ntkcpl.image_files import ImageFiles
from ntkcpl.pretraining import AugmentationSettings, PretrainingSettings
from ntkcpl.pretraining.batches import Batches
from ntkcpl.pretraining.callbacks import Checkpoints, PretrainingError
from ntkcpl.pretraining.checkpoint import find_checkpoint, remove_checkpoint
from ntkcpl.pretraining.history import Row, write_history
from ntkcpl.pretraining.training import pretrain
from ntkcpl.reporting.history import read_history
from ntkcpl.seeding import numpy_generator

SETTINGS = PretrainingSettings(
    epochs=3,
    batch_size=16,
    projection_width=16,
    prediction_width=8,
    monitor_every=2,
    checkpoint_every=1,
)
ENCODER = EncoderSettings(width=1 / 8)
RNG = numpy_generator("test_pretraining")
IMAGES = RNG.integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
LABEL = RNG.integers(0, 3, 40)

COLOURED = AugmentationSettings(saturation=0.4, hue=0.1, grey=0.2, solarize=[0.0, 0.2])
PATHS = [str(Path(ntkcpl.__file__).parents[1]), str(Path(__file__).parent)]


def run_job(code: str, *arguments: Path) -> subprocess.Popen[str]:
    """Start a Python that can import this file, to be told to stop or killed."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {PATHS}\n{code}", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
    )


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
    job = run_job(
        "from pathlib import Path; from test_training import *; run(Path(sys.argv[1]))", checkpoint
    )
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    job.send_signal(signal.SIGKILL)
    job.communicate()
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
    if damage == "other":
        assert caplog.text.count("is of another pretraining") == 2
    else:  # the one before is there
        assert len(caplog.records) == 1 and "pretraining does not go on from it" in caplog.text


def test_no_checkpoint_is_no_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    assert find_checkpoint(tmp_path / "none.pt", "identity") is None
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
        Row(epoch=1, loss=-0.5, output_std=1.0, knn_accuracy=math.nan, seconds=0.25),
        Row(epoch=2, loss=-0.75, output_std=0.9, knn_accuracy=0.5, seconds=0.25),
    ]
    path = tmp_path / "pretrain.csv"
    write_history(path, rows, Provenance())
    first, second, third = path.read_text().splitlines()
    assert first == "epoch,loss,output_std,knn_accuracy,seconds,origin"
    assert second == "1,-0.500000,1.000000,,0.250,"
    assert third.startswith("2,-0.750000,0.900000,0.5000,0.250,")
    read = read_history(path)
    assert read["loss"].tolist() == [-0.5, -0.75] and read["knn_accuracy"].isna().tolist() == [1, 0]


# Tells itself to stop, in the first step of the second epoch.
STOPPED = """
import os, signal, sys; from pathlib import Path; from test_training import *
from ntkcpl.pretraining import training
step = training.Pretraining.training_step
def stopping(self, batch, batch_idx):
    if (self.global_rank, self.current_epoch, batch_idx) == ({rank}, 1, 0):
        os.kill(os.getpid(), signal.SIGTERM)
    return step(self, batch, batch_idx)
training.Pretraining.training_step = stopping
"""


def assert_stopped(checkpoint: Path) -> None:
    state = torch.load(checkpoint, weights_only=True)
    assert len(state["callbacks"]["Monitor"]["history"]) == 1
    assert state["loops"]["fit_loop"]["state_dict"]["combined_loader"] == [{"epoch": 1, "done": 1}]


def test_a_job_told_to_stop_goes_on_inside_its_epoch(tmp_path: Path):
    checkpoint = tmp_path / "checkpoint.pt"
    process = run_job(STOPPED.format(rank=0) + "byol(Path(sys.argv[1]))", checkpoint)
    _, errors = process.communicate(timeout=120)
    message = f"Interrupted: told to stop: the next run goes on from {checkpoint}"
    assert errors.splitlines()[-1] == f"ntkcpl.pretraining.callbacks.{message}"
    assert_stopped(checkpoint)
    assert_same(byol(checkpoint), byol(tmp_path / "undisturbed.pt"))


def test_a_job_told_to_stop_in_an_epochs_last_batch_loses_no_epoch(tmp_path: Path):
    checkpoint = tmp_path / "checkpoint.pt"
    job = STOPPED.format(rank=0).replace("1, 0)", "1, 1)") + "byol(Path(sys.argv[1]))"
    _, errors = run_job(job, checkpoint).communicate(timeout=120)
    assert "Interrupted: told to stop" in errors.splitlines()[-1]
    assert_same(byol(checkpoint), byol(tmp_path / "undisturbed.pt"))


def byol(checkpoint: Path, **changes: object) -> tuple[Encoder, list[Row]]:
    return run(checkpoint, method="byol", augmentation=COLOURED, checkpoint_every=3, **changes)


def test_byol_learns_and_its_target_follows(tmp_path: Path):
    pool = load(DatasetSettings(name="digits")).pool
    settings = PretrainingSettings(
        method="byol", epochs=4, target_momentum=0.9, projection_width=32, prediction_width=64
    )
    encoder = EncoderSettings(width=1 / 8)
    checkpoint = tmp_path / "c.pt"
    _, history = pretrain(pool.images, pool.label, settings, encoder, checkpoint, progress=False)
    assert history[-1]["loss"] < history[0]["loss"] - 0.1
    weights = torch.load(checkpoint, weights_only=True)["state_dict"]
    online, target = (
        weights[f"method.{name}.layers.layer1.0.conv1.weight"]
        for name in ("encoder", "target_encoder")
    )
    assert not torch.equal(online, target)
    assert (online - target).norm() < online.norm() / 4


@pytest.mark.parametrize(
    "changes",
    [{"accumulate": 4}, {"precision": "bf16-mixed"}, {"optimizer": "lars", "warmup_epochs": 1}],
    ids=str,
)
def test_other_ways_to_train_learn_too(tmp_path: Path, changes: dict[str, object]):
    encoder, history = run(tmp_path / "checkpoint.pt", **changes)
    assert len(history) == 3 and all(-1 <= row["loss"] <= 1 for row in history)
    assert encoder.layers[0].weight.dtype == torch.float32
    assert not torch.equal(encoder.layers[0].weight, run(tmp_path / "o.pt")[0].layers[0].weight)


def test_parts_of_a_step_hold_its_images_and_draws():
    parts = Batches(IMAGES, SETTINGS.model_copy(update={"accumulate": 4}), torch.device("cpu"))
    assert len(Batches(IMAGES, SETTINGS, torch.device("cpu"))) == 2 and len(parts) == 8
    assert [len(batch.images) for batch in parts] == [4] * 8
    # What is left of an epoch is no part of a step.
    few = Batches(IMAGES[:37], SETTINGS.model_copy(update={"accumulate": 4}), torch.device("cpu"))
    assert len(few) == 8


def test_devices_share_the_draws_of_one():
    both = SETTINGS.model_copy(update={"devices": 2})
    one = list(Batches(IMAGES, SETTINGS, torch.device("cpu")))
    parts = [list(Batches(IMAGES, both, torch.device("cpu"), rank)) for rank in (0, 1)]
    for batch, *halves in zip(one, *parts, strict=True):
        assert torch.equal(batch.images, torch.cat([half.images for half in halves]))
        assert torch.equal(batch.second.maps, torch.cat([half.second.maps for half in halves]))


def run_two_processes(code: str, folder: Path, *arguments: str) -> None:
    """Run a script twice, as Lightning does for a further device, to its end."""
    script, errors = folder / "job.py", folder / "errors.txt"
    script.write_text(f"import sys; sys.path[:0] = {PATHS}\n{code}")
    with (
        errors.open("w") as file,
        subprocess.Popen(
            [sys.executable, str(script), *arguments], stderr=file, start_new_session=True
        ) as both,
    ):
        try:
            assert both.wait(timeout=240) == 0, errors.read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(both.pid, signal.SIGKILL)


def test_one_of_two_processes_told_to_stop_ends_both(tmp_path: Path):
    code = (
        STOPPED.format(rank=1)
        + """
from ntkcpl.pretraining.callbacks import Interrupted
try:
    byol(Path(sys.argv[1]), devices=2)
except Interrupted as stop:
    Path(f"{sys.argv[1]}.{os.environ.get('LOCAL_RANK', 0)}").write_text(str(stop))
"""
    )
    checkpoint = tmp_path / "checkpoint.pt"
    run_two_processes(code, tmp_path, str(checkpoint))
    told = {Path(f"{checkpoint}.{rank}").read_text() for rank in (0, 1)}
    assert told == {f"told to stop: the next run goes on from {checkpoint}"}
    assert_stopped(checkpoint)


def test_two_processes_train_one_encoder(tmp_path: Path):
    code = """
import os; from pathlib import Path; from test_training import *
encoder, history = run(Path(sys.argv[1]), devices=2)
torch.save([encoder.state_dict(), history], f"{sys.argv[2]}.{os.environ.get('LOCAL_RANK', 0)}")
"""
    arguments = [str(tmp_path / name) for name in ("checkpoint.pt", "result.pt")]
    run_two_processes(code, tmp_path, *arguments)
    (state, history), (other, _) = (
        torch.load(f"{arguments[1]}.{rank}", weights_only=True) for rank in (0, 1)
    )
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert all(torch.isfinite(value).all() for value in state.values())
    assert all(
        torch.equal(state[name], other[name]) for name, _ in build(ENCODER).named_parameters()
    )


def test_large_images_are_decoded_while_training_and_after_a_stop(tmp_path: Path):
    for number, pixels in enumerate(RNG.integers(0, 256, (12, 70, 70, 3), dtype=np.uint8)):
        Image.fromarray(pixels).save(tmp_path / f"{number:02}.png")
    files = ImageFiles(find_images(tmp_path), 65)
    settings = SETTINGS.model_copy(update={"epochs": 2, "batch_size": 6})
    label, results = np.full(12, -1), []
    for name, images in (("files", files), ("memory", files[:])):
        checkpoint = tmp_path / f"{name}.pt"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Checkpoints, "on_train_epoch_end", stop_after_an_epoch)
            with pytest.raises(KeyError):
                pretrain(images, label, settings, ENCODER, checkpoint, progress=False)
        results.append(pretrain(images, label, settings, ENCODER, checkpoint, progress=False))
    assert_same(*results)
    assert [row["epoch"] for row in results[0][1]] == [1, 2]


def test_views_are_cut_from_images_of_the_source_size(tmp_path: Path):
    for number, pixels in enumerate(RNG.integers(0, 256, (8, 40, 40, 3), dtype=np.uint8)):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    files, label = ImageFiles(find_images(tmp_path), 16), np.arange(8) % 2
    same, explicit, larger = (
        pretrain(
            files,
            label,
            SETTINGS.model_copy(update={"epochs": 1, "source_size": source}),
            ENCODER,
            tmp_path / f"{source}.pt",
            progress=False,
        )
        for source in (None, 16, 40)
    )
    assert_same(same, explicit)
    assert same[1][0]["loss"] != larger[1][0]["loss"]


def stop_after_an_epoch(self: Checkpoints, trainer: Trainer, *_: object) -> None:
    trainer.save_checkpoint(self._path)
    raise KeyError


def test_a_collapse_is_worth_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    same = np.zeros_like(IMAGES)
    settings = SETTINGS.model_copy(update={"method": "byol", "epochs": 1})
    with caplog.at_level(logging.WARNING):
        _, history = pretrain(same, LABEL, settings, ENCODER, tmp_path / "c.pt", progress=False)
    assert history[0]["output_std"] < 0.01 and "has collapsed" in caplog.text


def test_tensorboard_gets_a_number_an_epoch(tmp_path: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    pretrain(IMAGES, LABEL, SETTINGS, ENCODER, tmp_path / "c.pt", tmp_path / "log", progress=False)
    events = EventAccumulator(str(next((tmp_path / "log").glob("version_0"))))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3]
    assert [event.step for event in events.Scalars("knn_accuracy")] == [2, 3]
