"""Snakemake's benchmark files: how long each stage took."""

import csv
from collections.abc import Iterable
from pathlib import Path

from ntkcpl.artifacts.files import FIX, ArtifactError


def stage_seconds(folders: Iterable[Path]) -> dict[str, list[float]]:
    """Return for each stage the wall seconds of its jobs, as far as they have a benchmark file.

    The stage that took longest comes first. Of a job that ran several times it is the last.

    Parameters
    ----------
    folders
        Those of logs; a file in one is named as its rule, `<rule>.tsv`.

    Raises
    ------
    ArtifactError
        If a file is none of Snakemake's.
    """
    seconds: dict[str, list[float]] = {}
    for path in sorted(path for folder in folders for path in folder.glob("*.tsv")):
        try:
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file, delimiter="\t"):
                    seconds.setdefault(path.stem, []).append(float(row["s"]))
        except (OSError, ValueError, LookupError, TypeError, csv.Error) as error:
            raise ArtifactError(f"{path} is no benchmark file of Snakemake's: {FIX}") from error
    return dict(sorted(seconds.items(), key=lambda stage: -sum(stage[1])))
