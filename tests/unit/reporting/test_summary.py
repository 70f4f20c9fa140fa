from collections.abc import Sequence
from typing import Any

import pandas as pd

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.reference import Claim
from ntkcpl.reporting.claims import Judgement
from ntkcpl.reporting.summary import summary

CONFIG: dict[str, Any] = {
    "embeddings": None,
    "dataset": {"name": "digits", "root": None, "download": False},
    "encoder": {"architecture": "resnet", "width": 16},
    "pretraining": {"method": "simsiam", "epochs": 3, "augmentation": {"rotation": 15.0}},
    "features": {"views": 16},
    "budgets": [20, 40],
    "seeds": [0, 7],
    "classifier": {"hidden_width": 64, "epochs": 9},
    "strategies": {
        "random": {"method": "random"},
        "mine": {"method": "ntkcpl", "feature": "al", "max_clusters": 50},
    },
}


def page(
    *strategies: str,
    knn: float | None = 0.9753,
    claims: Sequence[Judgement] = (),
    **settings: Any,
) -> str:
    accuracy = pd.DataFrame(
        {
            "experiment": "toy",
            "strategy": strategy,
            "seed": seed,
            "labels": labels,
            "test_accuracy": 0.5 + 0.1 * rank + 0.001 * labels,
            "pool_accuracy": 0.4,
        }
        for rank, strategy in enumerate(strategies)
        for seed in CONFIG["seeds"]
        for labels in CONFIG["budgets"]
    )
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": 0.0, "knn_accuracy": [None, knn, None]})
    return summary(
        experiment="toy",
        config=CONFIG
        | {"strategies": {name: CONFIG["strategies"][name] for name in strategies}}
        | settings,
        accuracy=accuracy,
        estimates=accuracy.drop(columns="pool_accuracy").assign(estimated_accuracy=0.45),
        pretraining=history.astype({"knn_accuracy": float}),
        features=Provenance("{}", {}, ("toy",)).attributes("features") | {"revision": "abc123"},
        sizes={"pool": 1437, "test": 360, "classes": 10, "dimension": 128},
        stage_seconds={"pretrain": [60.0], "cluster_pool": [], "select_batch": [1.0, 2.0, 6.0]},
        claims=claims,
    )


def ready_page(knn: float = 0.9753) -> str:
    accuracy = pd.DataFrame(
        {
            "experiment": "toy",
            "strategy": "random",
            "seed": 0,
            "labels": n,
            "test_accuracy": 0.5,
            "pool_accuracy": float("nan"),
        }
        for n in CONFIG["budgets"]
    )
    none = dict.fromkeys(["dataset", "encoder", "pretraining", "features"])
    origin = Provenance("{}", {"embeddings": "c0ffee"}, ())
    return summary(
        experiment="toy",
        config=CONFIG
        | none
        | {"embeddings": "my.h5", "seeds": [0], "strategies": {"random": {"method": "random"}}},
        accuracy=accuracy,
        estimates=accuracy.drop(columns="pool_accuracy").assign(estimated_accuracy=0.45),
        pretraining=None,
        features=origin.attributes("features") | {"knn_accuracy": knn},
        sizes={"pool": 1437, "test": 360, "classes": 10, "dimension": 128, "views": 1},
        stage_seconds={"import_features": [2.0]},
    )


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_page_tells_what_was_run() -> None:
    text = page("random", "mine")
    assert text.startswith("# toy")
    assert "pretrained for 3 epochs (k-NN accuracy 97.5%), 2 seeds" in text
    assert "1,437 images in the pool, 360 in the test set, 10 classes" in text
    assert "`architecture: resnet`, `width: 16`; 128 dimensions" in text
    assert "`augmentation.rotation: 15.0`" in text
    assert "`root: null`" in text
    assert ["Labels after each round", "20, 40"] in rows(text)
    assert ["Seeds", "0, 7"] in rows(text)
    assert ["Classifier", "`hidden_width: 64`, `epochs: 9`"] in rows(text)
    assert ["mine", "`mine`", "`ntkcpl`", "`feature: al`, `max_clusters: 50`"] in rows(text)
    assert ["Random", "`random`", "`random`", "–"] in rows(text)


def test_page_shows_figures_tables_times_and_versions() -> None:
    text = page("random", "mine")
    for figure in ("accuracy", "gain", "pretraining"):
        assert f"](figures/{figure}.png)" in text
    assert ["mine", "**62.0±0.0**", "**64.0±0.0**"] in rows(text)
    assert any(row[0] == "mine" and row[1].startswith("100.0 [") for row in rows(text))
    assert ["`pretrain`", "1", "60.0", "60.00"] in rows(text)
    assert ["`cluster_pool`", "0", "0.0", "–"] in rows(text)
    assert ["`select_batch`", "3", "9.0", "2.00"] in rows(text)
    assert "Seconds of work within the jobs" in text
    assert "code `abc123`" in text
    assert "torch " in text
    assert "matplotlib " in text


def test_without_random_the_gain_is_left_out_and_the_page_says_so() -> None:
    text = page("mine")
    assert "Left out: gain and effective budget ratio need runs of the strategy random" in text
    assert "gain.png" not in text


def test_without_monitor_the_page_says_so() -> None:
    text = page("random", knn=None)
    assert "k-NN accuracy not measured" in text


def test_page_of_supervised_weights_says_that_they_are() -> None:
    text = page("random", encoder={"architecture": "efficientnet_lite0"}, pretraining=None)
    assert "by `efficientnet_lite0` with weights that were trained on ImageNet with its" in text
    assert "pretrained for" not in text


def test_page_of_ready_embeddings_names_their_file_and_no_pretraining() -> None:
    text = ready_page()
    assert "the ready embeddings in `my.h5` (k-NN accuracy 97.5%), 1 seed a strategy" in text
    (row,) = [row for row in rows(text) if row[0] == "Ready embeddings"]
    assert row[1].startswith("`my.h5`, SHA-256 `c0ffee`; 1,437 images in the pool, 360 in the")
    assert ["Features", "128 dimensions, 1 view of each pool image, k-NN accuracy 97.5%"] in (
        rows(text)
    )
    assert "retraining" not in text and "Encoder" not in text
    assert "k-NN accuracy not measured" in ready_page(knn=float("nan"))


def test_page_estimates_the_accuracy_beside_the_true_one_if_that_is_known() -> None:
    assert "45.0 (40.0)" in page("random", "mine")
    assert "45.0 |" in ready_page() and "45.0 (" not in ready_page()


def test_page_beside_the_paper_links_one_table_and_shows_the_claims() -> None:
    claim = Claim(
        experiment="cifar10", section="4.1", kind="ahead", strategy="ntkcpl_al", rival="random"
    )
    text = page(
        "random", "mine", claims=[Judgement(claim, "reproduced", "+1.0")], reference="cifar10"
    )
    assert "](tables/against_paper.md)" in text and "on `cifar10`" in text
    (row,) = [row for row in rows(text) if row[0].startswith("NTKCPL (al) is ahead of Random")]
    assert row[1:] == ["4.1", "reproduced", "+1.0"]
    assert "against_paper" not in page("random", "mine")
