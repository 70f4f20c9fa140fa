"""The README's examples run as they stand."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import test_contract as contract
from heads import identity_head

from ntkcpl import strategies
from ntkcpl.precomputed import pool_shape

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", Path("README.md").read_text(), flags=re.DOTALL)


@pytest.fixture
def example_of_a_strategy(tmp_path, monkeypatch):
    (code,) = [code for code in EXAMPLES if "class LeastConfidence" in code]
    (tmp_path / "least_confidence.py").write_text(code)
    monkeypatch.setattr(strategies, "__path__", [*strategies.__path__, str(tmp_path)])
    return tmp_path / "least_confidence.py"


def test_the_example_of_a_strategy_is_one_file(example_of_a_strategy):
    assert "least_confidence" in strategies.methods()
    logits = np.log([[0.5, 0.3, 0.2], [0.48, 0.47, 0.05], [0.8, 0.1, 0.1], [0.4, 0.4, 0.2]])
    pool = strategies.Pool(logits + 9, np.array([3]), np.array([0]), identity_head(3, 3))
    found = strategies.load({"method": "least_confidence"}).query(pool, 2, np.random.default_rng(0))
    assert found.index.tolist() == [1, 0]


def test_the_example_of_a_strategy_passes_ruff_and_mypy(example_of_a_strategy):
    name = "scripts/ntkcpl/strategies/least_confidence.py"  # the rules of that folder hold
    code = example_of_a_strategy.read_text()
    for command in (
        ["ruff", "check", "--stdin-filename", name, "-"],
        ["ruff", "format", "--check", "--stdin-filename", name, "-"],
        ["mypy", str(example_of_a_strategy)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], input=code, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_a_strategy_keeps_the_contract(example_of_a_strategy):
    settings = {"method": "least_confidence"}
    contract.test_one_class_so_far_and_others_of_probability_zero(settings)
    contract.test_a_pool_of_one(settings)
    contract.test_the_number_of_threads_decides_nothing(settings)
    contract.test_a_strategy_says_what_it_needs(settings)
    contract.test_it_says_what_it_is(settings)
    for kind in contract.embeddings():
        contract.test_distinct_unlabelled_indices_the_same_each_time(settings, kind, 6, 5)


def test_the_example_of_a_notebook_prints_what_it_says():
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    (code,) = [code for code in EXAMPLES if "Learner" in code]
    runner.run(parser.get_doctest(code, {}, "README.md", "README.md", 0))
    assert runner.summarize(verbose=False) == (0, code.count(">>> "))


def test_the_example_of_embeddings_is_accepted(tmp_path, monkeypatch):
    (code,) = [code for code in EXAMPLES if "my.h5" in code]
    given = {f"{part}_label": np.zeros(7, dtype=int) for part in ("pool", "test")}
    given |= {part: np.zeros((7, 2)) for part in ("pool", "test")}
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), given)
    assert pool_shape("my.h5")[0] == 7


@pytest.mark.parametrize("command", re.findall(r"^make (\w+)", Path("README.md").read_text(), re.M))
def test_the_commands_exist(command):
    assert f"\n{command}:" in Path("Makefile").read_text()
