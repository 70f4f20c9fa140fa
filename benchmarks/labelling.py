"""Measure what wrong labels cost, by strategy.

    .venv/bin/python benchmarks/labelling.py --data DATA [--work FOLDER] [--seeds 3]

From CIFAR-10 in the folder DATA, 5,000 images drawn once are the pool and 2,000 of the test images
the test set, embedded with `efficientnet_lite0` (a few minutes; kept in the work folder). A person
(`people.py`) labels what each strategy asks for, a share of the labels wrong. Every run
is kept in the work folder as it ends, and one that was stopped goes on.

The tables that it prints, in Markdown, are those of docs/results/labelling.md.
"""

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from people import Person

from ntkcpl import datasets
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import Dataset, DatasetSettings, Split
from ntkcpl.encoders import EncoderSettings
from ntkcpl.features import FeatureSettings, extract_features
from ntkcpl.learner import Learner
from ntkcpl.seeding import numpy_generator

POOL, TEST = 5000, 2000
BUDGETS = (40, 100, 200, 400)
WRONG = (0.0, 0.05, 0.1)
STRATEGIES = {
    "random": {"method": "random"},
    "typiclust": {"method": "typiclust"},
    "badge": {"method": "badge"},
    "uherding": {"method": "uherding"},
    "margin": {"method": "margin"},
    "ntkcpl_self": {"method": "ntkcpl", "feature": "self"},
}


def some(split, number):
    """Return some images of a split, drawn once and for all."""
    rng = numpy_generator("benchmarks/labelling", number)
    rows = np.sort(rng.permutation(len(split.id))[:number])
    return Split(split.images[rows], split.label[rows], [split.id[row] for row in rows])


def embedded(data, path):
    """Return the features of the images, embedded unless they are in the file already."""
    if not path.exists():
        from ntkcpl.encoders.weights import import_encoder

        encoder = import_encoder(EncoderSettings(architecture="efficientnet_lite0")).eval()
        dataset = datasets.load(DatasetSettings(name="cifar10", root=data))
        dataset = Dataset(some(dataset.pool, POOL), some(dataset.test, TEST), dataset.classes)
        how = FeatureSettings(
            views_of="labelled", batch_size=128, precision="bf16-mixed", threads=2
        )
        extract_features(path, dataset, encoder, how, Provenance("{}", {}, ()))
    return read_features(path)


def accuracies(features, strategy, seed, wrong):
    """Return the test accuracy at each of `BUDGETS` of one run."""
    truth = {
        name: features.classes[label]
        for name, label in zip(features.id, features.label, strict=True)
    }
    person = Person(f"person{seed}", truth, wrong=wrong)
    learner = Learner(
        features.embedding,
        STRATEGIES[strategy],
        seed=seed,
        classes=features.classes,
        experiment="labelling",
        name=strategy,
    )
    right = np.array(features.classes, dtype=object)[features.test_label]
    reached = []
    for before, after in pairwise((0, *BUDGETS)):
        rows = learner.ask(after - before)
        answers = person.answer(features.id[row] for row in rows)
        learner.tell(rows, list(answers.values()))
        reached.append(float((learner.predict(features.test_embedding) == right).mean()))
    return reached


def runs(features, seeds, kept):
    """Return all accuracies as a table of a row each; those of runs that are kept already too."""
    rows = []
    for seed in range(seeds):
        for wrong in WRONG:
            for strategy in STRATEGIES:
                path = kept / f"{strategy}-{seed}-{wrong}.json"
                if not path.exists():
                    path.write_text(json.dumps(accuracies(features, strategy, seed, wrong)))
                    print(path.stem, path.read_text(), file=sys.stderr, flush=True)
                for budget, accuracy in zip(BUDGETS, json.loads(path.read_text()), strict=True):
                    rows.append((strategy, seed, wrong, budget, 100 * accuracy))
    return pd.DataFrame(rows, columns=["strategy", "seed", "wrong", "labels", "accuracy"])


def print_table(table):
    """Print accuracies in percent with right labels, and the points that wrong ones cost."""
    right = table[table["wrong"] == 0].set_index(["strategy", "seed", "labels"])["accuracy"]
    for wrong in WRONG:
        part = table[table["wrong"] == wrong].set_index(["strategy", "seed", "labels"])["accuracy"]
        told = "All labels right" if wrong == 0 else f"{wrong:.0%} wrong: points against all right"
        shown = part if wrong == 0 else part - right
        groups = shown.groupby(["strategy", "labels"])
        mean, deviation = groups.mean().unstack(), groups.std().unstack()
        print(f"\n{told}\n\n| strategy | " + " | ".join(f"{b} labels" for b in BUDGETS) + " |")
        print("|---|" + "---|" * len(BUDGETS))
        sign = "" if wrong == 0 else "+"
        for name in STRATEGIES:
            cells = (f"{mean.loc[name, b]:{sign}.1f}±{deviation.loc[name, b]:.1f}" for b in BUDGETS)
            print(f"| `{name}` | " + " | ".join(cells) + " |")


def main():
    """Run the study and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of CIFAR-10")
    parser.add_argument("--work", type=Path, default=Path("results/labelling-study"))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    features = embedded(arguments.data, arguments.work / "features.h5")
    print_table(runs(features, arguments.seeds, arguments.work))


if __name__ == "__main__":
    main()
