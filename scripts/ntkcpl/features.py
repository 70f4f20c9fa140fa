"""Feature extraction: embeddings of all images, and of augmented views of the pool."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ntkcpl.settings import Settings

if TYPE_CHECKING:
    import h5py

    from ntkcpl.artifacts import Provenance
    from ntkcpl.datasets import Dataset, Split
    from ntkcpl.encoders.encoder import Encoder


class FeatureError(Exception):
    """Features cannot be used; the message is one sentence naming the image."""


class ViewSettings(Settings):
    """How a view is drawn: random crop and horizontal flip (section 6.3 of the paper)."""

    padding: int = Field(default=1, ge=0)
    """Pixels of black around the image before a crop of its former size."""
    horizontal_flip: bool = False
    """Whether to mirror half of the views; a mirrored digit is none."""


class FeatureSettings(Settings):
    """Settings of feature extraction; the defaults are those of the digits run."""

    views: int = Field(default=16, ge=1)
    """Augmented views of each pool image, V."""
    view: ViewSettings = ViewSettings()
    """How views are drawn."""
    batch_size: int = Field(default=512, ge=1)
    """Images a pass through the encoder."""
    seed: int = Field(default=0, ge=0)
    """Seed of the views."""
    threads: int = Field(default=1, ge=1)
    """CPU threads, part of the result as in pretraining."""


def extract_features(
    path: str | Path,
    dataset: "Dataset",
    encoder: "Encoder",
    settings: FeatureSettings,
    provenance: "Provenance",
    progress: bool = True,
) -> None:
    """Write `features.h5` (see `ntkcpl.artifacts.hdf5.LAYOUTS`), view by batch of views.

    Its further attributes are `knn_accuracy`, the leave-one-out k-NN accuracy of the pool's
    embeddings (a share, NaN for an unlabelled pool), `skipped`, the broken images that were left
    out (JSON: path -> reason), and `seconds`.

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

    Raises
    ------
    FeatureError
        If an embedding is not finite, in float16 for views.
    """
    from tqdm import tqdm

    from ntkcpl.artifacts import create_hdf5, store
    from ntkcpl.encoders.embedding import embed
    from ntkcpl.encoders.threads import fixed_threads
    from ntkcpl.pretraining.monitor import knn_accuracy

    start = time.perf_counter()
    total = len(dataset.pool.images) * (1 + settings.views) + len(dataset.test.images)
    with (
        fixed_threads(settings.threads),
        create_hdf5(path, "features", provenance) as file,
        tqdm(total=total, desc="extract", unit="image", disable=not progress) as bar,
    ):
        for name, split in (("pool", dataset.pool), ("test", dataset.test)):
            embedding = embed(encoder, split.images, settings.batch_size, bar.update)
            _check_finite(embedding, split.id)
            store(file, f"{name}/embedding", embedding)
            store(file, f"{name}/label", split.label)
            store(file, f"{name}/id", split.id)
        store(file, "classes", dataset.classes)
        for number in _store_views(file, dataset.pool, encoder, settings):
            bar.update(number)
        file.attrs["knn_accuracy"] = knn_accuracy(file["pool/embedding"][:], dataset.pool.label)
        file.attrs["skipped"] = json.dumps(dataset.skipped)
        file.attrs["seconds"] = time.perf_counter() - start


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


def _store_views(
    file: "h5py.File", pool: "Split", encoder: "Encoder", settings: FeatureSettings
) -> Iterator[int]:
    """Write `pool/views` batch by batch; yield the number of views after each."""
    from ntkcpl.encoders.embedding import embed
    from ntkcpl.image_files import batches

    offset, mirrored = draw_views(len(pool.images), settings)
    data = file.create_dataset(
        "pool/views",
        (len(pool.images), settings.views, encoder.embedding_width),
        dtype=np.float16,
        chunks=(1, settings.views, encoder.embedding_width),  # read for few rows at a time
        fletcher32=True,
    )
    step = max(1, settings.batch_size // settings.views)
    for rows, images in batches(pool.images, step):
        views = cut_views(images, offset[rows], mirrored[rows], settings.view.padding)
        flat = embed(encoder, views.reshape(-1, *views.shape[2:]), settings.batch_size)
        with np.errstate(over="ignore"):  # what float16 cannot hold is reported below
            embedding = flat.reshape(*views.shape[:2], -1).astype(np.float16)
        _check_finite(embedding, pool.id[rows])
        data[rows] = embedding
        yield embedding.shape[0] * embedding.shape[1]


def _check_finite(embedding: NDArray[np.floating], ids: list[str]) -> None:
    bad = ~np.isfinite(embedding).all(axis=tuple(range(1, embedding.ndim)))
    if bad.any():
        raise FeatureError(
            f"the {embedding.dtype} embedding of image {ids[int(bad.argmax())]} is not finite: "
            "look at the image and at the loss of the pretraining"
        )
