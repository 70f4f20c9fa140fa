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
