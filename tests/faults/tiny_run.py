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
from PIL import Image

from ntkcpl import strategies
from ntkcpl.artifacts.batch import read_ids
from ntkcpl.labels.tables import write_labels
from ntkcpl.settings import canonical_json

SCRIPTS = Path(__file__).parents[2] / "scripts"
COLOURS = {"blue": (40, 60, 220), "green": (30, 200, 60), "red": (220, 40, 30)}
BUDGETS = (6, 12)
STRATEGY = {"method": "ntkcpl", "feature": "al", "candidates": "all", "width": 16}
CLASSIFIER = {"hidden_width": 8, "epochs": 3}
PRETRAINING = {"method": "simsiam", "epochs": 2, "checkpoint_every": 1}
FEATURES = {"views": 2, "views_of": "labelled"}
# Of each experiment: its encoder, and what its images are.
ENCODERS = {name: {"architecture": "resnet9", "width": 0.125} for name in ("smoke", "photos")}
ENCODERS["other"] = {"architecture": "resnet9", "width": 0.25}


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
    for experiment in ENCODERS:
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


def place(experiment: str, seed: int, number: int, name: str = "") -> str:
    """A file of a round, or the round's folder."""
    return f"results/{experiment}/ntkcpl_al/seed{seed}/round{number}/{name}"


def embed(experiment: str) -> None:
    """Pretrain, and embed all images; the last checkpoint is kept."""
    folder = Path("results", experiment)
    encoder, features = str(folder / "encoder.pt"), str(folder / "features.h5")
    dataset, settings = dataset_of(experiment), ENCODERS[experiment]
    run_job(
        "pretrain",
        {"encoder": encoder, "history": str(folder / "pretrain.csv")},
        settings=canonical_json(
            {"dataset": dataset, "encoder": settings, "pretraining": PRETRAINING}
        ),
    )
    output = {"features": features}
    if experiment == "photos":
        output["images"] = str(folder / "images.json")
    run_job(
        "update_features" if experiment == "photos" else "extract_features",
        output,
        {"encoder": encoder},
        settings=canonical_json({"dataset": dataset, "features": FEATURES}),
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
    settings = {"dataset": dataset_of(experiment), "features": FEATURES, "batch_size": BUDGETS[0]}
    run_job(
        "embed_views",
        {"views": f"{at}views.h5"},
        features
        | {"encoder": f"results/{experiment}/encoder.pt"}
        | ({"labels": labels[-1]} if asked else batch),
        of,
        settings=canonical_json(settings),
    )
    run_job(
        "train_classifier",
        {"classifier": f"{at}classifier.h5"},
        (features | {"labels": labels} if asked else known | batch)
        | {"views": [place(experiment, seed, r, "views.h5") for r in rounds]},
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
        "views": [place(experiment, seed, r, "views.h5") for r in (1, 2)],
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
