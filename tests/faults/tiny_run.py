"""A finished tiny run: the real jobs' scripts, one after the other, in one process.

Two simulated experiments that differ in their encoder, and one that people label, of two seeds and
rounds each: so there is another file of every kind. And one that begins from ready embeddings.
"""

import json
import os
import runpy
import shutil
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from ntkcpl import datasets, strategies
from ntkcpl.artifacts.batch import read_ids
from ntkcpl.artifacts.cells import write_cells
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.parts import Parts
from ntkcpl.artifacts.reference import FOLDER as REFERENCE
from ntkcpl.encoders import EncoderSettings
from ntkcpl.labels.label_studio import encode_id
from ntkcpl.labels.tables import write_labels
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.checkpoint import IDENTITY, SealedCheckpoints
from ntkcpl.pretraining.training import pretrain
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.seeding import Identity
from ntkcpl.settings import canonical_json

SCRIPTS = Path(__file__).parents[2] / "scripts"
HOLDOUT = 6  # images
# No UTF-8, a line end, a formula: names that spreadsheets, databases and pages alter.
ODD_NAMES = {0: os.fsdecode(b"caf\xe9.png"), 1: "a\rb.png", 2: "=1+1.png", 3: "\t,'\".png"}
COLOURS = {"blue": (40, 60, 220), "green": (30, 200, 60), "red": (220, 40, 30)}
BUDGETS = (6, 12)
STRATEGY = "ntkcpl_al"
SETTINGS = {"method": "ntkcpl", "feature": "al", "candidates": "all", "width": 16}
EMBEDDED_BY = ("dataset", "encoder", "pretraining", "features")
# The experiments, and whose views are embedded at once.
VIEWS_OF = {"smoke": "pool", "other": "pool", "photos": "labelled"}


class Files(SimpleNamespace):
    """Files by name, as a rule's input and output are: one that is not named is none."""

    def __getattr__(self, name: str) -> list[str]:
        return []


def run_job(
    script: str,
    of: Identity,
    output: dict[str, Any],
    input: dict[str, Any] | None = None,
    **params: Any,
) -> None:
    """Run a job's script as Snakemake does."""
    job = SimpleNamespace(
        input=Files(**input or {}),
        output=Files(**output),
        params=SimpleNamespace(code=f"code of {script}", made_by=made_by(of), **params),
        wildcards=SimpleNamespace(**{name: str(value) for name, value in of._asdict().items()}),
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
        if experiment == "photos":
            hold_out()
        for seed, number in product((0, 1), (1, 2)):
            play_round(Identity(experiment, STRATEGY, seed, number))
    for experiment in ("smoke", "other"):
        report(experiment)
    for seed in (0, 1):
        measure(Identity("smoke", STRATEGY, seed, 0))
    evaluate()
    leave_behind()
    bring_files()
    import_ready()


def draw_images(folder: Path, number: int = 36) -> None:
    """Draw images of noisy colours, each in a folder of its class."""
    rng = np.random.default_rng(len(folder.name))
    for k in range(number):
        name = list(COLOURS)[k % len(COLOURS)]
        pixels = np.array(COLOURS[name]) + rng.integers(-20, 20, (16, 16, 3))
        path = folder / name / ODD_NAMES.get(k, f"{k}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


def settings_of(experiment: str) -> dict[str, Any]:
    """The settings of an experiment's stages."""
    asked = experiment == "photos"
    return {
        "dataset": {
            "name": "imagefolder",
            "root": "photos" if asked else "pictures",
            "image_size": 16,
            "subfolders": "ignored" if asked else "classes",
        },
        "encoder": {"architecture": "resnet9", "width": 0.25 if experiment == "other" else 0.125},
        "pretraining": {"method": "simsiam", "epochs": 2, "checkpoint_every": 1},
        "features": {"views": 2, "views_of": VIEWS_OF[experiment]},
        "classifier": {"hidden_width": 8, "epochs": 3},
        "strategy": SETTINGS,
    }


def some_settings(experiment: str, *stages: str, **others: Any) -> str:
    """Settings of some stages as the rules hand them on."""
    settings = settings_of(experiment)
    return canonical_json({stage: settings[stage] for stage in stages} | others)


def clustering_of(of: Identity) -> Clustering:
    """What is clustered before a round."""
    strategy = strategies.load(SETTINGS)
    clustering = strategy.clustering(labels=BUDGETS[of.round - 1], first_budget=BUDGETS[0])
    assert clustering is not None
    return clustering


def made_by(of: Identity) -> dict[str, str]:
    """The settings that files of each kind were made by, as rules/common.smk has it."""
    stages = {
        "encoder": ("dataset", "encoder", "pretraining"),
        "features": EMBEDDED_BY,
        "views": ("dataset", "features"),
        "classifier": ("classifier",),
        "batch": () if of.experiment == "photos" else ("strategy",),
    }
    settings = {kind: some_settings(of.experiment, *names) for kind, names in stages.items()}
    return settings | {"clusters": clustering_of(of).canonical()}


def place(of: Identity, name: str = "") -> str:
    """A file of a round, or the round's folder."""
    return f"results/{of.experiment}/{of.strategy}/seed{of.seed}/round{of.round}/{name}"


def so_far(of: Identity, name: str) -> list[str]:
    """The files of that name of the rounds up to this one."""
    return [place(of._replace(round=number), name) for number in range(1, of.round + 1)]


def embed(experiment: str) -> None:
    """Pretrain, and embed all images."""
    of, folder = Identity(experiment, "", 0, 1), f"results/{experiment}"
    run_job(
        "pretrain",
        of,
        {"encoder": f"{folder}/encoder.pt", "history": f"{folder}/pretrain.csv"},
        settings=some_settings(experiment, "dataset", "encoder", "pretraining"),
    )
    output = {"features": f"{folder}/features.h5", "images": f"{folder}/images.json"}
    run_job(
        "update_features" if experiment == "photos" else "extract_features",
        of,
        output,
        {"encoder": f"{folder}/encoder.pt"},
        settings=some_settings(experiment, *EMBEDDED_BY),
    )


def hold_out() -> None:
    """Draw the holdout, and let people label it but for its first image."""
    of, folder = Identity("photos", STRATEGY, 0, 1), "results/photos/holdout"
    known = {"features": "results/photos/features.h5", "images": "results/photos/images.json"}
    run_job("draw_holdout", of, {"batch": f"{folder}/batch.csv"}, known, number=HOLDOUT)
    take(of, folder, "holdout")


def play_round(of: Identity) -> None:
    """Cluster, select, ask where people label, embed views and train."""
    at, asked, size = place(of), of.experiment == "photos", {"batch_size": BUDGETS[0]}
    features = {"features": f"results/{of.experiment}/features.h5"}
    labels = so_far(of, "labels.json") if asked else []
    known: dict[str, Any] = features | {"labels": labels[:-1]}
    if of.round > 1:
        known["classifier"] = so_far(of, "classifier.h5")[-2]
    if asked:
        known["holdout"] = "results/photos/holdout/batch.csv"
    clusters, batch = {"clusters": f"{at}clusters.h5"}, {"batch": f"{at}batch.csv"}
    run_job("cluster_pool", of, clusters, known, settings=clustering_of(of).canonical())
    strategy = some_settings(of.experiment, "strategy", **size)
    run_job("select_batch", of, batch, known | clusters, settings=strategy)
    bought: dict[str, Any] = known | batch
    if asked:
        take(of, at, f"seed{of.seed}-round{of.round}")
        bought = features | {"labels": labels}
    if VIEWS_OF[of.experiment] == "labelled":
        encoder = {"encoder": f"results/{of.experiment}/encoder.pt"}
        run_job(
            "embed_views",
            of,
            {"views": f"{at}views.h5"},
            features | encoder | ({"labels": labels[-1]} if asked else batch),
            settings=some_settings(of.experiment, "dataset", "features", **size),
        )
        bought["views"] = so_far(of, "views.h5")
    trained = {"settings": some_settings(of.experiment, "classifier", **size)}
    run_job("train_classifier", of, {"classifier": f"{at}classifier.h5"}, bought, **trained)
    if asked:  # as if nothing were held out
        run_job("cross_validate", of, {"outcomes": f"{at}cross_validation.csv"}, bought, **trained)


def take(of: Identity, folder: str, name: str) -> None:
    """Let people label a batch, but for its first image, and take what they say."""
    first, *others = read_ids(f"{folder}/batch.csv")
    said = {first: None} | {image: image.split("/")[0] for image in others}
    write_labels(f"photos-labels/{name}.csv", said)
    taken = {"asked": said, "offered": {}, "classes": [*COLOURS]}
    run_job("take_labels", of, {"labels": f"{folder}/labels.json"}, taken=json.dumps(taken))


def measure(of: Identity) -> None:
    """Make what the target `fidelity` measures of a run."""
    last = of._replace(round=2)
    files = {
        "features": f"results/{of.experiment}/features.h5",
        "classifiers": so_far(last, "classifier.h5"),
        "clusters": so_far(last, "clusters.h5"),
    }
    params = {
        "strategy": strategies.load(SETTINGS).canonical(),
        "settings": canonical_json(settings_of(of.experiment)["classifier"]),
    }
    folder = Path(place(of)).parent
    for script, name in (("measure_coverage", "coverage"), ("compare_notions", "notions")):
        run_job(script, last, {name: f"{folder}/{name}.csv"}, files, **params)
    # Of the classifiers that Random's images train, by its rule.
    kernels = f"results/{of.experiment}/random/seed{of.seed}/kernels.csv"
    run_job("compare_kernels", last, {"kernels": kernels}, files, **params)


def report(experiment: str) -> None:
    """Collect and estimate the accuracies of both seeds."""
    of, folder = Identity(experiment, STRATEGY, 0, 2), f"results/{experiment}"
    classifiers = [f for seed in (0, 1) for f in so_far(of._replace(seed=seed), "classifier.h5")]
    files = {"features": f"{folder}/features.h5", "classifiers": classifiers}
    run_job("collect_accuracy", of, {"accuracy": f"{folder}/accuracy.csv"}, files)
    run_job("estimate_accuracy", of, {"estimates": f"{folder}/estimated_accuracy.csv"}, files)


def evaluate() -> None:
    """Predict the classes of the images that people label, and evaluate that on the holdout."""
    of = Identity("photos", STRATEGY, 0, 2)
    files: dict[str, Any] = {
        "features": "results/photos/features.h5",
        "labels": so_far(of, "labels.json"),
        "holdout": "results/photos/holdout/labels.json",
    }
    classifiers = so_far(of, "classifier.h5")
    made = []  # each takes the place of the other
    for suffix in ("csv", "parquet"):  # as if there were few images, and many
        path = Path(f"results/photos/predictions.{suffix}")
        run_job("predict", of, {"predictions": path}, files | {"classifier": classifiers[-1]})
        made.append((path, path.read_bytes()))
    for path, content in made:
        path.write_bytes(content)
    outcomes = {"outcomes": "results/photos/holdout/outcomes.csv"}
    files["classifiers"] = classifiers
    run_job("evaluate_holdout", of, outcomes, files, rounds=range(1, of.round + 1))


def leave_behind() -> None:
    """Make what a killed pretraining and a killed extraction leave for the next."""
    for experiment in ("smoke", "other"):
        folder, settings = Path("results", experiment), settings_of(experiment)
        images = datasets.load(datasets.DatasetSettings.model_validate(settings["dataset"])).pool
        pretrain(
            images.images,
            images.label,
            PretrainingSettings.model_validate(settings["pretraining"]),
            EncoderSettings.model_validate(settings["encoder"]),
            folder / "encoder.checkpoint.pt",
        )
        parts = Parts(folder / "features.h5", experiment)
        for number in (0, 1):
            rng = np.random.default_rng([len(experiment), number])
            parts.save(f"pool-{number}", rng.normal(size=(16, 8)))
        # So that there is nothing else to go on from.
        (folder / "encoder.checkpoint.former.pt").unlink()
    checkpoint = SealedCheckpoints().load_checkpoint("results/smoke/encoder.checkpoint.pt")
    Path("checkpoint.identity").write_text(checkpoint[IDENTITY], encoding="utf-8")


def import_ready() -> None:
    """Begin an experiment from the embeddings that somebody brings."""
    of = Identity("smoke", "", 0, 1)  # whose settings this job does not look at
    output, given = {"features": "results/ready/features.h5"}, {"embeddings": ["my.h5"]}
    settings = canonical_json({"embeddings": "my.h5"})
    run_job("import_features", of, output, given, settings=settings, to_be_labelled=False)


def bring_files() -> None:
    """Write what people bring, and the paper's numbers."""
    rng = np.random.default_rng(0)
    with h5py.File("my.h5", "w") as file:
        for part, number in (("pool", 24), ("test", 6)):
            label = np.arange(number) % 3
            file[f"{part}/label"] = label
            file[f"{part}/embedding"] = rng.normal(size=(number, 4)) + 3 * label[:, None]
            file[f"{part}/id"] = [f"{part}{k}" for k in range(number)]
        file["classes"] = [*COLOURS]
    Path("shards").mkdir()
    for name, number in (("a", 12), ("b", 9)):
        label = np.arange(number) % 3
        np.save(f"shards/{name}.npy", rng.normal(size=(number, 4)) + 3 * label[:, None])
        np.save(f"shards/{name}.label.npy", label)
        ids = "".join(f"{name}/{k}.jpg\n" for k in range(number))
        Path(f"shards/{name}.id.txt").write_text(ids, encoding="utf-8")
    Path("shards/classes.txt").write_text("\n".join(COLOURS), encoding="utf-8")
    shutil.copy("results/smoke/encoder.pt", "weights.pt")
    state = torch.load("weights.pt", weights_only=True)["state_dict"]
    save_file({name: value.contiguous() for name, value in state.items()}, "weights.safetensors")
    shutil.copytree(REFERENCE, "reference")
    images = read_features("results/photos/features.h5").id[:6]
    checked = [(image, image.split("/")[0], image.split("/")[0]) for image in images]
    write_cells("photos-labels/checked.csv", ("id", "label", "was"), checked)
    exported = [{"image_id": encode_id(image), "class": image.split("/")[0]} for image in images]
    Path("exported.json").write_text(json.dumps(exported), encoding="utf-8")
