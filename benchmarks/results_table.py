"""A CSV to which a benchmark of hours adds rows as they come, and in which it sees what is done."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd


class ResultsTable:
    """The rows of a benchmark, each known by its first cells.

    Parameters
    ----------
    path
        The CSV, which is begun if it is not there.
    columns
        Its columns.
    keys
        How many of them, from the first, tell what was run.
    """

    def __init__(self, path: Path, columns: Sequence[str], keys: int) -> None:
        self.path, self._keys = path, keys
        if not path.exists():
            path.write_text(",".join(columns) + "\n")
        self.rows = pd.read_csv(path)
        self._done = set(self.rows[list(columns[:keys])].itertuples(index=False, name=None))

    def has(self, *key: Any) -> bool:
        """Whether a row begins with these cells."""
        return key in self._done

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Append rows, and print the last."""
        rows = list(rows)
        with self.path.open("a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        self._done.update(tuple(row[: self._keys]) for row in rows)
        print(*rows[-1], flush=True)
