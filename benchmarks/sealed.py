"""Time what verified reading costs: `features.h5` whole and by rows, against HDF5's own checksums.

    .venv/bin/python benchmarks/sealed.py [--images 20000] [--width 1280] [--views 16] [--rows 500]

The same arrays are written once as `features.h5` is, once as it was before, in chunks with HDF5's
Fletcher-32 checksums and no other. Reading the whole embedding, and the views of some images drawn
at random, take turns. The last lines are `name value`, a line each, in seconds, and the ratios.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from timing import rounds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.artifacts.features import LAYOUT
from ntkcpl.artifacts.hdf5 import create_hdf5, open_hdf5
from ntkcpl.artifacts.provenance import Provenance

REPEATS = 5


def write(folder, images, width, n_views):
    """Write both files; return their paths."""
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(images, width)).astype(np.float32)
    views = rng.normal(size=(images, n_views, width)).astype(np.float16)
    with create_hdf5(folder / "sealed.h5", LAYOUT, Provenance()) as file:
        for part, n in (("pool", images), ("test", 1)):
            file.store(f"{part}/embedding", embedding[:n])
            file.store(f"{part}/label", np.zeros(n, dtype=np.int64))
            file.store(f"{part}/id", [str(i) for i in range(n)])
        file.store("pool/views", views)
        file.store("classes", ["one"])
    with h5py.File(folder / "before.h5", "w") as file:
        file.create_dataset("pool/embedding", data=embedding, fletcher32=True)
        chunks = (1, n_views, width)
        file.create_dataset("pool/views", data=views, chunks=chunks, fletcher32=True)
    return folder / "sealed.h5", folder / "before.h5"


def main():
    """Print the median times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("images", 20_000), ("width", 1280), ("views", 16), ("rows", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    some = np.sort(np.random.default_rng(1).choice(asked.images, asked.rows, replace=False))
    with tempfile.TemporaryDirectory() as folder:
        sealed, before = write(Path(folder), asked.images, asked.width, asked.views)

        def verified(name, rows):
            with open_hdf5(sealed, LAYOUT) as file:
                file.read(name, rows)

        def plain(name, rows):
            with h5py.File(before) as file:
                file[name][rows]

        works = {
            "embedding_verified": lambda: verified("pool/embedding", ()),
            "embedding_before": lambda: plain("pool/embedding", ()),
            "rows_verified": lambda: verified("pool/views", some),
            "rows_before": lambda: plain("pool/views", some),
        }
        times = rounds(works.values(), REPEATS)
    median = dict(zip(works, np.median(times, axis=1), strict=True))
    for name, seconds in median.items():
        print(name, f"{seconds:.4g}")
    for name in ("embedding", "rows"):
        ratio = median[f"{name}_verified"] / median[f"{name}_before"]
        print(f"{name}_verified_over_before {ratio:.3g}")


if __name__ == "__main__":
    main()
