"""A person checks labels in a real Chromium, and what the page saves corrects them."""

from pathlib import Path

import pytest
from batches import CLASSES, HOSTILE, SIZES, numbered, rows
from playwright.sync_api import BrowserContext, expect

from ntkcpl.labels.read import read_labels
from ntkcpl.labels.review import Doubt, write_review_page
from ntkcpl.labels.rows import Suggestion
from ntkcpl.labels.tables import write_labels

LABELS = "labels/anna, 2.csv"


class Checker:
    """Someone at the page of labels to check, all of which say that it is a robin."""

    def __init__(self, context: BrowserContext, folder: Path, ids: list[str], **options):
        self.folder, self.ids = folder, ids
        self.page = context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda message: self.problems.append(message.text))
        write_labels(folder / "labels.csv", dict.fromkeys(ids, "robin"))
        self.open(ids, **options)

    def open(self, ids: list[str], **options) -> None:
        """Write the page anew, of some of the images, and open it."""
        file = self.folder / "review.html"
        listed = [row for row in rows(self.ids) if row.id in ids]
        wren = Suggestion("wren", 0.9)
        doubts = [Doubt(row.id, "robin", f"{LABELS}, line 2", 1, wren) for row in listed]
        options = {"experiment": "birds", "classes": CLASSES} | options
        write_review_page(file, doubts, [row.thumbnail for row in listed], **options)
        self.page.goto(file.as_uri())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def sees(self, count: str) -> None:
        expect(self.page.locator("#count")).to_have_text(count)

    def saved(self):
        """Save, and return what the labels say with the corrections."""
        with self.page.expect_download() as download:
            self.press("Control+s")
        assert download.value.suggested_filename.startswith("checked-")
        download.value.save_as(self.folder / download.value.suggested_filename)
        assert self.problems == []
        tables = sorted(self.folder.glob("*.csv"))
        return read_labels(tables, self.ids)


@pytest.fixture
def checker(context: BrowserContext, tmp_path: Path):
    return lambda ids, **options: Checker(context, tmp_path, ids, **options)


def test_labels_are_checked_by_keys_over_a_reload(checker):
    someone = checker(numbered(6), save_to="birds-labels")
    expect(someone.page.locator("#keep")).to_contain_text("robin")
    expect(someone.page.locator("#accept")).to_contain_text("wren")
    expect(someone.page.locator("#source")).to_have_text(f"{LABELS}, line 2, round 1")
    expect(someone.page.locator("#name")).to_have_text("image0.png")
    someone.press("Enter", "Shift+Enter", "Backspace", "3", "0")
    someone.page.reload()
    someone.sees("3 of 6")
    someone.page.keyboard.type("owl")
    someone.press("Enter")
    someone.press("Shift+Enter")
    said = someone.saved()
    labels = ["robin", "great tit", "owl", "wren", "robin"]
    assert list(said.labelled.items()) == [
        (f"image{k}.png", label) for k, label in zip([0, 1, 3, 4, 5], labels, strict=True)
    ]
    assert said.skipped == ["image2.png"]
    assert said.checked == {*someone.ids[:5]}
    expect(someone.page.locator("#notice")).to_have_text(
        f"Saved 5 labels as {next(someone.folder.glob('checked-*')).name}, 1 still open. Move it "
        "to the folder birds-labels."
    )


def test_names_come_back_as_they_were(checker):
    someone = checker(HOSTILE, experiment=HOSTILE[3], classes=["robin", "<b>wren</b>"])
    someone.press(*"2" * len(HOSTILE))
    assert someone.saved().labelled == dict.fromkeys(HOSTILE, "<b>wren</b>")
    expect(someone.page.locator(".facts")).to_have_count(len(HOSTILE))
    expect(someone.page.locator("#choices b")).to_have_count(0)


def test_several_are_checked_in_the_list(checker):
    someone = checker(numbered(5))
    someone.press(".", "Space", "Shift+ArrowDown")
    expect(someone.page.locator("#keep")).to_contain_text("Labels are right")
    someone.press("Enter")
    someone.page.locator("#tiles li").nth(4).click()
    someone.page.locator("#accept").click()
    expect(someone.page.locator("#tiles li").nth(0)).to_contain_text("robin is right")
    expect(someone.page.locator("#tiles li").nth(4)).to_contain_text("robin → wren")
    said = someone.saved()
    assert said.checked == {"image0.png", "image1.png", "image4.png"}
    assert said.labelled["image4.png"] == "wren"


def test_the_next_list_keeps_what_was_found_and_saves_beside_the_first(checker):
    someone = checker(numbered(4))
    someone.press("Shift+Enter", "Shift+Enter")
    assert list(someone.saved().labelled.values()) == ["wren", "wren", "robin", "robin"]
    someone.open(["image1.png", "image2.png"])
    someone.sees("1 of 2")
    someone.press("3")
    said = someone.saved()
    assert list(said.labelled.values()) == ["wren", "wren", "great tit", "robin"]
    assert len(list(someone.folder.glob("checked-*.csv"))) == 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shown", ["single", "list"])
def test_nothing_is_cut_off(checker, size: tuple[int, int], shown: str):
    someone = checker(["a-long-folder/" * 4 + name for name in numbered(5)])
    someone.page.set_viewport_size({"width": size[0], "height": size[1]})
    if shown == "list":
        someone.press(".", "Space")
    assert someone.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for control in someone.page.locator("button:visible, input:visible, .facts:visible").all():
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
