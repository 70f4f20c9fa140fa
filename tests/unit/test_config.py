"""The configuration: what is allowed passes, and each mistake gives one sentence with its key."""

import copy
import re
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from ntkcpl.classifier import ClassifierSettings
from ntkcpl.config import ConfigError, load_config
from ntkcpl.strategies import methods

DEFAULT = yaml.safe_load(Path("config.yaml").read_text())


def changed(path, value):
    """The default configuration with one key changed, or removed by DELETED."""
    values = copy.deepcopy(DEFAULT)
    *parents, last = re.split(r"\.(?!csv)", path)
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
ONE_OF = f"one of {', '.join(methods())}"


@pytest.mark.parametrize("path", ["config.yaml", *map(str, Path("config").glob("*.yaml"))])
def test_the_configurations_shipped_are_valid(path, tmp_path):
    values = yaml.safe_load(Path(path).read_text())
    for experiment in values["experiments"].values():
        if not Path(experiment.get("embeddings", "")).exists():
            pytest.skip(f"{experiment['embeddings']} is not here")
        # Where images and weights have to be put first, a stand-in is enough.
        if "root" in experiment.get("dataset", {}):
            experiment["dataset"]["root"] = str(tmp_path)
            if experiment["dataset"]["name"] == "imagefolder":
                for number in range(experiment["budgets"][-1]):
                    (tmp_path / f"{number}.jpg").touch()
        if "checkpoint" in experiment.get("encoder", {}):
            experiment["encoder"]["checkpoint"] = str(tmp_path / "weights.pth")
            (tmp_path / "weights.pth").touch()
    load_config(values)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("experimets", {}, "experimets: there is no such key; allowed are experiments, strategies"),
        (f"{D}.budget", [1], f"{D}.budget: there is no such key; allowed are embeddings, dataset"),
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
        (
            f"{D}.pretraining.method",
            "moco",
            f"{D}.pretraining.method: should be 'simsiam' or 'byol', but is 'moco'",
        ),
        (
            f"{D}.pretraining.accumulate",
            3,
            f"{D}.pretraining: batch_size 128 does not fall into 3 parts (accumulate x devices)",
        ),
        (
            f"{D}.pretraining.warmup_epochs",
            80,
            f"{D}.pretraining: warmup_epochs must be fewer than the 80 epochs",
        ),
        (
            f"{D}.pretraining.augmentation.blur",
            [0.5],
            f"{D}.pretraining.augmentation.blur: List should have at least 2 items",
        ),
        (
            f"{D}.pretraining.source_size",
            16,
            f"{D}: pretraining.source_size goes with images in files, and digits has none",
        ),
        (
            f"{D}.encoder.width",
            0,
            f"{D}.encoder.width: should be greater than or equal to 0.125, but is 0",
        ),
        (
            f"{D}.dataset",
            {"name": "imagefolder", "root": "config", "image_size": 0},
            f"{D}.dataset.image_size: should be greater than or equal to 8, but is 0",
        ),
        (
            f"{D}.dataset",
            {"name": "imagefolder", "root": "config"},
            f"{D}: imagefolder finds no image below config: put there images",
        ),
        (f"{D}.encoder.architecture", "vgg", f"{D}.encoder.architecture: must be one of resnet9"),
        (f"{D}.dataset.name", "mnist", f"{D}.dataset.name: there is no data set 'mnist'"),
        (f"{D}.dataset", {"name": "cifar10", "root": "nowhere"}, f"{D}.dataset: root nowhere is"),
        (f"{D}.dataset", {"name": "cifar10"}, f"{D}.dataset: cifar10 needs root"),
        (f"{D}.dataset", DELETED, f"{D}.dataset: this key is missing"),
        (f"{D}.encoder", None, f"{D}.encoder: this key is missing"),
        (f"{D}.features", DELETED, f"{D}.features: this key is missing"),
        (
            f"{D}.features",
            16,
            f"{D}.features: should be a valid dictionary or instance of FeatureSettings, but is 16",
        ),
        (f"{D}.features", {"views": -1}, f"{D}.features.views: should be greater than or equal"),
        (f"{D}.features", {"view": {"x": 0}}, f"{D}.features.view.x: there is no such key"),
        (f"{D}.features", "my.h5", f"{D}: features takes settings; name the file under embeddings"),
        (f"{D}.embeddings", "no.h5", f"{D}.embeddings: no.h5 is no file: name an HDF5 file"),
        (f"{D}.embeddings", "config.yaml", f"{D}.embeddings: config.yaml is truncated or no HDF5"),
        (f"{D}.embeddings", "~no.such.user/x", f"{D}.embeddings: ~no.such.user/x cannot be looked"),
        (
            f"{D}.dataset",
            {"name": "imagefolder", "root": "~no.such.user/x"},
            f"{D}.dataset.root: ~no.such.user/x cannot be looked at (Could not determine home dire",
        ),
        (
            f"{D}.encoder.checkpoint",
            "x" * 5000,
            f"{D}.encoder.checkpoint: {'x' * 60}… cannot be lo",
        ),
        (f"{D}.labels", "a\0b", f"{D}.labels: a\0b cannot be looked at (embedded null byte): name"),
        (
            f"{D}.seeds",
            [2**63],
            f"{D}.seeds.0: should be less than or equal to 9223372036854775807",
        ),
        (f"{D}.pretraining.seed", 2**64, f"{D}.pretraining.seed: should be less than or equal to"),
        (
            f"{D}.classifier.hidden_width",
            10**6,
            f"{D}.classifier.hidden_width: should be less than",
        ),
        (f"{D}.features.views", 10**5, f"{D}.features.views: should be less than or equal to 1024"),
        ("strategies.accuracy.csv", {"method": "random"}, "strategies: 'accuracy.csv' looks like"),
        ("strategies.review", {"method": "random"}, "strategies: 'review' looks like a file or"),
        ("strategies.Random", {"method": "random"}, "strategies: 'random' and 'Random' look ali"),
        ("strategies.EV-GP", {"method": "ev_gp"}, "strategies: 'ev_gp' and 'EV-GP' look alike in"),
        (
            "strategies.ntkcpl_al.ridge",
            1e-300,
            "strategies.ntkcpl_al.ridge: should be greater than or equal to 0.000001, but",
        ),
        (
            f"{D}.classifier.learning_rate",
            1e300,
            f"{D}.classifier.learning_rate: should be less than or equal to 1000000, but is 1e+300",
        ),
        ("strategies." + "r" * 101, {"method": "random"}, "strategies.rrr"),
        (f"{D}.embeddings", {}, f"{D}.embeddings: should be a valid string, but is {{}}"),
        (f"{D}.strategies", "random", f"{D}.strategies: must be a list of names, or names with"),
        (f"{D}.strategies", [], f"{D}.strategies: must be a list of names, or names with"),
        (f"{D}.strategies", [3], f"{D}.strategies: must be a list of names, or names with what"),
        (f"{D}.strategies", [{"a": {}, "b": {}}], f"{D}.strategies: must be a list of names, or"),
        (
            f"{D}.strategies",
            [{"random": None}],
            f"{D}.strategies.random: should be a valid dictionary, but is None",
        ),
        (
            f"{D}.strategies",
            ["random", {"random": {}}],
            f"{D}.strategies: must not repeat a value",
        ),
        (
            f"{D}.strategies",
            [{"ntkcpl_al": {"clusters": 3}}],
            f"{D}.strategies.ntkcpl_al.clusters: there is no such key; allowed are method, ",
        ),
        (
            f"{D}.strategies",
            [{"ntkcpl_al": {"max_clusters": 0}}],
            f"{D}.strategies.ntkcpl_al.max_clusters: should be greater than or equal to 1, but",
        ),
        (
            f"{D}.strategies",
            [{"ntkcpl_al": {"candidates": "some"}}],
            f"{D}.strategies.ntkcpl_al.candidates: should be a valid integer, but is 'some' or ",
        ),
        (
            f"{D}.strategies",
            [{"ntkcpl_al": {"candidates": 19}}],
            f"{D}.strategies.ntkcpl_al.candidates: 19 are fewer than the largest batch, 20",
        ),
        (
            f"{D}.reference",
            "mnist",
            f"{D}.reference: must be one of cifar10, cifar100, imagenet100",
        ),
        (
            f"{D}.strategies",
            [{"ntkcpl_al": {"method": "randm"}}],
            f"{D}.strategies.ntkcpl_al.method: must be one of alfamix, badge, badge_partition, ",
        ),
        (f"{D}.strategies", ["randm"], f"{D}.strategies: 'randm' is not defined; defined are ran"),
        (f"{D}.strategies", ["random", "random"], f"{D}.strategies: must not repeat a value"),
        ("strategies.entropy.method", "entropi", f"strategies.entropy: method must be {ONE_OF}"),
        ("strategies.entropy", {}, f"strategies.entropy: method must be {ONE_OF}"),
        ("strategies.typiclust.k", 3, "strategies.typiclust.k: there is no such key; allowed are"),
        ("strategies.ntkcpl_al.feature", "x", "strategies.ntkcpl_al.feature: should be 'self' or"),
        ("strategies.ntkcpl_al.candidates", "some", "strategies.ntkcpl_al.candidates: should be"),
        ("strategies.ntkcpl_al.candidates", 19, "strategies.ntkcpl_al.candidates: 19 are fewer"),
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


def test_of_many_and_long_mistakes_the_beginning_is_told():
    values = changed(f"{D}.seeds", ["x" * 10_000] * 40)
    with pytest.raises(ConfigError) as caught:
        load_config(values)
    lines = str(caught.value).splitlines()
    assert len(lines) == 10 and all(len(line) <= 300 for line in lines)
    assert lines[-1] == "and 31 more faults of this kind"


def test_a_number_of_thousands_of_digits_is_refused():
    with pytest.raises(ConfigError, match=r"epochs: .*but is a number of thousands of digits"):
        load_config(changed(f"{D}.classifier.epochs", 1 << 20_000))


def test_aliases_of_aliases_take_no_memory():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    tracemalloc.start()
    for path in ("strategies.random", f"{D}.strategies", "experiments"):
        with pytest.raises(ConfigError, match="more than 100,000 values"):
            load_config(changed(path, yaml.safe_load(bomb)))
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()


def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("a: {x: &m {k: 1}}\nb:\n  <<: *m\n  k: 2\n  c: 1\n  c: 2\na: 3\n")
    with pytest.raises(ConfigError) as caught:
        load_config(DEFAULT, [path])
    assert sorted(str(caught.value).splitlines()) == [
        f"{path}, line 6: the key 'c' stands there twice: leave one out",
        f"{path}, line 7: the key 'a' stands there twice: leave one out",
    ]
    load_config(DEFAULT, ["config.yaml", "config/paper.yaml"])


def with_path(path, **changes):
    """The default configuration, started from ready embeddings of 60 images at `path`."""
    with h5py.File(path, "w") as file:
        for part, number in (("pool", 60), ("test", 20)):
            file[f"{part}/embedding"] = np.zeros((number, 4))
            file[f"{part}/label"] = np.zeros(number, dtype=np.int64)
    values = copy.deepcopy(DEFAULT)
    digits = values["experiments"]["digits"]
    kept = {key: digits[key] for key in ("seeds", "classifier", "strategies")}
    values["experiments"]["digits"] = (
        kept | {"embeddings": str(path), "budgets": [20, 60]} | changes
    )
    return values


def test_an_experiment_may_start_from_ready_embeddings(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    values = with_path(tmp_path / "ready.h5")
    for path in (str(tmp_path / "ready.h5"), "~/ready.h5"):
        values["experiments"]["digits"]["embeddings"] = path
        experiment = load_config(values).experiments["digits"]
        assert experiment.embeddings == path
        assert experiment.embeddings_file == tmp_path / "ready.h5"
        assert experiment.pool_shape == (60, 4)
        assert experiment.dataset is experiment.encoder is experiment.features is None
    assert load_config(DEFAULT).experiments["digits"].embeddings_file is None


@pytest.mark.parametrize("key", ["dataset", "encoder", "pretraining", "features"])
def test_what_ready_embeddings_replace_must_be_left_out(tmp_path, key):
    values = with_path(tmp_path / "ready.h5", **{key: DEFAULT["experiments"]["digits"][key]})
    with pytest.raises(ConfigError) as caught:
        load_config(values)
    assert str(caught.value) == (
        f"{D}.{key}: does not go with embeddings {tmp_path}/ready.h5, which replaces it: leave it "
        "out"
    )


def test_the_budgets_must_fit_the_ready_embeddings(tmp_path):
    values = with_path(tmp_path / "ready.h5", budgets=[20, 61])
    with pytest.raises(
        ConfigError, match=r"61, but the pool of .*ready.h5 has 60 images: no batch"
    ):
        load_config(values)


def test_ready_embeddings_without_labels_are_for_people_to_label(tmp_path):
    path = tmp_path / "ready.h5"
    one = {"strategies": ["ntkcpl_al"], "seeds": [0]}
    values = with_path(path, **one)
    with h5py.File(path, "a") as file:
        del file["pool/label"], file["test"]
    with pytest.raises(ConfigError) as caught:
        load_config(values)
    assert str(caught.value) == (
        f"{D}: embeddings {path} lacks pool/label, test/embedding, test/label: add what is "
        "missing, or let people label the pool (labels)"
    )
    values["experiments"]["digits"] |= {"labels": str(tmp_path / "labels.csv")}
    assert load_config(values).experiments["digits"].pool_shape == (60, 4)


def test_an_experiment_may_say_what_differs_in_a_strategy():
    entries = ["random", {"ntkcpl_al": {"max_clusters": 100}}, {"typiclust": {}}]
    config = load_config(changed(f"{D}.strategies", entries))
    assert list(config.experiments["digits"].strategies) == ["random", "ntkcpl_al", "typiclust"]
    defined = config.strategies["ntkcpl_al"]
    different = config.strategy("digits", "ntkcpl_al")
    assert different == defined.model_copy(update={"max_clusters": 100}) != defined
    for name in ("random", "typiclust"):
        assert config.strategy("digits", name) == config.strategies[name]


def test_another_method_may_take_a_strategy_s_name():
    config = load_config(
        changed(f"{D}.strategies", ["random", {"badge": {"method": "badge_partition", "parts": 4}}])
    )
    found = config.strategy("digits", "badge")
    assert (found.method, found.parts) == ("badge_partition", 4)


def test_a_folder_of_images_is_counted_without_decoding_them(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(10):
            (tmp_path / label / f"{number}.png").touch()
    values = changed(f"{D}.dataset", {"name": "imagefolder", "root": str(tmp_path)})
    values["experiments"]["digits"]["budgets"] = [16]
    assert load_config(values).experiments["digits"].pool_shape == (16, 128)
    values["experiments"]["digits"]["budgets"] = [17]
    with pytest.raises(ConfigError, match="17, but the pool of imagefolder has 16 images"):
        load_config(values)


def test_a_reference_needs_random_and_a_common_number_of_labels():
    values = changed(f"{D}.reference", "cifar10")
    assert load_config(values).experiments["digits"].reference == "cifar10"
    values["experiments"]["digits"]["strategies"].remove("random")
    with pytest.raises(ConfigError, match=f"{D}: reference compares gains over the strategy rand"):
        load_config(values)
    with pytest.raises(ConfigError, match=f"{D}: reference cifar100 shares no number of labels"):
        load_config(changed(f"{D}.reference", "cifar100"))


def test_no_experiment_takes_the_folder_of_the_summary():
    values = copy.deepcopy(DEFAULT)
    values["experiments"]["summary"] = values["experiments"].pop("digits")
    with pytest.raises(ConfigError, match=r"experiments\.summary: results/summary is for what"):
        load_config(values)


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


def test_people_need_ten_lines(tmp_path):
    for number in range(200):
        (tmp_path / f"{number}.png").touch()
    lines = f"""
        experiments:
          birds:
            dataset: {{name: imagefolder, root: {tmp_path}}}
            encoder: {{architecture: efficientnet_lite0}}
            labels: birds-labels/
            classes: [robin, wren, none]
            holdout: 60
            budgets: [40, 80, 120]
            strategies: [ntkcpl_self]
    """
    config = load_config(yaml.safe_load(lines))
    birds, strategy = config.experiments["birds"], config.strategy("birds", "ntkcpl_self")
    assert (birds.seeds, birds.classifier) == ([0], ClassifierSettings())
    assert (strategy.method, strategy.feature) == ("ntkcpl", "self")
    assert (birds.features.views_of, birds.features.precision) == ("labelled", "auto")
    values = yaml.safe_load(lines)
    values["experiments"]["birds"]["features"] = {"precision": "32-true"}
    changed = load_config(values).experiments["birds"].features
    assert changed == birds.features.model_copy(update={"precision": "32-true"})
    assert {s.method for s in config.strategies.values()} == {*methods()}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"seeds": [0, 1]}, "labels goes with one strategy and one seed"),
        ({"strategies": ["random", "badge"]}, "labels goes with one strategy and one seed"),
        ({"dataset": {"name": "digits"}}, "not with digits: take imagefolder"),
        ({"reference": "cifar10"}, "reference does not go with labels"),
        ({"labels": None, "classes": ["a", "b"]}, "classes goes with labels"),
        ({"labels": None, "holdout": 4}, "holdout goes with labels"),
        ({"holdout": 501}, "ends at 100 and holdout is 501, but the pool of imagefolder has"),
        ({"classes": ["a", "Skipped"]}, "classes: the class 'Skipped' cannot be told from images"),
        ({"classes": ["a", "a"]}, "classes: must not repeat a value"),
    ],
)
def test_what_goes_with_labels(values, sentence, tmp_path):
    for number in range(600):
        (tmp_path / f"{number}.png").touch()
    config = changed(f"{D}.labels", "mine")
    experiment = config["experiments"]["digits"]
    experiment["dataset"] = {"name": "imagefolder", "root": str(tmp_path)}
    experiment |= {"seeds": [0], "strategies": ["random"]}
    assert load_config(config).experiments["digits"].dataset.subfolders == "ignored"
    experiment |= values
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        load_config(config)
