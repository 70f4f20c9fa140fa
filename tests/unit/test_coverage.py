"""Estimated and true coverage: a hand-made round of six images, and real ones."""

import dataclasses

import numpy as np
import pytest

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.coverage import (
    UNKNOWN,
    Predictions,
    Round,
    dominant_class,
    join_clusters,
    measure_coverage,
    predict,
)
from ntkcpl.pool import Pool
from ntkcpl.pseudo_labels import merge_known
from ntkcpl.regression.incremental import covered
from ntkcpl.rounds import select_batch
from ntkcpl.seeding import Identity
from ntkcpl.strategies.ntkcpl import NTKCPL

RECIPE = ClassifierSettings(hidden_width=64, epochs=30)
RUN = ("test", "ntkcpl_self", 0)


def outputs(largest, n):
    """Outputs whose largest is as given."""
    return np.eye(n)[largest]


@pytest.fixture
def six():
    """Six images of two classes in three clusters: 0 and 1 of class 0, the last of class 1.

    Image 2 is impure: of class 1 in cluster 0. The regressions are wrong as follows.

    image       0  1  2  3  4  5
    y           0  0  1  0  1  1
    y_cpl       0  0  0  1  2  2
    f           0  0  0  0  1  0
    f̂_y         0  0  0  0  1  0
    f̂_cpl       0  1  0  0  2  2
    g(f̂_cpl)    0  0  0  0  1  1
    """
    return Predictions(
        label=np.array([0, 0, 1, 0, 1, 1]),
        pseudo_label=np.array([0, 0, 0, 1, 2, 2]),
        classifier=np.array([0, 0, 0, 0, 1, 0]),
        by_label=outputs([0, 0, 0, 0, 1, 0], 2),
        by_cluster=outputs([0, 1, 0, 0, 2, 2], 3),
        labelled=np.array([0, 4]),
        weight=np.ones(6, np.int64),
    )


def test_dominant_classes_and_purity(six):
    assert six.dominant.tolist() == [0, 0, 1]
    assert six.purity == 5 / 6


def test_estimated_and_true_coverage(six):
    shares = six.shares()
    assert shares["estimated"] == 4 / 6  # not 1 and 3
    assert shares["true"] == 4 / 6  # not 2 and 5
    assert shares["classifier"] == 4 / 6


def test_the_claim_of_figure_6(six):
    assert six.claim == 5 / 6  # not 5


def test_errors_of_equations_5_and_7(six):
    assert six.p_fnf == 2 / 6  # 1 and 3: right about y, wrong about y_cpl
    assert six.p_nff == 2 / 6  # 2 and 5: the other way round
    assert six.error_cpl == six.p_nff + six.p_fnf == 4 / 6
    assert six.error_ntk == 0
    assert six.error == 4 / 6
    surer = dataclasses.replace(six, classifier=np.array([0, 1, 0, 0, 1, 1]))
    assert surer.error_ntk == 2 / 6  # 1 and 5
    assert surer.error == 2 / 6  # 2 and 3: 1 is now wrong, and 5 right, by both
    assert surer.shares()["bound"] == 1


def test_impurity_explains_half_of_p_nff_and_over_clustering_all_of_p_fnf(six):
    assert six.impurity == 1 / 2  # image 2, not 5
    assert six.over_clustering == 1
    elsewhere = dataclasses.replace(six, by_cluster=outputs([0, 1, 0, 2, 2, 2], 3))
    assert elsewhere.over_clustering == 1 / 2  # 3 is taken for a cluster of another class


def test_shares_of_nothing_are_unknown(six):
    right = dataclasses.replace(
        six, by_label=outputs(six.label, 2), by_cluster=outputs(six.pseudo_label, 3)
    )
    assert right.error_cpl == 0
    assert np.isnan(right.impurity) and np.isnan(right.over_clustering)


def test_mapped_joins_clusters_by_known_labels_only(six):
    # The labels of images 0 and 4 do not tell that cluster 1 is of class 0: 1 and 3 stay wrong.
    assert six.mapped == 4 / 6
    # That of image 3 does.
    assert dataclasses.replace(six, labelled=np.array([0, 3, 4])).mapped == 1


def test_a_tie_is_right_about_nothing(six):
    tied = dataclasses.replace(six, by_label=np.zeros((6, 2)), by_cluster=np.zeros((6, 3)))
    assert not tied.label_right.any() and not tied.cluster_right.any()


def test_shares_count_an_image_as_often_as_it_stands_for_others(six):
    times = np.array([3, 1, 2, 4, 1, 5])
    every = {
        field.name: np.repeat(getattr(six, field.name), times, axis=0)
        for field in dataclasses.fields(six)
        if field.name not in ("labelled", "weight")
    }
    labelled = (np.cumsum(times) - times)[six.labelled]
    many = Predictions(**every, labelled=labelled, weight=np.ones(16, np.int64))
    few = dataclasses.replace(six, weight=times)
    assert few.shares() == pytest.approx({**many.shares(), "mapped": few.mapped})


def test_dominant_class_of_ties_and_empty_clusters():
    cluster, label, one = np.array([0, 0, 2, 2, 2]), np.array([3, 1, 2, 2, 0]), np.ones(5, int)
    assert dominant_class(cluster, label, 4, one).tolist() == [1, UNKNOWN, 2, UNKNOWN]
    assert dominant_class(cluster, label, 4, np.array([2, 1, 1, 1, 3]))[[0, 2]].tolist() == [3, 0]
    nothing = np.empty(0, dtype=np.int64)
    assert dominant_class(nothing, nothing, 2, nothing).tolist() == [UNKNOWN] * 2


def test_joined_outputs_are_the_sums_of_equation_6():
    values = np.array([[1.0, 2.0, 4.0, 8.0, 16.0]])
    joined, column = join_clusters(values, np.array([1, UNKNOWN, 0, 1, UNKNOWN]))
    assert column.tolist() == [1, 2, 0, 1, 3]
    assert joined.tolist() == [[4, 9, 2, 16]]


@pytest.fixture
def played(features):
    """One round of NTKCPL on 30 images, and its choices' estimate."""
    strategy = NTKCPL(feature="self", candidates=30, width=32)
    clustering = strategy.clustering(labels=6, first_budget=6)
    clusters = clustering.cluster(Pool(features.embedding), np.random.default_rng(0))
    pool = Pool(features.embedding, clusters=clusters)
    batch = select_batch(strategy, pool, 6, Identity(*RUN, 1))
    classifier = train_classifier(features, batch.index, RECIPE, (*RUN, 1))
    return strategy, Round(clusters, classifier), batch.estimated_coverage[-1]


def test_coverage_of_a_round(features, played):
    strategy, finished, estimated = played
    (row,) = measure_coverage(features, strategy, [finished], RUN).to_dict("records")
    index = finished.clusters.index
    assert (row["round"], row["labels"]) == (1, 6)
    # The same kernel, though it is a random one: so it is the estimate that the choice was made by.
    assert row["estimated"] == pytest.approx(estimated)
    predicted = finished.classifier.head.predicted(features.embedding[index])
    assert row["classifier"] == (predicted == features.label[index]).mean()
    assert row["error"] <= row["bound"] == row["error_ntk"] + row["error_cpl"]
    assert row["error_cpl"] == pytest.approx(row["p_nff"] + row["p_fnf"])
    assert row["estimated"] - row["true"] == pytest.approx(row["p_nff"] - row["p_fnf"])
    assert 0 <= row["estimated_accuracy"] <= 1


def test_merged_clusters_are_those_of_the_choice(features, played):
    strategy, finished, _ = played
    merging = strategy.model_copy(update={"merging": True})
    clusters = dataclasses.replace(finished.clusters, labelled_class=np.zeros(6, dtype=np.int64))
    merged = predict(features, merging, finished._replace(clusters=clusters), Identity(*RUN, 1))
    assert merged.by_cluster.shape[1] == merge_known(clusters).n_clusters == 1


def test_an_image_without_a_label_is_named(features):
    label = features.label.copy()
    label[7] = -1
    partly = dataclasses.replace(features, label=label)
    with pytest.raises(ValueError, match=r"image007\.png has none"):
        measure_coverage(partly, NTKCPL(feature="self"), [], RUN)


def test_covered_needs_a_strictly_largest_output():
    values = np.array([[0.0, 0.0], [0.2, 0.1], [0.2, 0.1]])
    np.testing.assert_array_equal(covered(values, np.array([0, 0, 1])), [False, True, False])
