"""What a SLURM cluster costs: a table of docs/cluster.md.

    .venv/bin/python benchmarks/slurm.py FOLDER

It needs a cluster of its own, and makes copies of this checkout in FOLDER, in which it runs 300
jobs of rounds in each of `WAYS`, or those named after it. `slurm_faults.py` runs others by `Run`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
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
CORES = str(os.cpu_count())
# What runs Snakemake, and with which arguments.
WAYS: dict[str, tuple[list[str], list[str]]] = {
    "locally": ([], ["--cores", CORES]),
    "one job with Snakemake in it": (["srun", "-c", CORES, "--mem=8000"], ["--cores", CORES]),
    "rounds in groups": ([], SLURM),
    "each job alone": ([], SLURM),
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

    def start(self, *arguments: str, by: Sequence[str] = ()) -> None:
        """Start Snakemake, by a command if there is one; its output is added to `output.txt`."""
        with (self.folder / "output.txt").open("a") as output:
            self.process = subprocess.Popen(
                [*by, *SNAKEMAKE, *arguments, "--", *self.targets],
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
        command = [sys.executable, "scripts/verify.py", "--configfile", "run.yaml"]
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


def overhead(folder: Path, ways: list[str]) -> None:
    """Print submissions and seconds of 300 jobs, in each way."""
    for name in ways:
        run = Run(folder / name.replace(" ", "-"), OVERHEAD_CONFIG, ["results/digits/accuracy.csv"])
        if name == "each job alone":
            profile = run.folder / "profiles/slurm/config.v9+.yaml"
            settings = yaml.safe_load(profile.read_text())
            del settings["groups"], settings["group-components"]
            profile.write_text(yaml.safe_dump(settings))
        start = time.monotonic()
        by, arguments = WAYS[name]
        run.start(*arguments, by=by)
        code = run.end()
        seconds, submissions = time.monotonic() - start, len(run.submissions())
        print(f"| {name} | {submissions} | {seconds:.0f} s | {code} |", flush=True)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("ways", nargs="*", choices=[[], *WAYS], metavar="way")
    arguments = parser.parse_args()
    overhead(arguments.folder.resolve(), arguments.ways or [*WAYS])


if __name__ == "__main__":
    main()
