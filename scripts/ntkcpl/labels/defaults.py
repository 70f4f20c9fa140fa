"""What an experiment that people label is, where its configuration says nothing."""

from collections.abc import Mapping
from typing import Any

# Only the images that people label are embedded in views, while they wait: 4, because 16 were no
# better with EfficientNet-Lite0 (docs/results/labelling.md). Most things in photos may be mirrored.
FEATURES: Mapping[str, Any] = {
    "views": 4,
    "views_of": "labelled",
    "view": {"padding": 16, "horizontal_flip": True},
    "batch_size": 128,
    "precision": "auto",
    "threads": 2,
}


def with_defaults(experiment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of an experiment, as its configuration says them, with these added.

    Subfolders of images that have no labels are no classes.
    """
    if experiment.get("labels") is None:
        return experiment
    added: dict[str, Any] = {}
    dataset, features = experiment.get("dataset"), experiment.get("features")
    if isinstance(dataset, Mapping) and dataset.get("name") == "imagefolder":
        added["dataset"] = {"subfolders": "ignored", **dataset}
    if dataset is not None and (features is None or isinstance(features, Mapping)):
        added["features"] = {**FEATURES, **(features or {})}
    return {**experiment, **added}
