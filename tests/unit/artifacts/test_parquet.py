"""Tables in parquet: read back as written, verified, streamed, and open to other programs."""

import os
import resource

import numpy as np
import pandas as pd
import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.parquet import ROWS, open_parquet, write_parquet
from ntkcpl.artifacts.provenance import Provenance

pytest.importorskip("pyarrow")
ORIGIN = Provenance('{"s":"é"}', {"features": "f"}, ("digits",), "code")
COLUMNS = {"id": "string", "x": "float32", "said": "string"}
# No UTF-8, a line end, a formula, and nothing said.
CELLS = [(os.fsdecode(b"caf\xe9.png"), 0.5, ""), ("é\r", -0.25, "=a"), ("b", 0.0, "")]


def table(path, rows=CELLS):
    write_parquet(path, "toy", COLUMNS, rows, ORIGIN)
    return path


def read(path, kind="toy", columns=COLUMNS):
    with open_parquet(path, kind) as stored:
        return list(stored.rows(columns))


def test_rows_come_back_with_where_they_come_from(tmp_path):
    path = table(tmp_path / "a.parquet")
    assert read(path) == CELLS
    with open_parquet(path, "toy") as stored:
        assert stored.origin["settings"] == '{"s":"é"}' and stored.origin["code"] == "code"
        assert stored.origin["identity"] == '["digits"]'
        digest = stored.origin["digest"]
    before = path.read_bytes()
    assert table(path).read_bytes() == before
    table(path, CELLS[:2])
    with open_parquet(path, "toy") as stored:
        assert stored.origin["digest"] != digest


@pytest.mark.parametrize("number", [0, 1, ROWS, ROWS + 1])
def test_row_groups_join_to_one_table(tmp_path, number):
    rows = [(f"{row}.png", row / 2, "cat" * (row % 3)) for row in range(number)]
    assert read(table(tmp_path / "a.parquet", iter(rows))) == rows


def test_a_writer_holds_one_row_group(tmp_path):
    written = []  # bytes, when a row is asked for

    def rows():
        for row in range(ROWS + 1):
            if row >= ROWS - 1:
                written.append(next(tmp_path.glob("*.tmp")).stat().st_size)
            yield os.urandom(8).hex(), 0.0, ""

    table(tmp_path / "a.parquet", rows())
    before, after = written
    assert before == 0 and after > 8 * ROWS


def test_pandas_reads_it(tmp_path):
    frame = pd.read_parquet(table(tmp_path / "a.parquet", CELLS[1:]))
    assert frame.dtypes.astype(str).to_dict() == {"id": "str", "x": "float32", "said": "str"}
    assert frame["id"].tolist() == ["é\r", "b"] and frame["said"].isna().tolist() == [False, True]


def test_a_flipped_bit_or_a_cut_is_noticed(tmp_path):
    path = table(tmp_path / "a.parquet")
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(0, len(whole), 17)]
    for place in range(0, len(whole), 3):
        flipped = bytes([whole[place] ^ (1 << place % 8)])
        damaged.append(whole[:place] + flipped + whole[place + 1 :])
    for content in (*damaged, whole + b"a", whole + whole[-50:]):
        path.write_bytes(content)
        with pytest.raises(ArtifactError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path} ") and "\n" not in str(caught.value)
        assert "checksum" in str(caught.value)


def test_a_file_of_another_program_kind_or_place_is_refused(tmp_path):
    path = tmp_path / "results/cifar/a.parquet"
    path.parent.mkdir(parents=True)
    pd.DataFrame({"id": ["a"]}).to_parquet(path)
    with pytest.raises(ArtifactError, match=r"does not end in its checksum: .* move it away"):
        read(path)
    table(path)
    with pytest.raises(ArtifactError, match="is of digits: move it away"):
        read(path)
    path = table(tmp_path / "a.parquet")
    with pytest.raises(ArtifactError, match="should hold ntkcpl/other but holds ntkcpl/toy"):
        read(path, "other")
    for columns in ({"id": "string"}, COLUMNS | {"x": "string"}):
        with pytest.raises(ArtifactError, match="has other columns than id"):
            read(path, columns=columns)
    with pytest.raises(ArtifactError, match="does not exist"):
        read(tmp_path / "none.parquet")
    with pytest.raises(ArtifactError, match="is no file"):
        read(tmp_path)


def test_where_there_is_no_room_it_says_so_and_what_was_there_stays(tmp_path):
    path = table(tmp_path / "a.parquet")
    rng = np.random.default_rng(0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(ArtifactError, match=r"a\.parquet cannot be written"):
            table(path, ((rng.bytes(8).hex(), 0.0, "") for _ in range(10_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert read(path) == CELLS and [p.name for p in tmp_path.iterdir()] == ["a.parquet"]
