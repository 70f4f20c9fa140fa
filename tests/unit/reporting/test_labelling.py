"""The page of an experiment that people label."""

import base64
import os
import re

import pandas as pd

from ntkcpl.labels.predictions import Prediction
from ntkcpl.labels.review import Doubt
from ntkcpl.labels.rows import Suggestion
from ntkcpl.records import Taken
from ntkcpl.reporting.benchmarks import stage_seconds
from ntkcpl.reporting.labelling import Labelling, labelling_page
from ntkcpl.reporting.texts import in_markdown, printable
from ntkcpl.reporting.web_page import web_page

HOSTILE = '<script>alert(1)</script>|*[x](http://y)`_www.evil.com <img src="/etc/passwd">'


def labelling(**differs):
    rounds = [
        Taken({"a": "cat", "b": "dog", "c": None}, {}),
        Taken({"d": "cat", "e": "dog"}, {"f": "cat", "g": None}),
    ]
    outcomes = pd.DataFrame(
        {
            "round": [1, 1, 1, 2, 2, 2],
            "labels": [2, 2, 2, 5, 5, 5],
            "id": list("xyzxyz"),
            "label": ["cat", "dog", "eel"] * 2,
            "predicted": ["cat", "cat", "cat", "cat", "dog", "cat"],
        }
    )
    doubtful = [
        Prediction("q", "dog", 0.52, 0.04, "", ""),
        Prediction("p", "cat", 0.6, 0.2, "", ""),
    ]
    given = {
        "experiment": "birds",
        "rounds": rounds,
        "holdout": Taken({"x": "cat", "y": "dog", "z": "eel", "w": None}, {}),
        "outcomes": outcomes.assign(right=outcomes["label"] == outcomes["predicted"]),
        "chosen": False,
        "coverage": [0.4, 0.65],
        "unlabelled": 2,
        "doubtful": doubtful,
        "doubts": [Doubt("d", "cat", "mine/a.csv, line 2", 2, Suggestion("dog", 0.876))],
        "review": "review/review.html",
        "batch_size": 2,
        "stage_seconds": {"select_batch": [1.0, 2.5]},
        "sheets": {1: "s/seed0/round1/batch.png"},
    }
    return Labelling(**given | differs)


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_says_where_things_stand():
    text = labelling_page(labelling())
    assert "5 images are labelled after 2 rounds, 2 skipped, 4 held out; 2 have" in text
    assert "right on 66.7% of the images held out (95% interval 20.8% to 93.9%)" in text
    assert ["1", "2", "1 of 3 = 33.3%", "6.1% to 79.2%", "40.0%"] in rows(text), rows(text)[:5]
    assert ["2", "5", "2 of 3 = 66.7%", "20.8% to 93.9%", "65.0%"] in rows(text)
    assert "random sample" in text and "chosen, **not drawn" not in text
    table = rows(text)
    assert ["cat", "1", "1", "1", "3", "1", "1 of 1"] in table  # by round, not asked for, together
    assert ["eel", "0", "0", "0", "0", "1", "0 of 1"] in table
    assert ["*skipped*", "1", "0", "1", "2", "1", "–"] in table
    assert ["1", "q", "dog", "52.0%", "4.0%"] in table and table[-4][:2] == ["2", "p"]
    assert ["`select_batch`", "2", "3.5", "2.5"] in table
    assert ["1", "d", "cat", "dog", "87.6%", "mine/a.csv, line 2"] in table
    assert (
        "checked on [review/review.html](review/review.html) in `results/birds` "
        "(a link that a report does not follow)." in text
    )
    for figure in ("figures/learning_curve", "s/seed0/round1/batch", "figures/doubtful"):
        assert f"]({figure}.png)" in text
    assert "without each label in turn contradicts none" in labelling_page(labelling(doubts=[]))


def test_without_a_holdout_it_warns():
    text = labelling_page(labelling(holdout=None, chosen=True, coverage=[float("nan")] * 2))
    assert "The images were chosen, **not drawn at random**" in text and "`holdout: 60`" in text
    assert ["Round", "Labels", "Cross-validated accuracy"] in rows(text)
    assert "interval 20.8%" not in text and "Holdout" not in text and "coverage" not in text


def test_without_a_classifier_it_says_what_is_missing():
    text = labelling_page(
        labelling(outcomes=None, unlabelled=None, doubtful=[], holdout=None, chosen=True)
    )
    assert "no classifier yet: it needs labels of two classes" in text
    assert "## Labels by class and round" in text and "## Accuracy" not in text
    assert "doubtful" not in text


def test_no_name_is_markup(tmp_path):
    for name in ("figures/learning_curve.png", "figures/doubtful.png", "s/seed0/round1/batch.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    run = labelling(
        rounds=[Taken({"a": HOSTILE, HOSTILE: "dog"}, {})],
        coverage=[0.5],
        doubts=[Doubt(HOSTILE, HOSTILE, HOSTILE, 1, Suggestion(HOSTILE, 0.5))],
        doubtful=[Prediction(HOSTILE + os.fsdecode(b"\xf6\n"), HOSTILE, 0.5, 0.1, "", "")],
    )
    text = labelling_page(run)
    page = web_page(text, "birds", tmp_path)
    assert "<script" not in text and "<script" not in page
    assert re.findall("<a .*?>", page) == ['<a href="review/review.html">']
    sources = re.findall('src="data:image/png;base64,(.*?)"', page)
    assert len(sources) == page.count("<img") == 3  # what the page shows is in it
    assert base64.b64decode(sources[0]) == b"figures/learning_curve.png"
    text.encode()
    shown = (
        "&lt;script&gt;alert(1)&lt;/script&gt;&#124;*[x](http&#58;//y)`_www&#46;evil.com &lt;img "
    )
    # The class, the doubtful image and its class; image, label, other class and file to check.
    assert page.count(shown) == 7
    for row in rows(text):
        assert len(row) in (2, 4, 5, 6)


def test_texts_are_printable_and_escaped():
    assert printable("a\nb\u202e\x00" + os.fsdecode(b"\xf6")) == "a b  �"
    assert in_markdown("IMG_1.jpg") == r"IMG\_1.jpg"
    assert in_markdown("a|b") == "a&#124;b"


def test_times_are_of_the_benchmark_files(tmp_path):
    for folder, seconds in (("round1", 2.5), ("round2", 4.0)):
        path = tmp_path / folder / "train.tsv"
        path.parent.mkdir()
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:02\t-\n")
    folders = [tmp_path / "round1", tmp_path / "round2", tmp_path / "round3"]
    assert stage_seconds(folders) == {"train": [2.5, 4.0]}
