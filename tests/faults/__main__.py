"""Try faults, count what they end in, and fail on one bad end.

`python -m faults --count 5000 --seed 0`, or names of faults to try these again.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch
from tabulate import tabulate
from tqdm import tqdm

from faults.artifacts import check_that_all_are_attacked
from faults.campaign import Case, Fault, cases, plan, try_all
from faults.outcomes import GOOD, Outcome
from faults.tiny_run import make_run


def main() -> int:
    """Run the campaign; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="how many faults")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    parser.add_argument("--each", action="store_true", help="print each fault and its end")
    parser.add_argument("name", nargs="*", help="subject:kind:seed, to try this one alone")
    arguments = parser.parse_args()
    started = time.monotonic()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        make(run)
        known = cases(run)
        faults = plan(known, arguments.count, arguments.seed)
        if arguments.name:
            faults = [named(known, name) for name in arguments.name]
        print(f"{time.monotonic() - started:.0f} s to make a run; {len(known)} kinds of faults")
        ends: Counter[tuple[str, str, Outcome]] = Counter()
        for fault, verdict in tqdm(try_all(run, faults), total=len(faults), disable=None):
            ends[fault.case.subject, fault.case.kind, verdict.outcome] += 1
            if arguments.each or verdict.outcome not in GOOD:
                tqdm.write(f"{fault.name} {verdict.outcome}: {verdict.detail!r}", file=sys.stdout)
    print(table(ends, 1), table(ends, 0), sep="\n\n")
    bad = sum(number for (*_, outcome), number in ends.items() if outcome not in GOOD)
    seconds = time.monotonic() - started
    print(f"\n{len(faults)} faults in {seconds:.0f} s, {bad} bad ends; seed {arguments.seed}")
    return int(bad > 0)


def make(run: Path) -> None:
    """Make the tiny run, in a process of its own: this one is to have no threads."""
    run.parent.chmod(0o755)
    run.mkdir()

    def make_there() -> None:
        os.chdir(run)
        with Path("said").open("w") as said:
            os.dup2(said.fileno(), 2)
        make_run()
        check_that_all_are_attacked()

    process = multiprocessing.get_context("fork").Process(target=make_there)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(Path(run, "said").read_text(errors="replace"))


def named(cases: list[Case], name: str) -> Fault:
    """Return the fault of a name."""
    subject, kind, seed = name.rsplit(":", 2)
    for case in cases:
        if (case.subject, case.kind) == (subject, kind):
            return Fault(case, int(seed))
    raise SystemExit(f"there is no fault {name}: --each prints the names of all that are tried")


def table(ends: Counter[tuple[str, str, Outcome]], by: int) -> str:
    """Return how many faults ended how, a row for each subject (0) or kind (1)."""
    rows = {}
    for name in sorted({key[by] for key in ends}):
        of = {o: sum(n for k, n in ends.items() if k[by] == name and k[2] == o) for o in Outcome}
        rows[name] = [sum(of.values()), *of.values()]
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    shown = [[name, *(number or "" for number in row)] for name, row in rows.items()]
    return tabulate(shown, ["kind" if by else "subject", "tried", *Outcome], tablefmt="github")


if __name__ == "__main__":
    sys.exit(main())
