"""Time the extraction of features against the bare forward pass of the same encoder.

    .venv/bin/python benchmarks/features.py [--images 4096] [--size 32] [--views 4]
                                            [--architecture resnet18] [--width 0.25]

The bare pass embeds one batch of random pixels, held in memory, again and again. The extraction
draws, cuts and embeds views, checks and writes them part by part, and measures the quality of the
embeddings; with `--files` the images are PNG files that it decodes, too. Both take turns.

The last lines are `name value`, a line each: images a second (a view counts as an image), and the
share of the bare pass's speed that the extraction reaches.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timing import rounds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import Dataset, Split
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import build
from ntkcpl.features import FeatureSettings, ViewSettings, extract_features
from ntkcpl.image_files import ImageFiles

BATCH = 512
REPEATS = 3


def dataset(images, folder):
    """Return a pool of labelled images, as files if a folder is given, and a small test set."""
    label = np.arange(len(images)) % 10
    ids = [str(i) for i in range(len(images))]
    pool = Split(images, label, ids)
    if folder is not None:
        paths = [folder / f"{i}.png" for i in ids]
        for image, path in zip(images, paths, strict=True):
            Image.fromarray(image.transpose(1, 2, 0)).save(path)
        pool = Split(ImageFiles(paths, images.shape[2]), label, ids)
    return Dataset(pool, Split(images[:10], label[:10], ids[:10]), [str(c) for c in range(10)])


def main():
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4096)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--architecture", default="resnet18")
    parser.add_argument("--width", type=float)
    parser.add_argument("--files", action="store_true")
    arguments = parser.parse_args()
    encoder = build(EncoderSettings(architecture=arguments.architecture, width=arguments.width))
    encoder.eval()
    shape = (arguments.images, 3, arguments.size, arguments.size)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    settings = FeatureSettings(
        views=arguments.views,
        view=ViewSettings(padding=arguments.size // 8, horizontal_flip=True),
        batch_size=BATCH,
        threads=torch.get_num_threads(),
    )
    number = arguments.images * (1 + arguments.views) + 10
    batches = -(-number // BATCH)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        data = dataset(images, Path(folder) if arguments.files else None)
        batch = torch.from_numpy(images[:BATCH])
        path = Path(folder) / "features.h5"

        def bare():
            for _ in range(batches):
                encoder(batch)

        def extraction():
            extract_features(path, data, encoder, settings, Provenance("{}", {}, ()), False)

        times = np.median(rounds([bare, extraction], REPEATS), axis=1)
    per_image = times / (batches * len(batch), number)
    print(f"bare_images_per_second {1 / per_image[0]:.4g}")
    print(f"extraction_images_per_second {1 / per_image[1]:.4g}")
    print(f"extraction_over_bare {per_image[0] / per_image[1]:.3f}")
    print(f"extraction_seconds_per_image {per_image[1]:.4g}")
    print(f"extraction_time_over_bare {per_image[1] / per_image[0]:.3f}")


if __name__ == "__main__":
    main()
