"""What numba keeps is verified: damaged, it is compiled again; without a place, one says where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ntkcpl

MODULE = """
from ntkcpl.compiling import compiled

@compiled()
def double(x):
    return 2 * x
"""
CODE = """
import logging, sys
logging.basicConfig(level="WARNING", format="%(message)s")
sys.path.insert(0, sys.argv[1])
from doubling import double
print(double(21), sum(double.stats.cache_hits.values()))
"""


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Compile the function, or take it from the cache, in a process of its own."""
    (folder / "doubling.py").write_text(MODULE)
    os.utime(folder / "doubling.py", (1, 1))  # numba compiles what has changed
    return subprocess.run(
        [sys.executable, "-c", CODE, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(ntkcpl.__file__).parents[1],
        env=os.environ | environment,
    )


def test_a_damaged_cache_is_compiled_again(tmp_path: Path):
    place = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(tmp_path, **place).stdout == "42 0\n"
    assert run(tmp_path, **place).stdout == "42 1\n"
    kept = sorted((tmp_path / "cache").rglob("doubling.*"))
    assert [path.suffix for path in kept] == [".nbc", ".nbi"]
    for path in kept:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        done = run(tmp_path, **place)
        assert done.stdout == "42 0\n"
        assert f"{path} is damaged" in done.stderr and "it is compiled again" in done.stderr
    for path in kept:
        path.write_bytes(b"")
    assert run(tmp_path, **place).stdout == "42 0\n"
    assert run(tmp_path, **place).stdout == "42 1\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_without_a_place_it_says_what_to_set(tmp_path: Path):
    (tmp_path / "__pycache__").mkdir(mode=0o500)
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    done = run(tmp_path, HOME=str(home), XDG_CACHE_HOME=str(home))
    assert "set the environment variable NUMBA_CACHE_DIR" in done.stderr


def test_numba_s_own_sentence_becomes_ours(tmp_path: Path):
    place = {"NUMBA_CACHE_LOCATOR_CLASSES": "IPythonCacheLocator"}  # for no module
    done = run(tmp_path, **place)
    assert done.stderr.splitlines()[-1] == (
        "RuntimeError: numba finds no place to keep what it compiles: set the environment variable "
        "NUMBA_CACHE_DIR to a folder that can be written"
    )
