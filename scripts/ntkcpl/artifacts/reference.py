"""What the paper printed (Wen et al. 2023), as `reference/ntkcpl/` of the checkout holds it.

An experiment that names one of the paper's is compared with it. Shares here are in [0, 1]; the
files hold percent, as the paper does.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ValidationError

from ntkcpl.artifacts.files import ArtifactError, open_file

if TYPE_CHECKING:
    import pandas as pd

# The library's folder is scripts/ntkcpl of the checkout.
FOLDER = Path(__file__).parents[3] / "reference" / "ntkcpl"
ACCURACY = FOLDER / "accuracy.csv"
CLAIMS = FOLDER / "claims.csv"
EFFECTIVE_BUDGET = FOLDER / "effective_budget.csv"

CHECKSUMS = "SHA256SUMS"  # as sha256sum writes them
RUNS = 5  # behind each mean and standard deviation of the paper's tables
RESTORE = "restore it from the repository"

Kind = Literal["ahead", "comparable", "behind_somewhere", "wider"]


class Claim(BaseModel, frozen=True):
    """One of the paper's statements about two strategies on one data set.

    Attributes
    ----------
    experiment
        One of the paper's experiments.
    section
        Where in the paper it stands.
    kind
        What is said of `strategy` and `rival`: `ahead` of it, `comparable` with it or better,
        `behind_somewhere`, or `wider`, of a higher effective budget ratio.
    strategy, rival
        Names of strategies.
    first, last
        Numbers of labels from which and up to which it is said; None for no bound.
    """

    experiment: str
    section: str
    kind: Kind
    strategy: str
    rival: str
    first: int | None = None
    last: int | None = None


@cache
def label_counts() -> dict[str, tuple[int, ...]]:
    """Return the numbers of labels of each of the paper's experiments, increasing.

    Raises
    ------
    ArtifactError
        If the table is not there, as in an installation without the checkout, or damaged.
    """
    counts: dict[str, dict[int, None]] = {}
    for row in _rows(ACCURACY):
        counts.setdefault(row["experiment"], {})[int(row["labels"])] = None
    return {experiment: tuple(labels) for experiment, labels in counts.items()}


def read_curves(
    path: str | Path = ACCURACY, experiments: Mapping[str, str] | None = None
) -> "pd.DataFrame":
    """Return the paper's Tables 1 and 4 to 7 as learning curves.

    Parameters
    ----------
    path
        `accuracy.csv` of the paper's.
    experiments
        Name of an experiment of ours -> that of the paper's it is compared with; all of the
        paper's under their own names if None.

    Returns
    -------
    DataFrame
        As `reporting.accuracy.learning_curves`, `experiment` being ours. What the paper did not
        run has no row.

    Raises
    ------
    ArtifactError
        If the table is missing or damaged.
    """
    import pandas as pd  # slow to import, and the configuration's check does without

    printed = pd.DataFrame(_rows(path)).astype({"labels": int, "mean": float, "std": float})
    printed = printed.assign(mean=printed["mean"] / 100, std=printed["std"] / 100, seeds=RUNS)
    if experiments is None:
        return printed
    parts = [
        printed[printed["experiment"] == theirs].assign(experiment=ours)
        for ours, theirs in experiments.items()
    ]
    return pd.concat([printed[:0], *parts], ignore_index=True)


def read_claims(path: str | Path, experiment: str) -> list[Claim]:
    """Return what section 4 of the paper claims of one of its experiments, from `claims.csv`.

    Raises
    ------
    ArtifactError
        If the file is missing or damaged, or has a claim of an unknown kind.
    """
    rows = [row for row in _rows(path) if row["experiment"] == experiment]
    try:
        return [Claim.model_validate({k: v or None for k, v in row.items()}) for row in rows]
    except ValidationError as error:
        where = ", ".join(str(fault["loc"][0]) for fault in error.errors())
        raise ArtifactError(f"{path} has a claim with a wrong {where}: {RESTORE}") from error


def read_effective_budget(path: str | Path = EFFECTIVE_BUDGET) -> dict[str, float]:
    """Return the paper's Table 2: strategy -> effective budget ratio, a share.

    Raises
    ------
    ArtifactError
        If the file is missing or damaged.
    """
    return {row["strategy"]: float(row["ratio"]) / 100 for row in _rows(path)}


def _rows(path: str | Path) -> list[dict[str, str]]:
    """Return the rows of a table that fits the SHA256SUMS beside it."""
    path = Path(path)
    try:
        with open_file(path) as table, open_file(path.with_name(CHECKSUMS)) as checksums:
            content, lines = table.read(), checksums.read().splitlines()
    except (ArtifactError, OSError) as error:
        raise ArtifactError(f"{path} or its {CHECKSUMS} cannot be read: {RESTORE}") from error
    if f"{hashlib.sha256(content).hexdigest()}  {path.name}".encode() not in lines:
        raise ArtifactError(f"{path} does not fit its {CHECKSUMS}: {RESTORE}")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
