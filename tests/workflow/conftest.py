"""Runs the real workflow, in a copy of the checkout, on small real input."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
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

    def start(self, *arguments):
        """Start Snakemake in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=os.environ | {"COLUMNS": "200"},
        )

    def run(self, *arguments):
        """Run Snakemake; return its exit code and what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=600)
        return process.returncode, output

    def planned(self):
        """Return the jobs of a dry run, as {(rule, wildcards)}; `all` is left out."""
        code, output = self.run("--dry-run")
        assert code == 0, output
        jobs, rule = set(), None
        for line in output.splitlines():
            if line.startswith(("rule ", "localrule ")):
                rule = line.split()[1].rstrip(":")
            elif line.strip().startswith("wildcards: ") and rule:
                jobs.add((rule, line.strip().removeprefix("wildcards: ")))
        return jobs

    def copy(self, folder):
        """Return a copy with all results, as if it had been run in `folder`."""
        shutil.copytree(self.folder, folder, copy_function=shutil.copy2)
        return Workflow(folder, copy.deepcopy(self.config))


@pytest.fixture(scope="session")
def new_workflow(tmp_path_factory):
    """Return a function that copies the checkout and gives it a configuration."""

    def new(config):
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
def finished(new_workflow, smoke_config):
    """Return the smoke run, finished with two cores. Tests change copies of it only."""
    workflow = new_workflow(smoke_config)
    code, output = workflow.run("--cores", "2")
    assert code == 0, output
    return workflow


@pytest.fixture
def rerun(finished, tmp_path):
    """Return a copy of the finished smoke run to change."""
    return finished.copy(tmp_path / "copy")
