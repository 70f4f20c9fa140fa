"""Take the pictures of the page of labels to check that docs/labelling.md shows.

    .venv/bin/python benchmarks/labelling_pictures.py --data DATA [--to docs/figures]

The photos are CIFAR-10's, and each label and what the classifier thinks of it are made up.
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import datasets
from ntkcpl.datasets import DatasetSettings
from ntkcpl.labels.review import Doubt, write_review_page
from ntkcpl.labels.rows import Suggestion
from ntkcpl.labels.thumbnails import thumbnails

NUMBER = 12
WINDOW = {"width": 1000, "height": 680}


def write_page(path, data):
    """Write a page of labels of which two in three are wrong."""
    dataset = datasets.load(DatasetSettings(name="cifar10", root=data))
    names = dataset.classes
    rows = np.random.default_rng(1).permutation(len(dataset.test.id))[:NUMBER]
    doubts = []
    for number, row in enumerate(rows):
        right = names[dataset.test.label[row]]
        other = names[(dataset.test.label[row] + 1 + number % 8) % len(names)]
        label, thought = (right, other) if number % 3 == 2 else (other, right)
        where = f"photos-labels/labels-round{1 + number % 2}.csv, line {3 * number + 2}"
        suggestion = Suggestion(thought, 0.97 - 0.03 * number)
        doubts.append(Doubt(f"IMG_{row:04}.jpg", label, where, 1 + number % 2, suggestion))
    images = thumbnails(dataset.test.images[rows])
    write_review_page(
        path, doubts, images, experiment="photos", classes=names, save_to="photos-labels"
    )


def take(page, path):
    """Write what is seen as a PNG of few colours, which is a third as large."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(200).save(path, optimize=True)


def main():
    """Open the page in Chromium, check some labels, and take pictures on the way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of CIFAR-10")
    parser.add_argument("--to", type=Path, default=Path("docs/figures"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder, "review.html")
        write_page(path, arguments.data)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=WINDOW)
        page.goto(path.as_uri())
        for key in ("Shift+Enter", "Shift+Enter", "Enter"):
            page.keyboard.press(key)
        take(page, arguments.to / "labelling-review.png")
        page.keyboard.press(".")
        page.keyboard.press("Space")
        take(page, arguments.to / "labelling-review-list.png")
        browser.close()


if __name__ == "__main__":
    main()
