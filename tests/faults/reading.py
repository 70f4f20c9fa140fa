"""Faults in files that are read: what happens to each, and what is read then."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from faults.artifacts import ARTIFACTS, Artifact
from faults.damage import BYTES, LINES, PLACES, Rng
from faults.outcomes import Outcome, Verdict, fingerprint, judge
from ntkcpl.verify import KINDS, verify


def change(artifact: Artifact, name: str, seed: int) -> None:
    """Do to an artifact, in the working directory, what a fault says."""
    path, rng = Path(artifact.path), np.random.default_rng(seed)
    shutil.copy(path, "own")  # the working directory holds links to the files of the run
    Path("own").replace(path)
    if name in PLACES:
        PLACES[name](path)
    elif name == "foreign":
        path.write_bytes(Path(artifact.others[seed]).read_bytes())
    elif name == "edit":
        edit(path, rng)
    else:
        path.write_bytes((BYTES | LINES)[name](path.read_bytes(), rng))


def edit(path: Path, rng: Rng) -> None:
    """Change one value by the format's own library, which makes its checksums right again."""
    if path.suffix == ".pt":
        content = torch.load(path, weights_only=True)
        state = content["state_dict"]
        weight = state[list(state)[rng.integers(len(state))]]
        weight.view(-1)[rng.integers(weight.numel())] += 1
        torch.save(content, path)
        return
    with h5py.File(path, "r+") as file:
        arrays: list[h5py.Dataset] = []
        file.visititems(lambda _, data: arrays.append(data) if is_filled(data) else None)
        names = list(file.attrs)
        chosen = int(rng.integers(len(arrays) + len(names)))
        if chosen < len(arrays):
            data = arrays[chosen]
            at = tuple(int(rng.integers(size)) for size in data.shape)
            data[at] = b"another" if data.dtype == object else data[at] + 1
        else:
            name = names[chosen - len(arrays)]
            value = file.attrs[name]
            file.attrs[name] = f"{value}1" if isinstance(value, str) else value * 0.999


def is_filled(data: Any) -> bool:
    """Whether an object of an HDF5 file is a data set with something in it."""
    return isinstance(data, h5py.Dataset) and data.size > 0


def kinds_of(artifact: Artifact) -> Iterator[tuple[str, int]]:
    """Yield what may happen to an artifact, and in how many ways that differ: 0 for any number."""
    yield from ((name, 1) for name in PLACES)
    if artifact.others:
        yield "foreign", len(artifact.others)
    yield from ((name, 0) for name in BYTES)
    if Path(artifact.path).suffix in (".csv", ".json"):
        yield from ((name, 0) for name in LINES)
    if Path(artifact.path).suffix in (".h5", ".pt"):
        yield "edit", 0


def read_changed(artifact: Artifact, name: str, good: str, seed: int) -> Verdict:
    """Do what a fault says, and read."""
    change(artifact, name, seed)
    read, path = partial(artifact.read, artifact.path), Path(artifact.path)
    # Of a folder that people bring, its name.
    named = (path.name,) if artifact.ours else (path.name, path.parts[0])
    return judge(read, good, named, artifact.ours)


def read_unchanged(artifact: Artifact, seed: int) -> Verdict:
    """Return the fingerprint of the value before any fault."""
    return Verdict(Outcome.HARMLESS, fingerprint(artifact.read(artifact.path)))


def verify_changed(name: str, seed: int) -> Verdict:
    """Do what a fault says to some artifact, and let `make verify` find it."""
    chosen = [
        artifact
        for artifact in ARTIFACTS
        if Path(artifact.path).name in KINDS
        and artifact.path.startswith("results/")
        and any(name == possible for possible, _ in kinds_of(artifact))
    ]
    artifact = chosen[seed % len(chosen)]
    before = Path(artifact.path).read_bytes()
    finished = {path for path in Path("results").rglob("*") if path.is_file()}
    change(artifact, name, 0 if name == "foreign" else seed)
    _, found = verify(Path("results"), finished)
    if any(Path(artifact.path).name in fault.sentence for fault in found):
        return Verdict(Outcome.REFUSED, found[0].sentence)
    same = Path(artifact.path).is_file() and Path(artifact.path).read_bytes() == before
    return Verdict(Outcome.HARMLESS if same else Outcome.SILENT, artifact.path)


VERIFIED = [*PLACES, *BYTES, *LINES, "foreign", "edit"]
