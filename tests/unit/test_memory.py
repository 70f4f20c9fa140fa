"""What a round says it needs in memory, compared with what it takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import stage_memory
from peak_memory import BATCH, IMAGES, LABELS, WIDTH

from ntkcpl import strategies

SCRIPT = Path(__file__).with_name("peak_memory.py")
STAGES = Path(stage_memory.__file__)
# At most, as the table in docs/artifacts.md has it: of float16, whose rows are mapped and count.
BYTES_PER_IMAGE = {
    "import_features": 250,
    "train_classifier": 2 * stage_memory.WIDTH + 250,
    "select_batch": 2 * stage_memory.WIDTH + 250 + 64,
}
NTKCPL = {"method": "ntkcpl", "feature": "self"}
LANDMARKS = {
    "method": "weighted_variance",
    "covariance": {"landmarks": 512},
    "candidates": "all",
    "start": "variance",
}
SETTINGS = [
    {"method": "entropy"},
    {"method": "badge"},
    {"method": "coreset", "feature": "self"},
    {"method": "coreset", "feature": "al", "scaling": "l2"},
    {"method": "typiclust"},
    {"method": "probcover"},
    {"method": "maxherding"},
    {"method": "uherding"},
    {"method": "dropquery"},
    {"method": "alfamix"},
    {"method": "lookahead"},
    {"method": "ev_gp"},
    {"method": "bait"},
    {"method": "bait", "information": "classes"},
    {"method": "epig"},
    {"method": "falcun"},
    {"method": "refine", "subset": 2_000, "draws": 2},
    {"method": "tcm"},
    {"method": "uherding", "temperature": "fitted"},
    {"method": "weighted_variance"},
    LANDMARKS,
    NTKCPL,
    NTKCPL | {"candidates": 2_000},
    NTKCPL | {"width": 512},
]
MEASURED = [
    *[({"method": m}, "query") for m in ("entropy", "badge", "typiclust", "maxherding")],
    *[({"method": "coreset", "feature": f}, "query") for f in ("self", "al")],
    *[({"method": m}, "query") for m in ("lookahead", "ev_gp", "bait", "weighted_variance")],
    *[({"method": m}, "query") for m in ("epig", "falcun", "tcm")],
    ({"method": "refine", "passes": 1, "draws": 1, "subset": 2_000}, "query"),
    ({"method": "uherding", "temperature": "fitted"}, "query"),
    (LANDMARKS, "query"),
    (NTKCPL, "query"),
    (NTKCPL | {"candidates": 2_000}, "query"),
    ({"method": "typiclust"}, "cluster"),
    (NTKCPL | {"candidates": 2_000}, "cluster"),
]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells peaks")
@pytest.mark.parametrize(("settings", "part"), MEASURED)
def test_the_estimate_is_near_the_peak(settings, part):
    strategy = strategies.load(settings)
    asked = strategy if part == "query" else strategy.clustering(LABELS + BATCH, BATCH)
    estimate = asked.memory(IMAGES, WIDTH, LABELS + BATCH)
    output = subprocess.run(
        [sys.executable, SCRIPT, json.dumps(settings), part],
        env=os.environ | {"PYTHONPATH": "scripts", "CUDA_VISIBLE_DEVICES": ""},
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    assert 1 <= estimate / int(output) <= 2.5


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_more_images_dimensions_or_labels_need_no_less(settings):
    strategy = strategies.load(settings)
    estimate = strategy.memory(IMAGES, WIDTH, LABELS)
    assert 0 < estimate <= strategy.memory(IMAGES, WIDTH, 2 * LABELS)
    assert estimate <= strategy.memory(2 * IMAGES, WIDTH, LABELS)
    assert estimate < strategy.memory(IMAGES, 2 * WIDTH, LABELS)


def test_of_a_pool_that_is_asked_about_a_block_is_held():
    for method in ("margin", "entropy"):
        assert strategies.load({"method": method}).memory(10_000_000, 256) < 1e9


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells peaks")
def test_a_stage_of_every_round_grows_with_the_pool_no_more_than_it_says(tmp_path):
    output = subprocess.run(
        [sys.executable, STAGES, tmp_path],
        env=os.environ
        | {"PYTHONPATH": "scripts", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    _, few, many = stage_memory.SIZES
    peaks = json.loads(output)
    grown = {stage: (peaks[stage][2] - peaks[stage][1]) / (many - few) for stage in BYTES_PER_IMAGE}
    for stage, most in BYTES_PER_IMAGE.items():
        assert 0 < grown[stage] <= most, (stage, peaks)
