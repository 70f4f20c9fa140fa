"""What the classifier says of the pool: block by block as at once, in CSV and in parquet."""

import re
import subprocess
import sys
import tracemalloc
from collections import deque

import numpy as np
import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.head import BLOCK, Head
from ntkcpl.labels.predictions import (
    HOLDOUT,
    MOST_IN_CSV,
    Prediction,
    doubtful,
    predictions,
    predictions_file,
    read_predictions,
    write_predictions,
)
from ntkcpl.records import Features, Taken

CLASSES = ["cat", "dog", "eel"]


def pool(n, dtype=np.float32, n_classes=3, seed=0):
    """Return random features of n images, and a head."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(dtype)
    shapes = ((7, 5), (7,), (n_classes, 7), (n_classes,))
    head = Head(*(rng.normal(size=shape).astype("f4") for shape in shapes))
    label, none = np.full(n, -1), np.empty((0, 5), dtype="f4")
    return Features(x, x[:, None], label, [f"{k}.png" for k in range(n)], none, label[:0], []), head


def at_once(features, head, classes):
    """The slow, obvious way: all probabilities, and a row after the other."""
    for image, probability in zip(features.id, head.probability(features.embedding), strict=True):
        first, second, *_ = sorted(probability, reverse=True)
        yield Prediction(image, classes[probability.argmax()], first, first - second, "", "")


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_blocks_change_no_bit(n, dtype):
    features, head = pool(n, dtype)
    assert [*predictions(features, head, CLASSES, [])] == [*at_once(features, head, CLASSES)]


def test_each_row_says_what_people_said():
    features, head = pool(6)
    rounds = [Taken({"0.png": "dog", "1.png": None}, {}), Taken({}, {"2.png": "new"})]
    rows = [*predictions(features, head, CLASSES, rounds, Taken({"4.png": "cat"}, {}))]
    said = [(row.label, row.round) for row in rows]
    nothing = ("", "")
    assert said == [
        ("dog", "1"),
        ("skipped", "1"),
        ("new", "2"),
        nothing,
        ("cat", HOLDOUT),
        nothing,
    ]


def test_more_images_take_no_more_memory():
    classes, peaks = [str(c) for c in range(50)], []
    for blocks in (2, 4):
        features, head = pool(blocks * BLOCK, n_classes=50)
        tracemalloc.start()
        deque(predictions(features, head, classes, []), maxlen=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("name", ["predictions.csv", "predictions.parquet"])
def test_both_files_hold_the_same(tmp_path, name):
    features, head = pool(200)
    taken = Taken({"0.png": "=dog", "1.png": None}, {})
    rows = [*predictions(features, head, CLASSES, [taken])]
    path = tmp_path / name
    write_predictions(path, iter(rows), Provenance())
    read = [*read_predictions(path)]
    for found, row in zip(read, rows, strict=True):
        assert found[:2] == row[:2] and found[4:] == row[4:]
        assert found[2:4] == pytest.approx(row[2:4], abs=5e-5 if name.endswith("csv") else 1e-7)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(ArtifactError, match=f"^{re.escape(str(path))} "):
        next(read_predictions(path))


def test_those_of_a_pool_that_has_grown_take_the_place_of_the_former(tmp_path):
    former, now = (predictions_file(tmp_path, MOST_IN_CSV + more) for more in (0, 1))
    for path, other in ((former, now), (now, former), (former, now)):
        write_predictions(path, [Prediction("a", "cat", 0.5, 0.0, "", "")], Provenance())
        assert path.exists() and not other.exists()


def test_the_most_doubtful_come_first_and_labelled_ones_not():
    rng = np.random.default_rng(0)
    rows = [
        Prediction(f"{k}.png", "cat", 0.5, margin, "cat" * (k % 5 == 0), "")
        for k, margin in enumerate(rng.integers(0, 20, 200) / 20)  # many are equal
    ]
    expected = sorted((row for row in rows if not row.label), key=lambda row: (row.margin, row.id))
    assert doubtful(iter(rows)) == expected[:30]
    assert doubtful(rows[:4], number=9) == doubtful(rows[:4]) != []


def test_the_number_of_images_decides_which_file(tmp_path):
    assert predictions_file(tmp_path, MOST_IN_CSV) == tmp_path / "predictions.csv"
    assert predictions_file(tmp_path, MOST_IN_CSV + 1) == tmp_path / "predictions.parquet"
    assert MOST_IN_CSV == 100_000


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None  # as if it were not installed
from ntkcpl.labels.predictions import predictions_file, read_predictions
print(predictions_file("results/a", 100_000))
file = lambda: predictions_file("results/a", 100_001)
for refused in (file, lambda: next(read_predictions("b.parquet"))):
    try:
        refused()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


def test_without_pyarrow_csv_is_written_and_parquet_refused():
    command = [sys.executable, "-c", WITHOUT_PYARROW]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": "scripts"})
    assert done.stdout.splitlines() == [
        "results/a/predictions.csv",
        "ArtifactError: results/a/predictions.parquet takes pyarrow: pip install pyarrow",
        "ArtifactError: b.parquet takes pyarrow: pip install pyarrow",
    ], done.stderr
