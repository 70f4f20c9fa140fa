"""Runs the real workflow, in a copy of the checkout, on small real input."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

REPOSITORY = Path(__file__).parents[2]
PLUGINS = Path(__file__).parent / "plugins"
SOURCES = [
    "Snakefile",
    "config.yaml",
    "config",
    "reference",
    "rules",
    "scripts",
    "envs",
    "profiles",
    "README.md",
]


class Workflow:
    """A copy of the checkout in `folder`, in which to run Snakemake with `run.yaml`."""

    def __init__(self, folder, config):
        self.folder = folder
        self.config = config

    def command(self, *arguments):
        (self.folder / "run.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False))
        return [sys.executable, "-m", "snakemake", "--configfile", "run.yaml", *arguments]

    def start(self, *arguments, **variables):
        """Start Snakemake in a process group of its own, with more variables of the environment."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=os.environ | {"COLUMNS": "200"} | variables,
        )

    def run(self, *arguments, **variables):
        """Run Snakemake; return its exit code and what it printed."""
        process = self.start(*arguments, **variables)
        output, _ = process.communicate(timeout=600)
        return process.returncode, output

    def plan(self, *arguments):
        """Return what a dry run says of its jobs and their groups, as dictionaries."""
        plan = ("--logger", "plan", "--dry-run")
        code, output = self.run(*plan, *arguments, PYTHONPATH=str(PLUGINS))
        assert code == 0, output
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def planned(self):
        """Return the jobs of a dry run, as {(rule, wildcards)}; targets are left out."""
        return {
            (job["rule"], ", ".join(f"{name}={value}" for name, value in wildcards.items()))
            for job in self.plan()
            if (wildcards := job.get("wildcards"))
        }

    def copy(self, folder):
        """Return a copy with all results, as if it had been run in `folder`."""
        shutil.copytree(self.folder, folder, copy_function=shutil.copy2)
        return Workflow(folder, copy.deepcopy(self.config))


@pytest.fixture(scope="session")
def new_workflow(tmp_path_factory):
    """Return a function that copies the checkout, to a new folder, and gives it a configuration."""

    def new(config, folder=None):
        if folder:
            folder.mkdir()
        else:
            folder = tmp_path_factory.mktemp("workflow")
        for name in SOURCES:
            source = REPOSITORY / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                shutil.copy2(source, folder / name)
        # Compiled loops are shared, as in a checkout that has been run before.
        for cache in REPOSITORY.glob("scripts/ntkcpl/*/__pycache__"):
            shutil.copytree(cache, folder / cache.relative_to(REPOSITORY))
        return Workflow(folder, config)

    return new


@pytest.fixture(scope="session")
def smoke_config():
    """Return the configuration of the smoke run."""
    return yaml.safe_load((REPOSITORY / "config/smoke.yaml").read_text())


@pytest.fixture(scope="session")
def finished(new_workflow, smoke_config, tmp_path_factory, worker_id):
    """Return the smoke run, finished with two cores. Tests change copies of it only.

    Tests side by side share one: the first process that needs it runs it, others wait.
    """
    temporary = tmp_path_factory.getbasetemp()
    folder = (temporary if worker_id == "master" else temporary.parent) / "finished"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            started = new_workflow(smoke_config, folder.with_suffix(".started"))
            code, output = started.run("--cores", "2")
            assert code == 0, output
            started.folder.rename(folder)
    return Workflow(folder, smoke_config)


@pytest.fixture
def rerun(finished, tmp_path):
    """Return a copy of the finished smoke run to change."""
    return finished.copy(tmp_path / "copy")
