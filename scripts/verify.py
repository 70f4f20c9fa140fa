"""Check the files in results/, given snakemake's own arguments: `make verify`. No rule's script."""

import csv
import subprocess
import sys
from pathlib import Path

from ntkcpl.verify import command_for, verify

arguments = sys.argv[1:]
summary = subprocess.run(
    [sys.executable, "-m", "snakemake", "--summary", *arguments],
    capture_output=True,
    text=True,
    check=False,
)
finished = None
if summary.returncode:
    print(summary.stderr.strip(), "so what is missing is told by what was made from it", sep="\n")
else:
    rows = list(csv.DictReader(summary.stdout.splitlines(), delimiter="\t"))
    finished = {Path(row["output_file"]) for row in rows if row["plan"] == "no update"}
    if left := len(rows) - len(finished):
        print(f"{left} files are still to be made: run snakemake")
number, faults = verify(Path("results"), finished)
for fault in faults:
    print(fault.sentence)
if faults:
    command = command_for(faults, arguments)
    sys.exit(f"{len(faults)} faults, {number} files; to make them again: {command}")
print(f"{number} files in results are whole, in their place, and made from one another")
