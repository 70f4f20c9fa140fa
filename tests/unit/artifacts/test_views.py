"""`views.h5` of several rounds come back as one, and those of another pool are refused."""

import numpy as np
import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.views import kept_views, read_seconds, read_views, write_views

ROUNDS = [np.array([7, 3]), np.array([50, 1, 9])]


@pytest.fixture
def views():
    return np.random.default_rng(0).normal(size=(5, 2, 6)).astype(np.float16)


def write(folder, views, digest):
    origin = Provenance("{}", {"features": digest}, ())
    paths = [folder / f"views{number}.h5" for number in range(2)]
    for path, index, part in zip(paths, ROUNDS, np.split(views, [2]), strict=True):
        write_views(path, index, part, [f"photo{i}" for i in index], 1.5, origin)
    return paths


def test_views_of_rounds_come_for_the_images_asked_for(features, views, tmp_path):
    paths = write(tmp_path, views, features.digest)
    rows, digests = read_views(paths, features)
    np.testing.assert_array_equal(rows[np.array([9, 7, 50])], views[[4, 0, 2]])
    assert rows.shape == (5, 2, 6)
    assert digests == [read_views([path], features)[1][0] for path in paths]
    assert read_seconds(paths[0]) == 1.5
    with pytest.raises(KeyError):
        rows[np.array([4])]


def test_views_of_other_features_are_refused(features, views, tmp_path):
    paths = write(tmp_path, views, "of others")
    with pytest.raises(ArtifactError, match=r"views0\.h5 was made from another features"):
        read_views(paths, features)


def test_views_are_kept_by_what_they_are_of(features, views, tmp_path):
    path, _ = write(tmp_path, views, features.digest)
    kept = kept_views(path, Provenance("{}", {}, ()))
    assert list(kept) == ["photo7", "photo3"]
    np.testing.assert_array_equal(kept["photo3"], views[1])
    assert kept_views(path, Provenance("{}", {}, (), code="another")) == {}
    assert kept_views(path, Provenance("{}", {"features": "another"}, ())) == {}
    assert kept_views(tmp_path / "none.h5", Provenance("{}", {}, ())) == {}
