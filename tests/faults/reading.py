"""Faults in files that are read: a table of artifacts, and of what happens to them."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from faults.damage import BYTES, LINES, PLACES, Rng
from faults.outcomes import Outcome, Verdict, fingerprint, judge
from faults.tiny_run import COLOURS, STRATEGY, made_by, place
from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.batch import read_batch
from ntkcpl.artifacts.classifier import read_classifier, read_metrics
from ntkcpl.artifacts.clusters import read_clusters
from ntkcpl.artifacts.features import read_feature_facts, read_features
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.frames import read_frames
from ntkcpl.artifacts.images import read_images
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.parts import Parts
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.reference import read_claims, read_curves, read_effective_budget
from ntkcpl.artifacts.texts import read_table
from ntkcpl.artifacts.views import read_seconds, read_views
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import build
from ntkcpl.encoders.storage import load_encoder
from ntkcpl.encoders.weights import load_weights
from ntkcpl.labels import predictions
from ntkcpl.labels.read import read_labels
from ntkcpl.precomputed import import_features
from ntkcpl.pretraining.checkpoint import SealedCheckpoints, find_checkpoint
from ntkcpl.records import Features
from ntkcpl.reporting.estimates import read_estimates
from ntkcpl.reporting.history import read_history
from ntkcpl.rounds import Identity
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
    import_features("imported.h5", path, Provenance(), progress=False)
    facts, _ = read_feature_facts("imported.h5")
    accuracies = [facts[name] for name in ("knn_accuracy", "linear_accuracy")]
    return read_features("imported.h5"), accuracies


def import_weights(path: str) -> Any:
    """Load the weights that somebody brings."""
    encoder = build(EncoderSettings(architecture="resnet9", width=0.125))
    load_weights(encoder, path)
    return dict(encoder.state_dict())


def read_said(path: str) -> Any:
    """Read what people said."""
    return read_labels(path, read_features("results/photos/features.h5").id, [*COLOURS]).labelled


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
    Artifact(
        "results/photos/predictions.csv",
        lambda path: read_table(path, predictions.KIND, predictions.COLUMNS)[0],
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
    Artifact("weights.pt", import_weights, ("results/other/encoder.pt",), ours=False),
    Artifact(
        "photos-labels/seed0-round2.csv",
        read_said,
        ("photos-labels/seed0-round1.csv",),
        ours=False,
    ),
    Artifact("exported.json", read_said, ("results/photos/images.json",), ours=False),
]


def name_of(artifact: Artifact) -> str:
    """What the table of the campaign calls an artifact."""
    return artifact.path if artifact.path.count("/") == 1 else Path(artifact.path).name


def change(artifact: Artifact, name: str, seed: int) -> None:
    """Do to an artifact, in the working directory, what a fault says."""
    path, rng = Path(artifact.path), np.random.default_rng(seed)
    shutil.copy(path, "own")  # the working directory holds links to the files of the run
    Path("own").replace(path)
    if name in PLACES:
        PLACES[name](path)
    elif name == "foreign":
        path.write_bytes(Path(artifact.others[seed]).read_bytes())
    elif name == "edit":
        edit(path, rng)
    else:
        path.write_bytes((BYTES | LINES)[name](path.read_bytes(), rng))


def edit(path: Path, rng: Rng) -> None:
    """Change one value by the format's own library, which makes its checksums right again."""
    if path.suffix == ".pt":
        content = torch.load(path, weights_only=True)
        state = content["state_dict"]
        weight = state[list(state)[rng.integers(len(state))]]
        weight.view(-1)[rng.integers(weight.numel())] += 1
        torch.save(content, path)
        return
    with h5py.File(path, "r+") as file:
        arrays: list[h5py.Dataset] = []
        file.visititems(lambda _, data: arrays.append(data) if is_filled(data) else None)
        names = list(file.attrs)
        chosen = int(rng.integers(len(arrays) + len(names)))
        if chosen < len(arrays):
            data = arrays[chosen]
            at = tuple(int(rng.integers(size)) for size in data.shape)
            data[at] = b"another" if data.dtype == object else data[at] + 1
        else:
            name = names[chosen - len(arrays)]
            value = file.attrs[name]
            file.attrs[name] = f"{value}1" if isinstance(value, str) else value * 0.999


def is_filled(data: Any) -> bool:
    """Whether an object of an HDF5 file is a data set with something in it."""
    return isinstance(data, h5py.Dataset) and data.size > 0


def kinds_of(artifact: Artifact) -> Iterator[tuple[str, int]]:
    """Yield what may happen to an artifact, and in how many ways that differ: 0 for any number."""
    yield from ((name, 1) for name in PLACES)
    if artifact.others:
        yield "foreign", len(artifact.others)
    yield from ((name, 0) for name in BYTES)
    if Path(artifact.path).suffix in (".csv", ".json"):
        yield from ((name, 0) for name in LINES)
    if Path(artifact.path).suffix in (".h5", ".pt"):
        yield "edit", 0


def read_changed(artifact: Artifact, name: str, good: str, seed: int) -> Verdict:
    """Do what a fault says, and read."""
    change(artifact, name, seed)
    read = partial(artifact.read, artifact.path)
    return judge(read, good, (Path(artifact.path).name,), artifact.ours)


def read_unchanged(artifact: Artifact, seed: int) -> Verdict:
    """Return the fingerprint of the value before any fault."""
    return Verdict(Outcome.HARMLESS, fingerprint(artifact.read(artifact.path)))


# What `make verify` finds missing only by what was made from it, of which there is nothing here.
ENDS = ("images", "predictions", "pretraining", "accuracy", "estimated_accuracy")
ENDS += ("coverage", "notions", "kernels")


def verify_changed(name: str, seed: int) -> Verdict:
    """Do what a fault says to some artifact, and let `make verify` find it."""
    chosen = [
        artifact
        for artifact in ARTIFACTS
        if artifact.path.startswith("results/")
        and (kind := KINDS.get(Path(artifact.path).name))
        and any(name == possible for possible, _ in kinds_of(artifact))
        and not (name == "missing" and kind in ENDS)
    ]
    artifact = chosen[seed % len(chosen)]
    before = Path(artifact.path).read_bytes()
    change(artifact, name, 0 if name == "foreign" else seed)
    _, found = verify(Path("results"))
    if any(Path(artifact.path).name in fault.sentence for fault in found):
        return Verdict(Outcome.REFUSED, found[0].sentence)
    same = Path(artifact.path).is_file() and Path(artifact.path).read_bytes() == before
    return Verdict(Outcome.HARMLESS if same else Outcome.SILENT, artifact.path)


VERIFIED = [*PLACES, *BYTES, *LINES, "foreign", "edit"]
