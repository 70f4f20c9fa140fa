"""The configuration: what is allowed passes, and each mistake gives one sentence with its key."""

import copy
from pathlib import Path

import pytest
import yaml

from ntkcpl.config import ConfigError, load_config

DEFAULT = yaml.safe_load(Path("config.yaml").read_text())


def changed(path, value):
    """The default configuration with one key changed, or removed by DELETED."""
    values = copy.deepcopy(DEFAULT)
    *parents, last = path.split(".")
    here = values
    for key in parents:
        here = here[key]
    if value is DELETED:
        del here[last]
    else:
        here[last] = value
    return values


DELETED = object()
D = "experiments.digits"


@pytest.mark.parametrize("path", ["config.yaml", *map(str, Path("config").glob("*.yaml"))])
def test_the_configurations_shipped_are_valid(path):
    load_config(yaml.safe_load(Path(path).read_text()))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("experimets", {}, "experimets: there is no such key; allowed are experiments, strategies"),
        (f"{D}.budget", [1], f"{D}.budget: there is no such key; allowed are dataset, encoder"),
        (f"{D}.classifier.lr", 0.1, f"{D}.classifier.lr: there is no such key; allowed are hidden"),
        (f"{D}.budgets", DELETED, f"{D}.budgets: this key is missing"),
        (f"{D}.budgets", [20, 20], f"{D}.budgets: must increase"),
        (f"{D}.budgets", [40, 20], f"{D}.budgets: must increase"),
        (f"{D}.budgets", [], f"{D}.budgets: "),
        (f"{D}.budgets", [0, 20], f"{D}.budgets.0: should be greater than or equal to 1, but is 0"),
        (f"{D}.budgets", [20, 1298], f"{D}: budgets ends at 1298, but the pool of digits has 1297"),
        (f"{D}.budgets", "20", f"{D}.budgets: should be a valid list, but is '20'"),
        (f"{D}.seeds", ["a"], f"{D}.seeds.0: should be a valid integer, but is 'a'"),
        (f"{D}.seeds", [1, 1], f"{D}.seeds: must not repeat a value"),
        (f"{D}.classifier.epochs", "100", f"{D}.classifier.epochs: should be a valid integer"),
        (f"{D}.classifier.epochs", 1.5, f"{D}.classifier.epochs: should be a valid integer"),
        (f"{D}.classifier.epochs", True, f"{D}.classifier.epochs: should be a valid integer"),
        (f"{D}.pretraining.method", "byol", f"{D}.pretraining.method: should be 'simsiam'"),
        (f"{D}.encoder.architecture", "vgg", f"{D}.encoder.architecture: should be 'resnet9' or"),
        (f"{D}.dataset.name", "mnist", f"{D}.dataset.name: there is no data set 'mnist'"),
        (f"{D}.dataset", {"name": "cifar10", "root": "nowhere"}, f"{D}.dataset: root nowhere is"),
        (f"{D}.dataset", {"name": "cifar10"}, f"{D}.dataset: cifar10 needs root"),
        (f"{D}.strategies", ["randm"], f"{D}.strategies: 'randm' is not defined; defined are ran"),
        (f"{D}.strategies", ["random", "random"], f"{D}.strategies: must not repeat a value"),
        ("strategies.entropy.method", "entropi", "strategies.entropy: method must be one of entr"),
        ("strategies.entropy", {}, "strategies.entropy: method must be one of entropy, ntkcpl"),
        ("strategies.typiclust.k", 3, "strategies.typiclust.k: there is no such key; allowed are"),
        ("strategies.ntkcpl_al.feature", "x", "strategies.ntkcpl_al.feature: should be 'self' or"),
        ("strategies.ntkcpl_al.candidates", "some", "strategies.ntkcpl_al.candidates: should be"),
        ("strategies.ntkcpl_al.candidates", 49, "strategies.ntkcpl_al.candidates: 49 are fewer"),
        ("strategies.a/b", {"method": "random"}, "strategies.a/b: "),
        ("experiments", {}, "experiments: "),
        ("strategies", None, "strategies: should be a valid dictionary, but is None"),
    ],
)
def test_a_mistake_gives_one_sentence(path, value, sentence):
    with pytest.raises(ConfigError) as caught:
        load_config(changed(path, value))
    message = str(caught.value)
    assert message.startswith(sentence)
    assert "\n" not in message


def test_each_mistake_gets_its_sentence():
    values = changed(f"{D}.seeds", [])
    values["experiments"]["digits"]["bugdets"] = []
    with pytest.raises(ConfigError) as caught:
        load_config(values)
    assert len(str(caught.value).splitlines()) == 2


def test_equal_settings_have_one_text():
    first = load_config(DEFAULT).experiments["digits"].classifier
    values = changed(f"{D}.classifier", {"epochs": 100, "hidden_width": 512})
    assert load_config(values).experiments["digits"].classifier.canonical() == first.canonical()


def test_what_config_yaml_shows_are_the_defaults():
    values = copy.deepcopy(DEFAULT)
    digits = values["experiments"]["digits"]
    digits |= {key: {} for key in ("encoder", "pretraining", "features", "classifier")}
    values["strategies"] = {
        name: {key: value for key, value in strategy.items() if key in ("method", "feature")}
        for name, strategy in values["strategies"].items()
    }
    assert load_config(values) == load_config(DEFAULT)
