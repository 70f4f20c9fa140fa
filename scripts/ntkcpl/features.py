"""Feature extraction: embeddings of all images, and of augmented views."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ntkcpl.devices import default_device
from ntkcpl.encoders import Precision
from ntkcpl.refusal import Refusal
from ntkcpl.settings import BatchSize, Seed, Settings, Threads

if TYPE_CHECKING:
    from ntkcpl.artifacts.parts import Parts
    from ntkcpl.artifacts.provenance import Provenance
    from ntkcpl.datasets import Dataset, Split
    from ntkcpl.encoders.encoder import Encoder


# Embeddings in a part, which a killed extraction does not make again.
PART = 2**14


class FeatureError(Refusal):
    """Features cannot be used; the message is one sentence naming the image."""


class ViewSettings(Settings):
    """How a view is drawn: random crop and horizontal flip (section 6.3 of the paper)."""

    padding: int = Field(default=1, ge=0, le=4096)
    """Pixels of black around the image before a crop of its former size."""
    horizontal_flip: bool = False
    """Whether to mirror half of the views; a mirrored digit is none."""


class FeatureSettings(Settings):
    """Settings of feature extraction; the defaults are those of the digits run."""

    views: int = Field(default=16, ge=0, le=1024)
    """Augmented views of an image, V; with 0 the classifier is trained on images as they are."""
    views_of: Literal["pool", "labelled"] = "pool"
    """Whose views are embedded: at once those of all images of the pool, or in each round and run
    those of the images that it buys. An image has the same views either way."""
    view: ViewSettings = ViewSettings()
    """How views are drawn."""
    batch_size: BatchSize = 512
    """Images a pass through the encoder."""
    precision: Precision | Literal["auto"] = "32-true"
    """As in pretraining; or auto: bf16-mixed where the device has instructions for bfloat16, else
    32-true."""
    seed: Seed = 0
    """Seed of the views."""
    threads: Threads = 1
    """CPU threads, part of the result as in pretraining."""

    @property
    def are_of_rounds(self) -> bool:
        """Whether views are embedded in each round."""
        return self.views_of == "labelled" and self.views > 0


def extract_features(
    path: str | Path,
    dataset: "Dataset",
    encoder: "Encoder",
    settings: FeatureSettings,
    provenance: "Provenance",
    progress: bool = True,
    kept: Mapping[str, NDArray[np.float32]] | None = None,
) -> None:
    """Write `features.h5` (see `ntkcpl.artifacts.features.LAYOUT`), part by part.

    If it was killed, it goes on from the parts that it finds in `features.parts` beside the file,
    to the same file. Memory: the embeddings (N, D) float32, and a part of the views.

    Its further attributes are `knn_accuracy`, the leave-one-out k-NN accuracy of the pool's
    embeddings, `linear_accuracy`, the test accuracy of a linear probe (shares, NaN without labels),
    `skipped`, the broken images that were left out (JSON: path -> reason), `precision`, that in
    which the images were embedded, `only_view` where there are to be no views, and `seconds`.

    Parameters
    ----------
    path
        The file.
    dataset
        Images, uint8 (N, 3, H, W), labels, ids and classes.
    encoder
        Maps images to embeddings; used in evaluation mode.
    settings
        Views and batches.
    provenance
        Where the file comes from; the encoder's digest belongs to its inputs.
    progress
        Whether to show a progress bar on stderr.
    kept
        Id -> embedding (D,) of images of the pool that have been embedded before (see
        `kept_embeddings`); their views are embedded anew.

    Raises
    ------
    FeatureError
        If an embedding is not finite, in float16 for views.
    """
    from tqdm import tqdm

    from ntkcpl.artifacts.features import ITSELF, LAYOUT
    from ntkcpl.artifacts.hdf5 import create_hdf5
    from ntkcpl.artifacts.parts import Parts
    from ntkcpl.artifacts.provenance import library_versions
    from ntkcpl.devices import fixed_threads
    from ntkcpl.encoders.embedding import used_precision
    from ntkcpl.encoders.quality import knn_accuracy, linear_accuracy

    start = time.perf_counter()
    device = default_device()
    encoder, precision = encoder.to(device), used_precision(settings.precision, device)
    settings = settings.model_copy(update={"precision": precision})
    n_views = settings.views if settings.views_of == "pool" else 0
    total = len(dataset.pool.images) * (1 + n_views) + len(dataset.test.images)
    splits = {"pool": dataset.pool, "test": dataset.test}
    # By the code that decides the result, not by the revision, which any edit changes.
    origin = [provenance.settings, dict(provenance.inputs), provenance.code, library_versions()]
    to_embed = [image for image in dataset.pool.id if image not in (kept or {})]
    ids = [dataset.pool.id, dataset.test.id, to_embed]
    parts = Parts(path, json.dumps([origin, settings.canonical(), ids]))
    with (
        fixed_threads(settings.threads),
        create_hdf5(path, LAYOUT, provenance) as file,
        tqdm(total=total, desc="extract", unit="image", disable=not progress) as bar,
    ):
        embed = _Extraction(encoder, settings, parts, bar.update)
        for name, split in splits.items():
            file.store(f"{name}/embedding", embed.images(name, split, kept or {}))
            file.store(f"{name}/label", split.label)
            file.store(f"{name}/id", split.id)
        file.store("classes", dataset.classes)
        shape = (len(dataset.pool.id), n_views, encoder.embedding_width)
        views = file.create("pool/views", shape)
        if n_views:
            for rows, part in embed.views(dataset.pool):
                views[rows] = part
        pool, test = ((file.array(f"{name}/embedding"), s.label) for name, s in splits.items())
        file.attrs["knn_accuracy"] = knn_accuracy(*pool)
        file.attrs["linear_accuracy"] = linear_accuracy(*pool, *test)
        file.attrs["skipped"] = json.dumps(dataset.skipped)
        file.attrs["precision"] = precision
        if not settings.views:
            file.attrs["only_view"] = ITSELF
        file.attrs["seconds"] = time.perf_counter() - start
    parts.remove()


def kept_embeddings(
    path: str | Path, provenance: "Provenance", before: Mapping[str, str]
) -> dict[str, NDArray[np.float32]]:
    """Return the embeddings in `features.h5` of images that are still the same.

    There are none if the file is missing or unusable, or not made as it would be now.

    Parameters
    ----------
    path
        The file.
    provenance
        Where its successor comes from.
    before
        Id of an image -> its id in the file, if it is there.
    """
    from ntkcpl.artifacts.features import LAYOUT, read_features
    from ntkcpl.artifacts.files import ArtifactError
    from ntkcpl.artifacts.hdf5 import made_alike

    try:
        features = read_features(path) if made_alike(path, LAYOUT, provenance) else None
    except ArtifactError:
        features = None
    if features is None:
        return {}
    row = {image: number for number, image in enumerate(features.id)}
    return {now: features.embedding[row[then]] for now, then in before.items() if then in row}


def embedded_alike(settings: FeatureSettings, path: str | Path) -> FeatureSettings:
    """Return settings with the precision in which the images of a `features.h5` were embedded.

    What is embedded later, perhaps on another machine, is to be comparable with them.
    """
    from ntkcpl.artifacts.features import read_feature_facts

    facts, _ = read_feature_facts(path)
    return settings.model_copy(update={"precision": facts["precision"]})


def embed_views(
    images: "Split",
    index: NDArray[np.int64],
    number: int,
    encoder: "Encoder",
    settings: FeatureSettings,
) -> NDArray[np.float16]:
    """Return the embeddings of the augmented views of some images of a pool, float16 (B, V, D).

    They are those that `extract_features` embeds of the whole pool, whichever images are asked for.

    Parameters
    ----------
    images
        B images.
    index : int64 (B,)
        Their indices in the pool.
    number
        Images in the pool.
    encoder, settings
        As of `extract_features`.

    Raises
    ------
    FeatureError
        If an embedding is not finite in float16.
    """
    from ntkcpl.devices import fixed_threads

    offset, mirrored = draw_views(number, settings)
    drawn = offset[index], mirrored[index]
    encoder = encoder.to(default_device())
    with fixed_threads(settings.threads):
        views = _embed_views(images, *drawn, encoder, settings, lambda _: None, slice(None))
    _check_finite(views, images.id)
    return views


def draw_views(
    number: int, settings: FeatureSettings
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Draw the views of `number` images, before and apart from their division into batches.

    Returns
    -------
    offset : int64 (number, V, 2)
        First row and column of each crop in the padded image, in [0, 2 padding].
    mirrored : bool (number, V)
    """
    from ntkcpl.seeding import numpy_generator

    shape, view = (number, settings.views), settings.view
    rng = numpy_generator("views", settings.seed)
    offset = rng.integers(0, 2 * view.padding, (*shape, 2), endpoint=True)
    mirrored = rng.random(shape) < (0.5 if view.horizontal_flip else 0)
    return offset, mirrored


def cut_views(
    images: NDArray[np.uint8], offset: NDArray[np.int64], mirrored: NDArray[np.bool_], padding: int
) -> NDArray[np.uint8]:
    """Return the views that `draw_views` drew of `images`.

    Parameters
    ----------
    images : uint8 (B, 3, H, W)
    offset : int64 (B, V, 2)
    mirrored : bool (B, V)
    padding
        Pixels of black around each image.

    Returns
    -------
    uint8 (B, V, 3, H, W)
    """
    margin = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    crops = np.lib.stride_tricks.sliding_window_view(
        np.pad(images, margin), images.shape[2:], axis=(2, 3)
    )
    row = np.arange(len(images))[:, None]
    views: NDArray[np.uint8] = crops[row, :, offset[..., 0], offset[..., 1]]
    views[mirrored] = views[mirrored][..., ::-1]
    return views


@dataclass(frozen=True)
class _Extraction:
    """Embeds images part by part, and keeps the parts until all is done.

    `done` is told how many images have been embedded, those of before a kill too.
    """

    encoder: "Encoder"
    settings: FeatureSettings
    parts: "Parts"
    done: Callable[[int], object]

    def images(
        self, name: str, split: "Split", kept: Mapping[str, NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Return the embeddings of a split, float32 (N, D), of which some are `kept`."""
        embedding = np.empty((len(split.id), self.encoder.embedding_width), dtype=np.float32)
        known = [row for row, image in enumerate(split.id) if image in kept]
        for row in known:
            embedding[row] = kept[split.id[row]]
        self.done(len(known))
        missing = np.setdiff1d(np.arange(len(split.id)), known)
        rest = split.rows(missing) if known else split
        make = partial(_embed_rows, rest, self.encoder, self.settings, self.done)
        for rows, part in self._by_parts(name, rest.id, PART, make):
            embedding[missing[rows]] = part
        return embedding

    def views(self, pool: "Split") -> Iterator[tuple[slice, NDArray[np.float16]]]:
        """Yield some rows, and the embeddings of their views, float16 (B, V, D)."""
        drawn = draw_views(len(pool.id), self.settings)
        make = partial(_embed_views, pool, *drawn, self.encoder, self.settings, self.done)
        return self._by_parts("views", pool.id, max(1, PART // self.settings.views), make)

    def _by_parts(
        self, name: str, ids: list[str], size: int, make: Callable[[slice], NDArray[Any]]
    ) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Yield `size` rows and what `make` makes of them, or made before a kill."""
        for start in range(0, len(ids), size):
            rows = slice(start, start + size)
            part = self.parts.load(f"{name}-{start}")
            if part is None:
                part = make(rows)
                _check_finite(part, ids[rows])
                self.parts.save(f"{name}-{start}", part)
            else:
                self.done(math.prod(part.shape[:-1]))
            yield rows, part


def _embed_rows(
    split: "Split",
    encoder: "Encoder",
    settings: FeatureSettings,
    done: Callable[[int], object],
    rows: slice,
) -> NDArray[np.float32]:
    """Return the embeddings of some rows, float32 (B, D)."""
    from ntkcpl.encoders.embedding import embed
    from ntkcpl.image_files import rows_of

    images = rows_of(split.images, rows)
    return embed(encoder, images, settings.batch_size, done, settings.precision)


def _embed_views(
    pool: "Split",
    offset: NDArray[np.int64],
    mirrored: NDArray[np.bool_],
    encoder: "Encoder",
    settings: FeatureSettings,
    done: Callable[[int], object],
    rows: slice,
) -> NDArray[np.float16]:
    """Return the embeddings of the views that were drawn of some rows, float16 (B, V, D)."""
    from ntkcpl.encoders.embedding import embed
    from ntkcpl.image_files import batches, rows_of

    offset, mirrored, blocks = offset[rows], mirrored[rows], []
    step = max(1, settings.batch_size // settings.views)
    for within, images in batches(rows_of(pool.images, rows), step):
        views = cut_views(images, offset[within], mirrored[within], settings.view.padding)
        flat = embed(
            encoder,
            views.reshape(-1, *views.shape[2:]),
            settings.batch_size,
            done,
            settings.precision,
        )
        with np.errstate(over="ignore"):  # the caller reports what float16 cannot hold
            blocks.append(flat.reshape(*views.shape[:2], -1).astype(np.float16))
    return np.concatenate(blocks)


def _check_finite(embedding: NDArray[np.floating], ids: list[str]) -> None:
    bad = ~np.isfinite(embedding).all(axis=tuple(range(1, embedding.ndim)))
    if bad.any():
        raise FeatureError(
            f"the {embedding.dtype} embedding of image {ids[int(bad.argmax())]} is not finite: "
            "look at the image and at the loss of the pretraining"
        )
