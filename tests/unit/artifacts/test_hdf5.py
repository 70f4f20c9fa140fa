"""Files that are cut, foreign or mismatched give one sentence that names the file and the fix."""

import re

import h5py
import numpy as np
import pytest

from ntkcpl.artifacts.clusters import LAYOUT as CLUSTERS
from ntkcpl.artifacts.features import LAYOUT as FEATURES
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.hdf5 import FORMAT_VERSION, create_hdf5, open_hdf5


def refused(path, layout=FEATURES, inputs=None):
    """Open a file that must be refused, and return the sentence."""
    with pytest.raises(ArtifactError) as caught, open_hdf5(path, layout, inputs):
        pass
    message = str(caught.value)
    assert str(path) in message
    assert re.search("run again|run the stage", message)
    assert "\n" not in message
    return message


def test_missing(tmp_path):
    assert "does not exist" in refused(tmp_path / "features.h5")


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.9])
def test_truncated(features_path, kept):
    content = features_path.read_bytes()
    features_path.write_bytes(content[: int(kept * len(content)) if 0 < kept < 1 else kept])
    assert "truncated or damaged" in refused(features_path)


def test_no_hdf5(tmp_path):
    path = tmp_path / "features.h5"
    path.write_text("rank,index\n")
    assert "truncated or damaged" in refused(path)


def test_foreign_hdf5(tmp_path):
    path = tmp_path / "features.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert "holds something else" in refused(path)


def test_another_kind(features_path):
    assert "should hold ntkcpl/clusters but holds ntkcpl/features" in refused(
        features_path, CLUSTERS
    )


def test_another_version(features_path):
    with h5py.File(features_path, "a") as file:
        file.attrs["format_version"] = FORMAT_VERSION + 1
    assert f"format version {FORMAT_VERSION + 1}" in refused(features_path)


def test_made_from_another_input(tmp_path):
    path = tmp_path / "clusters.h5"
    none = np.empty(0, dtype=np.int64)
    with create_hdf5(path, CLUSTERS, Provenance("{}", {"features": "abc"}, ())) as file:
        for name in ("index", "pseudo_label", "labelled", "cluster/size", "cluster/labelled_class"):
            file.store(name, none)
        for name in ("parent", "child", "confusing", "size"):
            file.store(f"split/{name}", none)
    with open_hdf5(path, CLUSTERS, {"features": "abc", "unrelated": "x"}):
        pass
    assert "another features" in refused(path, CLUSTERS, {"features": "xyz"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pool/label", np.zeros(59, dtype=np.int64)),  # one row too few
        ("pool/embedding", np.zeros((60, 6))),  # float64
        ("pool/embedding", np.zeros(60, dtype=np.float32)),
        ("classes", np.arange(3)),
    ],
)
def test_wrong_shape_or_type(features_path, name, value):
    with h5py.File(features_path, "a") as file:
        del file[name]
        file[name] = value
    assert ", expected " in refused(features_path)


def test_missing_data_set(features_path):
    with h5py.File(features_path, "a") as file:
        del file["pool/views"]
    assert "lacks the data set pool/views" in refused(features_path)


def test_a_flipped_byte_is_noticed_when_its_chunk_is_read(features_path):
    with h5py.File(features_path, "r") as file:
        info = file["pool/embedding"].id.get_chunk_info(0)
    content = bytearray(features_path.read_bytes())
    content[info.byte_offset + 10] ^= 0xFF
    features_path.write_bytes(content)
    with pytest.raises(ArtifactError, match=re.escape(str(features_path))):
        read_features(features_path)


def test_nothing_appears_when_writing_fails(tmp_path):
    path = tmp_path / "features.h5"
    with pytest.raises(ZeroDivisionError), create_hdf5(path, FEATURES, Provenance("", {}, ())):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_layout_that_does_not_fit_is_not_written(tmp_path):
    path = tmp_path / "features.h5"
    with (
        pytest.raises(ArtifactError),
        create_hdf5(path, FEATURES, Provenance("", {}, ())) as file,
    ):
        file.store("pool/embedding", np.zeros((2, 2)))
    assert not path.exists()


def test_the_digest_depends_on_contents_and_origin_not_on_the_clock(tmp_path, make_features):
    first, again = make_features(tmp_path / "a.h5"), make_features(tmp_path / "b.h5")
    other = make_features(tmp_path / "c.h5", seed=1)
    assert first.digest == again.digest != other.digest


def test_an_error_of_the_reader_s_own_is_not_the_file_s(features_path):
    with pytest.raises(OSError, match="of the reader"), open_hdf5(features_path, FEATURES):
        raise OSError("of the reader")


def test_no_texts_are_texts_too(tmp_path):
    path = tmp_path / "features.h5"
    with create_hdf5(path, FEATURES, Provenance("", {}, ())) as file:
        for part, n in (("pool", 3), ("test", 0)):
            file.store(f"{part}/embedding", np.zeros((n, 2), np.float32))
            file.store(f"{part}/label", np.full(n, -1))
            file.store(f"{part}/id", [str(row) for row in range(n)])
        file.create("pool/views", (3, 1, 2), chunk_rows=1)
        file.store("classes", [])
    features = read_features(path)
    assert features.classes == []
    assert features.test_embedding.shape == (0, 2)
