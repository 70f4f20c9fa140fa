"""People label: here one who knows the truth, with tables that are saved as the page does."""

import copy
import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from people import Person
from PIL import Image

from ntkcpl.artifacts.batch import read_ids
from ntkcpl.artifacts.cells import write_cells
from ntkcpl.labels.predictions import MOST_IN_CSV
from ntkcpl.labels.tables import write_labels

SNAKEMAKE = (sys.executable, "-m", "snakemake")
COLOURS = {"red": (220, 40, 30), "green": (30, 200, 60), "blue": (40, 60, 220)}
RUN = "results/smoke/ntkcpl_self/seed0"
# What is made anew for each new classifier.
SUMMARY = {
    (rule, "")
    for rule in ("predict", "review", "plot_doubtful", "plot_learning_curve", "summarise_labels")
}


def truth(image):
    """The colour of an image, of which the id tells only the number."""
    return list(COLOURS)[int(image.removesuffix(".png").rpartition("/")[2]) % 3]


def batch(workflow, number):
    """The ids that a round asks for."""
    return batch_of(workflow, f"{RUN}/round{number}")


def batch_of(workflow, folder):
    return read_ids(workflow.folder / folder / "batch.csv")


def answer(workflow, number, **differs):
    """Save what the oracle says of a round; `differs` names what is wrong, by rank from 1."""
    answers = {image: truth(image) for image in batch(workflow, number)}
    for rank, label in differs.items():
        answers[list(answers)[int(rank[1:]) - 1]] = label
    save(workflow, f"round{number}.csv", answers)


def save(workflow, name, answers):
    write_labels(workflow.folder / "labels" / name, answers)


def run(workflow):
    code, output = workflow.run("--cores", "2")
    assert code == 0, output
    return output.strip().splitlines()[-1]


def rules(jobs):
    """The jobs as (rule, round), the round empty where there is none."""
    return {
        (rule, wildcards.partition("round=")[2] if "round=" in wildcards else "")
        for rule, wildcards in jobs
    }


def following(number):
    """The jobs that choose the batch of a round, once the classifier before it is there."""
    chosen = ("cluster_pool", "select_batch", "write_kit")
    return {*((rule, str(number)) for rule in chosen), *SUMMARY}


def training(number):
    """The jobs that make a classifier of what people said of a round, and show that."""
    rules = ("take_labels", "embed_views", "train_classifier", "cross_validate", "plot_batch")
    return {(rule, str(number)) for rule in rules}


@pytest.fixture(scope="module")
def asked(new_workflow, smoke_config):
    """Return a workflow whose first batch waits. Tests change copies of it only."""
    workflow = new_workflow(copy.deepcopy(smoke_config))
    rng = np.random.default_rng(0)
    for number in range(42):
        # Subfolders that are no classes, beside images in none.
        path = workflow.folder / "photos" / ("" if number % 2 else "a") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        colour = np.array(list(COLOURS.values())[number % 3])
        noise = rng.integers(-20, 20, (16, 16, 3))
        Image.fromarray((colour + noise).clip(0, 255).astype(np.uint8)).save(path)
    experiment = workflow.config["experiments"]["smoke"]
    experiment["dataset"] = {"name": "imagefolder", "root": "photos", "image_size": 16}
    experiment["features"]["views_of"] = "labelled"
    experiment["pretraining"]["epochs"] = 1
    experiment |= {"labels": "labels", "budgets": [8, 14, 20], "strategies": ["ntkcpl_self"]}
    last = run(workflow)
    assert last.startswith("smoke: 8 of 8 images of round 1 wait: open results/smoke/ntkcpl_self/")
    assert last.endswith("round1/label/label.html, save into labels, and run this again")
    return workflow


@pytest.fixture
def workflow(asked, tmp_path):
    return asked.copy(tmp_path / "copy")


@pytest.fixture(scope="module")
def labelled(asked, tmp_path_factory):
    """Return the workflow when two rounds are answered, an image of the first skipped."""
    workflow = asked.copy(tmp_path_factory.mktemp("labelled") / "copy")
    answer(workflow, 1, _2=None)
    assert "6 of 6 images of round 2 wait" in run(workflow)
    answer(workflow, 2)
    assert "6 of 6 images of round 3 wait" in run(workflow)
    return workflow


@pytest.fixture
def waiting(labelled, tmp_path):
    return labelled.copy(tmp_path / "copy")


def test_the_kit_asks_for_the_batch_and_nothing_else_is_planned(workflow):
    kit = workflow.folder / RUN / "round1/label"
    assert {path.name for path in kit.iterdir() if path.suffix} == {
        *("label.html", "tasks.json", "label-studio.xml", "table.csv")
    }
    tasks = json.loads((kit / "tasks.json").read_text())
    assert [task["data"]["image_id"] for task in tasks] == batch(workflow, 1)
    with h5py.File(workflow.folder / "results/smoke/features.h5") as file:
        assert file["pool/embedding"].shape[0] == 42
        assert file["test/embedding"].shape[0] == 0
    assert workflow.planned() == set()


def test_two_rounds_and_predictions(labelled):
    asked = [*batch(labelled, 1), *batch(labelled, 2), *batch(labelled, 3)]
    assert len(set(asked)) == 20  # the skipped image does not come back
    table = pd.read_csv(labelled.folder / "results/smoke/predictions.csv", keep_default_na=False)
    assert len(table) == 42
    assert set(table["class"]) <= set(COLOURS)
    assert table["probability"].between(1 / 3, 1).all() and table["margin"].between(0, 1).all()
    by_id = table.set_index("id")
    assert by_id.loc[asked[1], "label"] == "skipped"
    assert [by_id.loc[i, "label"] for i in asked[2:14]] == [truth(i) for i in asked[2:14]]
    assert (by_id.loc[asked[:8], "round"] == "1").all()
    assert (by_id.loc[asked[14:], ["label", "round"]] == "").all(axis=None)
    with h5py.File(labelled.folder / RUN / "round2/classifier.h5") as file:
        assert len(file["labelled"]) == 13
    assert labelled.planned() == set()


def test_the_summary_and_the_report(labelled):
    folder = labelled.folder / "results/smoke"
    text = (folder / "summary.md").read_text()
    assert "13 images are labelled after 2 rounds, 1 skipped; 28 have no label" in text
    assert "not drawn at random" in text and "can be said after the third" in text
    shown = re.findall(r"!\[.*\]\((.*)\)", text)
    assert len(shown) == 4  # the curve, two batches and doubtful images
    for name in shown:
        Image.open(folder / name).verify()
    assert re.search(r"\| `train_classifier` +\| +2 \|", text)
    outcomes = pd.read_csv(labelled.folder / RUN / "round2/cross_validation.csv")
    assert len(outcomes) == 13 and (outcomes["label"] == outcomes["id"].map(truth)).all()
    code, output = labelled.run("--report", "report.html")
    assert code == 0, output
    report = (labelled.folder / "report.html").read_text()
    assert "People label 20 images in 3 rounds, chosen by" in report
    for name in (*shown, "summary.html"):
        assert f"results/smoke/{name}" in report


def test_a_batch_that_is_answered_in_part_waits_and_stays(workflow):
    image, *others = batch(workflow, 1)
    save(workflow, "some.csv", {image: "red"})
    page = workflow.folder / RUN / "round1/label/label.html"
    before = page.stat().st_mtime_ns
    last = run(workflow)
    assert f"7 of 8 images of round 1 wait ({', '.join(others[:3])}, …)" in last
    assert page.stat().st_mtime_ns == before
    assert batch(workflow, 1) == [image, *others]


def test_people_who_answer_in_part_err_skip_and_disagree(workflow):
    asked, known = batch(workflow, 1), {i: truth(i) for i in batch(workflow, 1)}
    anna = Person("anna", known, skips=0.2)
    ben = Person("ben", known, wrong=0.9)
    save(workflow, "anna.csv", anna.answer(asked, most=5))
    save(workflow, "ben.csv", ben.answer(asked))
    code, output = workflow.run("--dry-run")
    assert code != 0
    conflicts = [i for i in asked[:5] if anna.answer([i]) != ben.answer([i])]
    assert conflicts and output.count("decide which is right") == len(conflicts)
    # They agree to keep what anna says.
    save(workflow, "ben.csv", ben.answer(asked) | anna.answer(conflicts))
    assert {("take_labels", "1"), ("select_batch", "2")} <= rules(workflow.planned())


def test_a_corrected_label_runs_its_round_and_what_follows(waiting):
    answer(waiting, 2, _1=None)
    assert rules(waiting.planned()) == training(2) | following(3)
    answer(waiting, 2)
    answer(waiting, 1, _1="blue" if truth(batch(waiting, 1)[0]) == "red" else "red", _2=None)
    before = batch(waiting, 2)
    assert rules(waiting.planned()) == {
        *training(1),
        *(("train_classifier", "2"), ("cross_validate", "2")),
        *following(3),
    }
    run(waiting)
    assert batch(waiting, 2) == before  # it has been answered
    assert waiting.planned() == set()


def listed(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def test_a_label_is_checked_and_corrected(waiting):
    wrong, *others = batch(waiting, 1)
    colour = "blue" if truth(wrong) == "red" else "red"
    answer(waiting, 1, _1=colour, _2=None)
    last = run(waiting)
    folder = waiting.folder / "results/smoke/review"
    assert (folder / "review.html").exists()
    doubts = listed(folder / "review.csv")
    assert [doubt["id"] for doubt in doubts][:1] == [wrong]  # colours are easy
    page = "results/smoke/review/review.html"
    assert last.endswith(f"; labels to check: {len(doubts)}, on {page}")
    expected = {"was": colour, "classifier": truth(wrong), "round": "1"}
    assert expected.items() <= doubts[0].items()
    assert doubts[0]["where"] == "labels/round1.csv, line 2"
    summary = (waiting.folder / "results/smoke/summary.md").read_text()
    assert "[review/review.html](review/review.html)" in summary
    assert re.search(rf"\| 1 +\| {wrong} +\| {colour} +\| {truth(wrong)} ", summary)
    # What was right is not asked again, and runs nothing else; what was wrong does.
    checked = waiting.folder / "labels/checked.csv"
    write_cells(checked, ("id", "label", "was"), [(others[1], truth(others[1]), truth(others[1]))])
    assert rules(waiting.planned()) == {("review", ""), ("summarise_labels", "")}
    write_cells(checked, ("id", "label", "was"), [(wrong, truth(wrong), colour)])
    assert training(1) | SUMMARY <= rules(waiting.planned())
    run(waiting)
    assert wrong not in [doubt["id"] for doubt in listed(folder / "review.csv")]
    taken = json.loads((waiting.folder / RUN / "round1/labels.json").read_text())
    assert taken["asked"][wrong] == truth(wrong)
    assert waiting.planned() == set()


def test_labels_for_the_coming_round_run_nothing_before(waiting):
    first, *others = batch(waiting, 3)
    offered = next(
        image
        for image in (f"{number}.png" for number in range(1, 42, 2))
        if image not in {*batch(waiting, 1), *batch(waiting, 2), first, *others}
    )
    save(waiting, "old.csv", {first: truth(first), offered: truth(offered)})
    assert waiting.planned() == set()
    save(waiting, "others.csv", {image: truth(image) for image in others})
    # It was the last round: there is no other batch to choose.
    assert rules(waiting.planned()) == training(3) | SUMMARY
    last = run(waiting)
    assert last == (
        "smoke: answers that were not asked for count too: 1; all is answered; for another round "
        "append to budgets"
    )
    with h5py.File(waiting.folder / RUN / "round3/classifier.h5") as file:
        assert len(file["labelled"]) == 8 - 1 + 6 + 6 + 1
    assert waiting.planned() == set()


@pytest.mark.parametrize("strategy", ["ntkcpl_self", "entropy"])
def test_while_all_is_of_one_class_there_is_no_classifier(asked, tmp_path, strategy):
    workflow = asked.copy(tmp_path / "copy")
    workflow.config["experiments"]["smoke"]["strategies"] = [strategy]
    run(workflow)
    place = workflow.folder / f"results/smoke/{strategy}/seed0"
    with (place / "round1/batch.csv").open() as file:
        first = [row["id"] for row in csv.DictReader(file)]
    save(workflow, "round1.csv", dict.fromkeys(first, "thing"))
    last = run(workflow)
    assert "no classifier yet, which needs a second class beside ['thing']" in last
    assert "6 of 6 images of round 2 wait" in last
    assert not list(place.rglob("classifier.h5"))


def embedded(workflow):
    """How many images the last run embedded, and how many were embedded before."""
    log = (workflow.folder / "logs/smoke/update_features.log").read_text()
    return tuple(map(int, re.search(r"(\d+) are embedded, (\d+) were", log).groups()))


def views_of(workflow):
    """The views of all rounds by their files."""
    views = {}
    for path in (workflow.folder / RUN).rglob("views.h5"):
        with h5py.File(path) as file:
            views[path] = file["views"][()]
    return views


def test_photos_come_go_and_are_renamed(waiting):
    photos = waiting.folder / "photos"
    asked = [batch(waiting, number) for number in (1, 2, 3)]
    gone, moved = asked[0][0], asked[1][0]
    views = views_of(waiting)
    (photos / gone).unlink()
    (photos / "b").mkdir()
    now = f"b/{Path(moved).name}"
    (photos / moved).rename(photos / now)
    Image.new("RGB", (16, 16), (35, 199, 61)).save(photos / "A-43.png")  # the first of the pool
    assert rules(waiting.planned()) == {
        ("update_features", ""),
        *training(1),
        *training(2),
        *following(3),
    }
    last = run(waiting)
    assert "labels of images that are gone do not count: 1" in last
    assert "6 of 6 images of round 3 wait" in last
    assert embedded(waiting) == (1, 41)
    assert [batch(waiting, number) for number in (1, 2)] == asked[:2]  # they are history
    for path, after in views_of(waiting).items():
        assert {v.tobytes() for v in after} <= {v.tobytes() for v in views[path]}
    table = pd.read_csv(waiting.folder / "results/smoke/predictions.csv", index_col="id")
    assert len(table) == 42 and gone not in table.index and moved not in table.index
    assert table.loc[now, ["label", "round"]].tolist() == [truth(moved), 2]
    assert table.loc["A-43.png", "label":].isna().all()
    code, output = waiting.run("--cores", "1", "sort")
    assert code == 0, output
    folder = waiting.folder / "results/smoke/sorted"
    links = {path.resolve().relative_to(photos.resolve()): path for path in folder.rglob("*.png")}
    assert len(links) == 42 and links[Path(now)].parent.name == truth(moved)
    assert links[Path(asked[0][1])].parent.name == "skipped"
    assert {path.name for path in folder.glob("[!.]*")} == {*COLOURS, "skipped"}
    # What is said of it under its new name is said of the same image; and a batch that somebody
    # has begun to answer stays, whatever comes.
    first = batch(waiting, 3)[0]
    save(waiting, "more.csv", {now: truth(moved), first: truth(first)})
    assert waiting.planned() == set()
    Image.new("RGB", (16, 16), (35, 199, 62)).save(photos / "44.png")
    planned = rules(waiting.planned())
    assert ("update_features", "") in planned and ("select_batch", "3") not in planned
    # Of a holdout that is added now, ones that go are gone, and renamed ones are the same.
    (photos / "44.png").unlink()
    waiting.config["experiments"]["smoke"]["holdout"] = 8
    last = run(waiting)  # those drawn that have been labelled leave the training
    known = {now, first, *asked[0], *asked[1]}
    unknown = [i for i in batch_of(waiting, "results/smoke/holdout") if i not in known]
    kept, renamed, gone, *more = unknown
    named = f" ({kept}, {renamed}, {gone}, …)" if len(unknown) < 8 else ""
    waits = f"{len(unknown)} of 8 images of the holdout wait{named}: open results/smoke/holdout"
    assert waits in last
    (photos / gone).unlink()
    (photos / renamed).rename(photos / "c.png")
    save(waiting, "holdout.csv", {"c.png": "red"})
    code, output = waiting.run("--dry-run")
    assert code == 0 and "images of the holdout that are gone: 1" in output
    left = ", ".join([kept, *more][:3])
    assert f"{1 + len(more)} of 7 images of the holdout wait ({left}, …)" in output


def test_an_image_must_not_take_the_name_of_another(waiting):
    photos, (name, other, *_) = waiting.folder / "photos", batch(waiting, 1)
    (photos / name).rename(photos / "new.png")
    (photos / other).rename(photos / name)
    code, output = waiting.run("--dry-run")
    assert code != 0
    assert f"the image {name!r} has the name that what is now 'new.png' had before" in output


def test_a_wrong_id_is_one_sentence_and_starts_no_job(waiting):
    save(waiting, "wrong.csv", {"99.png": "red"})
    code, output = waiting.run("--cores", "1")
    assert code != 0
    assert "labels/wrong.csv, line 2: there is no image '99.png': correct the name" in output
    assert "Traceback" not in output
    assert "jobs:" not in output


def test_many_embeddings_are_labelled_by_their_ids_and_some_held_out(
    new_workflow, smoke_config, tmp_path
):
    config = copy.deepcopy(smoke_config)
    experiment = config["experiments"]["smoke"]
    for key in ("dataset", "encoder", "pretraining", "features"):
        del experiment[key]
    experiment |= {"embeddings": "my.h5", "labels": "labels", "classes": [*COLOURS]}
    experiment |= {"budgets": [6, 9], "strategies": [{"ntkcpl_self": {"candidates": 40}}]}
    experiment["holdout"] = 4
    workflow = new_workflow(config)
    rng, images = np.random.default_rng(0), MOST_IN_CSV + 1
    with h5py.File(workflow.folder / "my.h5", "w") as file:
        file["pool/embedding"] = rng.normal(size=(images, 4)) + np.arange(images)[:, None] % 3
        file["pool/id"] = [f"{number}.png" for number in range(images)]
    waits = "4 of 4 images of the holdout wait: open results/smoke/holdout/label/table"
    assert waits in run(workflow)
    there = ("--directory", workflow.folder, "--configfile", workflow.folder / "run.yaml")
    from_elsewhere = subprocess.run(
        [*SNAKEMAKE, "--dry-run", "--snakefile", workflow.folder / "Snakefile", *there],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert waits in from_elsewhere.stderr.splitlines()[-1]
    assert not [*(workflow.folder / "labels").iterdir()]  # made for what people save
    held_out = batch_of(workflow, "results/smoke/holdout")
    truths = {image: truth(image) for image in held_out}
    save(workflow, "holdout.csv", truths | {held_out[0]: None})
    assert "round1/label/table.csv, save into labels" in run(workflow)
    answer(workflow, 1)
    save(workflow, "again.csv", dict([*truths.items()][1:]))  # trained on all the same by nothing
    assert "3 of 3 images of round 2 wait" in run(workflow)
    assert not {*held_out} & {*batch(workflow, 1), *batch(workflow, 2)}
    with h5py.File(workflow.folder / RUN / "round1/classifier.h5") as file:
        assert len(file["labelled"]) == 6
    outcomes = pd.read_csv(workflow.folder / "results/smoke/holdout/outcomes.csv")
    assert {*outcomes["id"]} == {*held_out[1:]}
    right = (outcomes["label"] == outcomes["predicted"]).sum()
    summary = (workflow.folder / "results/smoke/summary.md").read_text()
    assert f" {right} of 3 = " in summary and "4 held out" in summary
    table = pd.read_parquet(workflow.folder / "results/smoke/predictions.parquet")
    assert table["id"].tolist() == [f"{number}.png" for number in range(images)]
    said = table.set_index("id")["label"].dropna().to_dict()
    asked = {image: truth(image) for image in batch(workflow, 1)}
    assert said == asked | truths | {held_out[0]: "skipped"}
    assert f"{images - len(said):,} have no label" in summary
    (workflow.folder / "pyarrow.py").write_text("raise ImportError")  # as if there were none
    code, output = workflow.run("--dry-run", PYTHONPATH=".")
    assert code != 0
    assert "results/smoke/predictions.parquet takes pyarrow: pip install pyarrow" in output
    (workflow.folder / "pyarrow.py").unlink()
    (workflow.folder / "labels/again.csv").unlink()
    save(workflow, "holdout.csv", truths)  # one that was skipped is labelled
    assert rules(workflow.planned()) == {
        *(("take_holdout_labels", ""), ("evaluate_holdout", "")),
        *(SUMMARY - {("plot_doubtful", ""), ("review", ""), ("predict", "")}),
        ("predict_large_pool", ""),
    }
    save(workflow, "odd.csv", {batch(workflow, 2)[0]: "rad"})
    code, output = workflow.run("--cores", "1")
    assert code != 0
    assert "'rad' of" in output and "write 'red' or add it to them" in output
