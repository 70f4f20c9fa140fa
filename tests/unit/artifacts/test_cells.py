"""Tables of texts: no cell is a formula, and every text comes back as it was."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntkcpl.artifacts.cells import escape_formula, read_cells, unescape_formula, write_cells
from ntkcpl.artifacts.files import ArtifactError

texts = st.text("'=+-@\t\r\na,\"\udc80é", max_size=6)


@given(st.text("'=+-@\t\r\na", max_size=6))
def test_formulas_are_escaped_and_back(text: str):
    assert unescape_formula(escape_formula(text)) == text


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_texts_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, rows: list):
    path = tmp_path_factory.mktemp("cells") / "table.csv"
    write_cells(path, ("id", "class"), rows)
    assert [(row["id"], row["class"]) for row in read_cells(path, ("id", "class"))] == rows
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in cells)


@pytest.mark.parametrize("row", ["a", '"a,b'])
def test_a_row_that_is_cut_is_no_row(tmp_path: Path, row: str):
    path = tmp_path / "table.csv"
    path.write_text(f"id,class\n{row}\n")
    with pytest.raises(ArtifactError, match="is no table of id,class"):
        read_cells(path, ("id", "class"))
