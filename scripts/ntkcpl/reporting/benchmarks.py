"""Snakemake's benchmark files: how long each stage took."""

import csv
from collections.abc import Iterable
from pathlib import Path


def stage_seconds(folders: Iterable[Path]) -> dict[str, list[float]]:
    """Return for each stage the wall seconds of its jobs, as far as they have a benchmark file.

    The stage that took longest comes first. Of a job that ran several times it is the last.

    Parameters
    ----------
    folders
        Those of logs; a file in one is named as its rule, `<rule>.tsv`.
    """
    seconds: dict[str, list[float]] = {}
    for path in sorted(path for folder in folders for path in folder.glob("*.tsv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                seconds.setdefault(path.stem, []).append(float(row["s"]))
    return dict(sorted(seconds.items(), key=lambda stage: -sum(stage[1])))
