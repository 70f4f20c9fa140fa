"""Each kind of file that a stage reads: where one is, how it is read, and others of its kind."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.tiny_run import COLOURS, STRATEGY, made_by, place
from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.batch import read_batch, read_rows
from ntkcpl.artifacts.classifier import read_classifier, read_metrics
from ntkcpl.artifacts.clusters import read_clusters
from ntkcpl.artifacts.features import read_feature_facts, read_features
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.frames import read_frames
from ntkcpl.artifacts.images import read_images
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.outcomes import read_outcomes
from ntkcpl.artifacts.parts import Parts
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.reference import read_claims, read_curves, read_effective_budget
from ntkcpl.artifacts.views import read_seconds, read_views
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import build
from ntkcpl.encoders.storage import load_encoder
from ntkcpl.encoders.weights import load_weights
from ntkcpl.labels.predictions import read_predictions
from ntkcpl.labels.read import read_labels
from ntkcpl.precomputed import import_features
from ntkcpl.pretraining.checkpoint import SealedCheckpoints, find_checkpoint
from ntkcpl.records import Features
from ntkcpl.reporting.estimates import read_estimates
from ntkcpl.reporting.history import read_history
from ntkcpl.seeding import Identity
from ntkcpl.verify import KINDS, verify


@dataclass(frozen=True)
class Artifact:
    """A kind of file.

    Attributes
    ----------
    path
        One such file of the tiny run.
    read
        How the stages that need it read it, given its path.
    others
        Files of the same kind that are not it.
    ours
        Whether a stage made it; else people bring it.
    """

    path: str
    read: Callable[[str], Any]
    others: tuple[str, ...] = ()
    ours: bool = True


def expected(of: Identity, kind: str, **inputs: str | list[str]) -> Provenance:
    """What a stage of a round knows of where its input comes from."""
    return Provenance(made_by(of)[kind], inputs)


def features_of(of: Identity, path: str = "") -> Features:
    """Read the features of an experiment."""
    return read_features(path or f"results/{of.experiment}/features.h5", expected(of, "features"))


def known_before(of: Identity) -> dict[str, str]:
    """The digests of what a round starts from."""
    features, before = features_of(of), of._replace(round=of.round - 1)
    path = place(before, "classifier.h5")
    trained = expected(before, "classifier", features=features.digest)
    return {
        "features": features.digest,
        "classifier": read_classifier(path, features, trained).digest,
    }


def encoder_at(path: str) -> Any:
    """Read an encoder as an extraction does."""
    encoder, digest = load_encoder(path, expected(SMOKE, "encoder"))
    return dict(encoder.state_dict()), digest


def clusters_at(path: str) -> Any:
    """Read clusters as a selection does."""
    return read_clusters(
        path, features_of(SMOKE), expected(SMOKE, "clusters", **known_before(SMOKE))
    )


def batch_at(path: str) -> Any:
    """Read a batch as the training does."""
    known = known_before(SMOKE)
    return read_batch(path, features_of(SMOKE), 6, expected(SMOKE, "batch", **known))


def views_at(path: str) -> Any:
    """Read views as the training does, and the summary."""
    wanted = expected(PHOTOS, "views")
    return read_views([path], features_of(PHOTOS), wanted), read_seconds(path)


def classifier_at(path: str) -> Any:
    """Read a classifier as the next round does, and what collects accuracies."""
    wanted = expected(SMOKE, "classifier")
    return read_classifier(path, features_of(SMOKE), wanted), read_metrics(path, wanted)


def go_on_from(path: str) -> Any:
    """Read a checkpoint as a pretraining does that goes on from it."""
    identity = Path("checkpoint.identity").read_text(encoding="utf-8")
    found = find_checkpoint(Path(path), identity)
    if found is None:
        raise ArtifactError(f"{path} is not gone on from")
    return SealedCheckpoints().load_checkpoint(found)


def load_part(path: str) -> Any:
    """Read a part of an extraction as one does that goes on from it."""
    part = Parts("results/smoke/features.h5", "smoke").load(Path(path).stem)
    if part is None:
        raise ArtifactError(f"{path} is made again")
    return part


def import_embeddings(path: str) -> Any:
    """Import ready embeddings, and read what comes of them."""
    Path("imported.h5").unlink(missing_ok=True)  # of which nothing is to be kept
    import_features("imported.h5", path, Provenance(), progress=False)
    facts, _ = read_feature_facts("imported.h5")
    accuracies = [facts[name] for name in ("knn_accuracy", "linear_accuracy")]
    return read_features("imported.h5"), accuracies


def import_shards(path: str) -> Any:
    """Import the folder of shards that a file is part of."""
    return import_embeddings(str(Path(path).parent))


def import_weights(path: str) -> Any:
    """Load the weights that somebody brings."""
    encoder = build(EncoderSettings(architecture="resnet9", width=0.125))
    load_weights(encoder, path)
    return dict(encoder.state_dict())


def read_said(path: str) -> Any:
    """Read what people said."""
    said = read_labels(path, read_features("results/photos/features.h5").id, [*COLOURS])
    return said.labelled, said.skipped, said.checked


def holdout_at(path: str) -> Any:
    """Read which images are held out, as those stages do that leave them alone."""
    return read_rows(path, features_of(PHOTOS))


SMOKE, PHOTOS = (Identity(name, STRATEGY, 0, 2) for name in ("smoke", "photos"))


def elsewhere(of: Identity, name: str, *others: Identity) -> tuple[str, ...]:
    """The files of that name of the round before, of the other seed, and of others."""
    return tuple(place(o, name) for o in (of._replace(round=1), of._replace(seed=1), *others))


OTHER = SMOKE._replace(experiment="other")
ARTIFACTS = [
    Artifact(
        "results/smoke/encoder.pt",
        encoder_at,
        ("results/photos/encoder.pt", "results/other/encoder.pt"),
    ),
    Artifact(
        "results/smoke/encoder.checkpoint.pt", go_on_from, ("results/other/encoder.checkpoint.pt",)
    ),
    Artifact(
        "results/smoke/pretrain.csv",
        lambda path: read_history(path, expected(SMOKE, "encoder")),
        ("results/photos/pretrain.csv", "results/other/pretrain.csv"),
    ),
    Artifact(
        "results/smoke/features.h5",
        lambda path: (features_of(SMOKE, path), read_feature_facts(path)[1]),
        ("results/photos/features.h5", "results/other/features.h5"),
    ),
    Artifact(
        "results/smoke/features.parts/pool-0.npy",
        load_part,
        ("results/smoke/features.parts/pool-1.npy", "results/other/features.parts/pool-0.npy"),
    ),
    Artifact(
        place(SMOKE, "clusters.h5"), clusters_at, elsewhere(SMOKE, "clusters.h5", OTHER, PHOTOS)
    ),
    Artifact(place(SMOKE, "batch.csv"), batch_at, elsewhere(SMOKE, "batch.csv", OTHER, PHOTOS)),
    Artifact(place(PHOTOS, "views.h5"), views_at, elsewhere(PHOTOS, "views.h5")),
    Artifact(
        place(SMOKE, "classifier.h5"),
        classifier_at,
        elsewhere(SMOKE, "classifier.h5", OTHER, PHOTOS),
    ),
    Artifact(
        place(PHOTOS, "labels.json"),
        lambda path: read_held([path], features_of(PHOTOS)),
        elsewhere(PHOTOS, "labels.json"),
    ),
    Artifact("results/photos/images.json", read_images),
    *(
        Artifact(
            f"results/photos/predictions.{suffix}",
            lambda path: [*read_predictions(path)],
        )
        for suffix in ("csv", "parquet")
    ),
    Artifact("results/photos/holdout/batch.csv", holdout_at, (place(PHOTOS, "batch.csv"),)),
    Artifact(
        "results/photos/holdout/labels.json",
        lambda path: read_held([path], features_of(PHOTOS)),
        (place(PHOTOS, "labels.json"),),
    ),
    Artifact(
        "results/photos/holdout/outcomes.csv",
        read_outcomes,
        (place(PHOTOS, "cross_validation.csv"),),
    ),
    Artifact(
        place(PHOTOS, "cross_validation.csv"),
        read_outcomes,
        elsewhere(PHOTOS, "cross_validation.csv"),
    ),
    Artifact("results/smoke/accuracy.csv", read_accuracy, ("results/other/accuracy.csv",)),
    Artifact(
        "results/smoke/estimated_accuracy.csv",
        read_estimates,
        ("results/other/estimated_accuracy.csv",),
    ),
    *(
        Artifact(
            f"results/smoke/{strategy}/seed0/{kind}.csv",
            lambda path, kind=kind: read_frames([path], kind),
            (f"results/smoke/{strategy}/seed1/{kind}.csv",),
        )
        for strategy, kind in (
            (STRATEGY, "coverage"),
            (STRATEGY, "notions"),
            ("random", "kernels"),
        )
    ),
    Artifact("reference/accuracy.csv", read_curves, ("reference/claims.csv",)),
    Artifact(
        "reference/claims.csv",
        lambda path: read_claims(path, "cifar10"),
        ("reference/accuracy.csv",),
    ),
    Artifact("reference/effective_budget.csv", read_effective_budget, ("reference/claims.csv",)),
    Artifact("my.h5", import_embeddings, ("results/smoke/features.h5",), ours=False),
    *(
        Artifact(f"shards/{name}", import_shards, ours=False)
        for name in ("b.npy", "b.label.npy", "b.id.txt", "classes.txt")
    ),
    Artifact("weights.pt", import_weights, ("results/other/encoder.pt",), ours=False),
    Artifact("weights.safetensors", import_weights, ("results/other/encoder.pt",), ours=False),
    Artifact(
        "photos-labels/seed0-round2.csv",
        read_said,
        ("photos-labels/seed0-round1.csv",),
        ours=False,
    ),
    Artifact(
        "photos-labels/checked.csv", read_said, ("photos-labels/seed0-round1.csv",), ours=False
    ),
    Artifact("exported.json", read_said, ("results/photos/images.json",), ours=False),
]


def name_of(path: str) -> str:
    """What the table of the campaign calls a file: of one in a results folder, what it holds."""
    *_, folder, name = ("", *Path(path).parts)
    return f"{folder}/{name}" if folder == "holdout" or path.count("/") == 1 else name


def check_that_all_are_attacked() -> None:
    """Fail if the run lacks a kind of file that `make verify` checks, or `ARTIFACTS` does."""
    there = {name_of(str(path)) for path in Path("results").rglob("*") if path.name in KINDS}
    lacking = KINDS.keys() - {Path(name).name for name in there}
    assert not lacking, f"the tiny run makes no {lacking}: let it"
    forgotten = there - {name_of(artifact.path) for artifact in ARTIFACTS}
    assert not forgotten, f"{forgotten} are in no line of ARTIFACTS: add one"
    _, faults = verify(Path("results"), files_of_the_run())
    assert not faults, f"make verify finds {faults} before any"


def files_of_the_run() -> set[Path]:
    """Return all files that the jobs have made."""
    return {path for path in Path("results").rglob("*") if path.is_file()}
