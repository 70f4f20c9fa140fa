"""Ready embeddings in a folder of shards: they arrive in order, each fault gives a sentence."""

import os
from pathlib import Path

import numpy as np
import pytest

from ntkcpl import ready_files
from ntkcpl.artifacts.features import read_feature_facts, read_features
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.precomputed import (
    EmbeddingsError,
    embeddings_digest,
    files_of,
    import_features,
    pool_shape,
)

RNG = np.random.default_rng(0)
FIRST, SECOND, TEST = (RNG.normal(size=(n, 4)).astype(np.float16) for n in (7, 5, 3))


def folder_of(path: Path, **extra) -> Path:
    """Two shards of the pool and one of the test set, with what else is named: name -> array."""
    arrays = {
        "pool/b": SECOND,
        "pool/a": FIRST,
        "pool/a.label": np.arange(7) % 3,
        "pool/b.label": np.arange(5, dtype=np.uint8) % 3,
        "test/0": TEST,
        "test/0.label": np.array([0, 1, -1]),
    }
    for name, array in (arrays | extra).items():
        file = path / "given" / f"{name}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        if array is not None:
            np.save(file, array)
    return path / "given"


def imported(path: Path, source: Path) -> Path:
    origin = Provenance("{}", {"embeddings": embeddings_digest(source)}, ())
    import_features(path / "features.h5", source, origin, progress=False)
    return path / "features.h5"


@pytest.mark.parametrize("block", [2**24, 32])
def test_shards_are_one_pool_in_the_order_of_their_names(tmp_path, monkeypatch, block):
    monkeypatch.setattr(ready_files, "BLOCK_BYTES", block)
    monkeypatch.setattr("ntkcpl.shards.BLOCK_BYTES", block)
    source = folder_of(tmp_path)
    (source / "pool/b.id.txt").write_text("fünf\nzwei\ndrei,\nvier\neins\n")
    assert pool_shape(source) == (12, 4)
    path = imported(tmp_path, source)
    features = read_features(path)
    np.testing.assert_array_equal(features.embedding, np.concatenate([FIRST, SECOND]))
    assert features.embedding.dtype == np.float16  # as it came
    assert isinstance(features.embedding, np.memmap)
    assert features.id[:8] == [*(f"a.npy:{row}" for row in range(7)), "fünf"]
    assert features.label.tolist() == [0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 0, 1]
    np.testing.assert_array_equal(features.test_embedding, TEST)
    assert features.test_label.tolist() == [0, 1, -1]
    rows = np.array([9, 1])
    np.testing.assert_array_equal(features.views_of(rows), features.embedding[rows, None])
    assert read_feature_facts(path)[1]["views"] == 1


def test_a_flat_folder_without_labels_and_test_set(tmp_path):
    source = tmp_path / "img_emb"
    source.mkdir()
    np.save(source / "img_emb_0.npy", FIRST.astype(np.float64))
    (source / "classes.txt").write_text("cat\ndog\n")
    (source / "readme.md").write_text("")
    features = read_features(imported(tmp_path, source))
    assert features.embedding.dtype == np.float32
    assert features.classes == ["cat", "dog"] and (features.label == -1).all()
    assert features.test_embedding.shape == (0, 4)


def test_a_shard_that_is_appended_joins_the_pool_behind_the_others(tmp_path):
    source = folder_of(tmp_path)
    before, files = embeddings_digest(source), files_of(source)
    np.save(source / "pool/c.npy", FIRST[:2])
    np.save(source / "pool/c.label.npy", np.zeros(2, int))
    assert embeddings_digest(source) != before
    assert {path.name for path in set(files_of(source)) - set(files)} == {"c.npy", "c.label.npy"}
    features = read_features(imported(tmp_path, source))
    np.testing.assert_array_equal(features.embedding[12:], FIRST[:2])
    assert features.id[:12] == [f"a.npy:{r}" for r in range(7)] + [f"b.npy:{r}" for r in range(5)]


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    write_table = pytest.importorskip("pyarrow.parquet").write_table

    source = tmp_path / "given"
    source.mkdir()
    fixed = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(FIRST.reshape(-1)), 4)
    table = {"embedding": fixed, "id": [f"x{i}" for i in range(7)], "label": np.arange(7) % 2}
    write_table(pyarrow.table(table), source / "a.parquet", row_group_size=3)
    lists = pyarrow.array(SECOND.astype(np.float32).tolist(), pyarrow.list_(pyarrow.float32()))
    table = {"embedding": lists, "label": np.zeros(5, int)}
    write_table(pyarrow.table(table), source / "b.parquet")
    features = read_features(imported(tmp_path, source))
    np.testing.assert_array_equal(features.embedding, np.concatenate([FIRST, SECOND]))
    assert features.id[5:8] == ["x5", "x6", "b.parquet:0"]
    assert features.label.tolist() == [0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]
    write_table(pyarrow.table({"embedding": [[1.0], [1.0, 2.0]]}), source / "c.parquet")
    with pytest.raises(EmbeddingsError, match=r"other than lists of D floats|of 1 numbers"):
        imported(tmp_path, source)


FAULTS = [
    ({"pool/b": SECOND[:, :3]}, "b.npy holds embeddings of 3 numbers, .*a.npy of 4: all must be"),
    ({"pool/b": SECOND.astype(int)}, r"b.npy holds int64 \(5, 4\): store floats \(n, D\)"),
    ({"pool/b": np.array([None])}, "b.npy is truncated or no .npy file"),
    ({"pool/b.label": np.arange(4)}, r"b.label.npy holds labels as int64 \(4,\): store 5 integers"),
    ({"pool/c": SECOND}, "c.npy has no labels, others have: give all, or none"),
    ({"pool/b": np.full((5, 4), np.nan, np.float16)}, "row 0 of b.npy a number that is not finite"),
    ({"pool/b.label": np.full(5, -2)}, "holds -2 in row 7 of pool/label, expected -1"),
]


@pytest.mark.parametrize(("extra", "sentence"), FAULTS)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, extra, sentence):
    source = folder_of(tmp_path, **extra)
    with pytest.raises(EmbeddingsError, match=sentence):
        imported(tmp_path, source)
    assert not (tmp_path / "features.h5").exists()


def test_ids_that_do_not_fit_and_an_empty_folder(tmp_path):
    source = folder_of(tmp_path)
    (source / "pool/b.id.txt").write_text("one\n")
    with pytest.raises(EmbeddingsError, match=r"b.id.txt holds 1 ids: store 5, one a row"):
        imported(tmp_path, source)
    (source / "pool/b.id.txt").write_text("a\nb\na\nc\nd")
    with pytest.raises(EmbeddingsError, match="holds 'a' in rows 7 and 9 of pool"):
        imported(tmp_path, source)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        EmbeddingsError, match="empty holds no shard: name an HDF5 file, or a folder"
    ):
        pool_shape(tmp_path / "empty")


def write_latin(path):
    path.write_bytes(b"caf\xe9\n" * 5)


@pytest.mark.parametrize(
    ("name", "put", "sentence"),
    [
        ("pool/c.npy", os.mkfifo, "c.npy is no file: put the file itself there"),
        ("pool/c.npy", Path.mkdir, "c.npy is no file"),
        ("pool/c.npy", lambda path: path.symlink_to("none.npy"), "c.npy is no file"),
        ("pool/c.npy", lambda path: np.save(path, np.zeros((3, 0))), r"c.npy holds float64 \(3, 0"),
        ("pool/b.id.txt", os.mkfifo, "b.id.txt is no file"),
        ("pool/b.id.txt", write_latin, "b.id.txt is no text in UTF-8"),
        ("classes.txt", write_latin, "classes.txt is no text in UTF-8"),
    ],
)
def test_what_is_no_file_or_no_text_is_neither_waited_for_nor_left_out(
    tmp_path, name, put, sentence
):
    source = folder_of(tmp_path)
    put(source / name)
    with pytest.raises(EmbeddingsError, match=sentence):
        imported(tmp_path, source)


def test_features_are_verified_once_until_they_change(tmp_path, monkeypatch):
    from ntkcpl.artifacts.files import ArtifactError
    from ntkcpl.artifacts.sealed import SealedFile

    path = imported(tmp_path, folder_of(tmp_path))
    read_features(path)
    asked = []
    monkeypatch.setattr(SealedFile, "verify", lambda self: asked.append(self.path))
    read_features(path)
    assert asked == []
    monkeypatch.undo()
    content = bytearray(path.read_bytes())
    at = content.index(FIRST.tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="is damaged, it does not fit its checksums"):
        read_features(path)
