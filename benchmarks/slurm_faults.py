"""What the faults of a SLURM cluster do: a table of docs/cluster.md.

    .venv/bin/python benchmarks/slurm_faults.py FOLDER [FAULT ...] [--status sacct]

It needs a cluster of one node of its own, with the right to drain it, and makes copies of this
checkout in FOLDER. There it makes a run of digits undisturbed, then once with each fault, and
compares what the files say of their contents. `preempt_...` need a partition `urgent` that preempts
by requeueing, `out_of_memory` needs `ConstrainRAMSpace`, `full_disk` the right to mount.
"""

import argparse
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from slurm import SLURM, Run, ask, wait_until

# The first try has too little, the second enough.
OUT_OF_MEMORY = "300 if attempt == 1 else 3000"
IN_ROUNDS = ("cluster_pool", "select_batch", "train_classifier")
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED"}
FAULTS_CONFIG = {
    "experiments": {
        # Pretraining and extraction.
        "encoder": {
            "dataset": {"name": "digits"},
            "encoder": {"architecture": "resnet9", "width": 0.125},
            "pretraining": {"method": "simsiam", "epochs": 8, "checkpoint_every": 1},
            "features": {"views": 16},
            "budgets": [10],
            "seeds": [0],
            "classifier": {},
            "strategies": ["entropy"],
        },
        "rounds": {
            "embeddings": "digits.h5",
            "budgets": [10, 20, 30],
            "seeds": [0],
            "classifier": {"hidden_width": 32, "epochs": 10},
            "strategies": ["entropy", "ntkcpl_al"],
        },
    },
    "strategies": {
        "entropy": {"method": "entropy"},
        "ntkcpl_al": {"method": "ntkcpl", "feature": "al", "candidates": 200, "width": 64},
    },
}
TARGETS = {
    "encoder": ["results/encoder/features.h5", "results/encoder/pretrain.csv"],
    "rounds": ["results/rounds/accuracy.csv"],
}


def node(state: str) -> None:
    """Set the state of the only node."""
    name = ask("sinfo", "--noheader", "--format=%n").split()[0]
    ask("scontrol", "update", f"nodename={name}", f"state={state}", "reason=test")


def state_of(job: str) -> str:
    """Return a job's state as SLURM has it."""
    found = re.search(r"JobState=(\w+)", ask("scontrol", "show", "job", job))
    assert found
    return found[1]


def drained(run: Run) -> str:
    """Drain the node while the pretraining runs; resume it when that has ended."""
    job = run.job("pretrain")
    node("drain")
    wait_until(lambda: state_of(job) in ENDED)
    time.sleep(20)
    node("resume")
    return state_of(job)


def down(rule: str) -> Callable[[Run], str]:
    """Set the node down while a job of the rule runs, for ten seconds."""

    def disturb(run: Run) -> str:
        job = run.job(rule)
        node("down")
        time.sleep(10)
        state = state_of(job)
        with suppress(subprocess.CalledProcessError):  # of a node that is up again by itself
            node("resume")
        return state

    return disturb


def told(rule: str, *command: str) -> Callable[[Run], str]:
    """Do something to a running job of the rule by one of SLURM's commands."""

    def disturb(run: Run) -> str:
        job = run.job(rule)
        ask(*command, job)
        time.sleep(3)
        return state_of(job)

    return disturb


def preempted(rule: str) -> Callable[[Run], str]:
    """Submit an urgent job that takes all of the node while a job of the rule runs."""

    def disturb(run: Run) -> str:
        job = run.job(rule)
        cores = str(os.cpu_count())
        urgent = ["sbatch", "--parsable", "-p", "urgent", "-n1", "-c", cores, "--mem=100"]
        taker = ask(*urgent, "--output=/dev/null", "--wrap=sleep 15").strip()
        wait_until(lambda: state_of(taker) == "RUNNING")
        return state_of(job)

    return disturb


def hung(run: Run) -> str:
    """Stop the processes of an extraction, until its time is over."""
    job = run.job("extract_features")
    for line in ask("scontrol", "listpids", job).splitlines()[1:]:
        os.kill(int(line.split()[0]), signal.SIGSTOP)
    wait_until(lambda: state_of(job) in ENDED)
    return state_of(job)


def out_of_memory(run: Run) -> str:
    """Wait for the end of a submission of rounds that was given too little memory."""
    job = run.job("run")
    wait_until(lambda: state_of(job) in ENDED)
    return state_of(job)


def controller_restarted(run: Run) -> str:
    """Kill the controller while rounds run; start it again 30 s later."""
    job = run.job("run")
    config = ask("scontrol", "show", "config")
    found = re.search(r"SlurmctldPidFile\s*= (\S+)", config)
    assert found
    process = int(Path(found[1]).read_text())
    command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[:-1]
    os.kill(process, signal.SIGTERM)
    time.sleep(30)
    subprocess.Popen(
        [argument.decode() for argument in command if argument != b"-c"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: subprocess.run(["scontrol", "ping"], check=False).returncode == 0)
    return state_of(job)


def snakemake_killed(run: Run) -> str:
    """Kill Snakemake while rounds run, and start it again."""
    job = run.job("run")
    assert run.process
    os.killpg(run.process.pid, signal.SIGKILL)
    run.end()
    run.start(*SLURM)
    time.sleep(5)
    return state_of(job)


def full_disk(run: Run) -> str:
    """Let `results/` be full, until Snakemake gives up; then make room and start it again."""
    results = run.folder / "results"
    code = run.end()
    message = re.findall(r"\w+ failed: .*", run.output())
    ask("mount", "-o", "remount,size=200M", str(results))
    run.start(*SLURM)
    return f"exit code {code}, {message[-1] if message else 'no message'}"


def small_results(run: Run) -> None:
    """Put a small file system in the place of results/."""
    results = run.folder / "results"
    results.mkdir()
    ask("mount", "-t", "tmpfs", "-o", "size=560k", "tmpfs", str(results))


# Name: the part of the run that it disturbs, how, and more arguments for Snakemake.
FAULTS: dict[str, tuple[str, Callable[[Run], str], list[str]]] = {
    "drained": ("encoder", drained, []),
    "down_pretrain": ("encoder", down("pretrain"), []),
    "down_rounds": ("rounds", down("run"), []),
    "requeue_pretrain": ("encoder", told("pretrain", "scontrol", "requeue"), []),
    "requeue_extract": ("encoder", told("extract_features", "scontrol", "requeue"), []),
    "requeue_rounds": ("rounds", told("run", "scontrol", "requeue"), []),
    "preempt_pretrain": ("encoder", preempted("pretrain"), []),
    "preempt_extract": ("encoder", preempted("extract_features"), []),
    "preempt_rounds": ("rounds", preempted("run"), []),
    "scancel_pretrain": ("encoder", told("pretrain", "scancel"), []),
    "scancel_rounds": ("rounds", told("run", "scancel"), []),
    "time_limit": ("encoder", hung, ["extract_features:runtime=1 if attempt == 1 else 60"]),
    "out_of_memory": (
        "rounds",
        out_of_memory,
        [f"{rule}:mem_mb={OUT_OF_MEMORY}" for rule in IN_ROUNDS],
    ),
    "controller_restarted": ("rounds", controller_restarted, []),
    "snakemake_killed": ("rounds", snakemake_killed, []),
    "full_disk": ("rounds", full_disk, []),
}


def faults(folder: Path, names: list[str]) -> None:
    """Print a line for each fault: SLURM's word for the job, submissions, seconds, files."""
    expected = {}
    for part in sorted({FAULTS[name][0] for name in names}):
        run = Run(folder / f"undisturbed-{part}", FAULTS_CONFIG, TARGETS[part])
        start = time.monotonic()
        run.start(*SLURM)
        assert run.end() == 0, run.output()
        expected[part] = run.digests()
        seconds = time.monotonic() - start
        print(f"| {part}, undisturbed | | {len(run.submissions())} | {seconds:.0f} |", flush=True)
    for name in names:
        part, disturb, resources = FAULTS[name]
        run = Run(folder / name, FAULTS_CONFIG, TARGETS[part])
        if disturb is full_disk:
            small_results(run)
        start = time.monotonic()
        run.start(*SLURM, *resources)
        try:
            said = disturb(run)
        except (TimeoutError, subprocess.CalledProcessError) as error:
            said = repr(error)
        code = run.end()
        seconds, found = time.monotonic() - start, run.digests()
        same = sum(found.get(file) == digest for file, digest in expected[part].items())
        print(
            f"| {name} | {said} | {len(run.submissions())} | {seconds:.0f} | exit code {code}, "
            f"{same} of {len(expected[part])} files the same, whole: {run.is_whole()} |",
            flush=True,
        )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--status", choices=["squeue", "sacct"], default="squeue")
    parser.add_argument("names", nargs="*", choices=[[], *FAULTS], metavar="fault")
    arguments = parser.parse_args()
    SLURM[:0] = ["--slurm-status-command", arguments.status]
    faults(arguments.folder.resolve(), arguments.names or [*FAULTS])


if __name__ == "__main__":
    main()
