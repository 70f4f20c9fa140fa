"""Whether the files of a results folder are whole, in their place, and made from one another."""

import json
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ntkcpl.artifacts import classifier, clusters, features, views
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.hdf5 import open_hdf5
from ntkcpl.artifacts.parquet import open_parquet
from ntkcpl.artifacts.sealed import SealedFile
from ntkcpl.artifacts.texts import read_csv, read_json

# Of an experiment, its holdout, a run and a round: file -> what it holds.
KINDS = {
    "encoder.pt": "encoder",
    "pretrain.csv": "pretraining",
    "features.h5": "features",
    "images.json": "images",
    "accuracy.csv": "accuracy",
    "estimated_accuracy.csv": "estimated_accuracy",
    "kernels.csv": "kernels",
    "coverage.csv": "coverage",
    "notions.csv": "notions",
    "predictions.csv": "predictions",
    "predictions.parquet": "predictions",
    "outcomes.csv": "outcomes",
    "cross_validation.csv": "outcomes",
    "clusters.h5": "clusters",
    "batch.csv": "batch",
    "labels.json": "labels",
    "views.h5": "views",
    "classifier.h5": "classifier",
}
FILES = {kind: name for name, kind in KINDS.items()}
PLACES = ("*", "*/holdout", "*/*/seed*", "*/*/seed*/round*")
LAYOUTS = {
    layout.kind: layout
    for layout in (classifier.LAYOUT, clusters.LAYOUT, features.LAYOUT, views.LAYOUT)
}
# What people bring, which no stage makes.
BROUGHT = {"checkpoint", "embeddings"}


@dataclass(frozen=True)
class Fault:
    """What is wrong, in one sentence, and the file to make again."""

    sentence: str
    rebuild: Path


@dataclass(frozen=True)
class _Stored:
    """What a whole file says of itself."""

    path: Path
    experiment: str
    kind: str
    digest: str
    settings: str
    inputs: Mapping[str, str | list[str]]

    @property
    def is_history(self) -> bool:
        """Whether it chose a batch that people have answered."""
        answered = (self.path.parent / FILES["labels"]).exists()
        return answered and self.kind in ("batch", "clusters")

    @property
    def answered(self) -> Path | None:
        """The batch that it answers, if it does, of which it says nothing itself."""
        return self.path.parent / FILES["batch"] if self.kind == "labels" else None


def verify(results: Path, finished: Collection[Path] | None = None) -> tuple[int, list[Fault]]:
    """Check every file that a stage reads, below `results/<experiment>`.

    All its bytes must fit its checksums, it must lie where it belongs, and each input that it was
    made from must be there as it was. The batches and clusters of rounds that people have answered
    are history: of what they were made from nothing need be left.

    Parameters
    ----------
    results
        The folder.
    finished
        Files of all sorts that jobs of the configuration have made and need not make again: one
        that is not there is a fault. Other files are left over, of a round, a strategy or a target
        that is not asked for any more: what they were made from may be gone. None if nobody knows:
        then all that is there is of one run.

    Returns
    -------
    int
        How many files were checked.
    list of Fault
        What is wrong, file by file.
    """
    stored, damaged = [], {}
    for path in _files(results):
        experiment = path.relative_to(results).parts[0]
        try:
            stored.append(_read(path, experiment, KINDS[path.name]))
        except ArtifactError as error:
            damaged[path] = str(error)
    missing = {path: f"{path} is missing" for path in finished or () if not path.exists()}
    faults = [Fault(sentence, path) for path, sentence in (damaged | missing).items()]
    # What is made from a damaged file may be right.
    unknown = {
        (path.relative_to(results).parts[0], KINDS[path.name])
        for path in damaged | missing
        if path.name in KINDS
    }
    faults += (
        Fault(f"{file.path} answers a {batch.name} that is not there", batch)
        for file in stored
        if (batch := file.answered) and not batch.exists() and batch not in missing
    )
    chain = _chain_faults(stored, unknown)
    faults += (f for f in chain if finished is None or f.rebuild in finished)
    return len(stored) + len(damaged), faults


def command_for(faults: Iterable[Fault], arguments: Iterable[str] = ()) -> str:
    """Return the command that makes the files again, what is missing for them, and what follows.

    `arguments` are those by which Snakemake finds the configuration.
    """
    files = sorted({str(fault.rebuild) for fault in faults})
    return shlex.join(["snakemake", *arguments, "--forcerun", *files])


def _files(results: Path) -> Iterator[Path]:
    for place in PLACES:
        yield from (p for p in sorted(results.glob(f"{place}/*")) if p.name in KINDS)


def _read(path: Path, experiment: str, kind: str) -> _Stored:
    """Return what a file says of itself, once all its bytes fit its checksums."""
    found: dict[str, Any]
    if path.suffix == ".csv":
        _, found = read_csv(path, kind)
    elif path.suffix == ".json":
        _, found = read_json(path, kind)
    elif path.suffix == ".parquet":
        with open_parquet(path, kind) as table:
            found = dict(table.origin)
    elif kind in LAYOUTS:
        with SealedFile(path) as content:
            content.verify()
        with open_hdf5(path, LAYOUTS[kind]) as file:
            found = dict(file.attrs)
    else:
        from ntkcpl.encoders.storage import read_attributes  # with torch, which is slow to import

        found = read_attributes(path)
    inputs = json.loads(found["inputs"])
    return _Stored(path, experiment, kind, found["digest"], found["settings"], inputs)


def _chain_faults(stored: list[_Stored], unknown: set[tuple[str, str]]) -> Iterator[Fault]:
    """Yield what was made from a file that is not there; not of kinds of which one is damaged."""
    there: dict[tuple[str, str], list[str]] = {}
    for file in stored:
        there.setdefault((file.experiment, file.kind), []).append(file.digest)
    encoders = {file.experiment: file.settings for file in stored if file.kind == "encoder"}
    for file in stored:
        for name, digests in sorted(file.inputs.items()):
            kind = "batch" if name == "holdout" else name
            kind = kind if kind in FILES else kind.removesuffix("s")  # classifiers
            if name in BROUGHT or file.is_history or (file.experiment, kind) in unknown:
                continue
            known = there.get((file.experiment, kind), [])
            listed = [digests] if isinstance(digests, str) else digests
            if not all(any(k.startswith(digest) for k in known) for digest in listed):
                sentence = f"{file.path} was made from a {FILES[kind]} that is not there"
                yield Fault(sentence, file.path)
        made = encoders.get(file.experiment, file.settings)
        if file.kind == "pretraining" and made != file.settings:
            yield Fault(f"{file.path} is of another pretraining than the encoder", file.path)
