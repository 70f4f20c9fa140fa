"""Which batches are answered, what counts from which round on, and what waits."""

import pytest

from ntkcpl.artifacts.batch import COLUMNS, KIND
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.labels import read_taken, write_taken
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import write_table
from ntkcpl.labels.progress import read_progress
from ntkcpl.labels.review import Doubt, write_review_table
from ntkcpl.labels.rows import Suggestion

IDS = list("abcdefgh")


@pytest.fixture
def run(tmp_path):
    """The folder of a run that has asked for two batches."""
    run = tmp_path / "birds/ntkcpl_self/seed0"
    for number, ids in ((1, "ab"), (2, "cd")):
        folder = run / f"round{number}"
        folder.mkdir(parents=True)
        rows = [(k, IDS.index(i), i, "", "0.1") for k, i in enumerate(ids, start=1)]
        write_table(folder / "batch.csv", KIND, COLUMNS, rows, Provenance())
    return run


def keep(run, progress):
    """Write what the workflow keeps of finished rounds."""
    for number, taken in enumerate(progress.finished, start=1):
        write_taken(run / f"round{number}/labels.json", taken, Provenance())
        assert read_taken(run / f"round{number}/labels.json") == taken


def test_without_answers_the_first_batch_waits(run):
    progress = read_progress(run, IDS, {}, rounds=3)
    assert (progress.finished, progress.coming) == ([], 1)
    assert progress.asked == progress.missing == ["a", "b"]
    assert not progress.begun
    assert read_progress(run / "nothing", [], {}, rounds=3).asked == []


def test_a_batch_answered_in_part_waits(run):
    progress = read_progress(run, IDS, {"b": "cat", "g": "dog"}, rounds=3)
    assert (progress.finished, progress.coming, progress.missing) == ([], 1, ["a"])
    assert progress.begun
    assert "1 of 2 images of round 1 wait (a, …)" in progress.next_step(run, "mine")


def test_what_was_not_asked_for_counts_from_the_next_answered_round_on(run):
    answers = {"a": "cat", "b": None, "g": "dog"}
    first = read_progress(run, IDS, answers, rounds=3)
    assert first.finished[0].asked == {"a": "cat", "b": None}
    assert first.finished[0].offered == {"g": "dog"}
    assert (first.coming, first.asked, first.trained) == (2, ["c", "d"], [1])
    keep(run, first)
    later = read_progress(run, IDS, answers | {"h": "owl", "c": "cat"}, rounds=3)
    assert later.finished == first.finished
    second = read_progress(run, IDS, answers | {"h": "owl", "c": "cat", "d": "cat"}, rounds=3)
    assert second.finished[0] == first.finished[0]
    assert second.finished[1].offered == {"h": "owl"}
    keep(run, second)
    corrected = answers | {"h": "cat", "c": "cat", "d": "cat", "g": "eel"}
    third = read_progress(run, IDS, corrected, rounds=3)
    assert [taken.offered for taken in third.finished] == [{"g": "eel"}, {"h": "cat"}]
    assert (third.coming, third.asked) == (3, [])


def test_there_is_no_round_after_the_last_nor_without_images(run):
    answers = dict.fromkeys("abcd", "cat")
    assert read_progress(run, IDS, answers, rounds=2).coming is None
    assert read_progress(run, IDS, answers, rounds=1).coming is None
    assert read_progress(run, list("abcd"), answers, rounds=3).coming is None


def test_one_class_trains_nothing(run):
    progress = read_progress(run, IDS, {"a": "cat", "b": None, "c": "cat", "d": "dog"}, rounds=3)
    assert (len(progress.finished), progress.trained, progress.classes) == (2, [2], ["cat", "dog"])


def test_the_line_counts_labels_to_check(run):
    review = run.parents[1] / "review/review.csv"
    write_review_table(review, [Doubt("a", "cat", "mine.csv, line 2", 1, Suggestion("dog", 0.9))])
    for other, ends in (("dog", f"; labels to check: 1, on {review}"), ("cat", "run this again")):
        progress = read_progress(run, IDS, {"a": "cat", "b": other}, rounds=3)
        assert progress.next_step(run, "mine").endswith(ends)  # none without a classifier


def test_a_file_that_is_none_of_ours_is_named(run):
    (run / "round1/labels.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"labels\.json does not end in its checksum"):
        read_progress(run, IDS, {"a": "cat", "b": "dog"}, rounds=2)


def test_images_of_other_names_are_the_same_and_those_that_are_gone_count_no_more(run):
    answers = {"a": "cat", "b": "dog", "g": "cat", "h": "cat"}
    keep(run, read_progress(run, IDS, answers, rounds=3))
    now = {"A": "cat", "H": "cat", "c": "dog"}
    former = {"a": "A", "b": None, "g": None, "h": "H"}
    ids = ["A", "H", *"cdef"]
    progress = read_progress(run, ids, now, 3, former=former, gone=["b", "g"])
    (taken,) = progress.finished
    assert (taken.asked, taken.offered) == ({"A": "cat"}, {"H": "cat"})
    assert (progress.asked, progress.missing) == (["c", "d"], ["d"])
    assert "labels of images that are gone do not count: 2" in progress.next_step(run, "mine")
