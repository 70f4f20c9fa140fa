"""Files changed on purpose, whose checksums nevertheless fit, to test what then stands in them."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import torch

from ntkcpl.artifacts import texts
from ntkcpl.artifacts.sealed import LENGTH, LINE, ROWS, sealed

LAST = re.compile(rb"[0-9a-f]{64}(?=\"+\}+\"?\n\Z)")


@contextmanager
def changed_hdf5(path: Path) -> Iterator[h5py.File]:
    """Yield an HDF5 file to change."""
    with h5py.File(path, "a") as file:
        yield file
    reseal(path)


def changed_torch(path: Path, change: Callable[[Any], Any]) -> None:
    """Change what `torch.load` returns of a file."""
    content = torch.load(path, weights_only=True)
    torch.save(change(content) or content, path)
    reseal(path)


def reseal(path: Path) -> None:
    """Give a file checksums anew."""
    content = path.read_bytes()
    if line := LINE.fullmatch(content[-LENGTH:]):
        content = content[: int(line[1])]
    with sealed(path, ROWS) as file:
        file.write(content)


def changed_table(path: Path, change: Callable[[list[list[str]]], None]) -> None:
    """Change the cells of a CSV file, of which the first row is the header."""
    rows = list(csv.reader(io.StringIO(path.read_text(), newline="")))
    origin = rows[-1].pop()
    rows[-1].append("")
    change(rows)
    rows[-1][-1] = origin
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    texts._write(path, LAST.sub(texts.NO_DIGEST.encode(), text.getvalue().encode()).decode())


def changed_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the object in a JSON file."""
    content = json.loads(path.read_text())
    change(content)
    text = json.dumps(content, indent=0) + "\n"
    texts._write(path, LAST.sub(texts.NO_DIGEST.encode(), text.encode()).decode())
