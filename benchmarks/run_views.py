"""Train the classifiers of a finished run again, on augmented views of what it chose.

    .venv/bin/python benchmarks/run_views.py --data DATA [--strategies typiclust ntkcpl_self]
                                             [--labels 100] [--views 16] [--threads 2]

The run is that of config/cifar10-lite.yaml, whose classifiers see each labelled image as it is.
TypiClust and NTKCPL (self) never ask the classifier, so with views they choose the same images, and
only those need views: padded by 4 pixels, cut at 32 x 32, half of them mirrored, and reduced to the
principal components that benchmarks/embed.py found. DATA is the folder that holds
cifar-10-batches-py. It prints each strategy's mean test accuracy by number of labels, as run and
with views, and the mean difference with its standard error over the seeds.
"""

import argparse
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml
from sklearn.decomposition import PCA

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import datasets
from ntkcpl.artifacts.batch import read_batch
from ntkcpl.artifacts.features import read_features
from ntkcpl.classifier import accuracy, train_classifier
from ntkcpl.config import load_config
from ntkcpl.datasets import DatasetSettings
from ntkcpl.devices import keep_freed_memory
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.weights import import_encoder
from ntkcpl.features import FeatureSettings, embed_views
from ntkcpl.records import SomeRows
from ntkcpl.seeding import Identity

REPOSITORY = Path(__file__).parents[1]
EXPERIMENT = "cifar10-lite"
RESULTS = REPOSITORY / "results" / EXPERIMENT
WHOLE = REPOSITORY / "data/features.h5"  # what embed.py made before it reduced them


def chosen(features, strategy, seed, budgets):
    """Return the images in the order in which a run chose them."""
    run = RESULTS / strategy / f"seed{seed}"
    return np.concatenate(
        [
            read_batch(run / f"round{number}/batch.csv", features, labels - before)[0]
            for number, (before, labels) in enumerate(pairwise([0, *budgets]), start=1)
        ]
    )


def views_of(rows, data, how):
    """Return the views of some images of the pool, embedded and reduced."""
    whole = read_features(WHOLE)
    pca = PCA(256, svd_solver="covariance_eigh").fit(whole.embedding)
    encoder = import_encoder(EncoderSettings(architecture="efficientnet_lite0")).eval()
    images = datasets.load_images(
        DatasetSettings(name="cifar10", root=data), [whole.id[row] for row in rows]
    )
    views = embed_views(images, rows, len(whole.id), encoder, how)
    reduced = pca.transform(views.reshape(-1, views.shape[-1]).astype(np.float32))
    return SomeRows(rows, reduced.reshape(*views.shape[:2], -1).astype(np.float16))


def accuracies(features, rows, budgets, experiment, run):
    """Return the test accuracy after each round, trained on what `features` has for views."""
    for number, labels in enumerate(budgets, start=1):
        identity = Identity(EXPERIMENT, *run, number)
        head = train_classifier(features, rows[:labels], experiment.classifier, identity).head
        yield 100 * accuracy(head, features.test_embedding, features.test_label)


def main():
    """Print a line for each strategy and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of CIFAR-10")
    parser.add_argument("--strategies", nargs="+", default=["typiclust", "ntkcpl_self"])
    parser.add_argument("--labels", type=int, default=100, help="until as many are held")
    parser.add_argument("--views", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    keep_freed_memory()
    config = load_config(yaml.safe_load((REPOSITORY / f"config/{EXPERIMENT}.yaml").read_text()))
    experiment = config.experiments[EXPERIMENT]
    budgets = [labels for labels in experiment.budgets if labels <= arguments.labels]
    features = read_features(RESULTS / "features.h5")
    runs = {
        (strategy, seed): chosen(features, strategy, seed, budgets)
        for strategy in arguments.strategies
        for seed in experiment.seeds
    }
    how = FeatureSettings(
        views=arguments.views,
        view={"padding": 4, "horizontal_flip": True},
        batch_size=128,
        precision="auto",
        threads=arguments.threads,
    )
    as_is = replace(features, views=features.embedding[:, None])
    views = views_of(np.unique(np.concatenate([*runs.values()])), arguments.data, how)
    seen = replace(features, views=views)
    found = {
        run: [[*accuracies(each, rows, budgets, experiment, run)] for each in (as_is, seen)]
        for run, rows in runs.items()
    }
    for strategy in arguments.strategies:
        both = np.array([found[strategy, seed] for seed in experiment.seeds])
        gain = both[:, 1] - both[:, 0]
        error = gain.std(axis=0, ddof=1) / np.sqrt(len(gain))
        for number, labels in enumerate(budgets):
            means = both[:, :, number].mean(axis=0)
            print(
                f"{strategy} {labels}: {means[0]:.1f} as run, {means[1]:.1f} with views, "
                f"{gain[:, number].mean():+.1f} ± {error[number]:.1f}"
            )


if __name__ == "__main__":
    main()
