"""What a SLURM cluster costs, and what its faults do: the tables of docs/cluster.md.

    .venv/bin/python benchmarks/slurm.py overhead FOLDER
    .venv/bin/python benchmarks/slurm.py faults FOLDER [FAULT ...] [--status sacct]

Both need a cluster of one node of their own, with the right to drain it, and make copies of this
checkout in FOLDER, in which they run. `overhead` runs 300 jobs of rounds locally, in groups, and
each job alone. `faults` makes a run of digits undisturbed, then once with each fault, and compares
what the files say of their contents. `preempt_...` need a partition `urgent` that preempts by
requeueing, `out_of_memory` needs `ConstrainRAMSpace`, `full_disk` the right to mount.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch
import yaml
from sklearn.datasets import load_digits

REPOSITORY = Path(__file__).resolve().parents[1]
PARTS = ["Snakefile", "rules", "scripts", "profiles", "reference", "envs", "README.md"]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--configfile", "run.yaml"]
# Jobs are short here: asked for sooner than on a cluster of many users.
SLURM = [
    *("--workflow-profile", "profiles/slurm", "--jobs", "30"),
    *("--slurm-init-seconds-before-status-checks", "4", "--latency-wait", "5"),
    *("--set-resources", "pretrain:mem_mb=4000", "extract_features:mem_mb=4000"),
]
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
QUICK = ["random", "entropy", "margin", "bald", "badge"]
OVERHEAD_CONFIG = {
    "experiments": {
        "digits": {
            "embeddings": "digits.h5",
            "budgets": list(range(10, 110, 10)),
            "seeds": [0, 1, 2],
            "classifier": {"hidden_width": 32, "epochs": 10},
            "strategies": QUICK,
        }
    },
    "strategies": {name: {"method": name} for name in QUICK},
}


def ask(*command: str) -> str:
    """Run a command, and return what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def wait_until(reached: Callable[[], object], seconds: float = 300) -> None:
    """Wait for something to be true."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not reached within {seconds} s")
        time.sleep(0.3)


class Run:
    """A copy of the checkout in `folder`, and the Snakemake that runs there."""

    def __init__(self, folder: Path, config: dict, targets: list[str]) -> None:
        self.folder, self.targets = folder, targets
        folder.mkdir(parents=True)
        for name in PARTS:
            source = REPOSITORY / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, folder / name)
        (folder / "run.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        digits = load_digits()
        rows = np.random.default_rng(0).permutation(len(digits.target))
        with h5py.File(folder / "digits.h5", "w") as file:
            for part, chosen in {"pool": rows[:1000], "test": rows[1000:]}.items():
                file[f"{part}/embedding"] = digits.data[chosen].astype(np.float32)
                file[f"{part}/label"] = digits.target[chosen]
        self.process: subprocess.Popen | None = None

    def start(self, *arguments: str) -> None:
        """Start Snakemake; its output is added to `output.txt`."""
        with (self.folder / "output.txt").open("a") as output:
            self.process = subprocess.Popen(
                [*SNAKEMAKE, *arguments, "--", *self.targets],
                cwd=self.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def end(self) -> int:
        """Wait for Snakemake, and return its exit code."""
        assert self.process
        return self.process.wait(1800)

    def output(self) -> str:
        """Return what Snakemake has said."""
        return (self.folder / "output.txt").read_text()

    def submissions(self) -> list[str]:
        """Return the ids of all jobs submitted so far."""
        return re.findall(r"submitted with SLURM jobid (\d+)", self.output())

    def job(self, rule: str) -> str:
        """Wait until SLURM runs a job of the rule or group, its own process too; return its id."""
        found: list[str] = []

        def running() -> bool:
            lines = ask("squeue", "--noheader", "--states=running", "--format=%i|%k").splitlines()
            jobs = dict(line.split("|", 1) for line in lines)
            found[:] = [i for i in self.submissions() if jobs.get(i, "").startswith(f"rule_{rule}")]
            return bool(found)

        wait_until(running)
        started = {"run": "select_batch.log", "pretrain": "encoder.checkpoint.pt"}
        name = started.get(rule, f"{rule}.log")
        wait_until(lambda: any(self.folder.glob(f"[lr]*s/**/{name}")))  # logs or results
        time.sleep(1)  # into its work
        return found[0]

    def digests(self) -> dict[str, str]:
        """Return what each artifact says of its contents, without times."""
        results = self.folder / "results"
        kinds = {".h5": _of_hdf5, ".csv": _of_csv, ".pt": _of_torch}
        return {
            path.relative_to(results).as_posix(): kinds[path.suffix](path)
            for path in sorted(results.rglob("*"))
            if path.suffix in kinds and "tables" not in path.parts and not path.is_symlink()
        }

    def is_whole(self) -> bool:
        """Whether `make verify` finds nothing."""
        command = [sys.executable, "scripts/verify.py", "results"]
        environment = os.environ | {"PYTHONPATH": "scripts"}
        return (
            subprocess.run(command, cwd=self.folder, env=environment, check=False).returncode == 0
        )


def _of_hdf5(path: Path) -> str:
    with h5py.File(path) as file:
        return str(file.attrs["digest"])


def _of_csv(path: Path) -> str:
    found = re.search(r'""digest"": ?""(\w+)""', path.read_text())
    assert found, path
    return found[1]


def _of_torch(path: Path) -> str:
    return str(torch.load(path, weights_only=True)["digest"])


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


def overhead(folder: Path) -> None:
    """Print submissions and seconds of 300 jobs: locally, each alone, and in groups."""
    for name, arguments in {
        "locally": ["--workflow-profile", "profiles/default"],
        "in groups": SLURM,
        "each job alone": SLURM,
    }.items():
        run = Run(folder / name.replace(" ", "-"), OVERHEAD_CONFIG, ["results/digits/accuracy.csv"])
        if name == "each job alone":
            profile = run.folder / "profiles/slurm/config.v9+.yaml"
            settings = yaml.safe_load(profile.read_text())
            del settings["groups"], settings["group-components"]
            profile.write_text(yaml.safe_dump(settings))
        start = time.monotonic()
        run.start(*arguments)
        code = run.end()
        print(f"| {name} | {len(run.submissions())} | {time.monotonic() - start:.0f} s | {code}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["overhead", "faults"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--status", choices=["squeue", "sacct"], default="squeue")
    parser.add_argument("names", nargs="*", choices=[[], *FAULTS], metavar="fault")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    SLURM[:0] = ["--slurm-status-command", arguments.status]
    if arguments.what == "overhead":
        overhead(folder)
    else:
        faults(folder, arguments.names or [*FAULTS])


if __name__ == "__main__":
    main()
