"""Tables of texts: no cell is a formula, and every text comes back as it was."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntkcpl.artifacts.cells import escape_formula, unescape_formula, write_cells

texts = st.text("'=+-@\t\r\na,\"\udc80é", max_size=6)


@given(st.text("'=+-@\t\r\na", max_size=6))
def test_formulas_are_escaped_and_back(text: str):
    assert unescape_formula(escape_formula(text)) == text


@settings(max_examples=40, deadline=None)  # each writes a file to the disk
@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_texts_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, rows: list):
    path = tmp_path_factory.mktemp("cells") / "table.csv"
    write_cells(path, ("id", "class"), rows)
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        _, *cells = csv.reader(file)
    assert [tuple(map(unescape_formula, row)) for row in cells] == rows
    assert not any(cell.startswith(tuple("=+-@\t\r\n")) for row in cells for cell in row)
