"""An experiment that starts from ready embeddings: no pretraining, all else as ever."""

import copy
import json
import os

import h5py
import numpy as np
import pytest

from digest import digest_code
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.precomputed import import_features
from ntkcpl.settings import canonical_json

NAME = "my.pool"  # as a regular expression it would match other names too


def write(path, n=60, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 6)) * 3
    with h5py.File(path, "w") as file:
        for part, number in (("pool", n), ("test", 30)):
            label = np.arange(number) % 3
            file[f"{part}/embedding"] = centres[label] + rng.normal(size=(number, 6))
            file[f"{part}/label"] = label


@pytest.fixture(scope="module")
def config(smoke_config):
    return {
        "experiments": {
            NAME: {
                "embeddings": "ready.h5",
                "budgets": [6],
                "seeds": [0],
                "classifier": {"hidden_width": 16, "epochs": 5},
                "strategies": ["random", "entropy"],
            }
        },
        "strategies": copy.deepcopy(smoke_config["strategies"]),
    }


@pytest.fixture(scope="module")
def imported(new_workflow, config):
    """Return a run of ready embeddings, finished. Tests change copies of it only."""
    workflow = new_workflow(config)
    write(workflow.folder / "ready.h5")
    code, output = workflow.run("--cores", "1")
    assert code == 0, output
    return workflow


@pytest.fixture
def changed(imported, tmp_path):
    return imported.copy(tmp_path / "copy")


def test_every_file_is_there_and_none_of_a_pretraining(imported):
    results = imported.folder / "results" / NAME
    for name in (
        *("features.h5", "accuracy.csv", "summary.md"),
        *("figures/accuracy.png", "figures/gain.png", "tables/accuracy.md"),
    ):
        assert (results / name).stat().st_size > 0, name
    assert not list(results.rglob("*pretrain*")) and not (results / "encoder.pt").exists()
    assert (imported.folder / f"logs/{NAME}/import_features.log").exists()
    assert "the ready embeddings in `ready.h5`" in (results / "summary.md").read_text()
    with h5py.File(results / "features.h5") as file:
        assert json.loads(file.attrs["settings"]) == {"embeddings": "ready.h5"}
        assert len(json.loads(file.attrs["inputs"])["embeddings"]) == 64
    assert imported.planned() == set()


def test_beside_one_that_pretrains_each_has_its_own_rules(changed, smoke_config):
    # A dot that is not escaped would allow this name too.
    changed.config["experiments"]["my-pool"] = smoke_config["experiments"]["smoke"]
    makers = {job for job in changed.planned() if job[0].split("_")[-1] in ("pretrain", "features")}
    assert makers == {
        ("pretrain", "experiment=my-pool"),
        ("extract_features", "experiment=my-pool"),
    }


def test_a_changed_file_is_imported_again(changed):
    write(changed.folder / "ready.h5", seed=1)
    planned = {rule for rule, _ in changed.planned()}
    assert {"import_features", "select_batch", "train_classifier", "summarise"} <= planned


def test_an_edit_of_what_makes_embeddings_imports_nothing(changed):
    for file in ("features.py", "pretraining/training.py", "datasets/digits.py", "config.py"):
        path = changed.folder / "scripts/ntkcpl" / file
        path.write_text(path.read_text() + "\nEDITED = True\n")
    assert changed.planned() == set()


def test_an_edit_of_what_imports_them(changed):
    path = changed.folder / "scripts/ntkcpl/precomputed.py"
    path.write_text(path.read_text() + "\nEDITED = True\n")
    assert ("import_features", f"experiment={NAME}") in changed.planned()


def refused(workflow):
    """What a run prints that is refused before its first job."""
    code, output = workflow.run("--cores", "1")
    assert code != 0 and "Traceback" not in output and "Job stats" not in output
    return output


def test_a_missing_and_a_truncated_file_are_refused_before_any_job(changed):
    file = changed.folder / "ready.h5"
    file.write_bytes(file.read_bytes()[:-500])
    key = f"experiments.{NAME}.embeddings"
    assert f"{key}: ready.h5 is truncated or no HDF5 file" in refused(changed)
    file.unlink()
    assert f"{key}: ready.h5 is no file: name an HDF5 file" in refused(changed)


def test_a_number_that_is_not_finite_gives_one_sentence(changed):
    with h5py.File(changed.folder / "ready.h5", "r+") as file:
        file["pool/embedding"][17, 2] = np.nan
    code, output = changed.run("--cores", "1")
    assert code != 0
    (sentence,) = {line for line in output.splitlines() if " failed: " in line}
    assert sentence.startswith("import_features failed: ready.h5 holds in row 17 of pool/embedding")


def test_shards_that_are_appended_join_the_pool_and_old_ones_are_not_read(new_workflow, config):
    workflow = new_workflow(copy.deepcopy(config))
    workflow.config["experiments"][NAME]["embeddings"] = "shards"
    features = workflow.folder / f"results/{NAME}/features.h5"
    shards, rng = workflow.folder / "shards", np.random.default_rng(0)
    old, new = (rng.normal(size=(n, 6)).astype(np.float16) for n in (60, 20))
    shards.mkdir()
    np.save(shards / "a.npy", old)
    (shards / "classes.txt").write_text("cat\ndog\n")
    code = digest_code(workflow.folder / "scripts", "import_features")
    origin = Provenance(canonical_json({"embeddings": "shards"}), code=code)
    import_features(features, shards, origin, progress=False)  # as the workflow does
    status = (shards / "a.npy").stat()
    np.save(shards / "a.npy", np.full_like(old, np.nan))
    os.utime(shards / "a.npy", ns=(status.st_atime_ns, status.st_mtime_ns))
    np.save(shards / "b.npy", new)
    code, output = workflow.run("--cores", "1", f"results/{NAME}/features.h5")
    assert code == 0, output
    with h5py.File(features) as file:
        np.testing.assert_array_equal(file["pool/embedding"], [*old, *new])


def test_a_selection_from_the_whole_pool_asks_for_its_kernels_memory(new_workflow, config):
    workflow = new_workflow(copy.deepcopy(config))
    write(workflow.folder / "ready.h5", n=40_000)
    strategy = {"method": "ntkcpl", "feature": "self", "candidates": "all"}
    workflow.config["strategies"]["whole"] = strategy
    workflow.config["experiments"][NAME]["strategies"] = ["random", "whole"]
    asked = [job["resources"]["mem_mb"] for job in workflow.plan() if "mem_mb" in job["resources"]]
    # The kernel, and some tenths more; clustering so small an embedding needs little.
    least, most = sorted(set(asked))
    kernel = 4 * 40_000**2 / 2**20
    assert least == 4000
    assert kernel + 2000 < most < 1.5 * kernel + 2000
