"""Tables of numbers that one stage hands to another, as pandas' data frames in CSV files."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import ORIGIN, read_csv, write_table


def write_frame(
    path: str | Path,
    kind: str,
    frame: pd.DataFrame,
    provenance: Provenance,
    clocks: Iterable[str] = (),
    float_format: str | None = None,
) -> None:
    """Write a table (see `write_table`), cells that are missing as nothing."""
    text = frame.to_csv(index=False, float_format=float_format, lineterminator="\n")
    columns, *rows = csv.reader(io.StringIO(text, newline=""))
    write_table(path, kind, columns, rows, provenance, clocks)


def read_frame(
    path: str | Path,
    kind: str,
    types: Mapping[str, str] | None = None,
    missing: Iterable[str] = (),
    expected: Provenance | None = None,
) -> pd.DataFrame:
    """Read what `write_frame` wrote.

    Parameters
    ----------
    path, kind
        The file, and what it should hold.
    types
        Column -> type; the columns must be these. Without them pandas guesses.
    missing
        Those of them in which nothing is a missing number. In others it is an error, and a name may
        be "null" or "nan".
    expected
        What is known of where it should come from (see `check_origin`).

    Raises
    ------
    ArtifactError
        If the file is missing, damaged, or not the one that is expected.
    """
    text, _ = read_csv(path, kind, expected)
    options: dict[str, Any] = {}
    if types:
        options = {"keep_default_na": False, "na_values": {name: [""] for name in missing}}
        options["dtype"] = {**types, ORIGIN: "str"}
    try:
        frame = pd.read_csv(io.StringIO(text), **options).drop(columns=ORIGIN)
    except (ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise ArtifactError(f"{path} is no table of {kind} ({reason}): {FIX}") from error
    if types and list(frame.columns) != list(types):
        raise ArtifactError(
            f"{path} has the columns {','.join(map(str, frame.columns))}, expected "
            f"{','.join(types)}: {FIX}"
        )
    return frame


def read_frames(paths: Iterable[str | Path], kind: str) -> pd.DataFrame:
    """Return several such tables as one. Raises ArtifactError (see `read_frame`)."""
    return pd.concat([read_frame(path, kind) for path in paths], ignore_index=True)
