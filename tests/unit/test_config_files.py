"""What people bring may not lie where jobs delete files."""

import copy
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import yaml

from ntkcpl.config import ConfigError, load_config

DEFAULT = yaml.safe_load(Path("config.yaml").read_text())
DELETED = "is among what the jobs of digits make: move it elsewhere"


def bring_embeddings(experiment, path):
    """Start from embeddings, which are written to `path`."""
    for key in ("dataset", "encoder", "pretraining", "features"):
        del experiment[key]
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for part in ("pool", "test"):
            file[f"{part}/embedding"] = np.eye(500)
            file[f"{part}/label"] = np.zeros(500, dtype=np.int64)
    experiment["embeddings"] = str(path)


def bring_encoder(experiment, path):
    """Start from weights at `path`."""
    del experiment["pretraining"]
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({}, path)
    experiment["encoder"] = {"checkpoint": str(path)}


@pytest.fixture
def values(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return copy.deepcopy(DEFAULT)


@pytest.mark.parametrize(
    ("bring", "key", "name"),
    [
        (bring_embeddings, "embeddings", "features.h5"),
        (bring_encoder, "encoder.checkpoint", "encoder.pt"),
        (bring_encoder, "encoder.checkpoint", "random/seed0/mine.pt"),
    ],
)
def test_what_would_be_deleted_is_refused(values, tmp_path, bring, key, name):
    experiment = values["experiments"]["digits"]
    for path in (Path("results/digits") / name, tmp_path / "results/../results/digits" / name):
        bring(one := copy.deepcopy(experiment), path)
        with pytest.raises(ConfigError) as caught:
            load_config(values | {"experiments": {"digits": one}})
        assert str(caught.value) == f"experiments.digits.{key}: {path} {DELETED}"


def test_a_link_into_the_results_is_refused_another_experiment_s_file_is_not(values, tmp_path):
    bring_encoder(values["experiments"]["digits"], Path("results/digits/encoder.pt"))
    (tmp_path / "link.pt").symlink_to("results/digits/encoder.pt")
    values["experiments"]["digits"]["encoder"]["checkpoint"] = "link.pt"
    with pytest.raises(ConfigError, match=DELETED):
        load_config(values)
    bring_encoder(values["experiments"]["digits"] | {"pretraining": {}}, Path("results/a/e.pt"))
    values["experiments"]["digits"]["encoder"]["checkpoint"] = "results/a/e.pt"
    load_config(values)
