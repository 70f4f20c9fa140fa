"""Measure how many views of a labelled photo the classifier needs.

    .venv/bin/python benchmarks/label_views.py --data DATA --photos FOLDER [--seeds 2]

FOLDER is where benchmarks/labelling_loop.py has run, with its 2,000 photos of CIFAR-10 and their
embeddings. Each seed draws 120 of them to be labelled (some 80 CPU seconds for 16 views of each),
and the others are the test set. It prints the accuracies that docs/results/labelling.md shows.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import datasets
from ntkcpl.artifacts.features import read_features
from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.datasets import DatasetSettings
from ntkcpl.devices import keep_freed_memory
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.weights import import_encoder
from ntkcpl.features import FeatureSettings, embed_views
from ntkcpl.labels.defaults import FEATURES
from ntkcpl.records import SomeRows

LABELS = (40, 80, 120)
VIEWS = (0, 1, 2, 4, 8, 16)  # 0: the embedding itself


def truth_of(data, number):
    """Return the classes of the photos, as labelling_loop.py drew them, and their names."""
    dataset = datasets.load(DatasetSettings(name="cifar10", root=data))
    drawn = np.random.default_rng(0).permutation(len(dataset.test.id))[:number]
    return dataset.test.label[drawn], dataset.classes


def accuracy(features, rows, views, seed):
    """Return the accuracy on all but `rows` after training on each number of `LABELS` of them."""
    known = replace(features, views=SomeRows(rows, views))
    rest = np.setdiff1d(np.arange(len(features.id)), rows)
    for labels in LABELS:
        identity = ("views", "random", seed, labels)
        head = train_classifier(known, rows[:labels], ClassifierSettings(), identity).head
        predicted = head.predicted(features.embedding[rest])
        yield float((predicted == features.label[rest]).mean())


def main():
    """Print a line for each seed and number of views."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of CIFAR-10")
    parser.add_argument("--photos", type=Path, required=True, help="where the loop has run")
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    keep_freed_memory()
    features = read_features(arguments.photos / "results/photos/features.h5")
    label, classes = truth_of(arguments.data, len(features.id))
    features = replace(features, label=label, classes=classes)
    encoder = import_encoder(EncoderSettings(architecture="efficientnet_lite0")).eval()
    how = FeatureSettings.model_validate({**FEATURES, "views": max(VIEWS)})
    folder = DatasetSettings(
        name="imagefolder", root=str(arguments.photos / "photos"), subfolders="ignored"
    )
    for seed in range(arguments.seeds):
        rows = np.random.default_rng(seed).permutation(len(features.id))[: LABELS[-1]]
        images = datasets.load_images(folder, [features.id[row] for row in rows])
        views = embed_views(images, rows, len(features.id), encoder, how)
        itself = features.embedding[rows][:, None].astype(np.float16)
        for number in VIEWS:
            shown = accuracy(features, rows, views[:, :number] if number else itself, seed)
            print(f"seed {seed}, {number} views:", *(f"{100 * a:.1f}" for a in shown), flush=True)


if __name__ == "__main__":
    main()
