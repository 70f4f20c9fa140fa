"""Tables of labels: CSV as spreadsheets, other programs and the labelling page write it.

A table leaves as UTF-8 with a byte-order mark, which Excel needs, and with no cell that a
spreadsheet would take for a formula: such a cell gets an apostrophe, which reading takes away.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from ntkcpl.artifacts.cells import unescape_formula, write_cells
from ntkcpl.labels.answers import Collector
from ntkcpl.labels.label_studio import CONTROL, IMAGE_ID, decode_id
from ntkcpl.labels.names import SKIPPED, class_fault

COLUMNS = ("id", "label")
WAS = "was"
EXPORTED = (IMAGE_ID, CONTROL)
DELIMITERS = ",;\t"


def write_labels(path: str | Path, labels: Mapping[str, str | None]) -> None:
    """Write a table of labels atomically, as the labelling page does.

    Parameters
    ----------
    path
        The CSV file.
    labels
        Id -> class, None for images that are skipped.

    Raises
    ------
    ValueError
        If a class cannot be read back (see `class_fault`).
    """
    for label in set(labels.values()) - {None}:
        if fault := class_fault(str(label)):
            raise ValueError(fault)
    write_cells(path, COLUMNS, [(image, label or SKIPPED) for image, label in labels.items()])


def read_table(path: Path, collector: Collector) -> None:
    """Hand what a table says to `collector`.

    The header names the columns, in any order and beside others: `id` and `label`, or in an
    export of Label Studio `image_id` and `class`. Beside `id` and `label` there may be `was`: what
    was said before, which the label corrects or, if it is the same, finds right. Commas, semicolons
    or tabs part the cells; the text is UTF-8, or UTF-16 with a byte-order mark. Bytes that are not
    UTF-8 come back as `os.fsdecode` gives them.
    """
    try:
        text = _text(path)
    except (OSError, UnicodeDecodeError) as error:
        collector.faults.append(f"{path} cannot be read ({error}): save it again as CSV UTF-8")
        return
    found = _header(text)
    if found is None:
        collector.faults.append(
            f"{path}, line 1: the header names no columns {' and '.join(COLUMNS)}: write them over "
            "the images' names and the labels"
        )
        return
    delimiter, header, columns = found
    place = ""
    try:
        for line, cells in islice(_records(text, delimiter), 1, None):
            place = f"line {line}"
            if not any(cells):
                continue
            if len(cells) != len(header):
                collector.faults.append(
                    f"{path}, {place}: {cells[0]!r} and so on are {len(cells)} cells, but the "
                    f"header has {len(header)}: put names in quotes where they hold a {delimiter!r}"
                )
                continue
            image, label = (cells[header.index(name)] for name in columns)
            if columns == EXPORTED:
                collector.add(decode_id(image), label, path, place)
            else:
                was = cells[header.index(WAS)] if header.count(WAS) == 1 else ""
                image, label, was = map(unescape_formula, (image, label, was))
                collector.add(image, label, path, place, was)
    except csv.Error as error:
        after = f"after {place}" if place else "line 1"
        collector.faults.append(
            f"{path}, {after}: this is no CSV ({error}): check the quotes that open there, or "
            "save it again as CSV UTF-8"
        )


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig", errors="surrogateescape")


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record starts, from 1, and its cells."""
    skipped = 0
    if re.match(r"sep=.\r?\n", text):  # Excel's own way to name the delimiter
        skipped, text = 1, text.partition("\n")[2]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        yield line, cells


def _header(text: str) -> tuple[str, list[str], tuple[str, str]] | None:
    """Return the delimiter, the names of the columns, and which two count; None without them."""
    for columns in (EXPORTED, COLUMNS):
        for delimiter in DELIMITERS:
            try:
                _, cells = next(_records(text, delimiter), (1, []))
            except csv.Error:
                continue
            header = [cell.strip().lower() for cell in cells]
            if all(header.count(name) == 1 for name in columns):
                return delimiter, header, columns
    return None
