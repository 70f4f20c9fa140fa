"""The README's examples run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest
from heads import identity_head

from ntkcpl import strategies
from ntkcpl.precomputed import pool_shape

EXAMPLES = re.findall(r"```python\n(.*?)```", Path("README.md").read_text(), flags=re.DOTALL)


def test_the_example_of_a_strategy_is_one_file(tmp_path, monkeypatch):
    (code,) = [code for code in EXAMPLES if "class LeastConfidence" in code]
    (tmp_path / "least_confidence.py").write_text(code)
    monkeypatch.setattr(strategies, "__path__", [*strategies.__path__, str(tmp_path)])
    assert "least_confidence" in strategies.methods()
    logits = np.log([[0.5, 0.3, 0.2], [0.48, 0.47, 0.05], [0.8, 0.1, 0.1], [0.4, 0.4, 0.2]])
    pool = strategies.Pool(logits + 9, np.array([3]), np.array([0]), identity_head(3, 3))
    found = strategies.load({"method": "least_confidence"}).query(pool, 2, np.random.default_rng(0))
    assert found.index.tolist() == [1, 0]


def test_the_example_of_the_library_prints_a_batch(tmp_path, monkeypatch, capsys):
    (code,) = [code for code in EXAMPLES if "embeddings.npy" in code]
    np.save(tmp_path / "embeddings.npy", np.random.default_rng(0).normal(size=(60, 8)))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("[")


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
