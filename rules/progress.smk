"""One bar for all jobs with the time left, and what a killed run leaves behind.

The bar is ours because `snakemake-logger-plugin-rich` (0.5.1 was tried) shows progress in a terminal
only: between start and end it writes nothing into the log of a run in the background, which most runs
of hours are.
"""

import fcntl
import logging
import os
import sys
import time
from contextlib import suppress

from slurm_queue import QueueError, queued_jobs
from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

# What the bar says in one line. Errors stay.
ROUTINE_EVENTS = {
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.JOB_FINISHED,
    LogEvent.PROGRESS,
    LogEvent.RESOURCES_INFO,
    LogEvent.SHELLCMD,
}


def is_worth_showing(record):
    """Whether a log record says more than that a job was chosen, started or has finished."""
    routine = getattr(record, "event", None) in ROUTINE_EVENTS
    return not routine and record.getMessage() != "Select jobs to execute..."


class ProgressBar(logging.Handler):
    """Shows Snakemake's progress events as a tqdm bar."""

    def __init__(self, total):
        super().__init__(logging.INFO)
        self.bar = tqdm(
            total=total,
            desc="jobs",
            file=sys.stderr,
            # In a log file a line every few seconds would be too many.
            mininterval=0.5 if sys.stderr.isatty() else 10,
            bar_format="{desc}: {n_fmt} of {total_fmt} {bar:30} {elapsed} so far, {remaining} left",
        )

    def emit(self, record):
        if getattr(record, "event", None) == LogEvent.PROGRESS:
            self.bar.update(record.done - self.bar.n)
            if record.done == record.total:
                self.bar.close()


def take_lock():
    """Lock the working directory for as long as this process lives.

    Snakemake's own lock outlives a killed run and then has to be removed by hand, so the profiles
    switch it off (nolock); the kernel drops this one with the process.
    """
    lock = Path(".snakemake/ntkcpl.lock").absolute()
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT)  # stays open
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkflowError(
            f"another snakemake is running in {Path.cwd()}: wait for it to end"
        )
    except OSError as error:  # some file systems have no locks: NFS, Lustre
        logger.warning(
            f"{lock} cannot be locked ({error.strerror}): start no second snakemake in this "
            "folder while this one runs"
        )


def wait_for_queued_jobs():
    """Wait for what a Snakemake that died has left in SLURM's queue, then start anew.

    Submitted again, its jobs would run twice and write the same files. Started anew, because what
    they have made counts.
    """
    try:
        jobs = queued_jobs(Path.cwd())
    except QueueError as error:
        raise WorkflowError(
            f"squeue does not say whether jobs of this folder are in the queue ({error}): start "
            "again when it does"
        )
    if not jobs:
        return
    logger.warning(
        f"An earlier snakemake has left jobs of this folder in the queue: {' '.join(jobs)}. "
        f"Waiting for them; to do their work anew, scancel {' '.join(jobs)}"
    )
    while jobs:
        time.sleep(10)
        with suppress(QueueError):  # a controller that is restarted meanwhile
            jobs = queued_jobs(Path.cwd())
    os.execv(sys.executable, sys.orig_argv)


onstart:
    take_lock()
    if workflow.executor_plugin.name == "slurm":
        wait_for_queued_jobs()
    look_when_a_job_has_ended()
    for handler in logger.handlers:
        handler.addFilter(is_worth_showing)
    logger.addHandler(ProgressBar(total=len(workflow.dag)))
