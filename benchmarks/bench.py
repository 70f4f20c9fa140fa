"""Run the benchmarks of `targets.csv` and write one table: rival, ours, ratio, target, limit.

    make bench
    .venv/bin/python benchmarks/bench.py docs/results/benchmarks.md [--only pairs.py kernel.py]

A ratio is of two times that were measured in turns within one run, ours over the rival's. The
target is what is wanted, the limit what fails the run (exit code 1).
"""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent


def measured(script, arguments):
    """Run a benchmark, and return its lines by name."""
    command = [sys.executable, str(HERE / script), *arguments.split()]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    lines = (line.split() for line in done.stdout.splitlines())
    return {line[0]: float(line[1]) for line in lines if len(line) == 2}


def processor():
    """Return what this machine calls its processor."""
    try:
        described = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":")[1] for line in described.splitlines() if "model name" in line]
    return names[0].strip() if names else platform.machine()


def judged(row):
    """Say how a ratio stands to its target and limit."""
    if row.ratio > row.limit:
        return "above the limit"
    if pd.isna(row.target):
        return ""
    return "met" if row.ratio <= row.target else "missed"


def main():
    """Run what is asked for; exit with 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    targets = pd.read_csv(HERE / "targets.csv", keep_default_na=False, na_values={"target": [""]})
    scripts = list(dict.fromkeys(targets["script"]))
    parser.add_argument("--only", nargs="+", choices=scripts, default=scripts)
    asked = parser.parse_args()
    targets = targets[targets["script"].isin(asked.only)]
    for (script, arguments), rows in targets.groupby(["script", "arguments"], sort=False):
        print(script, arguments, flush=True)
        found = measured(script, arguments)
        targets.loc[rows.index, "ratio"] = [found[line] for line in rows["line"]]
        targets.loc[rows.index, "ours"] = [found[line] for line in rows["seconds"]]
    targets["target met"] = [judged(row) for row in targets.itertuples()]
    columns = ["what", "rival", "ours", "ratio", "target", "limit", "target met"]
    table = targets[columns].rename(columns={"ours": "ours, s"})
    table = table.astype({"target": object}).where(table.notna(), None)
    text = table.to_markdown(index=False, floatfmt=".3g", missingval="–")
    said = f"Measured by `make bench` in one run on {os.cpu_count()} cores of {processor()}."
    asked.output.write_text(f"# Benchmarks\n\n{text}\n\n{said}\n")
    print(asked.output.read_text())
    sys.exit(int((targets["target met"] == "above the limit").any()))


if __name__ == "__main__":
    main()
