"""Compare strategies on ready embeddings, each run of all its rounds in one process.

    .venv/bin/python benchmarks/compare.py config/comparison.yaml [--embeddings my.h5 ...]
                 [--strategies random badge ...] [--pool 10000] [--processes 2] [--threads 1]
                 [--limit 600] [--output results/comparison]

The configuration is one of the workflow's, of experiments with `embeddings`, in YAML or JSON. Each
strategy and seed of an experiment is a chain: choose, label, train, and again, by the functions
that the workflow's stages call, so with a whole pool (`--pool all`) its choices are the workflow's.
Else the pool is so many of the file's images at random, the same for all chains of an experiment.

A chain writes `OUTPUT/EXPERIMENT/STRATEGY/seed<s>.csv`, laid out as the workflow's `accuracy.csv`
(without accuracies of the pool), anew after each round. Started again, the command runs what is
missing; a chain that was stopped begins anew. With `--limit` no chain begins after so many seconds.
The longest go first, by the time of those that are done, else by the memory that they take.

With `--embeddings` the files take the place of the configuration's experiments; each is an
experiment named like the file, with the settings of the configuration's first.

`benchmarks/compare_page.py` makes figures and tables of the results.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.artifacts.accuracy import read_accuracy, write_accuracy
from ntkcpl.artifacts.files import ArtifactError, content_digest, write_text
from ntkcpl.config import Config, ConfigError, load_config
from ntkcpl.learner import Learner
from ntkcpl.precomputed import EmbeddingsError, open_embeddings
from ntkcpl.seeding import numpy_generator
from ntkcpl.settings import canonical_json

# What decides how many threads NumPy's BLAS, numba and torch take, read when they are imported.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Data(NamedTuple):
    """Embeddings and labels: the pool's (N, D), (N,), its views (N, V, D), the test set's."""

    pool: NDArray[np.float32]
    label: NDArray[np.int64]
    views: NDArray[np.floating]
    test: NDArray[np.float32]
    test_label: NDArray[np.int64]


@dataclass(frozen=True)
class Chain:
    """All rounds of a strategy with a seed.

    Attributes
    ----------
    file, pool
        Embeddings, and how many images of their pool take part; None for all.
    settings, classifier
        The strategy's and the classifier's.
    budgets
        Labels held after each round.
    output
        The CSV that it writes.
    """

    experiment: str
    strategy: str
    seed: int
    file: Path
    pool: int | None
    settings: dict[str, Any]
    classifier: dict[str, Any]
    budgets: list[int]
    output: Path

    @property
    def is_done(self) -> bool:
        """Whether the CSV has all rounds."""
        if not self.output.exists():
            return False
        return read_accuracy(self.output)["labels"].tolist() == self.budgets

    def fingerprint(self) -> str:
        """Return what decides the results, as JSON, but for seed and budgets."""
        inputs = {"embeddings": content_digest(self.file), "pool": self.pool}
        return canonical_json(inputs | {"strategy": self.settings, "classifier": self.classifier})

    def rounds(self) -> Iterator[dict[str, Any]]:
        """Run the rounds and yield the row of each."""
        data = read_data(self.file, self.experiment, self.pool)
        learner = Learner(
            data.pool,
            self.settings,
            seed=self.seed,
            classifier=self.classifier,
            classes=range(1 + int(max(data.label.max(), data.test_label.max()))),
            views=data.views,
            experiment=self.experiment,
            name=self.strategy,
        )
        for number, (before, labels) in enumerate(pairwise([0, *self.budgets]), start=1):
            started = time.perf_counter()
            batch = learner.ask(labels - before)
            chosen = time.perf_counter()
            learner.tell(batch, data.label[batch])
            accuracy = (learner.predict(data.test) == data.test_label).mean()
            yield {
                "experiment": self.experiment,
                "strategy": self.strategy,
                "seed": self.seed,
                "round": number,
                "labels": labels,
                "test_accuracy": accuracy,
                "pool_accuracy": np.nan,
                "selection_seconds": chosen - started,
                "training_seconds": time.perf_counter() - chosen,
            }


def read_data(file: Path, experiment: str, size: int | None) -> Data:
    """Read what has a label; of the pool `size` images at random, or all."""
    with open_embeddings(file) as given:
        label = given["pool/label"][:].astype(np.int64)
        test_label = given["test/label"][:].astype(np.int64)
        rows, test_rows = np.flatnonzero(label >= 0), np.flatnonzero(test_label >= 0)
        if size is not None and size < len(rows):
            rng = numpy_generator("compare", experiment, "pool")
            rows = np.sort(rng.choice(rows, size, replace=False))
        pool = given["pool/embedding"][:][rows].astype(np.float32)
        return Data(
            pool=pool,
            label=label[rows],
            views=given["pool/views"][rows] if "pool/views" in given else pool[:, None],
            test=given["test/embedding"][:][test_rows].astype(np.float32),
            test_label=test_label[test_rows],
        )


def read_configuration(path: Path, files: list[Path]) -> Config:
    """Read a configuration; `files`, if there are any, take the place of its experiments."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        values = json.loads(text)
    else:
        import yaml  # which a machine that only runs chains may lack

        values = yaml.safe_load(text)
    if files:
        first = next(iter(values["experiments"].values()))
        values["experiments"] = {file.stem: first | {"embeddings": str(file)} for file in files}
    config = load_config(values)
    for name, experiment in config.experiments.items():
        if experiment.embeddings is None or experiment.labels is not None:
            raise ConfigError(
                f"experiments.{name} does not start from labelled embeddings: put their file under "
                "embeddings"
            )
    return config


def chains_of(config: Config, pool: int | None, output: Path) -> list[Chain]:
    """Return all chains of a configuration."""
    return [
        Chain(
            experiment=name,
            strategy=strategy,
            seed=seed,
            file=experiment.embeddings_file,
            pool=pool,
            settings=config.strategy(name, strategy).model_dump(),
            classifier=experiment.classifier.model_dump(),
            budgets=experiment.budgets,
            output=output / name / strategy / f"seed{seed}.csv",
        )
        for name, experiment in config.experiments.items()
        for strategy in experiment.strategies
        for seed in experiment.seeds
    ]


def check_settings(chains: list[Chain]) -> None:
    """Refuse results that were made with other settings; note those of new ones."""
    for folder, chain in {chain.output.parent: chain for chain in chains}.items():
        note = folder / "settings.json"
        if not note.exists():
            write_text(note, chain.fingerprint())
        elif note.read_text(encoding="utf-8") != chain.fingerprint():
            raise ArtifactError(
                f"{folder} was made with other settings, embeddings or pool: delete it or name "
                "another --output"
            )


def longest_first(config: Config, chains: list[Chain]) -> list[Chain]:
    """Return the chains that are not done, sorted."""

    def length(chain: Chain) -> tuple[float, int]:
        done = [
            rows[["selection_seconds", "training_seconds"]].sum(axis=None)
            for rows in map(read_accuracy, chain.output.parent.glob("*.csv"))
            if rows["labels"].tolist() == chain.budgets
        ]
        n, d = config.experiments[chain.experiment].pool_shape
        strategy = config.strategy(chain.experiment, chain.strategy)
        memory = strategy.memory(min(n, chain.pool or n), d, chain.budgets[-1])
        return (float(np.mean(done)) if done else np.inf), memory

    return sorted((chain for chain in chains if not chain.is_done), key=length, reverse=True)


def run(task: tuple[Chain, float]) -> tuple[Chain, str]:
    """Run a chain, unless its time is over; return it and what came of it."""
    chain, until = task
    if time.time() > until:
        return chain, "not begun"
    started, rows = time.perf_counter(), []
    try:
        for row in chain.rounds():
            rows.append(row)
            write_accuracy(chain.output, rows)
    except Exception as error:
        return chain, f"failed: {type(error).__name__}: {error}"
    return chain, f"{100 * rows[-1]['test_accuracy']:.1f}% in {time.perf_counter() - started:.0f} s"


def main() -> None:
    """Run the chains of a configuration that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--embeddings", type=Path, nargs="+", default=[])
    parser.add_argument("--strategies", nargs="+", help="only these")
    parser.add_argument("--pool", default="10000", help="number of images, or all")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds")
    parser.add_argument("--output", type=Path, default=Path("results/comparison"))
    arguments = parser.parse_args()
    until = time.time() + arguments.limit
    pool = None if arguments.pool == "all" else int(arguments.pool)
    os.environ.update(dict.fromkeys(THREADS, str(arguments.threads)))
    try:
        config = read_configuration(arguments.configuration, arguments.embeddings)
        chains = chains_of(config, pool, arguments.output)
        if arguments.strategies:
            chains = [chain for chain in chains if chain.strategy in arguments.strategies]
        check_settings(chains)
        waiting = longest_first(config, chains)
    except (ArtifactError, ConfigError, EmbeddingsError) as error:
        sys.exit(str(error))
    print(f"{len(chains)} chains, {len(chains) - len(waiting)} are done", flush=True)
    # New processes, not forks of this one, whose libraries have their threads already.
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as workers:
        outcomes = []
        for chain, outcome in workers.imap_unordered(run, [(chain, until) for chain in waiting]):
            outcomes.append(outcome)
            print(chain.experiment, chain.strategy, chain.seed, outcome, flush=True)
    left = sum(outcome.startswith(("not begun", "failed")) for outcome in outcomes)
    if left:
        sys.exit(f"{left} chains are left: run the command again")


if __name__ == "__main__":
    main()
