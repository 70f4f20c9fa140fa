"""The digest of a script's code: free of how it is written, moved by what it does."""

from pathlib import Path

import pytest

from digest import digest_code

FILES = {
    "job.py": '''
"""A script."""
import library.geometry
from library import methods

def run():
    """Run."""
    if library.geometry:
        from library.late import late
''',
    "library/__init__.py": "",
    "library/geometry.py": '''
class Ball:
    """A ball."""

    radius: float = 1.0
    """Its radius."""

    def volume(self):
        """Return it."""
        return 4.19 * self.radius**3
''',
    "library/methods/__init__.py": "import numpy",
    "library/methods/one.py": "from library.methods.shared import x",
    "library/methods/shared.py": "x = 1",
    "library/late.py": "late = 1",
    "library/unused.py": "y = 1",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A ball."""', '"""A sphere."""'),
        ('"""Its radius."""', ""),
        ('"""Return it."""', "'in litres'  # of water"),
        ("4.19 * self.radius**3", "(\n            4.19 * self.radius ** 3)"),
    ],
)
def test_how_it_is_written_changes_nothing(folder: Path, old: str, new: str):
    before = digest_code(folder, "job")
    change(folder, "library/geometry.py", old, new)
    assert digest_code(folder, "job") == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("job.py", "def run", "def main"),
        ("library/geometry.py", "4.19", "4.2"),
        ("library/geometry.py", "= 1.0", '= "1.0"'),
        ("library/__init__.py", "", "z = 1"),
        ("library/methods/__init__.py", "numpy", "scipy"),
        ("library/late.py", "1", "2"),
    ],
)
def test_what_it_does_changes_it(folder: Path, file: str, old: str, new: str):
    before = digest_code(folder, "job")
    change(folder, file, old, new)
    assert digest_code(folder, "job") != before


def test_modules_are_those_imported_and_those_named(folder: Path):
    plain, named = digest_code(folder, "job"), digest_code(folder, "job", "library.methods.one")
    assert plain != named
    change(folder, "library/methods/shared.py", "1", "2")
    change(folder, "library/unused.py", "1", "2")
    assert digest_code(folder, "job") == plain
    assert digest_code(folder, "job", "library.methods.one") != named


def test_one_may_be_left_out(folder: Path):
    digests = []
    for value in "12":
        (folder / "library/late.py").write_text(f"late = {value}")
        digests.append(digest_code(folder, "job", without=["library.late"]))
    assert digests[0] == digests[1] != digest_code(folder, "job")


def test_a_name_of_another_module_is_another_digest(folder: Path):
    before = digest_code(folder, "job", "library.late")
    (folder / "library/late.py").rename(folder / "library/early.py")
    assert digest_code(folder, "job", "library.early") != before


def test_a_relative_import_is_refused(folder: Path):
    change(folder, "library/late.py", "late = 1", "from . import geometry")
    with pytest.raises(ValueError, match="line 1 has a relative import: write the whole name"):
        digest_code(folder, "job")
