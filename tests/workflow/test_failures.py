"""A failing job names its log and the cause; the log holds the exception."""

NO_LOCKS = """
import errno, fcntl, os

def flock(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

fcntl.flock = flock
"""


def test_a_damaged_file_gives_one_sentence_and_a_log(rerun):
    features = rerun.folder / "results/smoke/features.h5"
    features.write_bytes(features.read_bytes()[:5000])
    code, output = rerun.run("--cores", "1", "--rerun-triggers", "mtime")
    assert code != 0
    (sentence,) = {line for line in output.splitlines() if " failed: " in line}
    assert "features.h5 does not end in its checksums: it was cut" in sentence
    assert "move it away and run again" in sentence
    log = sentence.split("(log: ")[1].rstrip(")")
    assert "Traceback" in (rerun.folder / log).read_text()
    assert "ArtifactError" in (rerun.folder / log).read_text()


def test_a_second_snakemake_in_the_same_folder_is_refused(rerun):
    rerun.config["experiments"]["smoke"]["seeds"].append(5)
    first = rerun.start("--cores", "1")
    try:
        while "jobs:" not in first.stdout.read(200):
            assert first.poll() is None
        code, output = rerun.run("--cores", "1")
        assert code != 0
        assert "another snakemake is running" in output
    finally:
        first.kill()
        first.communicate()


def test_a_file_system_without_locks_is_worth_a_warning(rerun, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(NO_LOCKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code, output = rerun.run("--cores", "1", "--force", "results/smoke/figures/accuracy.pdf")
    assert code == 0, output
    (line,) = (line for line in output.splitlines() if "cannot be locked" in line)
    assert line.endswith("start no second snakemake in this folder while this one runs")
