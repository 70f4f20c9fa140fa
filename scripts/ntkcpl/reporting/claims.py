"""Which of the paper's claims hold: a verdict for each, by a rule stated here.

A claim about accuracies looks at the differences between two strategies at the numbers of labels
of which it speaks, and at their average, which one t-test judges (of several numbers of labels, it
can tell more than a test of each). A difference at one number of labels is sure if its p-value
is below `LEVEL` over how many there are (Bonferroni).

- *ahead*: reproduced if the strategy's mean is above the rival's everywhere and the average surely
  so; not reproduced if the average or one difference is surely below 0.
- *comparable*: the same, with `MARGIN` added to the strategy's accuracy.
- *behind_somewhere*: the opposite of *ahead*.
- *wider*: reproduced if the bootstrap's interval of the difference in effective budget ratio lies
  above 0, not reproduced if it lies below.

Whatever is neither cannot be told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ntkcpl.artifacts.reference import Claim
from ntkcpl.reporting.accuracy import REFERENCE, effective_budget_ratio
from ntkcpl.reporting.evidence import Differences, Evidence
from ntkcpl.reporting.look import display_name

LEVEL = 0.05
# Points of accuracy, as a share: the largest deficit that the paper calls comparable is 2.86.
MARGIN = 0.03

Verdict = Literal["reproduced", "not reproduced", "cannot tell"]
OPPOSITE: dict[Verdict, Verdict] = {
    "reproduced": "not reproduced",
    "not reproduced": "reproduced",
    "cannot tell": "cannot tell",
}


@dataclass(frozen=True)
class Judgement:
    """What became of a claim.

    Attributes
    ----------
    claim
        The claim.
    verdict
        Whether it holds.
    figure
        The numbers that decided, as a text.
    """

    claim: Claim
    verdict: Verdict
    figure: str


def judge(claims: Iterable[Claim], evidence: Evidence) -> list[Judgement]:
    """Hold each claim against the accuracies of one experiment, by the module's rules."""
    ran = set(evidence.curves["strategy"])
    judgements = []
    for claim in claims:
        missing = sorted({claim.strategy, claim.rival, REFERENCE} - ran)
        if missing:
            names = " and ".join(map(display_name, missing))
            judgements.append(Judgement(claim, "cannot tell", f"{names} did not run"))
        elif claim.kind == "wider":
            judgements.append(_judge_ratios(claim, evidence))
        else:
            judgements.append(_judge_differences(claim, evidence))
    return judgements


def wording(claim: Claim) -> str:
    """Return the claim as a sentence without its full stop."""
    strategy, rival = display_name(claim.strategy), display_name(claim.rival)
    return {
        "ahead": f"{strategy} is ahead of {rival} {_range(claim)}",
        "comparable": (
            f"{strategy} is no more than {100 * MARGIN:g} points behind {rival} {_range(claim)}"
        ),
        "behind_somewhere": f"{strategy} is behind {rival} at some number of labels",
        "wider": f"{strategy} has a higher effective budget ratio than {rival}",
    }[claim.kind]


def _range(claim: Claim) -> str:
    if claim.first is None and claim.last is None:
        return "at all numbers of labels"
    if claim.last is None:
        return f"from {claim.first:,} labels on"
    if claim.first is None:
        return f"up to {claim.last:,} labels"
    return f"from {claim.first:,} to {claim.last:,} labels"


def _judge_differences(claim: Claim, evidence: Evidence) -> Judgement:
    part = evidence.between(claim.first or 0, claim.last or np.inf)
    bound = -MARGIN if claim.kind == "comparable" else 0.0
    found = part.differences(claim.strategy, claim.rival, bound)
    if not len(found.labels):
        return Judgement(claim, "cannot tell", "no such number of labels in this run")
    verdict = _ahead(found)
    if claim.kind == "behind_somewhere":
        verdict = OPPOSITE[verdict]
    return Judgement(claim, verdict, _describe(found, bound))


def _ahead(found: Differences) -> Verdict:
    """Judge whether all differences are above 0."""
    average_is_sure = found.mean_p_value < LEVEL
    sure = found.p_value < LEVEL / len(found.labels)
    if (average_is_sure and found.mean < 0) or (sure & (found.difference < 0)).any():
        return "not reproduced"
    if average_is_sure and (found.difference > 0).all():
        return "reproduced"
    return "cannot tell"


def _describe(found: Differences, bound: float) -> str:
    """Return the differences (without the bound) in points, and the p-values (with it)."""
    lowest = int(found.difference.argmin())
    ahead = int((found.difference + bound > 0).sum())
    text = (
        f"ahead at {ahead} of {len(found.labels)} numbers of labels, on average by "
        f"{points(found.mean + bound)} ({_p(found.mean_p_value)})"
    )
    if len(found.labels) == 1:
        return text
    return (
        f"{text}; least at {found.labels[lowest]:,} labels, "
        f"{points(found.difference[lowest] + bound)} ({_p(found.p_value[lowest])})"
    )


def _judge_ratios(claim: Claim, evidence: Evidence) -> Judgement:
    ratios = effective_budget_ratio(evidence.curves).set_index("strategy")["ratio"]
    low, high = evidence.ratio_interval(claim.strategy, claim.rival)
    own, other = 100 * ratios[claim.strategy], 100 * ratios[claim.rival]
    figure = f"{own:.1f} and {other:.1f} percent"
    if np.isnan(own - other):
        figure = f"unknown, as one seed of {display_name(REFERENCE)} has no standard deviation"
    if not np.isnan(low):
        figure += f", the difference between {points(low)} and {points(high)}"
    verdict: Verdict = "cannot tell"
    if low > 0:
        verdict = "reproduced"
    elif high < 0:
        verdict = "not reproduced"
    return Judgement(claim, verdict, figure)


def points(share: float) -> str:
    """Return a difference of shares as signed percentage points."""
    return f"{100 * share:+.1f}".replace("-", "−")


def _p(value: float) -> str:
    if np.isnan(value):
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
