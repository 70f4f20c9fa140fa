"""Whatever happens while a checkpoint is written, the last good one is there."""

import resource
import tempfile
from pathlib import Path

import pytest
import torch

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.sealed import WHOLE, sealed
from ntkcpl.pretraining.checkpoint import IDENTITY, SealedCheckpoints, find_checkpoint


def save(path: Path, epoch: int, identity: str = "mine") -> None:
    """Save a checkpoint of some size."""
    content = {IDENTITY: identity, "epoch": epoch, "weights": torch.rand(20_000)}
    SealedCheckpoints().save_checkpoint(content, path)


def epoch_of(path: Path | None) -> int:
    """Return the epoch of a checkpoint that was found."""
    assert path is not None
    epoch: int = SealedCheckpoints().load_checkpoint(path)["epoch"]
    return epoch


def test_a_full_disk_leaves_the_last_good_one(tmp_path: Path):
    path = tmp_path / "encoder.checkpoint.pt"
    save(path, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(ArtifactError, match="cannot be written"):
            save(path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert epoch_of(find_checkpoint(path, "mine")) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_the_one_before_is_kept_and_used_if_the_last_is_damaged(tmp_path: Path):
    path = tmp_path / "encoder.checkpoint.pt"
    for epoch in (1, 2, 3):
        save(path, epoch)
    assert epoch_of(find_checkpoint(path, "mine")) == 3
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert epoch_of(find_checkpoint(path, "mine")) == 2
    path.unlink()  # as when it was killed between two renamings
    assert epoch_of(find_checkpoint(path, "mine")) == 2
    save(path, 4)
    assert epoch_of(find_checkpoint(path, "mine")) == 4
    assert find_checkpoint(path, "another") is None


def test_it_is_written_beside_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    save(tmp_path / "encoder.checkpoint.pt", 1)
    assert torch.load(tmp_path / "encoder.checkpoint.pt", weights_only=True)["epoch"] == 1


def test_two_that_save_at_once_both_succeed(tmp_path: Path):
    path = tmp_path / "encoder.checkpoint.pt"
    save(path, 1)
    with sealed(path, WHOLE, path.with_suffix(".former.pt")) as file:
        save(path, 2)  # another process, which is faster
        torch.save({IDENTITY: "mine", "epoch": 3}, file)
    assert epoch_of(find_checkpoint(path, "mine")) == 3
    path.unlink()
    assert epoch_of(find_checkpoint(path, "mine")) == 2
    with sealed(path, WHOLE, path.with_suffix(".former.pt")) as file:
        torch.save({IDENTITY: "mine", "epoch": 4}, file)
    assert epoch_of(find_checkpoint(path, "mine")) == 4
