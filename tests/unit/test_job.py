import subprocess
import sys


def run(tmp_path, code):
    script = f"from _job import log_to\nlog_to({str(tmp_path / 'job.log')!r})\n{code}"
    return subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": "scripts"},
        capture_output=True,
        text=True,
    )


def test_an_uncaught_exception_is_in_the_log_and_its_cause_on_the_terminal(tmp_path):
    done = run(tmp_path, "raise ValueError('no\\n  cause')")
    assert done.returncode == 1
    assert done.stderr.strip() == f"job failed: no cause (log: {tmp_path / 'job.log'})"
    log = (tmp_path / "job.log").read_text()
    assert "Traceback" in log
    assert "ValueError: no\n  cause" in log


def test_warnings_and_log_lines_go_to_the_log(tmp_path):
    done = run(
        tmp_path, "import logging, warnings\nlogging.info('a line')\nwarnings.warn('careful')"
    )
    assert (done.returncode, done.stderr) == (0, "")
    log = (tmp_path / "job.log").read_text()
    assert "a line" in log
    assert "careful" in log
