"""Images that are held out: how they are drawn, what becomes of them, and what counts of them."""

import numpy as np
import pytest

from ntkcpl.artifacts.batch import write_ids
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.labels.holdout import Holdout, draw_holdout, evaluate_holdout, read_holdout
from ntkcpl.labels.progress import read_progress
from ntkcpl.records import Classifier, Features, Taken

POOL = [f"{number}.png" for number in range(50)]


def draw(ids=POOL, drawn=(), former=None, number=6):
    return draw_holdout(ids, list(drawn), former or {}, number, np.random.default_rng(1))


def test_it_is_a_random_sample_that_is_extended_and_cut_at_its_end():
    six = draw()
    assert len(set(six)) == 6 and six != sorted(six)
    assert draw(drawn=six) == six
    assert draw(drawn=six, number=9) == draw(number=9)  # as if drawn at once
    assert draw(drawn=draw(number=9)) == six
    often = np.zeros(50)
    for seed in range(2000):
        images = draw_holdout(POOL, [], {}, 6, np.random.default_rng(seed))
        often[[POOL.index(image) for image in images]] += 1
    assert abs(often - 240).max() < 5 * np.sqrt(240)


def test_images_that_come_go_or_are_renamed_leave_the_rest():
    six = draw()
    assert draw([*POOL, *(f"new{n}.png" for n in range(500))], six) == six
    renamed, gone = six[0], six[1]
    ids = ["b.png", *(i for i in POOL if i not in (renamed, gone))]
    former = {renamed: "b.png", gone: None}
    again = draw(ids, six, former)
    assert again == ["b.png", *six[1:]]  # under its last name, and none is drawn instead
    assert draw(ids, again, former) == again
    more = draw(ids, again, former, number=8)
    assert more[:6] == again and not {*more[6:]} & {renamed, gone}


def test_a_pool_that_is_too_small_says_so():
    with pytest.raises(ValueError, match=r"^holdout asks for 60 .* pool has 50: lower"):
        draw(number=60)
    assert len(draw(number=50)) == 50


@pytest.fixture
def drawn(tmp_path):
    """A run that has asked for two batches, with a holdout of which one image was asked for."""
    for place, ids in (("holdout", "xbyz"), ("s/seed0/round1", "ab"), ("s/seed0/round2", "cd")):
        write_ids(tmp_path / place / "batch.csv", ids, Provenance())
    return tmp_path


def progress(folder, answers, number=4, former=None):
    holdout = read_holdout(folder / "holdout/batch.csv", number, answers, former or {})
    return read_progress(
        folder / "s/seed0", list("abcdefxyz"), answers, 3, None, former, (), holdout
    )


def test_what_is_held_out_counts_in_no_round(drawn):
    answers = {"x": "cat", "b": "dog", "y": None, "a": "cat", "f": "owl"}
    half = progress(drawn, answers)
    assert (half.holdout.images, half.holdout.missing) == (list("xbyz"), ["z"])
    assert half.holds and not half.holdout.is_complete
    assert half.next_step(drawn / "s/seed0", "mine").endswith(
        f"1 of 4 images of the holdout wait (z, …): open {drawn}/holdout/label/table.csv, save "
        "into mine, and run this again"
    )
    whole = progress(drawn, answers | {"z": "eel"})
    assert not whole.holds and whole.holdout.classes == ["cat", "dog", "eel"]
    (taken,) = whole.finished
    assert (taken.asked, taken.offered) == ({"a": "cat"}, {"f": "owl"})
    assert (whole.coming, whole.asked) == (2, ["c", "d"])


def test_before_it_is_drawn_and_when_more_are_asked_for_it_waits(drawn, tmp_path):
    empty = read_holdout(tmp_path / "none.csv", 4, {}, {})
    assert (empty.images, empty.undrawn, empty.is_complete) == ([], 4, False)
    answers = dict.fromkeys("xbyz", "cat")
    assert progress(drawn, answers).holdout.is_complete
    more = progress(drawn, answers, number=6)
    assert more.holds and more.holdout.undrawn == 2
    assert "the images of the holdout are to be drawn" in more.next_step(drawn / "s/seed0", "mine")
    assert progress(drawn, answers, number=2).holdout.images == ["x", "b"]


def test_images_that_are_gone_leave_it_with_a_word(drawn):
    now = progress(drawn, dict.fromkeys("byq", "cat"), former={"x": None, "z": "q"})
    assert now.holdout == Holdout(list("byq"), dict.fromkeys("byq", "cat"), 0, 1)
    assert not now.holds
    assert "images of the holdout that are gone: 1" in now.next_step(drawn / "s/seed0", "mine")


def test_skipped_images_do_not_count_and_a_class_not_trained_on_is_wrong():
    n, rng = 5, np.random.default_rng(0)
    embedding = np.eye(n, dtype=np.float32)
    state = {
        "0.weight": np.eye(n, dtype=np.float32),
        "0.bias": np.zeros(n, np.float32),
        "1.weight": np.ones(n, np.float32),
        "1.bias": np.zeros(n, np.float32),
        "1.running_mean": np.zeros(n, np.float32),
        "1.running_var": np.ones(n, np.float32),
        "1.num_batches_tracked": np.array(1),
        "3.weight": rng.normal(size=(2, n)).astype(np.float32),
        "3.bias": np.zeros(2, np.float32),
    }
    classifier = Classifier(np.array([0]), state, {})
    ids = list("vwxyz")
    features = Features(
        embedding, embedding[:, None], np.full(n, -1), ids, embedding[:0], np.empty(0), []
    )
    said = Taken({"z": "cat", "w": None, "x": "eel", "v": "dog"}, {})
    rows = evaluate_holdout(features, said, classifier, ["cat", "dog"], 3)
    best = state["3.weight"].argmax(axis=0)
    assert [(row.id, row.label, row.predicted) for row in rows] == [
        (image, said.asked[image], ["cat", "dog"][best[ids.index(image)]]) for image in "vxz"
    ]
    assert {(row.round, row.labels) for row in rows} == {(3, 1)}
