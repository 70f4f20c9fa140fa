"""Snakemake looks for jobs when one has ended, not ever more often."""

import pytest

SHOWN = """
onsuccess:
    print("looks again after:", workflow.scheduler.job_rate_limiter)
"""
TARGET = "results/smoke/random/seed0/round1/batch.csv"


@pytest.mark.parametrize(
    ("asked", "is_limited"), [([], False), (["--max-jobs-per-timespan", "50/1m"], True)]
)
def test_the_limit_of_jobs_a_second_holds_only_where_it_is_asked_for(rerun, asked, is_limited):
    with (rerun.folder / "Snakefile").open("a") as file:
        file.write(SHOWN)
    code, output = rerun.run("--cores", "1", *asked, "--force", TARGET)
    assert code == 0, output
    assert ("looks again after: None" in output) != is_limited
    assert "looks again after: " in output
