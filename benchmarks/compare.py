"""Compare strategies on ready embeddings, each run of all its rounds in one process.

    .venv/bin/python benchmarks/compare.py config/comparison.yaml [--embeddings my.h5 ...]
                 [--experiments digits ...] [--strategies random badge ...] [--pool 10000]
                 [--processes 2] [--threads 1] [--limit 600] [--output results/comparison]

The configuration is one of the workflow's, of experiments with `embeddings`, in YAML or JSON. Each
strategy and seed of an experiment is a chain: choose, label, train, and again, by the functions
that the workflow's stages call, so with a whole pool (`--pool all`) its choices are the workflow's.
Else the pool is so many of the file's images at random, the same for all chains of an experiment.
How far a result depends on views, classes of one size, images that belong, or the classifier that
is tested is what `--views 0`, `--unbalanced`, `--outsiders` and `--probe` show, each with an
`--output` of its own.

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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from compare_pools import Changes, Data, read_data

from ntkcpl.artifacts.accuracy import read_accuracy, write_accuracy
from ntkcpl.artifacts.files import ArtifactError, write_text
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.config import Config, ConfigError, load_config
from ntkcpl.learner import Learner
from ntkcpl.precomputed import EmbeddingsError, embeddings_digest
from ntkcpl.settings import canonical_json

# What decides how many threads NumPy's BLAS, numba and torch take, read when they are imported.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Chain:
    """All rounds of a strategy with a seed.

    Attributes
    ----------
    file, changes
        Embeddings, and what of them takes part.
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
    changes: Changes
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
        changed = {
            name: value
            for name, value in self.changes._asdict().items()
            if name == "pool" or value != Changes._field_defaults[name]
        }
        inputs = {"embeddings": embeddings_digest(self.file)} | changed
        return canonical_json(inputs | {"strategy": self.settings, "classifier": self.classifier})

    def rounds(self) -> Iterator[dict[str, Any]]:
        """Run the rounds and yield the row of each."""
        data = read_data(self.file, self.experiment, self.changes)
        learner = Learner(
            data.pool,
            self.settings,
            seed=self.seed,
            classifier=self.classifier,
            classes=data.classes,
            views=data.views,
            experiment=self.experiment,
            name=self.strategy,
        )
        for number, (before, labels) in enumerate(pairwise([0, *self.budgets]), start=1):
            started = time.perf_counter()
            batch = learner.ask(labels - before)
            chosen = time.perf_counter()
            known = data.label[batch] >= 0
            learner.tell(batch[known], data.label[batch[known]])
            learner.skip(batch[~known])
            accuracy = measure(learner, data, self.changes.probe)
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


def measure(learner: Learner, data: Data, probe: bool) -> float:
    """Return the test accuracy of the classifier, or of a linear probe on the same labels."""
    held = learner.labelled
    if probe and len(np.unique(data.label[held])) > 1:
        from ntkcpl.encoders.quality import linear_accuracy  # with torch, which is slow to import

        return linear_accuracy(data.pool[held], data.label[held], data.test, data.test_label)
    return float((learner.predict(data.test) == data.test_label).mean())


def read_configuration(
    path: Path, files: Sequence[Path] = (), experiments: Sequence[str] = ()
) -> Config:
    """Read a configuration, of which the files of other experiments need not be there.

    `files`, if there are any, take the place of its experiments; of these, if any are named, only
    they stay.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        values = json.loads(text)
    else:
        import yaml  # which a machine that only runs chains may lack

        values = yaml.safe_load(text)
    if files:
        first = next(iter(values["experiments"].values()))
        values["experiments"] = {file.stem: first | {"embeddings": str(file)} for file in files}
    if experiments:
        check_names("experiment", experiments, values["experiments"])
        values["experiments"] = {name: values["experiments"][name] for name in experiments}
    config = load_config(values)
    for name, experiment in config.experiments.items():
        if experiment.embeddings is None or experiment.labels is not None:
            raise ConfigError(
                f"experiments.{name} does not start from labelled embeddings: put their file under "
                "embeddings"
            )
    return config


def chains_of(config: Config, changes: Changes, output: Path) -> list[Chain]:
    """Return all chains of a configuration."""
    return [
        Chain(
            experiment=name,
            strategy=strategy,
            seed=seed,
            file=experiment.embeddings_file,
            changes=changes,
            settings=config.strategy(name, strategy).model_dump(),
            classifier=experiment.classifier.model_dump(),
            budgets=experiment.budgets,
            output=output / name / strategy / f"seed{seed}.csv",
        )
        for name, experiment in config.experiments.items()
        for strategy in experiment.strategies
        for seed in experiment.seeds
    ]


def check_names(kind: str, names: Sequence[str], known: Iterable[str]) -> None:
    """Refuse names that the configuration does not have."""
    known = list(dict.fromkeys(known))
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(
            f"the configuration has no {kind} {', '.join(unknown)}: it has {', '.join(known)}"
        )


def of_strategies(chains: list[Chain], names: Sequence[str]) -> list[Chain]:
    """Return the chains of some strategies, of all where none is named."""
    check_names("strategy", names, (chain.strategy for chain in chains))
    return [chain for chain in chains if not names or chain.strategy in names]


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
        memory = strategy.memory(min(n, chain.changes.pool or n), d, chain.budgets[-1])
        return (float(np.mean(done)) if done else np.inf), memory

    return sorted((chain for chain in chains if not chain.is_done), key=length, reverse=True)


def run(task: tuple[Chain, float]) -> tuple[Chain, str]:
    """Run a chain, unless its time is over; return it and what came of it."""
    chain, until = task
    if time.time() > until:
        return chain, "not begun"
    started, rows = time.perf_counter(), []
    try:
        of = (chain.experiment, chain.strategy, chain.seed)
        origin = Provenance(settings=chain.fingerprint(), identity=of)
        for row in chain.rounds():
            rows.append(row)
            write_accuracy(chain.output, rows, origin)
    except Exception as error:
        return chain, f"failed: {type(error).__name__}: {error}"
    return chain, f"{100 * rows[-1]['test_accuracy']:.1f}% in {time.perf_counter() - started:.0f} s"


def main() -> None:
    """Run the chains of a configuration that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--embeddings", type=Path, nargs="+", default=[])
    parser.add_argument("--experiments", nargs="+", default=[], help="only these")
    parser.add_argument("--strategies", nargs="+", default=[], help="only these")
    parser.add_argument("--pool", default="10000", help="number of images, or all")
    parser.add_argument("--views", type=int, help="of an image that the classifier is trained on")
    parser.add_argument("--unbalanced", action="store_true", help="classes 1:2:...:C in the pool")
    parser.add_argument("--outsiders", action="store_true", help="the last class's are of no class")
    parser.add_argument("--probe", action="store_true", help="test a logistic regression instead")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds")
    parser.add_argument("--output", type=Path, default=Path("results/comparison"))
    arguments = parser.parse_args()
    until = time.time() + arguments.limit
    changes = Changes(
        pool=None if arguments.pool == "all" else int(arguments.pool),
        views=arguments.views,
        unbalanced=arguments.unbalanced,
        outsiders=arguments.outsiders,
        probe=arguments.probe,
    )
    os.environ.update(dict.fromkeys(THREADS, str(arguments.threads)))
    try:
        config = read_configuration(
            arguments.configuration, arguments.embeddings, arguments.experiments
        )
        chains = chains_of(config, changes, arguments.output)
        chains = of_strategies(chains, arguments.strategies)
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
