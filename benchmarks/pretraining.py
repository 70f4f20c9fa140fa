"""Time a pretraining step against lightly's stock SimSiam, on the same images and encoder.

    .venv/bin/python benchmarks/pretraining.py [--batch 512] [--steps 6] [--threads 2]

Both train SimSiam with a ResNet-18 (CIFAR stem, width 0.25) on random images of 32 x 32 pixels with
SimSiam's augmentations for CIFAR-10. lightly's side is what its example does: a data set of PIL
images, `SimSiamTransform` without blur in the workers of a DataLoader, and a loop. Ours is
`ntkcpl.pretraining`, in float32 and in bfloat16. The sides take turns. Kornia's operations, which
draw for each image too, are timed beside our views. The last lines are `name value`, a line each;
the share outside is the time of a step that is not its forward and backward pass and optimiser.
"""

import argparse
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from lightly.data import LightlyDataset
from lightly.loss import NegativeCosineSimilarity
from lightly.transforms import SimSiamTransform
from PIL import Image
from timing import rounds
from torch.utils.data import DataLoader, Dataset

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import build
from ntkcpl.pretraining import AugmentationSettings, PretrainingSettings
from ntkcpl.pretraining.augment import apply_views, draw_views
from ntkcpl.pretraining.method import new_optimizer
from ntkcpl.pretraining.simsiam import SimSiam
from ntkcpl.pretraining.training import pretrain

AUGMENTATION = AugmentationSettings(
    min_crop=0.2,
    max_aspect=4 / 3,
    rotation=0.0,
    saturation=0.4,
    hue=0.1,
    jitter=0.8,
    grey=0.2,
    horizontal_flip=True,
)
ENCODER = EncoderSettings(architecture="resnet18", width=0.25)
REPEATS = 4  # of what takes a step; an epoch is repeated as the command line says


class Pictures(Dataset):
    """Random pictures in memory, as torchvision's CIFAR-10 gives them."""

    transform = None  # lightly sets it

    def __init__(self, number):
        self.pixels = np.random.default_rng(0).integers(0, 256, (number, 32, 32, 3), np.uint8)

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, row):
        picture = Image.fromarray(self.pixels[row])
        return self.transform(picture), 0


def lightly_epoch(pictures, settings, workers):
    """Return the seconds of an epoch of lightly's example."""
    transform = SimSiamTransform(input_size=32, gaussian_blur=0.0)
    dataset = LightlyDataset.from_torch_dataset(pictures, transform=transform)
    loader = DataLoader(
        dataset, batch_size=settings.batch_size, shuffle=True, drop_last=True, num_workers=workers
    )
    model = SimSiam(build(ENCODER), settings)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.06)
    similarity = NegativeCosineSimilarity()
    started = time.perf_counter()
    for (first, second), _, _ in loader:
        # The encoder normalises pixels; here the transform has.
        z = [model.projection(model.encoder.layers(view)) for view in (first, second)]
        p = [model.prediction(value) for value in z]
        loss = (similarity(p[0], z[1].detach()) + similarity(p[1], z[0].detach())) / 2
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - started


def our_epoch(pictures, settings, folder):
    """Return the seconds of an epoch of ours."""
    images = np.ascontiguousarray(pictures.pixels.transpose(0, 3, 1, 2))
    unknown = np.full(len(images), -1)  # no k-NN accuracy
    checkpoint = folder / "checkpoint.pt"
    checkpoint.unlink(missing_ok=True)
    _, history = pretrain(images, unknown, settings, ENCODER, checkpoint, progress=False)
    return history[-1]["seconds"]


def bare_step(settings):
    """Return the seconds of the forward and backward pass and the optimiser of a step."""
    views = torch.rand(2, settings.batch_size, 3, 32, 32)
    views = [view.contiguous(memory_format=torch.channels_last) for view in views]
    model = SimSiam(build(ENCODER), settings).to(memory_format=torch.channels_last)
    optimizer = new_optimizer(model, settings)
    bfloat16 = settings.precision == "bf16-mixed"

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss, _ = model(*views)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return rounds([step], REPEATS).min()


def kornia_over_ours(batch):
    """Return how many times longer Kornia's operations take for the views of a batch."""
    import kornia.augmentation as k

    images = torch.rand(batch, 3, 32, 32)
    theirs = k.AugmentationSequential(
        k.RandomResizedCrop((32, 32), scale=(0.2, 1.0), cropping_mode="resample"),
        k.RandomHorizontalFlip(),
        k.ColorJitter(0.4, 0.4, 0.4, 0.1, p=0.8),
        k.RandomGrayscale(p=0.2),
    )
    generator = torch.Generator().manual_seed(0)
    ours = images.contiguous(memory_format=torch.channels_last)
    works = (
        lambda: theirs(images),
        lambda: apply_views(ours, draw_views(batch, AUGMENTATION, generator), (32, 32)),
    )
    kornia, own = rounds(works, REPEATS).min(axis=1)
    return kornia / own


def main():
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(arguments.threads)
    batch, steps = arguments.batch, arguments.steps
    pictures = Pictures(batch * steps)
    settings = {
        precision: PretrainingSettings(
            epochs=1,
            batch_size=batch,
            projection_width=512,
            prediction_width=128,
            augmentation=AUGMENTATION,
            precision=precision,
            threads=arguments.threads,
        )
        for precision in ("32-true", "bf16-mixed")
    }
    seconds = {name: [] for name in ("lightly", *settings)}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.repeats):
            plain = settings["32-true"]
            seconds["lightly"].append(lightly_epoch(pictures, plain, arguments.threads))
            for precision, own in settings.items():
                seconds[precision].append(our_epoch(pictures, own, Path(folder)))
    least = {name: min(values) for name, values in seconds.items()}
    print(f"lightly_images_per_s {batch * steps / least['lightly']:.4g}")
    for precision, own in settings.items():
        name = precision.split("-")[0]
        step = least[precision] / steps
        print(f"ours_{name}_images_per_s {batch / step:.4g}")
        print(f"ours_{name}_over_lightly {least['lightly'] / least[precision]:.3g}")
        print(f"ours_{name}_share_outside {max(0.0, 1 - bare_step(own) / step):.3g}")
    print(f"kornia_over_our_views {kornia_over_ours(batch):.3g}")


if __name__ == "__main__":
    main()
