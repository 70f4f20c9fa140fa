"""Every byte of a sealed file is verified before it is used, and only what is used."""

import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from ntkcpl.artifacts import sealed as module
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.sealed import WHOLE, SealedFile, sealed

BLOCK = 64


def written(path: Path, content: bytes, block: int = BLOCK) -> Path:
    """Write a sealed file."""
    with sealed(path, block) as file:
        file.write(content)
    return path


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK])
def test_the_content_comes_back(tmp_path: Path, size: int):
    content = os.urandom(size)
    path = written(tmp_path / "file", content)
    assert path.read_bytes()[:size] == content
    with SealedFile(path) as file:
        assert file.read() == content
        assert file.seek(0, os.SEEK_END) == size
        assert file.read(10) == b""
        file.seek(size // 2)
        assert file.read() == content[size // 2 :]
        file.verify()


def test_each_flipped_bit_is_noticed(tmp_path: Path):
    path = written(tmp_path / "file", os.urandom(3 * BLOCK))
    whole = path.read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(ArtifactError, match=r"file (is damaged|does not end)"):
            SealedFile(path).read()


@pytest.mark.parametrize("cut", [slice(-1), slice(1, None), slice(100), slice(0)])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, cut: slice):
    path = written(tmp_path / "file", os.urandom(3 * BLOCK))
    path.write_bytes(path.read_bytes()[cut])
    with pytest.raises(ArtifactError):
        SealedFile(path)


def test_a_file_that_was_added_to_is_refused(tmp_path: Path):
    path = written(tmp_path / "file", os.urandom(3 * BLOCK))
    whole = path.read_bytes()
    for longer in (whole + b"x", b"x" + whole):
        path.write_bytes(longer)
        with pytest.raises(ArtifactError):
            SealedFile(path)


def test_what_is_not_read_is_not_verified(tmp_path: Path):
    content = bytearray(os.urandom(10 * BLOCK))
    path = written(tmp_path / "file", content)
    with path.open("r+b") as changed:
        changed.seek(5 * BLOCK)
        changed.write(bytes([content[5 * BLOCK] ^ 1]))
    with SealedFile(path) as file:
        assert file.read(5 * BLOCK) == content[: 5 * BLOCK]
        file.seek(6 * BLOCK + 3)
        assert file.read() == content[6 * BLOCK + 3 :]
        file.seek(6 * BLOCK - 1)
        with pytest.raises(ArtifactError, match="does not fit its checksums"):
            file.read(1)
        with pytest.raises(ArtifactError, match="does not fit its checksums"):
            file.verify()


def test_a_file_cut_while_it_is_read_is_refused(tmp_path: Path):
    path = written(tmp_path / "file", os.urandom(10 * BLOCK))
    with SealedFile(path) as file:
        os.truncate(path, BLOCK)
        with pytest.raises(ArtifactError, match="is damaged"):
            file.read()


def test_other_programs_read_what_is_before_the_checksums(tmp_path: Path):
    with sealed(tmp_path / "a.pt", WHOLE) as file:
        torch.save({"x": torch.arange(5)}, file)
    assert torch.load(tmp_path / "a.pt", weights_only=True)["x"].tolist() == [0, 1, 2, 3, 4]
    with SealedFile(tmp_path / "a.pt") as content:
        assert torch.load(io.BufferedReader(content), weights_only=True)["x"][4] == 4
    with sealed(tmp_path / "a.h5", BLOCK) as file, h5py.File(file, "w") as hdf5:
        hdf5["x"] = np.arange(1000)
    with h5py.File(tmp_path / "a.h5") as hdf5:
        assert hdf5["x"][999] == 999


WRITERS = """
import resource, signal, sys, h5py, numpy as np, torch
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.sealed import ROWS, WHOLE, sealed

def write_hdf5(path):
    with sealed(path, ROWS) as target, h5py.File(target, "w", libver=("v110", "v110")) as file:
        for k in range(8):
            file[str(k)] = np.random.rand(5000)
            file.attrs[str(k)] = "text" * 500
            target.check()

def write_torch(path):
    with sealed(path, WHOLE) as target:
        torch.save([torch.rand(5000) for _ in range(16)], target)

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for room in (0, 100, 5000, 100_000, 200_000, 310_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    for write in (write_hdf5, write_torch):
        try:
            write(sys.argv[1])
        except ArtifactError as error:
            print(error)
"""


def test_where_there_is_no_room_it_ends_in_one_error_and_leaves_nothing(tmp_path: Path):
    path = tmp_path / "file"
    job = subprocess.run(
        [sys.executable, "-c", WRITERS, str(path)],
        cwd=Path(module.__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (job.returncode, job.stderr) == (0, "")
    sentence = f"{path} cannot be written (File too large): see to that and run again"
    assert job.stdout.splitlines() == 12 * [sentence]
    assert list(tmp_path.iterdir()) == []


def test_what_there_is_no_room_for_is_read_as_if_it_had_been_written(tmp_path: Path):
    # HDF5 reads what it has written, and crashed where that was not there.
    rng = np.random.default_rng(0)
    expected = io.BytesIO()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with module.NewFile(tmp_path / "file") as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            for _ in range(50):
                place, content = int(rng.integers(300)), rng.bytes(int(rng.integers(1, 60)))
                for each in (file, expected):
                    each.seek(place)
                    assert each.write(content) == len(content)
                assert file.tell() == expected.tell()
                place = int(rng.integers(300))
                found, wanted = bytearray(80), bytearray(80)
                for each, buffer in ((file, found), (expected, wanted)):
                    each.seek(place)
                    each.readinto(buffer)
                assert (found, file.tell()) == (wanted, expected.tell())
                assert file.seek(0, os.SEEK_END) == expected.seek(0, os.SEEK_END)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        with pytest.raises(ArtifactError, match=r"file cannot be written \(File too large\)"):
            file.check()
