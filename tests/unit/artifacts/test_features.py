"""`features.h5` comes back as it was written, its views for the rows asked for."""

import numpy as np
import pytest

from ntkcpl.artifacts.files import ArtifactError


def test_views_come_in_the_order_asked_for(features):
    rows = np.array([7, 3, 50])
    views = features.views_of(rows)
    assert views.shape == (3, 2, 6)
    assert views.dtype == np.float32
    for row, view in zip(rows, views, strict=True):
        np.testing.assert_array_equal(view, features.views_of(np.array([row]))[0])
    assert features.views_of(np.empty(0, dtype=np.int64)).shape == (0, 2, 6)


@pytest.mark.parametrize("cut", [0.2, 0.9])
def test_views_of_a_file_that_was_cut_since(features, features_path, cut):
    content = features_path.read_bytes()
    features_path.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(ArtifactError, match="does not end in its checksums"):
        features.views_of(np.array([0]))
