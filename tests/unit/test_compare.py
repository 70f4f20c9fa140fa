"""The comparison without Snakemake: its choices, and that it goes on where it was."""

import json
import subprocess
import sys
from pathlib import Path

import compare
import h5py
import numpy as np
import pytest
from compare_page import read_chains
from compare_pools import Changes, read_data

from ntkcpl.artifacts.accuracy import read_accuracy, write_accuracy
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.config import ConfigError
from ntkcpl.learner import Learner

SCRIPT = Path(compare.__file__)
TABLES = SCRIPT.parents[1] / "docs/results"
CONFIG = {
    "experiments": {
        "toy": {
            "embeddings": "toy.h5",
            "budgets": [4, 8],
            "seeds": [0, 1],
            "classifier": {"epochs": 2, "hidden_width": 8},
            "strategies": ["random", "margin"],
        }
    },
    "strategies": {"random": {"method": "random"}, "margin": {"method": "margin"}},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    label = np.arange(60) % 3
    label[:5] = -1
    with h5py.File("toy.h5", "w") as file:
        for part in ("pool", "test"):
            file[f"{part}/embedding"] = rng.normal(size=(60, 4)) + label[:, None]
            file[f"{part}/label"] = label
    Path("config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def run(*arguments):
    command = [sys.executable, SCRIPT, "config.json", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_runs_what_is_missing_and_nothing_else(folder):
    assert run("--pool", "all").returncode == 0
    files = sorted(Path("results/comparison/toy").glob("*/seed*.csv"))
    assert len(files) == 4
    times = [file.stat().st_mtime_ns for file in files]
    files[0].unlink()
    first = read_accuracy(files[1])[:1].to_dict("records")
    write_accuracy(files[1], first, Provenance())  # as if it had been stopped
    assert "4 chains, 2 are done" in run("--pool", "all").stdout
    assert len(read_accuracy(files[1])) == 2
    assert [file.stat().st_mtime_ns for file in files[2:]] == times[2:]
    page = SCRIPT.with_name("compare_page.py")
    subprocess.run([sys.executable, page, "--strategy", "margin"], check=True)
    assert "| Margin" in Path("results/comparison/page.md").read_text()


@pytest.mark.parametrize("table", sorted(TABLES.glob("*/a*.csv")))
def test_the_page_reads_the_tables_of_the_documentation(table):
    rows = read_chains([table])
    assert len(rows) == len(table.read_text().splitlines()) - 1


def test_results_are_read_together_and_a_chain_once():
    first, second = tables = [TABLES / name / "accuracy.csv" for name in ("digits", "cifar10")]
    assert len(read_chains(tables)) == len(read_chains([first])) + len(read_chains([second]))
    with pytest.raises(SystemExit, match=r"seed 0 of \w+ on digits-all is in two of the results"):
        read_chains([*tables, first])


def test_a_table_without_checksum_is_one_sentence(folder):
    Path("seed0.csv").write_text("experiment,strategy\ntoy,random\n")
    with pytest.raises(SystemExit, match=r"seed0\.csv does not end in its checksum"):
        read_chains([Path("seed0.csv")])


def test_a_chain_is_a_learner_s_rounds(folder):
    config = compare.read_configuration(Path("config.json"))
    chains = compare.chains_of(config, Changes(30), Path("out"))
    (chain,) = (c for c in chains if (c.strategy, c.seed) == ("margin", 1))
    data = read_data(chain.file, "toy", Changes(30))
    assert len(data.pool) == 30 and (data.label >= 0).all() and len(data.test) == 55
    learner = Learner(
        data.pool,
        {"method": "margin"},
        seed=1,
        classifier={"epochs": 2, "hidden_width": 8},
        classes=range(3),
        experiment="toy",
    )
    for row in chain.rounds():
        batch = learner.ask(4)
        learner.tell(batch, data.label[batch])
        assert row["test_accuracy"] == (learner.predict(data.test) == data.test_label).mean()
    assert row["labels"] == 8


def test_results_of_other_settings_are_refused_and_no_chain_begins_too_late(folder):
    config = compare.read_configuration(Path("config.json"))
    chains = compare.chains_of(config, Changes(20), Path("out"))
    for _ in range(2):
        compare.check_settings(chains)
    with pytest.raises(ArtifactError, match="was made with other settings"):
        compare.check_settings(compare.chains_of(config, Changes(30), Path("out")))
    assert compare.run((chains[0], 0.0)) == (chains[0], "not begun")


def test_chains_are_those_named_and_a_name_that_is_none_is_refused(folder):
    config = compare.read_configuration(Path("config.json"))
    chains = compare.chains_of(config, Changes(30), Path("out"))
    assert compare.of_strategies(chains, []) == chains
    some = compare.of_strategies(chains, [chains[0].strategy])
    assert {chain.strategy for chain in some} == {chains[0].strategy}
    with pytest.raises(ConfigError, match=r"^the configuration has no strategy best: it has "):
        compare.of_strategies(chains, ["best"])


def test_of_experiments_that_are_not_named_no_file_is_needed(folder):
    more = CONFIG | {"experiments": CONFIG["experiments"] | {"gone": {"embeddings": "gone.h5"}}}
    Path("more.json").write_text(json.dumps(more))
    config = compare.read_configuration(Path("more.json"), experiments=["toy"])
    assert config == compare.read_configuration(Path("config.json"))
    with pytest.raises(ConfigError, match=r"^the configuration has no experiment x: it has toy"):
        compare.read_configuration(Path("more.json"), experiments=["toy", "x"])


def test_the_pool_is_the_same_for_all_chains_of_an_experiment(folder):
    draws = [read_data(Path("toy.h5"), name, Changes(20)).pool for name in ("a", "a", "b")]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_an_unbalanced_pool_has_as_many_of_each_class_as_there_can_be(folder):
    data = read_data(Path("toy.h5"), "toy", Changes(unbalanced=True))
    np.testing.assert_array_equal(np.bincount(data.label), [6, 12, 19])  # of 18, 18 and 19
    drawn = read_data(Path("toy.h5"), "toy", Changes(pool=20, unbalanced=True))
    assert len(drawn.label) == 20 and len(np.unique(drawn.pool, axis=0)) == 20


def test_labels_bought_of_outsiders_are_spent_for_nothing(folder):
    changes = Changes(outsiders=True)
    data = read_data(Path("toy.h5"), "toy", changes)
    assert list(data.classes) == [0, 1]
    assert (data.label == -1).sum() == 19 and set(data.test_label) == {0, 1}
    config = compare.read_configuration(Path("config.json"))
    rows = list(compare.chains_of(config, changes, Path("out"))[0].rounds())
    assert [row["labels"] for row in rows] == [4, 8]
    assert all(0 <= row["test_accuracy"] <= 1 for row in rows)


def test_a_probe_is_tested_in_the_classifier_s_place(folder):
    config = compare.read_configuration(Path("config.json"))
    with_probe, without = (
        compare.chains_of(config, Changes(probe=probe), Path("out"))[-1].rounds()
        for probe in (True, False)
    )
    assert [r["test_accuracy"] for r in with_probe] != [r["test_accuracy"] for r in without]


def test_views_are_left_out(folder):
    with h5py.File("toy.h5", "a") as file:
        file["pool/views"] = np.repeat(file["pool/embedding"][()][:, None] + 1, 3, axis=1)
    for views, expected in ((None, (55, 3, 4)), (2, (55, 2, 4)), (0, (55, 1, 4))):
        data = read_data(Path("toy.h5"), "toy", Changes(views=views))
        assert data.views.shape == expected
        assert np.array_equal(data.views[:, 0], data.pool) == (views == 0)


def test_files_take_the_place_of_the_experiments(folder):
    Path("mine.h5").write_bytes(Path("toy.h5").read_bytes())
    config = compare.read_configuration(Path("config.json"), [Path("mine.h5")])
    assert list(config.experiments) == ["mine"]
    assert config.experiments["mine"].budgets == [4, 8]
