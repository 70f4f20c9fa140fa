"""Keeps Snakemake from looking for jobs ever more often.

While it limits how many jobs start in a second, Snakemake (9.27) looks for jobs again a second after
each time that it has looked, and each job that ends makes it look once more: after 300 jobs it looks
300 times a second, and at its end it waits a second for the last time. This workflow starts far fewer
jobs than the 100 a second that it allows unasked. A limit that was asked for stays.
"""

UNASKED_LIMIT = (100, 1)  # jobs, seconds: that of the command line


def look_when_a_job_has_ended():
    """Take the limit away that nobody asked for; to be called once there is a scheduler."""
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit is not None and (limit.max_jobs, limit.timespan) == UNASKED_LIMIT:
        workflow.scheduler.job_rate_limiter = None
