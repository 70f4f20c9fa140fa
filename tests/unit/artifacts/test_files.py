"""Files appear whole or not at all, and say where they come from."""

import pytest

from ntkcpl.artifacts import files


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "folder/file.txt"
    with files.atomic(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    with pytest.raises(ZeroDivisionError), files.atomic(path) as temporary:
        temporary.write_text("broken")
        raise ZeroDivisionError
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_only_the_libraries_that_are_installed_have_versions(monkeypatch):
    monkeypatch.setattr(files, "LIBRARIES", ("numpy", "no-such-library"))
    assert files.library_versions().keys() == {"python", "numpy"}


def test_without_git_the_revision_is_the_package_s(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert files.code_revision() == files.__version__
