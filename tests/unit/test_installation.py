"""`pip install .` alone chooses images: without torch, pandas, scikit-learn and the rest."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ntkcpl import strategies

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# What the extras install, by the names they are imported by.
BLOCKED = ["torch", "torchvision", "lightly", "pytorch_lightning", "kornia", "timm", "safetensors"]
BLOCKED += ["tensorboard", "tqdm", "PIL", "sklearn", "pandas", "matplotlib", "jinja2", "tabulate"]
BLOCKED += ["markdown"]
QUERY = """
import json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None  # as if it were not installed
import numpy as np
from ntkcpl import strategies
from ntkcpl.head import Head

rng = np.random.default_rng(0)
x = rng.normal(size=(60, 5)).astype("f4")
shapes = ((7, 5), (7,), (3, 7), (3,))
head = Head(*(rng.normal(size=shape).astype("f4") for shape in shapes))
strategy = strategies.load(json.loads(sys.argv[2]))
pool = strategies.Pool(x, np.arange(6), np.arange(6) % 3, head)
clustering = strategy.clustering(labels=11, first_budget=6)
if clustering is not None:
    clusters = clustering.cluster(pool, rng, n_classes=3)
    pool = strategies.Pool(x, pool.labelled, pool.label, head, clusters)
print(len(strategy.query(pool, 5, rng).index))
"""


@pytest.mark.parametrize("method", strategies.methods())
def test_a_query_does_without_the_extras(method):
    settings = {"method": method}
    if method in ("coreset", "ntkcpl"):
        settings["feature"] = "al"
    command = [sys.executable, "-c", QUERY, json.dumps(BLOCKED), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": "scripts"})
    assert done.stdout == "5\n", done.stderr


def test_what_is_blocked_is_what_the_extras_install():
    imported = {
        "pillow": "PIL",
        "scikit-learn": "sklearn",
        "pytorch-lightning": "pytorch_lightning",
    }
    names = {requirement.partition(">")[0] for extra in EXTRAS.values() for requirement in extra}
    names -= {name for name in names if name.startswith(("ntkcpl", "efficientnet"))}
    assert {imported.get(name, name) for name in names} == set(BLOCKED)


TRAINING = """
import json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None  # as if it were not installed
import numpy as np
from ntkcpl.learner import Learner

x = np.random.default_rng(0).normal(size=(60, 5)).astype("f4")
learner = Learner(x, {"method": "entropy"}, classifier={"epochs": 2})
learner.tell(range(8), [row % 2 for row in range(8)])
print(len(learner.ask(5)), learner.predict_proba(x).shape)
"""


def test_a_round_does_without_the_extras():
    command = [sys.executable, "-c", TRAINING, json.dumps(BLOCKED)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": "scripts"})
    assert done.stdout == "5 (60, 2)\n", done.stderr
