"""Measure what wrong labels cost, by strategy, and what the review list gives back.

    .venv/bin/python benchmarks/labelling.py --data DATA [--work FOLDER] [--seeds 3]
        [--pool 5000] [--test 2000]

From CIFAR-10 in the folder DATA, 5,000 images drawn once are the pool and 2,000 of the test images
the test set, embedded with `efficientnet_lite0` (a few minutes; kept in the work folder). A person
(`people.py`) labels what each strategy asks for, a share of the labels wrong. At the end somebody
who knows the truth checks the first `CHECKED` labels of the review list; scores by which it might
be sorted are compared (`slips.py`). Every run is kept in the work folder as it ends, and one that
was stopped goes on.

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
from slips import scores, trained

from ntkcpl import datasets
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import Dataset, DatasetSettings, Split
from ntkcpl.encoders import EncoderSettings
from ntkcpl.features import FeatureSettings, extract_features
from ntkcpl.learner import Learner
from ntkcpl.seeding import numpy_generator
from ntkcpl.slips import likely_slips

BUDGETS = (40, 100, 200, 400)
WRONG = (0.0, 0.05, 0.1)
CHECKED = 50
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


def embedded(data, path, pool, test):
    """Return the features of the images, embedded unless they are in the file already."""
    if not path.exists():
        from ntkcpl.encoders.weights import import_encoder

        encoder = import_encoder(EncoderSettings(architecture="efficientnet_lite0")).eval()
        dataset = datasets.load(DatasetSettings(name="cifar10", root=data))
        dataset = Dataset(some(dataset.pool, pool), some(dataset.test, test), dataset.classes)
        how = FeatureSettings(views_of="labelled", batch_size=128, precision="32-true", threads=2)
        extract_features(path, dataset, encoder, how, Provenance("{}", {}, ()))
    return read_features(path)


def run(features, strategy, seed, wrong):
    """Return what came of one run.

    `accuracy` is that on the test set at each of `BUDGETS`, `corrected` that at the last of them
    once the first `CHECKED` labels of the review list are put right. `wrong` counts wrong labels,
    `listed` all labels on the list, and `found` the wrong ones among its first, and among the first
    by each score.
    """
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
    reached, said = [], []
    for before, after in pairwise((0, *BUDGETS)):
        rows = learner.ask(after - before)
        answers = [*person.answer(features.id[row] for row in rows).values()]
        learner.tell(rows, answers)
        said += map(features.classes.index, answers)
        reached.append(float((learner.predict(features.test_embedding) == right).mean()))
    identity = ("labelling", strategy, seed, len(BUDGETS))
    label = np.array(said)
    return {"accuracy": reached} | reviewed(features, learner.labelled, label, identity)


def reviewed(features, labelled, label, identity):
    """Return what `run` says of the review list."""
    embedding, truth = features.embedding[labelled], features.label[labelled]
    n_classes, is_wrong = len(features.classes), label != truth
    place = likely_slips(embedding, label, n_classes, np.random.default_rng(0)).place
    first = place[:CHECKED]
    corrected = label.copy()
    corrected[first] = truth[first]
    head = trained(embedding, corrected, n_classes, identity)
    found = {"the list": int(is_wrong[first].sum())}
    if is_wrong.any():
        for name, score in scores(embedding, label, n_classes).items():
            found[name] = int(is_wrong[np.argsort(score, kind="stable")[:CHECKED]].sum())
    return {
        "wrong": int(is_wrong.sum()),
        "listed": len(place),
        "found": found,
        "corrected": float((head.predicted(features.test_embedding) == features.test_label).mean()),
    }


def runs(features, seeds, kept):
    """Return all runs, (strategy, seed, share of wrong labels) -> `run`; those kept already too."""
    results = {}
    for seed in range(seeds):
        for wrong in WRONG:
            for strategy in STRATEGIES:
                path = kept / f"{strategy}-{seed}-{wrong}.json"
                if not path.exists():
                    path.write_text(json.dumps(run(features, strategy, seed, wrong)))
                    print(path.stem, path.read_text(), file=sys.stderr, flush=True)
                results[strategy, seed, wrong] = json.loads(path.read_text())
    return results


def table_of(results):
    """Return the accuracies as a table, a row each."""
    rows = [
        (*key, budget, 100 * accuracy)
        for key, result in results.items()
        for budget, accuracy in zip(BUDGETS, result["accuracy"], strict=True)
    ]
    return pd.DataFrame(rows, columns=["strategy", "seed", "wrong", "labels", "accuracy"])


def print_review(results, seeds):
    """Print what the review list finds, and gives back."""
    for wrong in WRONG[1:]:
        print(f"\n{wrong:.0%} wrong, {BUDGETS[-1]} labels\n")
        print("| strategy | wrong | on the list | in its first 50 | points lost | given back |")
        print("|---|---|---|---|---|---|")
        for name in STRATEGIES:
            all_ = [results[name, seed, wrong] for seed in range(seeds)]
            right = [results[name, seed, 0.0]["accuracy"][-1] for seed in range(seeds)]
            errors = [r["wrong"] for r in all_]
            found = [r["found"]["the list"] for r in all_]
            lost = [100 * (a - r["accuracy"][-1]) for a, r in zip(right, all_, strict=True)]
            back = [100 * (r["corrected"] - r["accuracy"][-1]) for r in all_]
            print(
                f"| `{name}` | {np.mean(errors):.1f} | {np.mean([r['listed'] for r in all_]):.0f} "
                f"| {np.mean(found):.1f} ({sum(found) / sum(errors):.0%}) "
                f"| {shown(np.mean(lost), pd.Series(lost).std())} "
                f"| {shown(np.mean(back), pd.Series(back).std())} |"
            )


def shown(mean, deviation, sign=""):
    """Return mean ± standard deviation; that of one seed is none."""
    return f"{mean:{sign}.1f}" + ("" if np.isnan(deviation) else f"±{deviation:.1f}")


def print_scores(results):
    """Print how many wrong labels each score finds, over all strategies and seeds."""
    print("\n| score | " + " | ".join(f"{wrong:.0%} wrong" for wrong in WRONG[1:]) + " |")
    print("|---|" + "---|" * len(WRONG[1:]))
    groups = [[r for key, r in results.items() if key[2] == wrong] for wrong in WRONG[1:]]
    for name in groups[0][0]["found"]:
        shares = (
            sum(r["found"][name] for r in group) / sum(r["wrong"] for r in group)
            for group in groups
        )
        print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")


def print_table(table):
    """Print accuracies in percent with right labels, and the points that wrong ones cost."""
    right = table[table["wrong"] == 0].set_index(["strategy", "seed", "labels"])["accuracy"]
    for wrong in WRONG:
        part = table[table["wrong"] == wrong].set_index(["strategy", "seed", "labels"])["accuracy"]
        told = "All labels right" if wrong == 0 else f"{wrong:.0%} wrong: points against all right"
        points = part if wrong == 0 else part - right
        groups = points.groupby(["strategy", "labels"])
        mean, deviation = groups.mean().unstack(), groups.std().unstack()
        print(f"\n{told}\n\n| strategy | " + " | ".join(f"{b} labels" for b in BUDGETS) + " |")
        print("|---|" + "---|" * len(BUDGETS))
        sign = "" if wrong == 0 else "+"
        for name in STRATEGIES:
            cells = (shown(mean.loc[name, b], deviation.loc[name, b], sign) for b in BUDGETS)
            print(f"| `{name}` | " + " | ".join(cells) + " |")


def main():
    """Run the study and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of CIFAR-10")
    parser.add_argument("--work", type=Path, default=Path("results/labelling-study"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pool", type=int, default=5000, help="images to label from")
    parser.add_argument("--test", type=int, default=2000, help="images to test on")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / f"features-{arguments.pool}-{arguments.test}.h5"
    features = embedded(arguments.data, path, arguments.pool, arguments.test)
    results = runs(features, arguments.seeds, arguments.work)
    print_table(table_of(results))
    print_review(results, arguments.seeds)
    print_scores(results)


if __name__ == "__main__":
    main()
