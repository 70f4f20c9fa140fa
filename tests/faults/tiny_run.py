"""A finished tiny run: the real jobs' scripts, one after the other, in one process.

Two simulated experiments that differ in one setting, of two seeds and rounds, and one that people
label: so there is another file of each kind.
"""

import json
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import torch
from PIL import Image

from ntkcpl import datasets, strategies
from ntkcpl.artifacts.batch import read_ids
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.parts import Parts
from ntkcpl.artifacts.reference import FOLDER as REFERENCE
from ntkcpl.encoders import EncoderSettings
from ntkcpl.labels.tables import write_labels
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.checkpoint import IDENTITY
from ntkcpl.pretraining.training import pretrain
from ntkcpl.settings import canonical_json

SCRIPTS = Path(__file__).parents[2] / "scripts"
COLOURS = {"blue": (40, 60, 220), "green": (30, 200, 60), "red": (220, 40, 30)}
BUDGETS = (6, 12)
STRATEGY = {"method": "ntkcpl", "feature": "al", "candidates": "all", "width": 16}
CLASSIFIER = {"hidden_width": 8, "epochs": 3}
PRETRAINING = {"method": "simsiam", "epochs": 2, "checkpoint_every": 1}
# The experiments, and of what they embed views: of the first, at once.
VIEWS_OF = {"smoke": "pool", "other": "labelled", "photos": "labelled"}


class Files(SimpleNamespace):
    """Files by name, as a rule's input and output are: one that is not named is none."""

    def __getattr__(self, name: str) -> list[str]:
        return []

    def __iter__(self) -> Iterator[Any]:
        return iter(vars(self).values())


def run_job(
    script: str,
    output: dict[str, Any],
    input: dict[str, Any] | None = None,
    of: tuple[str, str, int, int] = ("", "", 0, 0),
    **params: str,
) -> None:
    """Run a job's script as Snakemake does, of (experiment, strategy, seed, round)."""
    names = ("experiment", "strategy", "seed", "round")
    job = SimpleNamespace(
        input=Files(**input or {}),
        output=Files(**output),
        params=SimpleNamespace(code=f"code of {script}", **params),
        wildcards=SimpleNamespace(**dict(zip(names, map(str, of), strict=True))),
        log=[f"logs/{script}.log"],
        threads=1,
    )
    runpy.run_path(str(SCRIPTS / f"{script}.py"), init_globals={"snakemake": job})


def make_run() -> None:
    """Make the run in the working directory."""
    Path("logs").mkdir()
    for name in ("pictures", "photos"):
        draw_images(Path(name))
    for experiment in VIEWS_OF:
        embed(experiment)
    for experiment in ("smoke", "other"):
        for seed in (0, 1):
            for number in (1, 2):
                play_round(experiment, seed, number)
        report(experiment)
    for seed in (0, 1):
        measure("smoke", seed)
    for number in (1, 2):
        play_round("photos", 0, number)
    run_job(
        "predict",
        {"predictions": "results/photos/predictions.csv"},
        {
            "features": "results/photos/features.h5",
            "classifier": place("photos", 0, 2, "classifier.h5"),
            "labels": [place("photos", 0, r, "labels.json") for r in (1, 2)],
        },
    )
    leave_behind()
    bring_files()


def draw_images(folder: Path, number: int = 36) -> None:
    """Draw images of noisy colours, each in a folder of its class."""
    rng = np.random.default_rng(len(folder.name))
    for k in range(number):
        name = list(COLOURS)[k % len(COLOURS)]
        pixels = np.array(COLOURS[name]) + rng.integers(-20, 20, (16, 16, 3))
        path = folder / name / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


def dataset_of(experiment: str) -> dict[str, Any]:
    """The settings of an experiment's images."""
    labelled = experiment == "photos"
    return {
        "name": "imagefolder",
        "root": "photos" if labelled else "pictures",
        "image_size": 16,
        "subfolders": "ignored" if labelled else "classes",
    }


def encoder_of(experiment: str) -> dict[str, Any]:
    """The settings of an experiment's encoder."""
    return {"architecture": "resnet9", "width": 0.25 if experiment == "other" else 0.125}


def features_of(experiment: str) -> dict[str, Any]:
    """The settings of an experiment's features."""
    return {"views": 2, "views_of": VIEWS_OF[experiment]}


def place(experiment: str, seed: int, number: int, name: str = "") -> str:
    """A file of a round, or the round's folder."""
    return f"results/{experiment}/ntkcpl_al/seed{seed}/round{number}/{name}"


def embed(experiment: str) -> None:
    """Pretrain, and embed all images; the last checkpoint is kept."""
    folder = Path("results", experiment)
    encoder, features = str(folder / "encoder.pt"), str(folder / "features.h5")
    dataset = dataset_of(experiment)
    settings: dict[str, Any] = {"encoder": encoder_of(experiment), "pretraining": PRETRAINING}
    run_job(
        "pretrain",
        {"encoder": encoder, "history": str(folder / "pretrain.csv")},
        settings=canonical_json(settings | {"dataset": dataset}),
    )
    output = {"features": features}
    if experiment == "photos":
        output["images"] = str(folder / "images.json")
    run_job(
        "update_features" if experiment == "photos" else "extract_features",
        output,
        {"encoder": encoder},
        settings=canonical_json({"dataset": dataset, "features": features_of(experiment)}),
    )


def play_round(experiment: str, seed: int, number: int) -> None:
    """Cluster, select, ask where people label, embed views and train."""
    of = (experiment, "ntkcpl_al", seed, number)
    at, asked = place(experiment, seed, number), experiment == "photos"
    features = {"features": f"results/{experiment}/features.h5"}
    rounds = range(1, number + 1)
    labels = [place(experiment, seed, r, "labels.json") for r in rounds] if asked else []
    known: dict[str, Any] = features | {"labels": labels[:-1]}
    if number > 1:
        known["classifier"] = place(experiment, seed, number - 1, "classifier.h5")
    strategy = strategies.load(STRATEGY)
    clustering = strategy.clustering(labels=BUDGETS[number - 1], first_budget=BUDGETS[0])
    assert clustering is not None
    clusters, batch = {"clusters": f"{at}clusters.h5"}, {"batch": f"{at}batch.csv"}
    run_job("cluster_pool", clusters, known, of, settings=clustering.canonical())
    settings: dict[str, Any] = {"strategy": strategy, "batch_size": BUDGETS[0]}
    run_job("select_batch", batch, known | clusters, of, settings=canonical_json(settings))
    if asked:
        answers = {image: image.split("/")[0] for image in read_ids(f"{at}batch.csv")}
        said = answers | {next(iter(answers)): None}
        write_labels(f"photos-labels/round{number}.csv", said)
        taken = {"asked": said, "offered": {}, "classes": [*COLOURS]}
        run_job("take_labels", {"labels": labels[-1]}, of=of, taken=json.dumps(taken))
    views: dict[str, Any] = {}
    if VIEWS_OF[experiment] == "labelled":
        views = {"views": [place(experiment, seed, r, "views.h5") for r in rounds]}
        bought = {"labels": labels[-1]} if asked else batch
        settings = {"dataset": dataset_of(experiment), "features": features_of(experiment)}
        run_job(
            "embed_views",
            {"views": views["views"][-1]},
            features | bought | {"encoder": f"results/{experiment}/encoder.pt"},
            of,
            settings=canonical_json(settings | {"batch_size": BUDGETS[0]}),
        )
    run_job(
        "train_classifier",
        {"classifier": f"{at}classifier.h5"},
        (features | {"labels": labels} if asked else known | batch) | views,
        of,
        settings=canonical_json({"classifier": CLASSIFIER, "batch_size": BUDGETS[0]}),
    )


def measure(experiment: str, seed: int) -> None:
    """Make what the target `fidelity` measures of a run."""
    folder = Path(place(experiment, seed, 1)).parent
    files = {
        "features": f"results/{experiment}/features.h5",
        "classifiers": [place(experiment, seed, r, "classifier.h5") for r in (1, 2)],
        "clusters": [place(experiment, seed, r, "clusters.h5") for r in (1, 2)],
    }
    params = {
        "strategy": strategies.load(STRATEGY).canonical(),
        "settings": canonical_json(CLASSIFIER),
    }
    for script, name in (
        ("measure_coverage", "coverage"),
        ("compare_notions", "notions"),
        ("compare_kernels", "kernels"),
    ):
        of = (experiment, "ntkcpl_al", seed, 0)
        run_job(script, {name: str(folder / f"{name}.csv")}, files, of, **params)


def report(experiment: str) -> None:
    """Collect and estimate the accuracies of both seeds."""
    folder = Path("results", experiment)
    files = {
        "features": str(folder / "features.h5"),
        "classifiers": [place(experiment, s, r, "classifier.h5") for s in (0, 1) for r in (1, 2)],
    }
    run_job("collect_accuracy", {"accuracy": str(folder / "accuracy.csv")}, files)
    run_job("estimate_accuracy", {"estimates": str(folder / "estimated_accuracy.csv")}, files)


def leave_behind() -> None:
    """Make what a killed pretraining and a killed extraction leave for the next."""
    for experiment in ("smoke", "other"):
        folder, dataset = Path("results", experiment), dataset_of(experiment)
        images = datasets.load(datasets.DatasetSettings.model_validate(dataset)).pool
        pretrain(
            images.images,
            images.label,
            PretrainingSettings.model_validate(PRETRAINING),
            EncoderSettings.model_validate(encoder_of(experiment)),
            folder / "encoder.checkpoint.pt",
        )
        parts = Parts(folder / "features.h5", experiment)
        for name in ("pool-0", "pool-1"):
            parts.save(name, np.random.default_rng(len(experiment)).normal(size=(16, 8)))
    checkpoint = torch.load("results/smoke/encoder.checkpoint.pt", weights_only=True)
    Path("checkpoint.identity").write_text(checkpoint[IDENTITY], encoding="utf-8")


def bring_files() -> None:
    """Write what people bring: embeddings and weights."""
    rng = np.random.default_rng(0)
    with h5py.File("my.h5", "w") as file:
        for part, number in (("pool", 24), ("test", 6)):
            label = np.arange(number) % 3
            file[f"{part}/label"] = label
            file[f"{part}/embedding"] = rng.normal(size=(number, 4)) + 3 * label[:, None]
            file[f"{part}/id"] = [f"{part}{k}" for k in range(number)]
        file["classes"] = [*COLOURS]
    shutil.copy("results/smoke/encoder.pt", "weights.pt")
    shutil.copytree(REFERENCE, "reference")
    exported = [
        {"image_id": image, "class": image.split("/")[0]}
        for image in read_features("results/photos/features.h5").id[:6]
    ]
    Path("exported.json").write_text(json.dumps(exported), encoding="utf-8")
