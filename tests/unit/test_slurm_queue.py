"""Jobs that a Snakemake which died has left in the queue: those of this folder only."""

from pathlib import Path

import pytest

from slurm_queue import QueueError, queued_jobs

UNREACHABLE = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
RUN = "17cb4d32-0d33-4a3c-8b9c-1a2b3c4d5e6f"


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch):
    """Return a function that makes a squeue which prints some lines, or fails."""

    def make(lines: list[str] | None) -> None:
        program = tmp_path / "bin/squeue"
        program.parent.mkdir()
        said = f"echo '{UNREACHABLE}' >&2; exit 1"
        if lines is not None:
            said = "cat <<'.'\n" + "\n".join([*lines, "."])
        program.write_text(f"#!/bin/sh\n{said}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return make


def test_jobs_of_this_folder_are_found(squeue):
    squeue(
        [
            f"4|{RUN}|/data/run",
            f"5|ours_{RUN}|/data/run",
            f"6|{RUN}|/data/other",
            "7|notebook|/data/run",
        ]
    )
    assert queued_jobs(Path("/data/run")) == ["4", "5"]


def test_no_answer_is_not_an_empty_queue(squeue, monkeypatch):
    squeue(None)
    with pytest.raises(QueueError, match="Unable to contact slurm controller"):
        queued_jobs(Path("/data/run"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(QueueError, match="squeue"):
        queued_jobs(Path("/data/run"))
