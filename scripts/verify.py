"""Check the files of a results folder: `make verify`. No rule's script."""

import sys
from pathlib import Path

from ntkcpl.verify import command_for, verify

results = Path(sys.argv[1])
number, faults = verify(results)
for fault in faults:
    print(fault.sentence)
if faults:
    sys.exit(f"{len(faults)} faults, {number} files; to make them again: {command_for(faults)}")
print(f"{number} files in {results} are whole, in their place, and made from one another")
