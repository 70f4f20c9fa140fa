"""Problems of constrained clustering, and what every solution must keep."""

import numpy as np
from hypothesis import strategies as st

from ntkcpl.geometry.kmeans import UNKNOWN


@st.composite
def problems(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 40))
    x = rng.normal(size=(n, draw(st.integers(1, 4)))).astype(np.float32)
    if draw(st.booleans()):
        x = x[rng.integers(n, size=n)]  # duplicates
    if draw(st.booleans()):
        x[:] = x[0]
    n_classes = draw(st.integers(1, 5))
    n_labelled = draw(st.integers(0, n))
    classes = np.full(n, UNKNOWN)
    classes[rng.permutation(n)[:n_labelled]] = rng.integers(n_classes, size=n_labelled)
    constraint = draw(st.sampled_from(["none", "cannot_link", "must_link"]))
    present = len(set(classes) - {UNKNOWN})
    most = n if constraint != "must_link" else int((classes == UNKNOWN).sum()) + present
    n_clusters = draw(st.integers(max(1, present), most))
    return x, n_clusters, classes, constraint, rng


def check_constraints(assigned, classes, constraint):
    known = classes != UNKNOWN
    for cluster in np.unique(assigned[known]):
        inside = np.unique(classes[known & (assigned == cluster)])
        assert constraint == "none" or len(inside) == 1
    if constraint == "must_link":
        for label in np.unique(classes[known]):
            assert len(np.unique(assigned[classes == label])) == 1
