"""`make verify` finds what Snakemake does not look at, and its command puts it right."""

import os
import subprocess
import sys

import pytest

RUN = "results/smoke/ntkcpl_al"


def verify(workflow):
    """Return the exit code of `make verify`, what it prints, and what it says at its end."""
    done = subprocess.run(
        [sys.executable, "scripts/verify.py", "results"],
        cwd=workflow.folder,
        env=os.environ | {"PYTHONPATH": "scripts"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def flip(path):
    """Flip a bit in the middle of a file, under its old time of change."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_finished_run_is_whole(finished):
    code, output, _ = verify(finished)
    assert code == 0
    assert "files in results are whole, in their place, and made from one another" in output


@pytest.mark.parametrize(
    ("name", "of_it"),
    [
        ("seed0/round1/batch.csv", "seed0/round1/classifier.h5 was made from a batch.csv"),
        ("seed0/round1/clusters.h5", "seed0/round1/batch.csv was made from a clusters.h5"),
        ("seed0/round2/classifier.h5", "accuracy.csv was made from a classifier.h5"),
    ],
)
def test_a_deleted_file_is_missed(rerun, name, of_it):
    (rerun.folder / RUN / name).unlink()
    assert not rerun.planned()
    code, output, _ = verify(rerun)
    assert code == 1
    assert any(of_it in line and "not there" in line for line in output.splitlines())


def test_damage_and_foreign_files_are_named_and_made_again(rerun):
    results = rerun.folder / "results/smoke"
    for name in ("encoder.pt", "features.h5", "pretrain.csv", "ntkcpl_al/seed0/round2/clusters.h5"):
        flip(results / name)
    foreign = rerun.folder / RUN / "seed1/round1/classifier.h5"
    foreign.write_bytes((rerun.folder / RUN / "seed0/round1/classifier.h5").read_bytes())
    code, output, last = verify(rerun)
    assert code == 1
    lines = output.splitlines()
    assert len(lines) == 5 and last.startswith("5 faults, ")
    assert sum("does not fit its checksum" in line for line in lines) == 4
    assert f"{RUN}/seed1/round1/classifier.h5 is of smoke ntkcpl_al 0 1: move it away" in output

    for name in ("features.h5", "encoder.pt", "pretrain.csv"):
        flip(results / name)  # back
    code, _, last = verify(rerun)
    command = last.split("snakemake ")[1].split()
    code, output = rerun.run("--cores", "2", *command)
    assert code == 0, output
    assert verify(rerun)[0] == 0
