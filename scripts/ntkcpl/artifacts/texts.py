"""CSV and JSON files that say where they come from and end in a checksum of all their bytes.

A table says it in the last cell of a column of its own: pandas and spreadsheets open it as any
other, and its other columns keep their types, which a last line of comment would cost them.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ntkcpl.artifacts.cells import escape_formula, unescape_formula
from ntkcpl.artifacts.files import FIX, ArtifactError, atomic, open_file
from ntkcpl.artifacts.provenance import Provenance, check_origin
from ntkcpl.settings import canonical_json

ORIGIN = "origin"  # the column, or the key
BOM = "\ufeff"
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")
NO_DIGEST = "0" * 64
# The last thing in a file, but for what closes the cell or the object that it stands in.
CHECKSUM = re.compile(rb'([0-9a-f]{64})["}\s]{1,8}\Z')
JSON_VALUES = ("settings", "inputs", "identity", "versions")


def write_table(
    path: str | Path,
    kind: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    provenance: Provenance,
    clocks: Iterable[str] = (),
    for_excel: bool = False,
) -> None:
    """Write a table that can be read back with `read_table`, in which no cell is a formula.

    Parameters
    ----------
    path, kind
        The file, and what it holds.
    columns, rows
        Names of the columns, and the cells.
    provenance
        Where it comes from.
    clocks
        Columns that differ each time, which the digest leaves out.
    for_excel
        Whether it begins with a byte-order mark, without which Excel takes no text for UTF-8.
    """
    texts = [list(map(_cell, row)) for row in rows]
    kept = [number for number, name in enumerate(columns) if name not in {*clocks}]
    origin = origin_of(kind, provenance, [[row[k] for k in kept] for row in texts])
    if not texts:
        raise ArtifactError(f"{path} would have no rows")
    ends = [""] * (len(texts) - 1) + [json.dumps(origin)]
    table = [[*columns, ORIGIN], *([*row, end] for row, end in zip(texts, ends, strict=True))]
    _write(path, BOM * for_excel + "".join(map(_line, table)))


def read_table(
    path: str | Path, kind: str, columns: Sequence[str], expected: Provenance | None = None
) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """Read a table that `write_table` wrote.

    Returns
    -------
    list of dict
        Its rows: column -> text.
    dict
        Where it comes from: as `Provenance.attributes`, and its `digest`.

    Raises
    ------
    ArtifactError
        If the file is missing, truncated, damaged, of another kind or version, or not the one that
        is expected (see `check_origin`).
    """
    text, origin = read_csv(path, kind, expected)
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    if header != [*columns, ORIGIN]:
        raise ArtifactError(f"{path} has other columns than {','.join(columns)}: {FIX}")
    return [dict(zip(columns, map(unescape_formula, row), strict=False)) for row in rows], origin


def read_csv(
    path: str | Path, kind: str, expected: Provenance | None = None
) -> tuple[str, dict[str, Any]]:
    """Read such a table; return it as text, the column `origin` included, and where it comes from.

    Raises
    ------
    ArtifactError
        As `read_table`.
    """
    text = _read(path)
    try:
        *_, last = csv.reader(io.StringIO(text, newline=""))
        origin = json.loads(last[-1])
    except (csv.Error, ValueError, IndexError) as error:
        raise ArtifactError(f"{path} is no table of {kind} ({error}): {FIX}") from error
    return text, checked_origin(path, kind, origin, expected)


def write_json(
    path: str | Path, kind: str, content: Mapping[str, Any], provenance: Provenance
) -> None:
    """Write a JSON object that can be read back with `read_json`."""
    origin = origin_of(kind, provenance, content)
    _write(path, json.dumps({**content, ORIGIN: origin}, indent=0) + "\n")


def read_json(
    path: str | Path, kind: str, expected: Provenance | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `write_json` wrote; return the object, and where it comes from (see `read_table`).

    Raises
    ------
    ArtifactError
        As `read_table`.
    """
    text = _read(path)
    try:
        content = dict(json.loads(text))
        origin = content.pop(ORIGIN)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArtifactError(f"{path} is no {kind} ({error!r}): {FIX}") from error
    return content, checked_origin(path, kind, origin, expected)


def origin_of(kind: str, provenance: Provenance, content: Any) -> dict[str, Any]:
    """Return what a file says of where it comes from; it ends in a checksum that is yet to come."""
    origin: dict[str, Any] = provenance.attributes(kind)
    named = [
        origin[name] for name in ("format", "format_version", "settings", "inputs", "identity")
    ]
    digest = hashlib.sha256(json.dumps([named, content]).encode()).hexdigest()
    origin |= {name: json.loads(origin[name]) for name in JSON_VALUES}
    return origin | {"digest": digest, "sha256": NO_DIGEST}


def checked_origin(
    path: str | Path, kind: str, origin: Any, expected: Provenance | None = None
) -> dict[str, Any]:
    """Return what a file says of that as `Provenance.attributes`, checked by `check_origin`."""
    found = dict(origin) if isinstance(origin, dict) else {}
    found |= {name: canonical_json(found[name]) for name in JSON_VALUES if name in found}
    check_origin(path, kind, found, expected)
    return found


def _cell(value: Any) -> str:
    text = str(value)
    return text if NUMBER.fullmatch(text) else escape_formula(text)


def _line(cells: Sequence[Any]) -> str:
    """Return cells as a line; carriage returns in them are quoted."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _write(path: str | Path, text: str) -> None:
    # Names of files need not be UTF-8.
    content = text.encode("utf-8", errors="surrogateescape")
    checksum = hashlib.sha256(content).hexdigest().encode()
    before, _, after = content.rpartition(NO_DIGEST.encode())
    with atomic(path) as temporary:
        temporary.write_bytes(before + checksum + after if before else content)


def _read(path: str | Path) -> str:
    """Return the text of a file that fits its checksum."""
    with open_file(path) as file:
        try:
            content = file.read()
        except OSError as error:
            raise ArtifactError(f"{path} cannot be read ({error.strerror}): {FIX}") from error
    checksum = CHECKSUM.search(content, max(0, len(content) - 80))
    if not checksum:
        raise ArtifactError(
            f"{path} does not end in its checksum: it was cut, or written by another program or an "
            f"earlier version: {FIX}"
        )
    start, end = checksum.span(1)
    digest = hashlib.sha256(content[:start] + NO_DIGEST.encode() + content[end:]).hexdigest()
    if digest.encode() != checksum[1]:
        raise ArtifactError(f"{path} is damaged, it does not fit its checksum: {FIX}")
    return content.decode("utf-8-sig", errors="surrogateescape")
