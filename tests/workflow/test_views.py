"""Views of the images that a round buys, in place of those of the whole pool."""

import h5py
import pandas as pd
import pytest


@pytest.fixture
def labelled(rerun):
    """Return the smoke run of two strategies, to be run again with views of labelled images."""
    experiment = rerun.config["experiments"]["smoke"]
    experiment["features"]["views_of"] = "labelled"
    experiment["strategies"] = ["random", "typiclust"]
    return rerun


def test_each_round_embeds_the_views_of_its_batch(labelled):
    results = labelled.folder / "results/smoke"
    before = pd.read_csv(results / "accuracy.csv")
    jobs = labelled.planned()
    assert {rule for rule, _ in jobs if "strategy=" not in _} >= {"extract_features", "summarise"}
    assert sum(rule == "embed_views" for rule, _ in jobs) == 2 * 3
    assert not {"pretrain", "import_encoder"} & {rule for rule, _ in jobs}
    code, output = labelled.run("--cores", "2", "all", "results/smoke/random/seed0/kernels.csv")
    assert code == 0, output
    assert labelled.planned() == set()
    for batch in results.glob("random/seed0/round*/batch.csv"):
        with h5py.File(batch.with_name("views.h5")) as file:
            assert file["index"][:].tolist() == pd.read_csv(batch)["index"].tolist()
            assert file["views"].shape == (10, 2, 64)
    with h5py.File(results / "features.h5") as file:
        assert file["pool/views"].shape[1] == 0
    # The same images have the same views, but for the rounding of batches of another size.
    after = pd.read_csv(results / "accuracy.csv")
    same = after.merge(before, on=["strategy", "seed", "round"])
    random = same[same["strategy"] == "random"]
    assert len(random) == 3
    assert (random["test_accuracy_x"] - random["test_accuracy_y"]).abs().max() < 0.02
    assert "`embed_views`" in (results / "summary.md").read_text()
