"""Ready embeddings in a folder of shards: they arrive in order, each fault gives a sentence."""

import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from ntkcpl import ready_files
from ntkcpl.artifacts.features import LAYOUT, read_feature_facts, read_features
from ntkcpl.artifacts.files import content_digest
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
    content_digest.cache_clear()  # a job sees each file once
    import_features(path / "features.h5", source, Provenance(), progress=False)
    return path / "features.h5"


@pytest.mark.parametrize("block", [2**24, 32])
def test_shards_are_one_pool_in_the_order_of_their_names(tmp_path, monkeypatch, block):
    monkeypatch.setattr(ready_files, "BLOCK_BYTES", block)
    monkeypatch.setattr("ntkcpl.shard_folder.BLOCK_BYTES", block)
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


def content(path: Path) -> dict:
    """Return all that an import has written, but when and how long."""
    with h5py.File(path) as file:
        return dict(file.attrs) | {"seconds": 0} | {name: file[name][()] for name in LAYOUT.arrays}


def spoil(shard: Path) -> None:
    """Make a shard unreadable, by what its size and time do not tell."""
    status = shard.stat()
    shard.write_bytes(bytes(status.st_size))
    os.utime(shard, ns=(status.st_atime_ns, status.st_mtime_ns))


def append_names(source: Path) -> None:
    (source / "pool/c.id.txt").write_text("one\ntwo\n")
    (source / "classes.txt").write_text("x\ny\nz\n")


def append_test_set(source: Path) -> None:
    np.save(source / "test/1.npy", TEST[:2])
    np.save(source / "test/1.label.npy", np.array([2, 1]))


def touch(source: Path) -> None:
    for shard in (source / "pool/a.npy", source / "pool/b.label.npy"):
        shard.touch()


@pytest.mark.parametrize(
    ("change", "dtype"),
    [(append_names, np.float16), (append_test_set, np.float64), (touch, np.float16)],
)
def test_shards_that_are_appended_are_read_alone(tmp_path, change, dtype):
    source = folder_of(tmp_path)
    before, files = embeddings_digest(source), files_of(source)
    path = imported(tmp_path, source)
    np.save(source / "pool/c.npy", FIRST[:2].astype(dtype))
    np.save(source / "pool/c.label.npy", np.zeros(2, int))
    assert {path.name for path in set(files_of(source)) - set(files)} == {"c.npy", "c.label.npy"}
    content_digest.cache_clear()
    assert embeddings_digest(source) != before
    change(source)
    anew = shutil.copytree(source, tmp_path / "anew")
    for shard in ("pool/a.npy", "pool/b.npy", "pool/b.label.npy", "test/0.npy"):
        if not (change is touch and shard in ("pool/a.npy", "pool/b.label.npy")):
            spoil(source / shard)
    np.testing.assert_equal(content(imported(tmp_path, source)), content(imported(anew, anew)))
    assert read_features(path).embedding.dtype == (np.float16 if dtype is np.float16 else "f4")
    np.testing.assert_array_equal(read_features(path).embedding[7:], [*SECOND, *FIRST[:2]])
    spoil(source / "pool/c.npy")  # what was appended is known now too
    np.testing.assert_equal(content(imported(tmp_path, source)), content(imported(anew, anew)))


def test_a_folder_without_labels_and_names_beyond_utf8_is_appended_to(tmp_path):
    source = tmp_path / "given"
    source.mkdir()
    (source / "classes.txt").write_text("cat\ndog\n")
    np.save(source / os.fsdecode(b"caf\xe9.npy"), FIRST)
    imported(tmp_path, source)
    spoil(source / os.fsdecode(b"caf\xe9.npy"))
    np.save(source / "d.npy", SECOND)
    features = read_features(imported(tmp_path, source))
    np.testing.assert_array_equal(features.embedding, [*FIRST, *SECOND])
    assert (features.label == -1).all()
    np.save(source / "e.npy", SECOND)
    np.save(source / "e.label.npy", np.zeros(5, int))
    with pytest.raises(EmbeddingsError, match=r"caf.*npy has no labels, others have: give all"):
        imported(tmp_path, source)


def change_a_shard(source):
    np.save(source / "pool/b.npy", SECOND + 1)


def label_a_shard_otherwise(source):
    np.save(source / "pool/b.label.npy", np.zeros(5, int))


def name_images(source):
    (source / "pool/b.id.txt").write_text("a\nb\nc\nd\ne\n")


def put_before(source):
    for end in (".npy", ".label.npy"):
        shutil.copy(source / f"pool/b{end}", source / f"pool/aa{end}")


def remove(source):
    (source / "pool/b.npy").unlink()


def damage(source):
    path = source.parent / "features.h5"
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    "change",
    [change_a_shard, label_a_shard_otherwise, name_images, put_before, remove, damage],
)
def test_all_shards_are_read_again_unless_others_are_appended_only(tmp_path, change):
    source = folder_of(tmp_path)
    imported(tmp_path, source)
    change(source)
    anew = shutil.copytree(source, tmp_path / "anew")
    np.testing.assert_equal(content(imported(tmp_path, source)), content(imported(anew, anew)))


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
    spoil(source / "b.parquet")
    write_table(pyarrow.table(table), source / "c.parquet")
    features = read_features(imported(tmp_path, source))
    np.testing.assert_array_equal(features.embedding, np.concatenate([FIRST, SECOND, SECOND]))
    assert features.id[10:14] == ["b.parquet:3", "b.parquet:4", "c.parquet:0", "c.parquet:1"]
    write_table(pyarrow.table({"embedding": [[1.0], [1.0, 2.0]]}), source / "d.parquet")
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
