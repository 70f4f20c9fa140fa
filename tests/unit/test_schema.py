"""The schema that editors check a configuration by."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from ntkcpl.schema import config_schema

SCHEMA = Path("config/config.schema.json")
CONFIGURATIONS = [Path("config.yaml"), *Path("config").glob("*.yaml")]


def is_valid(values):
    return Draft202012Validator(json.loads(SCHEMA.read_text())).is_valid(values)


def test_it_is_the_one_of_the_settings():
    assert SCHEMA.read_text() == config_schema(), "make schema writes it anew"
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=str)
def test_the_configurations_shipped_are_valid_and_name_it(path):
    text = path.read_text()
    assert is_valid(yaml.safe_load(text))
    key, _, schema = text.splitlines()[0].partition("$schema=")
    assert key == "# yaml-language-server: "
    assert path.parent / schema == SCHEMA


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("experimets", {}),
        ("experiments.digits.bugdets", [20]),
        ("experiments.digits.classifier.epochs", 0),
        ("experiments.digits.features", "my.h5"),
        ("experiments.digits.strategies", [{"ntkcpl_al": 100}]),
        ("experiments.digits.dataset.on_bad_image", "refuse"),
        ("strategies.ntkcpl_al.max_cluster", 100),
        ("strategies.ntkcpl_al.method", "ntkcp"),
    ],
)
def test_a_mistake_is_not_valid(path, value):
    values = copy.deepcopy(yaml.safe_load(Path("config.yaml").read_text()))
    *parents, last = path.split(".")
    here = values
    for key in parents:
        here = here[key]
    here[last] = value
    assert not is_valid(values)


def test_it_allows_what_differs_in_a_strategy_and_describes_its_keys():
    values = yaml.safe_load(Path("config.yaml").read_text())
    values["experiments"]["digits"]["strategies"] = ["random", {"ntkcpl_al": {"max_clusters": 9}}]
    assert is_valid(values)
    keys = json.loads(SCHEMA.read_text())["$defs"]["NTKCPL"]["properties"]
    assert keys["max_clusters"]["description"] == "Largest number of clusters (C_max)."
