"""Tables of texts that open in a spreadsheet, and in which no cell is a formula."""

import codecs
import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from ntkcpl.artifacts.files import atomic

# What spreadsheets take for the start of a formula, or drop so that what follows starts one.
FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
ESCAPED = re.compile(r"'+[=+\-@\t\r\n]")


def escape_formula(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; others stay as they are."""
    return f"'{text}" if FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Undo `escape_formula`."""
    return text[1:] if ESCAPED.match(text) else text


def write_cells(path: str | Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a table of texts atomically, none of which a spreadsheet takes for a formula."""
    text = io.StringIO(newline="")
    # With these line ends the writer quotes both their characters wherever they occur.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(map(escape_formula, row) for row in rows)
    with atomic(path) as temporary:
        content = text.getvalue().encode("utf-8", errors="surrogateescape")
        temporary.write_bytes(codecs.BOM_UTF8 + content)
