"""The rules on hand-made accuracies, and on the numbers that the paper printed itself."""

import numpy as np
import pandas as pd
import pytest

from ntkcpl.artifacts.reference import CLAIMS, Claim, label_counts, read_claims, read_curves
from ntkcpl.reporting.claims import Judgement, judge, wording
from ntkcpl.reporting.evidence import Curves, Runs

# (experiment, kind, strategy, rival) of what the paper claims and its own tables contradict: that
# TypiClust is behind Random somewhere; on Pets its mean is ahead at all numbers of labels.
CONTRADICTED = {("pets", "behind_somewhere", "typiclust", "random")}

# Differences of seeds about a mean difference, small and large.
SURE, UNSURE = np.array([-0.001, 0.0, 0.001, 0.002]), np.array([-0.2, 0.0, 0.1, 0.3])


def runs(**gaps: list[tuple[float, np.ndarray]]) -> Runs:
    """Return runs of Random and of strategies with these differences from it at 10, 20, ..."""
    rng = np.random.default_rng(0)
    base = rng.uniform(0.4, 0.5, (4, 9))
    rows = [("random", seed, 10 * k + 10, base[seed, k]) for seed in range(4) for k in range(9)]
    rows += [
        (strategy, seed, 10 * k + 10, base[seed, k] + mean + noise[seed] - noise.mean())
        for strategy, points in gaps.items()
        for k, (mean, noise) in enumerate(points)
        for seed in range(4)
    ]
    columns = ["strategy", "seed", "labels", "test_accuracy"]
    return Runs(pd.DataFrame(rows, columns=columns).assign(experiment="toy"))


def verdict(evidence: Runs, kind: str, **bounds: int) -> Judgement:
    claim = Claim(
        experiment="toy", section="4", kind=kind, strategy="mine", rival="random", **bounds
    )
    return judge([claim], evidence)[0]


@pytest.mark.parametrize(
    ("points", "ahead", "behind_somewhere"),
    [
        ([(0.02, SURE), (0.01, SURE)], "reproduced", "not reproduced"),
        # Ahead on average, but not everywhere; or everywhere, but not surely.
        ([(0.05, SURE), (-0.0001, SURE)], "cannot tell", "cannot tell"),
        ([(0.02, UNSURE), (0.01, UNSURE)], "cannot tell", "cannot tell"),
        # Surely behind at one number of labels, though ahead on average; and on average.
        ([(0.05, SURE), (-0.02, SURE)], "not reproduced", "reproduced"),
        ([(-0.02, SURE), (-0.01, SURE)], "not reproduced", "reproduced"),
        ([(-0.02, UNSURE), (-0.01, UNSURE)], "cannot tell", "cannot tell"),
        # Behind everywhere by what only the average is sure of.
        ([(-0.05, UNSURE), (-0.05, -UNSURE)], "not reproduced", "reproduced"),
    ],
)
def test_ahead_and_its_opposite(points, ahead, behind_somewhere):
    assert verdict(runs(mine=points), "ahead").verdict == ahead
    assert verdict(runs(mine=points), "behind_somewhere").verdict == behind_somewhere


@pytest.mark.parametrize(
    ("mean", "noise", "expected"),
    [
        (0.01, SURE, "reproduced"),
        (-0.02, SURE, "reproduced"),
        (-0.02, UNSURE, "cannot tell"),
        (-0.04, UNSURE, "cannot tell"),
        (-0.04, SURE, "not reproduced"),
    ],
)
def test_comparable_allows_three_points(mean, noise, expected):
    assert verdict(runs(mine=[(mean, noise)] * 2), "comparable").verdict == expected


def test_a_difference_at_one_of_many_numbers_of_labels_must_be_surer():
    noise = np.array([-0.004, 0.0, 0.003, 0.001])
    low = (-0.008, noise)  # p = 0.01 or so
    assert verdict(runs(mine=[low]), "ahead").verdict == "not reproduced"
    many = [(0.01, noise)] * 8 + [low]
    assert verdict(runs(mine=many), "ahead").verdict == "cannot tell"


def test_only_the_range_counts():
    points = [(-0.02, SURE), (0.02, SURE), (-0.02, SURE)]
    assert verdict(runs(mine=points), "ahead", first=20, last=20).verdict == "reproduced"
    assert verdict(runs(mine=points), "ahead", first=20).verdict == "not reproduced"
    assert verdict(runs(mine=points), "ahead", last=20).verdict == "not reproduced"
    outside = verdict(runs(mine=points), "ahead", first=40)
    assert (outside.verdict, outside.figure) == (
        "cannot tell",
        "no such number of labels in this run",
    )


def test_figure_tells_the_differences_in_points():
    judged = verdict(runs(mine=[(0.05, SURE), (-0.02, SURE)]), "ahead")
    assert judged.figure == (
        "ahead at 1 of 2 numbers of labels, on average by +1.5 (p < 0.001); least at 20 labels, "
        "−2.0 (p < 0.001)"
    )
    within = verdict(runs(mine=[(-0.02, SURE)]), "comparable")
    assert within.figure.startswith("ahead at 0 of 1 numbers of labels, on average by −2.0")


def test_wider_asks_the_bootstrap():
    claim = Claim(experiment="toy", section="4", kind="wider", strategy="mine", rival="entropy")
    other = claim.model_copy(update={"strategy": "entropy", "rival": "mine"})
    evidence = runs(mine=[(0.3, SURE)] * 3, entropy=[(-0.3, SURE)] * 3)
    first, second = judge([claim, other], evidence)
    assert (first.verdict, second.verdict) == ("reproduced", "not reproduced")
    assert first.figure == ("100.0 and 0.0 percent, the difference between +100.0 and +100.0")
    same = judge([claim], runs(mine=[(0.3, SURE)], entropy=[(0.3, SURE)]))[0]
    assert same.verdict == "cannot tell"
    one = evidence.accuracy[evidence.accuracy["seed"] == 0]
    alone = judge([claim], Runs(one))[0]
    assert alone.verdict == "cannot tell"
    assert alone.figure == "unknown, as one seed of Random has no standard deviation"


def test_a_strategy_that_did_not_run_tells_nothing():
    claim = Claim(experiment="toy", section="4", kind="ahead", strategy="badge", rival="typiclust")
    judged = judge([claim], runs(mine=[(0.1, SURE)]))[0]
    assert (judged.verdict, judged.figure) == ("cannot tell", "BADGE and TypiClust did not run")


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, "at all numbers of labels"),
        ({"first": 1000}, "from 1,000 labels on"),
        ({"last": 500}, "up to 500 labels"),
        ({"first": 20, "last": 60}, "from 20 to 60 labels"),
    ],
)
def test_wording_tells_the_range(bounds, expected):
    claim = Claim(
        experiment="toy", section="4", kind="ahead", strategy="badge", rival="random", **bounds
    )
    assert wording(claim) == f"BADGE is ahead of Random {expected}"


def test_the_papers_own_numbers_contradict_its_claims_only_where_known():
    curves = read_curves()
    verdicts = {
        (name, c.claim.kind, c.claim.strategy, c.claim.rival): c.verdict
        for name in label_counts()
        for c in judge(
            [claim for claim in read_claims(CLAIMS, name) if claim.kind != "wider"],
            Curves(curves[curves["experiment"] == name]),
        )
    }
    contradicted = {key for key, verdict in verdicts.items() if verdict == "not reproduced"}
    assert contradicted == CONTRADICTED
    assert {key for key, verdict in verdicts.items() if verdict == "reproduced"} >= {
        (name, "ahead", "ntkcpl_al", "random") for name in label_counts()
    }


def test_printed_ratios_have_no_interval_but_are_wider_everywhere():
    curves = read_curves()
    for name in label_counts():
        wider = [claim for claim in read_claims(CLAIMS, name) if claim.kind == "wider"]
        for judged in judge(wider, Curves(curves[curves["experiment"] == name])):
            assert judged.verdict == "cannot tell"
            own, other = judged.figure.removesuffix(" percent").split(" and ")
            assert float(own) > float(other)
