"""A folder of images, one of them broken, all the way to accuracies."""

import copy
import json

import h5py
import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits


def test_a_folder_of_images_is_a_data_set(new_workflow, smoke_config):
    workflow = new_workflow(copy.deepcopy(smoke_config))
    pixels, label = load_digits(return_X_y=True)
    for number in range(200):
        path = workflow.folder / f"photos/{label[number]}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = np.round(pixels[number].reshape(8, 8) * (255 / 16)).astype(np.uint8)
        Image.fromarray(grey).save(path)
    path.write_text("no image")
    experiment = workflow.config["experiments"]["smoke"]
    experiment["dataset"] = {"name": "imagefolder", "root": "photos", "image_size": 8}
    experiment |= {"budgets": [10, 20], "strategies": ["random", "ntkcpl_self"]}
    code, output = workflow.run("--cores", "2")
    assert code != 0
    assert "1 of the 200 images of imagefolder cannot be decoded: photos/" in output
    experiment["dataset"]["on_bad_image"] = "skip"
    code, output = workflow.run("--cores", "2")
    assert code == 0, output
    results = workflow.folder / "results/smoke"
    with h5py.File(results / "features.h5") as file:
        assert list(json.loads(file.attrs["skipped"])) == [str(path.relative_to(workflow.folder))]
        assert len(file["pool/id"]) + len(file["test/id"]) == 199
        assert file["pool/id"].asstr()[0].startswith("0/")
    accuracy = pd.read_csv(results / "accuracy.csv")
    assert accuracy["test_accuracy"].between(0, 1).all()


def test_the_first_batch_comes_from_images_without_labels(new_workflow, smoke_config):
    workflow = new_workflow(copy.deepcopy(smoke_config))
    (workflow.folder / "photos").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(workflow.folder / f"photos/{number}.png")
    experiment = workflow.config["experiments"]["smoke"]
    experiment["dataset"] = {"name": "imagefolder", "root": "photos", "image_size": 16}
    code, output = workflow.run("--cores", "2", "results/smoke/ntkcpl_self/seed0/round1/batch.csv")
    assert code == 0, output
    results = workflow.folder / "results/smoke"
    with h5py.File(results / "features.h5") as file:
        assert file["pool/embedding"].shape == (40, 64)
        assert file["test/embedding"].shape == (0, 64)
        assert file["classes"].shape == file["test/label"].shape == (0,)
        assert set(file["pool/label"]) == {-1}
        assert np.isnan([file.attrs["knn_accuracy"], file.attrs["linear_accuracy"]]).all()
    batch = pd.read_csv(results / "ntkcpl_self/seed0/round1/batch.csv")
    assert batch["index"].nunique() == len(batch) == 10


def test_more_labels_than_photos_are_refused_before_any_job(new_workflow, smoke_config):
    workflow = new_workflow(copy.deepcopy(smoke_config))
    (workflow.folder / "photos").mkdir()
    Image.new("L", (8, 8)).save(workflow.folder / "photos/1.png")
    dataset = {"name": "imagefolder", "root": "photos"}
    workflow.config["experiments"]["smoke"]["dataset"] = dataset
    code, output = workflow.run("--cores", "1")
    assert code != 0
    assert "budgets ends at 30, but the pool of imagefolder has 1 images" in output
