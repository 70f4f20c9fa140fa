"""Files appear whole or not at all, whoever is killed and however full the disk is."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ntkcpl.artifacts import files
from ntkcpl.artifacts.files import (
    ArtifactError,
    atomic,
    atomic_folder,
    open_file,
    write_text,
)

SCRIPTS = Path(files.__file__).parents[2]


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "folder/file.txt"
    with atomic(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    with pytest.raises(ZeroDivisionError), atomic(path) as temporary:
        temporary.write_text("broken")
        raise ZeroDivisionError
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_two_writers_are_not_in_each_other_s_way(tmp_path):
    path = tmp_path / "file.txt"
    with atomic(path) as first:
        first.write_text("first")
        write_text(path, "second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_a_folder_are_not_in_each_other_s_way(tmp_path):
    path = tmp_path / "folder"
    for _ in range(2):
        with atomic_folder(path) as first:
            (first / "first").touch()
            with atomic_folder(path) as second:
                (second / "second").touch()
            assert [file.name for file in path.iterdir()] == ["second"]
        assert [file.name for file in path.iterdir()] == ["first"]
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("writer", ["atomic", "atomic_folder"])
def test_what_a_killed_writer_left_is_deleted_what_is_another_file_s_is_not(tmp_path, writer):
    code = f"""
import os, signal
from ntkcpl.artifacts.files import atomic, atomic_folder
with {writer}({str(tmp_path / "file.txt")!r}) as temporary:
    (temporary / "part" if temporary.is_dir() else temporary).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("file.txt.") and left.name.endswith(".tmp")
    other = tmp_path / "another.txt.1-ab.tmp"
    other.touch()
    write_text(tmp_path / "file.txt", "whole")
    assert sorted(tmp_path.iterdir()) == sorted([other, tmp_path / "file.txt"])


def test_all_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, named = tmp_path / "file.txt", []
    monkeypatch.setattr(files.os, "fsync", lambda _: named.append(path.exists()))
    write_text(path, "text")
    assert named == [False, True]  # when the file is synchronised, and when its folder is


def test_a_folder_that_fails_leaves_the_former_one(tmp_path):
    path = tmp_path / "folder"
    with atomic_folder(path) as temporary:
        (temporary / "whole").touch()
    with pytest.raises(ArtifactError, match="folder cannot be written"), atomic_folder(path) as new:
        (new / "half").touch()
        raise OSError(errno.ENOSPC, "No space left on device")
    assert [file.name for file in path.iterdir()] == ["whole"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_is_one_sentence_and_leaves_the_former_file(tmp_path, number):
    path = tmp_path / "file.txt"
    write_text(path, "former")
    sentence = rf"file\.txt cannot be written \({os.strerror(number)}\): see to that and run again"
    with pytest.raises(ArtifactError, match=sentence), atomic(path):
        raise OSError(number, os.strerror(number))
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]


def test_other_errors_of_the_block_are_the_caller_s(tmp_path):
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "file.txt"):
        (tmp_path / "none").read_text()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match=r"file/file\.txt cannot be written"):
        write_text(tmp_path / "file/file.txt", "text")


def test_names_are_no_patterns(tmp_path):
    (tmp_path / "a.1-x.tmp").touch()
    write_text(tmp_path / "[a]", "text")
    assert (tmp_path / "a.1-x.tmp").exists()


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(ArtifactError, match=f"{name} is no file, but"):
            open_file(tmp_path / name)
    with pytest.raises(ArtifactError, match="none does not exist: run the stage"):
        open_file(tmp_path / "none")
    with pytest.raises(ArtifactError, match=r"cannot be read \(File name too long\)"):
        open_file(tmp_path / ("x" * 300))
