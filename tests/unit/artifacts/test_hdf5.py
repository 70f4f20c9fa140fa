"""Files that are cut, foreign or mismatched give one sentence that names the file and the fix."""

import os
import re

import h5py
import numpy as np
import pytest
from resealing import changed_hdf5, reseal

from ntkcpl.artifacts.clusters import LAYOUT as CLUSTERS
from ntkcpl.artifacts.features import LAYOUT as FEATURES
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.hdf5 import create_hdf5, open_hdf5
from ntkcpl.artifacts.provenance import FORMAT_VERSION, Provenance


def refused(path, layout=FEATURES, expected=None):
    """Open a file that must be refused, and return the sentence."""
    with pytest.raises(ArtifactError) as caught, open_hdf5(path, layout, expected):
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
    assert "does not end in its checksums" in refused(features_path)


def test_no_hdf5(tmp_path):
    path = tmp_path / "features.h5"
    path.write_text("rank,index\n")
    assert "does not end in its checksums" in refused(path)


def test_foreign_hdf5(tmp_path):
    path = tmp_path / "features.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert "does not end in its checksums" in refused(path)
    reseal(path)
    assert "holds something else" in refused(path)


def test_another_kind(features_path):
    assert "should hold ntkcpl/clusters but holds ntkcpl/features" in refused(
        features_path, CLUSTERS
    )


def test_another_version(features_path):
    with changed_hdf5(features_path) as file:
        file.attrs["format_version"] = FORMAT_VERSION + 1
    assert f"format version {FORMAT_VERSION + 1}" in refused(features_path)


def test_made_from_another_input(tmp_path):
    path = tmp_path / "clusters.h5"
    none = np.empty(0, dtype=np.int64)
    origin = Provenance('{"a":1}', {"features": "abc", "encoder": "x"}, ("photos", "random"))
    with create_hdf5(path, CLUSTERS, origin) as file:
        of_clusters = ("cluster/size", "cluster/labelled_class")
        for name in ("index", "pseudo_label", "weight", "labelled", *of_clusters):
            file.store(name, none)
        for name in ("parent", "child", "confusing", "size"):
            file.store(f"split/{name}", none)
    with open_hdf5(path, CLUSTERS, Provenance(inputs={"features": "abc"})):
        pass
    foreign = {
        "another features": Provenance(inputs={"features": "xyz"}),
        "another labels": Provenance(inputs={"labels": "x"}),
        "other settings of a": Provenance('{"a":2}'),
        "other settings of b": Provenance('{"b":2}'),
    }
    for sentence, expected in foreign.items():
        assert sentence in refused(path, CLUSTERS, expected)


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
    with changed_hdf5(features_path) as file:
        del file[name]
        file[name] = value
    assert ", expected " in refused(features_path)


def test_missing_data_set(features_path):
    with changed_hdf5(features_path) as file:
        del file["pool/views"]
    assert "lacks the data set pool/views" in refused(features_path)


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_is_noticed_wherever_it_is(features_path, seed):
    content = bytearray(features_path.read_bytes())
    bit = int(np.random.default_rng(seed).integers(8 * len(content)))
    content[bit // 8] ^= 1 << bit % 8
    features_path.write_bytes(content)
    with pytest.raises(ArtifactError, match=re.escape(str(features_path))):
        read_features(features_path).views_of(np.arange(60))


def test_an_attribute_changed_by_hand_is_noticed(features_path):
    with h5py.File(features_path, "a") as file:
        file.attrs["knn_accuracy"] = 0.999
    refused(features_path)


def test_other_programs_read_it_and_verify_its_metadata(features_path):
    with h5py.File(features_path) as file:
        assert file["pool/id"].asstr()[1] == "image001.png"
        assert file.attrs["format"] == "ntkcpl/features"
    assert features_path.read_bytes()[8] >= 2  # the superblock's version


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(tmp_path, make):
    path = tmp_path / "features.h5"
    make(path)
    assert "is no file, but a folder, pipe or device" in refused(path)


def test_nothing_appears_when_writing_fails(tmp_path):
    path = tmp_path / "features.h5"
    with pytest.raises(ZeroDivisionError), create_hdf5(path, FEATURES, Provenance()):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_layout_that_does_not_fit_is_not_written(tmp_path):
    path = tmp_path / "features.h5"
    with (
        pytest.raises(ArtifactError),
        create_hdf5(path, FEATURES, Provenance()) as file,
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
    with create_hdf5(path, FEATURES, Provenance()) as file:
        for part, n in (("pool", 3), ("test", 0)):
            file.store(f"{part}/embedding", np.zeros((n, 2), np.float32))
            file.store(f"{part}/label", np.full(n, -1))
            file.store(f"{part}/id", [str(row) for row in range(n)])
        file.create("pool/views", (3, 1, 2))
        file.store("classes", [])
    features = read_features(path)
    assert features.classes == []
    assert features.test_embedding.shape == (0, 2)
