"""What the labels held say about the accuracy of the classifiers: `estimated_accuracy.csv`."""

from pathlib import Path

import pandas as pd

from ntkcpl.artifacts.accuracy import COLUMNS, RUN
from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.artifacts.frames import read_frame
from ntkcpl.reporting.look import display_name
from ntkcpl.reporting.tables import Table

RUN_AND_LABELS = [*RUN, "labels"]
TYPES = {name: COLUMNS[name] for name in [*RUN, "round", "labels"]}
TYPES["estimated_accuracy"] = "float64"
KIND = "estimated_accuracy"


def read_estimates(path: str | Path) -> pd.DataFrame:
    """Read `estimated_accuracy.csv`: a row a classifier, shares of the pool.

    Raises
    ------
    ArtifactError
        If the file is missing or damaged, has other columns, or values out of range.
    """
    frame = read_frame(path, KIND, TYPES)
    if not frame["estimated_accuracy"].between(0, 1).all():
        raise ArtifactError(f"{path} has an estimate outside [0, 1]: {FIX}")
    return frame


def estimate_table(accuracy: pd.DataFrame, estimates: pd.DataFrame) -> Table:
    """Return the estimated accuracy at each number of labels, beside the true one if it is known.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `accuracy.read_accuracy`).
    estimates
        See `read_estimates`.

    Returns
    -------
    Table
        A row for each strategy, a column for each number of labels, means over seeds.
    """
    true = accuracy[[*RUN_AND_LABELS, "pool_accuracy"]]
    both = estimates.merge(true, on=RUN_AND_LABELS, validate="one_to_one")
    means = both.groupby(["strategy", "labels"], sort=False)
    data = means[["estimated_accuracy", "pool_accuracy"]].mean().reset_index()
    bracket = (100 * data["pool_accuracy"]).map(lambda x: "" if pd.isna(x) else f" ({x:.1f})")
    cells = (100 * data["estimated_accuracy"]).map("{:.1f}".format) + bracket
    text = data.assign(cell=cells).pivot(index="strategy", columns="labels", values="cell")
    text = text.loc[data["strategy"].unique()]
    text = text.set_axis(pd.Index(map(display_name, text.index), name="Strategy"))
    caption = (
        "Accuracy on the pool in percent by number of labels, estimated from the labels held; in "
        "brackets the true one, where the labels of the pool are known. Means over seeds."
    )
    return Table(caption, data, text, text.map(lambda _: 0))
