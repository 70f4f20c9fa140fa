"""Ready embeddings: what is accepted arrives unchanged, and each fault gives one sentence."""

import math
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from ntkcpl import precomputed, ready_files
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import content_digest
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.precomputed import (
    EmbeddingsError,
    import_features,
    open_embeddings,
    pool_shape,
    unknown_labels,
)

RNG = np.random.default_rng(0)
GIVEN = {
    "pool/embedding": RNG.normal(size=(30, 4)),
    "pool/label": np.arange(30, dtype=np.int16) % 3,
    "test/embedding": RNG.normal(size=(10, 4)),
    "test/label": np.arange(10, dtype=np.uint8) % 3,
}
MORE = {
    "pool/views": RNG.normal(size=(30, 5, 4)).astype(np.float32),
    "pool/id": [f"a/{i}.png" for i in range(30)],
    "test/id": np.array([f"b/{i}.png".encode() for i in range(10)]),  # text of fixed length
    "classes": ["cat", "dog", "größer"],
}


def write(path: Path, data: dict) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            file[name] = values
    return path


def imported(path: Path, data: dict) -> Path:
    source = write(path / "given.h5", data)
    origin = Provenance("{}", {"embeddings": content_digest(source)}, ())
    import_features(path / "features.h5", source, origin, progress=False)
    return path / "features.h5"


def put(name: str, row: int, value: float) -> dict:
    values = (GIVEN | MORE)[name].copy()
    values[row] = value
    return {name: values}


def test_the_least_that_is_needed(tmp_path: Path):
    path = imported(tmp_path, GIVEN)
    features = read_features(path)
    np.testing.assert_array_equal(features.embedding, GIVEN["pool/embedding"].astype(np.float32))
    np.testing.assert_array_equal(
        features.test_embedding, GIVEN["test/embedding"].astype(np.float32)
    )
    np.testing.assert_array_equal(features.label, GIVEN["pool/label"])
    np.testing.assert_array_equal(features.test_label, GIVEN["test/label"])
    assert features.id == [str(row) for row in range(30)]
    assert features.classes == ["0", "1", "2"]
    rows = np.array([7, 2])
    expected = GIVEN["pool/embedding"][rows, None].astype(np.float32)
    np.testing.assert_array_equal(features.views_of(rows), expected)
    with h5py.File(path) as file:
        assert 0 <= file.attrs["knn_accuracy"] <= 1 and file.attrs["seconds"] > 0
        assert 0 <= file.attrs["linear_accuracy"] <= 1
        assert content_digest(tmp_path / "given.h5") in file.attrs["inputs"]
        assert file["pool/views"].shape == (30, 0, 4)  # the embedding is not stored twice


def test_all_that_is_accepted(tmp_path: Path):
    path = imported(tmp_path, GIVEN | MORE)
    features = read_features(path)
    assert features.id == MORE["pool/id"] and features.classes == MORE["classes"]
    expected = MORE["pool/views"].astype(np.float16)
    np.testing.assert_array_equal(features.views_of(np.arange(30)), expected)
    with h5py.File(path) as file:
        assert file["test/id"].asstr()[:].tolist() == [f"b/{i}.png" for i in range(10)]


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = read_features(imported(tmp_path, GIVEN | MORE)).digest
    monkeypatch.setattr(ready_files, "BLOCK_BYTES", 7 * 5 * 4 * 4)
    assert read_features(imported(tmp_path, GIVEN | MORE)).digest == whole


def test_the_digest_is_of_the_contents(tmp_path: Path):
    first = read_features(imported(tmp_path, GIVEN)).digest
    assert read_features(imported(tmp_path, GIVEN | put("pool/label", 3, 2))).digest != first


def test_the_knn_accuracy_is_of_a_part_of_a_large_pool(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(precomputed, "KNN_SAMPLES", 3)
    # Of rows 0, 14 and 29 the first two are neighbours and of one class.
    values = {"pool/embedding": np.eye(4)[np.r_[[0] * 15, [1] * 15]]}
    values["pool/label"] = np.r_[[0] * 15, [1] * 15]
    with h5py.File(imported(tmp_path, GIVEN | values)) as file:
        assert file.attrs["knn_accuracy"] == pytest.approx(2 / 3)


def test_an_unlabelled_pool(tmp_path: Path):
    unknown = {"pool/label": np.full(30, -1), "classes": ["no", "yes", "maybe"]}
    with h5py.File(imported(tmp_path, GIVEN | unknown)) as file:
        assert math.isnan(file.attrs["knn_accuracy"])


def test_a_float64_beyond_float32_is_refused(tmp_path: Path):
    with pytest.raises(
        EmbeddingsError, match=r"row 4 of pool/embedding a number too large for flo"
    ):
        imported(tmp_path, GIVEN | put("pool/embedding", 4, 1e39))


def test_the_shape_of_the_pool_is_read_from_the_layout(tmp_path: Path):
    assert pool_shape(write(tmp_path / "given.h5", GIVEN)) == (30, 4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pool/embedding": None}, "lacks the data set pool/embedding: add it, floats (N, D)"),
        ({"test/embedding": None}, "lacks the data set test/embedding: add it, floats (T, D)"),
        ({"pool/views": h5py.SoftLink("/no")}, "holds pool/views as a link: write it into the fi"),
        ({"pool/id": h5py.ExternalLink("no.h5", "/id")}, "holds pool/id as a link: write it into"),
        ({"pool/label": np.zeros(30)}, "holds pool/label as float64 (30,): store it as integers"),
        ({"pool/label": np.zeros(30, bool)}, "holds pool/label as bool (30,): store it as integer"),
        ({"pool/embedding": np.zeros((30, 4), int)}, "as int64 (30, 4): store it as floats (N, D)"),
        ({"pool/embedding": np.zeros(30)}, "as float64 (30,): store it as floats (N, D)"),
        ({"test/embedding": h5py.Empty("f4")}, "as float32 None: store it as floats (T, D)"),
        ({"classes": np.arange(3)}, "holds classes as int64 (3,): store it as text (C,)"),
        ({"classes": "cat"}, "holds classes as text (): store it as text (C,)"),
        ({"test/embedding": np.zeros((0, 4))}, "holds test/embedding empty, (0, 4): fill it"),
        ({"test/embedding": np.zeros((10, 5))}, "shape (10, 5), but D is 4 in pool/embedding: D"),
        ({"pool/label": np.zeros(29, int)}, "shape (29,), but N is 30 in pool/embedding: N must"),
        ({"pool/views": np.zeros((30, 2, 3))}, "shape (30, 2, 3), but D is 4 in pool/embedding"),
        ({"pool/id": ["a"]}, "holds pool/id of shape (1,), but N is 30"),
    ],
)
def test_a_wrong_layout_is_seen_on_opening(tmp_path: Path, change: dict, sentence: str):
    data = {name: value for name, value in (GIVEN | change).items() if value is not None}
    path = write(tmp_path / "given.h5", data)
    with pytest.raises(EmbeddingsError) as caught, open_embeddings(path):
        pass
    assert str(caught.value).startswith(f"{path} ") and sentence in str(caught.value)


def test_nothing_is_read_from_other_files(tmp_path: Path):
    """Not from a FIFO that nobody writes to, nor from a file outside, which might be secret."""
    os.mkfifo(tmp_path / "fifo")
    other = write(tmp_path / "other.h5", GIVEN)
    kept = {name: value for name, value in GIVEN.items() if name != "test/label"}
    layout = h5py.VirtualLayout(shape=(10,), dtype=np.uint8)
    layout[:] = h5py.VirtualSource(str(other), "test/label", shape=(10,))
    for change in ("linked", "virtual", "external"):
        path = write(tmp_path / f"{change}.h5", kept)
        with h5py.File(path, "a") as file:
            if change == "linked":
                file["test/label"] = h5py.ExternalLink(str(tmp_path / "fifo"), "label")
            elif change == "virtual":
                file.create_virtual_dataset("test/label", layout)
            else:
                stored = [(str(tmp_path / "fifo"), 0, h5py.h5f.UNLIMITED)]
                file.create_dataset("test/label", (10,), np.uint8, external=stored)
        with pytest.raises(EmbeddingsError, match="holds test/label as a"), open_embeddings(path):
            pass


@pytest.mark.parametrize("chunks", [{}, {"chunks": (1, 2), "compression": "gzip"}])
def test_what_the_file_cannot_hold_is_not_allocated(tmp_path: Path, chunks: dict):
    path = write(tmp_path / "given.h5", GIVEN)
    with h5py.File(path, "a") as file:
        del file["pool/embedding"]
        file.create_dataset("pool/embedding", (30, 2**36), np.float64, **chunks)
    sentence = r"holds pool/embedding of 16,492,674,416,640 bytes, of which it holds 0: write"
    with pytest.raises(EmbeddingsError, match=sentence), open_embeddings(path):
        pass


def test_packed_data_are_read(tmp_path: Path):
    path = write(tmp_path / "given.h5", {k: v for k, v in GIVEN.items() if k != "pool/label"})
    with h5py.File(path, "a") as file:
        file.create_dataset("pool/label", data=np.full(30, -1), compression="gzip")
    assert pool_shape(path) == (30, 4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (put("pool/embedding", 3, np.nan), "row 3 of pool/embedding a number that is not finite"),
        (put("test/embedding", 9, np.inf), "row 9 of test/embedding a number that is not finite"),
        (put("test/embedding", 9, 1e300), "row 9 of test/embedding a number too large for float32"),
        (put("pool/views", 29, np.nan), "row 29 of pool/views a number that is not finite"),
        (put("pool/views", 29, 1e5), "row 29 of pool/views a number too large for float16"),
        (put("pool/label", 5, -2), "holds -2 in row 5 of pool/label, expected -1 (unknown) to 2"),
        (put("pool/label", 5, 99), "holds 99 in row 5 of pool/label, expected -1 (unknown) to 39"),
        (put("test/label", 5, 3) | {"classes": ["a", "b", "c"]}, "holds 3 in row 5 of test/label"),
        ({"pool/id": ["x", *"abc", "x", *map(str, range(25))]}, "'x' in rows 0 and 4 of pool/id"),
        (
            {"pool/label": np.full(30, -1), "test/label": np.full(10, -1)},
            "holds neither a label nor classes: add classes",
        ),
        ({"classes": [b"\xff", b"b", b"c"]}, "holds classes but it cannot be read ('utf-8' codec"),
    ],
)
def test_wrong_contents_are_seen_on_importing(tmp_path: Path, change: dict, sentence: str):
    with pytest.raises(EmbeddingsError) as caught:
        imported(tmp_path, GIVEN | change)
    assert str(caught.value).startswith(f"{tmp_path / 'given.h5'} holds ")
    assert sentence in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["given.h5"]


@pytest.mark.parametrize(
    ("given", "tested"),
    [
        (GIVEN | {"pool/label": np.full(30, -1), "test/label": np.full(10, -1)}, 10),
        ({"pool/embedding": GIVEN["pool/embedding"]}, 0),
        ({name: GIVEN[name] for name in ("pool/embedding", "test/embedding")}, 10),
    ],
)
def test_what_people_label_needs_neither_labels_nor_classes(
    tmp_path: Path, given: dict, tested: int
):
    source, path = write(tmp_path / "given.h5", given), tmp_path / "features.h5"
    import_features(path, source, Provenance(), progress=False, to_be_labelled=True)
    features = read_features(path)
    assert features.classes == []
    np.testing.assert_array_equal(features.label, np.full(30, -1))
    assert features.test_embedding.shape == (tested, 4)
    np.testing.assert_array_equal(features.test_label, np.full(tested, -1))


def test_what_is_needed_unless_people_label(tmp_path: Path):
    assert unknown_labels(write(tmp_path / "given.h5", GIVEN)) == []
    bare = write(tmp_path / "bare.h5", {"pool/embedding": GIVEN["pool/embedding"]})
    assert unknown_labels(bare) == ["pool/label", "test/embedding", "test/label"]


def test_no_file_and_no_hdf5_file(tmp_path: Path):
    with pytest.raises(EmbeddingsError, match=r"is no file: name an HDF5 file of embeddings"):
        pool_shape(tmp_path / "none.h5")
    text = tmp_path / "text.h5"
    text.write_text("no HDF5")
    with pytest.raises(EmbeddingsError, match=r"text.h5 is truncated or no HDF5 file .*write it"):
        pool_shape(text)


def test_truncated_and_damaged(tmp_path: Path):
    path = tmp_path / "given.h5"
    with h5py.File(path, "w") as file:
        for name, values in GIVEN.items():
            file.create_dataset(name, data=values, fletcher32=True)
        offset = file["pool/embedding"].id.get_chunk_info(0).byte_offset
    content = path.read_bytes()
    damaged = bytearray(content)
    damaged[offset + 8] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(EmbeddingsError, match=r"holds pool/embedding but it cannot be read"):
        import_features(tmp_path / "f.h5", path, Provenance("{}", {}, ()), progress=False)
    path.write_bytes(content[:-1000])
    with pytest.raises(EmbeddingsError, match=r"is truncated or no HDF5 file"):
        pool_shape(path)
