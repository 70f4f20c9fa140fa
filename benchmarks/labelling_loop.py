"""Label 2,000 photos of CIFAR-10 as a new user does: `make label`, a browser, and again.

    .venv/bin/python benchmarks/labelling_loop.py --data DATA [--number 2000]

Run it in a fresh clone, where it makes the folder `photos` of JPEGs without labels, and the lines
of `CONFIG` as `photos.yaml`. It runs that, opens each page in Chromium, that of the holdout first,
and labels by the hidden truth. It prints a line for each step, with its seconds, the CPU seconds
of all its processes and the machine's load, and after each round the accuracy of `predictions.csv`
on the images that nobody has labelled, beside what `summary.md` makes of the holdout.
"""

import argparse
import csv
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import datasets
from ntkcpl.datasets import DatasetSettings

CONFIG = """\
experiments:
  photos:
    dataset: {name: imagefolder, root: photos}
    encoder: {architecture: efficientnet_lite0}
    labels: photos-labels/
    classes: [airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck]
    holdout: 60
    budgets: [40, 80, 120]
    strategies: [ntkcpl_self]
"""
RESULTS = Path("results/photos")
COMMAND = ["make", "label", "ARGS=--configfile photos.yaml"]
ROUNDS = 3


def make_photos(data, number):
    """Write photos, and return name -> class, which nobody else is told."""
    pool = datasets.load(DatasetSettings(name="cifar10", root=data))
    rows = np.random.default_rng(0).permutation(len(pool.test.id))[:number]
    Path("photos").mkdir()
    truth = {}
    for count, row in enumerate(rows):
        name = f"IMG_{count:04}.jpg"
        image = Image.fromarray(pool.test.images[row].transpose(1, 2, 0))
        image.save(Path("photos", name), quality=95)
        truth[name] = pool.classes[pool.test.label[row]]
    return truth


def timed(step, work):
    """Print how long a step took, and its processes' CPU time."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    load = os.getloadavg()[0]
    print(f"{step}: {seconds:.1f} s, {cpu:.1f} CPU s, load {load:.1f}", flush=True)


def run_label():
    """Run the command, and show its last line."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    print(f"  {done.stderr.strip().splitlines()[-1]}")


def label(browser, folder, truth):
    """Label all images of a batch on its page, and save them into the folder of labels."""
    with (folder / "batch.csv").open() as file:
        images = [row["id"] for row in csv.DictReader(file)]
    page = browser.new_page()
    page.goto((folder / "label/label.html").resolve().as_uri())
    for image in images:
        page.keyboard.type(truth[image])
        page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.keyboard.press("Control+s")
    download.value.save_as(Path("photos-labels", download.value.suggested_filename))


def accuracy(truth):
    """Return the share of images that nobody has labelled of which the prediction is right."""
    with (RESULTS / "predictions.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if not row["label"]]
    return np.mean([row["class"] == truth[row["id"]] for row in rows]), len(rows)


def main():
    """Label the holdout and three rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of CIFAR-10")
    parser.add_argument("--number", type=int, default=2000)
    arguments = parser.parse_args()
    truth = make_photos(arguments.data, arguments.number)
    Path("photos.yaml").write_text(CONFIG)
    timed("make label", run_label)
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        label(browser, RESULTS / "holdout", truth)
        timed("after the holdout", run_label)
        for number in range(1, ROUNDS + 1):
            label(browser, RESULTS / f"ntkcpl_self/seed0/round{number}", truth)
            timed(f"after round {number}", run_label)
            share, images = accuracy(truth)
            print(f"  {share:.1%} of {images} images without label are predicted rightly")
            standing = (RESULTS / "summary.md").read_text().split("\n\n")[1]
            print(f"  summary.md: {re.search(r'The classifier is (.*)', standing)[1]}")
        browser.close()


if __name__ == "__main__":
    main()
