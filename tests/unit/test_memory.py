"""What a round says it needs in memory, compared with what it takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from peak_memory import BATCH, IMAGES, LABELS, WIDTH

from ntkcpl import strategies

SCRIPT = Path(__file__).with_name("peak_memory.py")
NTKCPL = {"method": "ntkcpl", "feature": "self"}
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
