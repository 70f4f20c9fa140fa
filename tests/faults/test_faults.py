"""A fixed 300 faults: none is overlooked, none ends in a traceback, none hangs or costs a file.

In a process of its own, which forks for each fault: one with threads, as pytest's may be, must not.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from ntkcpl.verify import KINDS

REPOSITORY = Path(__file__).parents[2]


def test_300_faults_end_well():
    paths = [str(REPOSITORY / name) for name in ("scripts", "tests")]
    done = subprocess.run(
        [sys.executable, "-m", "faults", "--count", "300"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 faults" in done.stdout


def test_every_file_that_a_stage_reads_is_verified():
    """Of those that the rules make; figures, tables and pages are for people."""
    rules = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    place = r"(?:\{experiment\}(?:/holdout|/[^/\"]+/seed\{\{?seed\}\}?)?|\{RUN\})"
    made = {*re.findall(rf'"results/{place}/([^/"]+\.(?:csv|h5|json|parquet|pt))"', rules)}
    # `make faults` fails where it attacks none of a kind.
    assert made == KINDS.keys()
