"""Jobs that a Snakemake which died has left in SLURM's queue."""

import re
import subprocess
from pathlib import Path

# The executor plugin calls every job of a run by one UUID, maybe behind a prefix.
_UUID = re.compile(r"(.*_)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class QueueError(Exception):
    """SLURM does not say which jobs it has."""


def queued_jobs(folder: Path) -> list[str]:
    """Return the ids of a working directory's jobs that wait or run.

    Raises
    ------
    QueueError
        If `squeue` is missing, fails, or gives no answer within a minute.
    """
    command = ["squeue", "--me", "--noheader", "--format=%i|%j|%Z"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except subprocess.CalledProcessError as error:
        raise QueueError(" ".join(error.stderr.split())) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QueueError(str(error)) from None
    rows = [line.split("|", 2) for line in done.stdout.splitlines() if line.count("|") >= 2]
    return [job for job, name, place in rows if _UUID.fullmatch(name) and Path(place) == folder]
