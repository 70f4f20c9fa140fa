"""The page that a reader sees first: what was run, what came out, and how long it took."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import pandas as pd

from ntkcpl.artifacts.files import code_revision, library_versions
from ntkcpl.encoders import packaged
from ntkcpl.reporting.accuracy import MissingReferenceError
from ntkcpl.reporting.against_paper import claims_table
from ntkcpl.reporting.claims import Judgement
from ntkcpl.reporting.estimates import estimate_table
from ntkcpl.reporting.look import display_name
from ntkcpl.reporting.tables import (
    MISSING,
    accuracy_table,
    effective_budget_table,
    markdown,
    rows_markdown,
)

PAPER = "Wen, Pizarro and Williams (2023)"


def summary(
    *,
    experiment: str,
    config: Mapping[str, Any],
    accuracy: pd.DataFrame,
    estimates: pd.DataFrame,
    pretraining: pd.DataFrame | None,
    features: Mapping[str, Any],
    sizes: Mapping[str, int],
    stage_seconds: Mapping[str, Sequence[float]],
    claims: Sequence[Judgement] = (),
) -> str:
    """Return `results/<experiment>/summary.md`.

    The page shows `figures/accuracy.png`, `figures/gain.png` (if there are runs of Random) and
    `figures/pretraining.png` (if there was a pretraining), relative to itself.

    Parameters
    ----------
    experiment
        Name of the experiment.
    config
        Its settings: `dataset`, `encoder`, `pretraining`, `features` and `classifier` map keys to
        values, `budgets` and `seeds` are lists, `strategies` maps the name of each strategy to
        its `method` and parameters. `embeddings` is the path of the file of ready embeddings,
        and then `dataset`, `encoder`, `pretraining` and `features` are not looked at; or None.
    accuracy
        The experiment's runs (see `artifacts.accuracy`).
    estimates
        Their accuracies estimated from the labels held (see `estimates.read_estimates`).
    pretraining
        epoch, loss, knn_accuracy (a share, NaN for epochs without the monitor); None for ready
        embeddings, and for an encoder whose weights were brought along.
    features
        Attributes of `features.h5`, of which `revision` and `versions` are shown, without
        pretraining `knn_accuracy` too, and for ready embeddings their digest among the `inputs`.
    sizes
        Numbers of `pool` and `test` images, of `classes`, of `views` of each pool image, and the
        `dimension` of the embedding.
    stage_seconds
        For each stage, in the order of the work, the seconds that each of its jobs took.
    claims
        What the runs say of the paper's claims, if they are compared with it; the page then links
        `tables/against_paper.md` too.

    Returns
    -------
    str
        Markdown.
    """
    knn = _knn_accuracy(
        pd.Series([features["knn_accuracy"]])
        if pretraining is None
        else pretraining["knn_accuracy"]
    )
    if config["embeddings"] is not None:
        origin, made_by = _origin_ready(config, knn), _facts_ready(config, features, sizes, knn)
    else:
        origin, made_by = _origin(config, knn), _facts_encoded(config, sizes, knn)
    figure = []
    if pretraining is not None:
        figure = [
            "## Pretraining",
            "![Loss and k-NN accuracy against epoch](figures/pretraining.png)",
        ]
    sections = [
        f"# {experiment}: accuracy against number of labels",
        origin,
        "## Accuracy",
        "![Test accuracy against number of labels](figures/accuracy.png)",
        markdown(accuracy_table(accuracy)),
        "## Gain over Random",
        *_gain(accuracy),
        *_against_paper(config, claims),
        "## Accuracy without a test set",
        markdown(estimate_table(accuracy, estimates)),
        "## What was run",
        _facts(config, made_by),
        _strategies(config["strategies"]),
        *figure,
        "The k-NN accuracy uses the labels of the pool. It is reported, and chooses nothing.",
        "## Time",
        _times(stage_seconds),
        "## Versions",
        _versions(features),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _origin(config: Mapping[str, Any], knn: str) -> str:
    pretraining, encoder = config["pretraining"], config["encoder"]
    if encoder["architecture"] == packaged.NAME:
        trained = "with weights that were trained on ImageNet with its labels, unlike the paper's"
    elif pretraining is None:
        trained = f"with the weights of `{encoder['checkpoint']}`"
    else:
        trained = f"that `{pretraining['method']}` pretrained for {pretraining['epochs']} epochs"
    return (
        "All numbers and figures here come from one run: the data set "
        f"`{config['dataset']['name']}` embedded by `{encoder['architecture']}` {trained} "
        f"({knn}), {_seeds(config)} a strategy. They hold for this data set, "
        "this encoder and these label counts; compare them with the numbers of "
        f"{PAPER} only where all three are the paper's."
    )


def _origin_ready(config: Mapping[str, Any], knn: str) -> str:
    return (
        "All numbers and figures here come from one run on the ready embeddings in "
        f"`{config['embeddings']}` ({knn}), {_seeds(config)} a strategy. They hold for these "
        "embeddings and these label counts; compare them with the numbers of "
        f"{PAPER} only where data set, encoder and label counts are the paper's."
    )


def _seeds(config: Mapping[str, Any]) -> str:
    number = len(config["seeds"])
    return f"{number} {'seed' if number == 1 else 'seeds'}"


def _knn_accuracy(values: pd.Series) -> str:
    monitored = values.dropna()
    if monitored.empty:
        return "k-NN accuracy not measured"
    return f"k-NN accuracy {monitored.iloc[-1]:.1%}"


def _gain(accuracy: pd.DataFrame) -> list[str]:
    try:
        ratios = effective_budget_table(accuracy)
    except MissingReferenceError as error:
        return [f"Left out: {error}."]
    return ["![Gain over Random against number of labels](figures/gain.png)", markdown(ratios)]


def _against_paper(config: Mapping[str, Any], claims: Sequence[Judgement]) -> list[str]:
    if not claims:
        return []
    return [
        "## Beside the paper",
        "[Gains over Random and the order of the strategies](tables/against_paper.md) beside those "
        f"of {PAPER} on `{config['reference']}`, and its claims:",
        markdown(claims_table(claims)),
    ]


def _facts_encoded(config: Mapping[str, Any], sizes: Mapping[str, int], knn: str) -> dict[str, str]:
    encoder = {name: value for name, value in config["encoder"].items() if value is not None}
    facts = {
        "Data set": f"{_settings(config['dataset'])}; {_images(sizes)}",
        "Encoder": f"{_settings(encoder)}; {sizes['dimension']:,} dimensions, {knn}",
    }
    if config["pretraining"] is not None:
        facts["Pretraining"] = _settings(config["pretraining"])
    return facts | {"Features": _settings(config["features"])}


def _facts_ready(
    config: Mapping[str, Any], features: Mapping[str, Any], sizes: Mapping[str, int], knn: str
) -> dict[str, str]:
    digest = json.loads(features["inputs"])["embeddings"]
    views = f"{sizes['views']:,} {'view' if sizes['views'] == 1 else 'views'}"
    return {
        "Ready embeddings": f"`{config['embeddings']}`, SHA-256 `{digest}`; {_images(sizes)}",
        "Features": f"{sizes['dimension']:,} dimensions, {views} of each pool image, {knn}",
    }


def _images(sizes: Mapping[str, int]) -> str:
    return (
        f"{sizes['pool']:,} images in the pool, {sizes['test']:,} in the test set, "
        f"{sizes['classes']:,} classes"
    )


def _facts(config: Mapping[str, Any], made_by: Mapping[str, str]) -> str:
    rows = dict(made_by) | {
        "Labels after each round": ", ".join(map(str, config["budgets"])),
        "Seeds": ", ".join(map(str, config["seeds"])),
        "Classifier": _settings(config["classifier"]),
    }
    return rows_markdown(pd.DataFrame({"": rows.keys(), "Setting": rows.values()}))


def _strategies(strategies: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        {
            "Strategy": display_name(name),
            "Name": f"`{name}`",
            "Method": f"`{settings['method']}`",
            "Parameters": _settings({k: v for k, v in settings.items() if k != "method"}),
        }
        for name, settings in strategies.items()
    ]
    return rows_markdown(pd.DataFrame(rows))


def _times(stage_seconds: Mapping[str, Sequence[float]]) -> str:
    seconds = {stage: pd.Series(values, dtype=float) for stage, values in stage_seconds.items()}
    rows = [
        {
            "Stage": f"`{stage}`",
            "Jobs": f"{len(values):,}",
            "Total (s)": f"{values.sum():.1f}",
            "Median job (s)": f"{values.median():.2f}" if len(values) else MISSING,
        }
        for stage, values in seconds.items()
    ]
    return (
        f"{rows_markdown(pd.DataFrame(rows), align='right')}\n\nSeconds of work within the jobs. "
        "The start of each job's process, one to three seconds, is not in them; jobs also ran side "
        "by side."
    )


def _versions(features: Mapping[str, Any]) -> str:
    now = library_versions() | {name: version(name) for name in ("pandas", "matplotlib")}
    return (
        f"- Features: code `{features['revision']}`, {_listed(json.loads(features['versions']))}\n"
        f"- This page: code `{code_revision()}`, {_listed(now)}"
    )


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(_flat(settings)) or MISSING


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield `key: value` for each setting, nested keys joined by dots, values as in YAML."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            shown = value if isinstance(value, str) else json.dumps(value)
            yield f"`{prefix}{key}: {shown}`"
