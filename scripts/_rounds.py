"""Reads the rounds of a finished run, for the scripts that look back on all of them."""

from collections.abc import Sequence

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.clusters import read_clusters
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.coverage import Round
from ntkcpl.records import Features


def read_rounds(
    clusters: Sequence[str], classifiers: Sequence[str], features: Features, trained: Provenance
) -> tuple[list[Round], dict[str, str | list[str]]]:
    """Return the rounds in the order of their files, and the digests of all that was read."""
    found = [read_clusters(path, features) for path in clusters]
    heads = [read_classifier(path, features, trained) for path in classifiers]
    rounds = [Round(made, head) for (made, *_), head in zip(found, heads, strict=True)]
    digests: dict[str, str | list[str]] = {
        "features": features.digest,
        "clusters": [digest for *_, digest in found],
        "classifiers": [head.digest for head in heads],
    }
    return rounds, digests
