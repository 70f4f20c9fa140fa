"""`make verify` finds what Snakemake does not look at, and its command puts it right."""

import os
import subprocess
import sys

import pytest

RUN = "results/smoke/ntkcpl_al"


def verify(workflow):
    """Return the exit code of `make verify`, what it prints, and what it says at its end."""
    done = subprocess.run(
        [sys.executable, "scripts/verify.py", *workflow.command()[3:]],
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
    "name",
    [
        "ntkcpl_al/seed0/round1/batch.csv",
        "ntkcpl_al/seed0/round1/clusters.h5",
        "ntkcpl_al/seed0/round2/classifier.h5",
        "pretrain.csv",  # of which nothing says that it was made from it
    ],
)
def test_a_deleted_file_is_missed(rerun, name):
    (rerun.folder / "results/smoke" / name).unlink()
    assert not rerun.planned()
    code, output, last = verify(rerun)
    assert code == 1
    assert output.splitlines() == [f"results/smoke/{name} is missing"]
    assert last.startswith("1 faults, ") and last.strip().endswith(
        f"snakemake --configfile run.yaml --forcerun results/smoke/{name}"
    )


def test_what_is_yet_to_be_made_is_not_missed_and_what_is_left_over_is_no_fault(rerun):
    rerun.config["experiments"]["smoke"]["budgets"].pop()
    (rerun.folder / RUN / "seed0/round3/clusters.h5").unlink()  # its batch.csv was made from it
    code, output, _ = verify(rerun)
    assert code == 0
    assert "files are still to be made: run snakemake" in output


def test_a_configuration_that_snakemake_refuses_is_said_and_the_files_are_checked(rerun):
    rerun.config["experiments"]["smoke"]["seeds"] = "none"
    (rerun.folder / RUN / "seed0/round1/batch.csv").unlink()
    code, output, _ = verify(rerun)
    assert code == 1
    assert "experiments.smoke.seeds" in output
    assert "seed0/round1/classifier.h5 was made from a batch.csv that is not there" in output


def test_damage_and_foreign_files_are_named_and_made_again(rerun):
    results = rerun.folder / "results/smoke"
    for name in ("encoder.pt", "features.h5", "pretrain.csv", "ntkcpl_al/seed0/round2/clusters.h5"):
        flip(results / name)
    foreign = rerun.folder / RUN / "seed0/round2/classifier.h5"
    foreign.write_bytes((rerun.folder / RUN / "seed0/round1/classifier.h5").read_bytes())
    code, output, last = verify(rerun)
    assert code == 1
    # The foreign file is new: what follows from it is made again anyway.
    first, *lines = output.splitlines()
    assert first.endswith("files are still to be made: run snakemake")
    assert len(lines) == 5 and last.startswith("5 faults, ")
    assert sum("does not fit its checksum" in line for line in lines) == 4
    assert f"{RUN}/seed0/round2/classifier.h5 is of smoke ntkcpl_al 0 1: move it away" in output

    for name in ("features.h5", "encoder.pt", "pretrain.csv"):
        flip(results / name)  # back
    code, _, last = verify(rerun)
    command = last.split("snakemake ")[1].split()
    code, output = rerun.run("--cores", "2", *command)
    assert code == 0, output
    assert verify(rerun)[0] == 0
