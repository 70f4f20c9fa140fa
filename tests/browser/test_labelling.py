"""A person labels in a real Chromium, and what the page saves is read back."""

from pathlib import Path

import numpy as np
import pytest
from batches import CLASSES, HOSTILE, SIZES, numbered, rows
from playwright.sync_api import BrowserContext, Page, expect

from ntkcpl.labels.kit import write_kit
from ntkcpl.labels.read import read_labels
from ntkcpl.labels.rows import Row
from ntkcpl.labels.thumbnails import thumbnails


class Person:
    """Someone at the page of a kit."""

    def __init__(self, context: BrowserContext, folder: Path, batch: list[Row], **options):
        options = {"experiment": "birds", "round_": 1, "classes": CLASSES} | options
        self.file = write_kit(folder, batch, **options)
        self.ids = [row.id for row in batch]
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("request", self._only_the_page)
        self.open()

    def _only_the_page(self, request) -> None:
        if not request.url.startswith(("data:", "blob:", self.file.as_uri())):
            self.problems.append(f"asks for {request.url}")

    def open(self) -> None:
        self.page.goto(self.file.as_uri())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def sees(self, count: str) -> None:
        expect(self.page.locator("#count")).to_have_text(count)

    def tile(self, index: int):
        return self.page.locator("#tiles li").nth(index)

    def saved(self) -> dict[str, str | None]:
        """Save, and return what is read from the file."""
        with self.page.expect_download() as download:
            self.press("Control+s")
        path = self.file.parent / download.value.suggested_filename
        download.value.save_as(path)
        assert self.problems == []
        assert path.name == "labels-round1.csv"
        answers = read_labels(path, self.ids).answers
        return {image: answer.label for image, answer in answers.items()}


@pytest.fixture
def person(context: BrowserContext, tmp_path: Path):
    return lambda batch, **options: Person(context, tmp_path / "label", batch, **options)


def test_all_is_labelled_by_keys_over_a_reload(person):
    someone = person(rows(numbered(8)), save_to="birds-labels")
    someone.press("1", "2", "2")
    someone.press("Backspace", "3")  # a slip
    someone.press("0")
    someone.sees("4 of 8")
    someone.open()
    someone.sees("4 of 8")
    expect(someone.page.locator("#caption")).to_have_text("5 of 8")
    someone.press("Backspace", "Backspace")  # undo reaches back over the reload
    someone.sees("2 of 8")
    someone.press("0", "2")
    someone.type("barn owl")
    someone.press("Enter")
    someone.press("4")  # the class just added has a key
    someone.press("ArrowLeft", "ArrowLeft", "1")  # corrected; goes on to the next without label
    someone.press("2", "2")
    someone.sees("8 of 8")
    expect(someone.page.locator("#notice")).to_contain_text("All 8 images are labelled")
    labels = ["robin", "wren", None, "wren", "robin", "barn owl", "wren", "wren"]
    assert someone.saved() == dict(zip(someone.ids, labels, strict=True))
    expect(someone.page.locator("#notice")).to_have_text(
        "Saved 8 labels as labels-round1.csv. Move it to the folder birds-labels."
    )


def test_names_come_back_as_they_were(person):
    someone = person(rows(HOSTILE), experiment=HOSTILE[3], classes=["=robin", "<b>wren</b>"])
    someone.press(*"121212", "0")
    someone.open()
    someone.press("/")
    someone.type("@new, class")
    someone.press("Enter")
    labels = ["=robin", "<b>wren</b>"] * 3 + [None, "@new, class"]
    assert someone.saved() == dict(zip(HOSTILE, labels, strict=True))
    expect(someone.page.locator("#choices b")).to_have_count(0)
    assert someone.page.title() == f"Label {HOSTILE[3]}, round 1"


def test_some_labels_may_be_saved_and_more_later(person):
    someone = person(rows(numbered(3)))
    expect(someone.page.locator("#save")).to_be_disabled()
    someone.press("1")
    assert someone.saved() == {"image0.png": "robin"}
    expect(someone.page.locator("#notice")).to_contain_text("2 still open")
    someone.press("2")
    assert someone.saved() == {"image0.png": "robin", "image1.png": "wren"}


def test_many_are_marked_in_the_grid(person):
    order = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    someone = person(rows(numbered(10)), order=order)
    someone.page.get_by_role("button", name="Grid").click()
    someone.tile(0).click()
    someone.tile(3).click(modifiers=["Shift"])
    expect(someone.page.locator("#target")).to_have_text("Class of 4 marked")
    someone.page.get_by_role("button", name="wren").click()
    someone.sees("4 of 10")
    # The same by keys alone: from the fourth to the fifth, and over to the seventh.
    someone.press("ArrowRight", "Space", "Shift+ArrowRight", "Shift+ArrowRight", "1")
    someone.sees("7 of 10")
    someone.press("Backspace")
    someone.sees("4 of 10")
    expect(someone.page.locator("#marked")).to_have_text("3 marked")  # to be labelled anew
    someone.press("3")
    someone.page.get_by_label("Hide labelled").check()
    expect(someone.page.locator("#tiles li:visible")).to_have_count(3)
    someone.press("Control+a", "0")
    labels = ["wren"] * 4 + ["great tit"] * 3 + [None] * 3
    saved = someone.saved()
    assert [saved[f"image{k}.png"] for k in order] == labels


def test_suggestions_are_shown_on_request(person):
    someone = person(rows(numbered(6), suggestions=True))
    expect(someone.page.locator("#accept")).to_be_hidden()
    someone.press("Enter")
    someone.sees("0 of 6")
    someone.page.get_by_label("Suggestions").check()
    expect(someone.page.locator("#accept")).to_contain_text("Suggestion: robin (60 %)")
    someone.page.locator("#stage").focus()
    someone.press("Enter", "2")
    someone.press(".", "Control+a")
    someone.page.locator("#accept").click()
    labels = ["robin", "wren", "great tit"] * 2
    assert someone.saved() == dict(zip(someone.ids, labels, strict=True))


def test_without_suggestions_there_is_nothing_to_switch_on(person):
    expect(person(rows(numbered(2))).page.get_by_label("Suggestions")).to_have_count(0)


def test_classes_are_found_by_letters(person):
    birds = [f"bird {k}" for k in range(12)] + ["Grünfink", "Fink"]
    someone = person(rows(numbered(5)), classes=birds, may_add=False)
    for text in ("grun", "fink", "11", "bird 7"):
        someone.press("/")
        someone.type(text)
        someone.press("Enter")
    someone.type("owl")
    someone.press("Enter")  # no such class, and none may be added
    someone.sees("4 of 5")
    someone.press("Escape", "9")
    labels = ["Grünfink", "Fink", "bird 11", "bird 7", "bird 8"]
    assert someone.saved() == dict(zip(someone.ids, labels, strict=True))


def test_a_class_may_be_part_of_another_but_not_the_word_for_skipping(person):
    someone = person(rows(numbered(3)))
    someone.type("great")
    someone.press("Shift+Enter")
    someone.type("ROBIN")
    someone.press("Enter")
    someone.type("Skipped")
    someone.press("Enter", "Escape")
    someone.sees("2 of 3")
    assert someone.saved() == {"image0.png": "great", "image1.png": "robin"}


def test_two_tabs_of_one_round_share_answers(person, context: BrowserContext):
    someone = person(rows(numbered(3)))
    other = context.new_page()
    other.goto(someone.file.as_uri())
    someone.press("1")
    expect(other.locator("#count")).to_have_text("1 of 3")
    other.keyboard.press("ArrowRight")
    other.keyboard.press("2")
    someone.sees("2 of 3")
    assert someone.saved() == {"image0.png": "robin", "image1.png": "wren"}


def test_a_kit_written_anew_keeps_what_fits(person):
    someone = person(rows(numbered(4)))
    someone.press("1", "2", "3")
    write_kit(
        someone.file.parent,
        rows(["other.png", "image2.png", "image0.png"]),
        experiment="birds",
        round_=1,
        classes=CLASSES,
    )
    someone.open()
    someone.sees("2 of 3")
    someone.press("Backspace")  # of image2.png; that of image1.png is no more
    someone.press("0")
    assert someone.saved() == {"image2.png": None, "image0.png": "robin"}


def test_a_browser_that_keeps_nothing_is_told(person, context: BrowserContext):
    context.add_init_script("Storage.prototype.setItem = () => { throw new Error('full') }")
    someone = person(rows(numbered(2)))
    someone.press("1")
    expect(someone.page.locator("#notice")).to_contain_text("does not keep your labels")
    assert someone.saved() == {"image0.png": "robin"}


def test_zoom(person):
    someone = person(rows(numbered(2)))
    picture = someone.page.locator("#picture")
    fitting = picture.bounding_box()["width"]
    someone.press("+", "+")
    assert picture.bounding_box()["width"] == pytest.approx(2 * fitting, abs=1)
    someone.press("Escape")
    assert picture.bounding_box()["width"] == pytest.approx(fitting, abs=1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("grid", [False, True])
def test_nothing_is_cut_off(person, size: tuple[int, int], grid: bool):
    someone = person(rows(numbered(12), suggestions=True))
    someone.page.set_viewport_size({"width": size[0], "height": size[1]})
    if grid:
        someone.press(".", "Space")
    wide = someone.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size[0]
    for control in someone.page.locator("button:visible, input:visible").all():
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
        assert control.is_disabled() or box["height"] >= 17


def test_tab_reaches_every_control_and_shows_where_it_is(person):
    someone = person(rows(numbered(5), suggestions=True))
    someone.press("1", "ArrowRight", "+")
    page = someone.page
    controls = page.locator("button:visible:enabled, input:visible, #stage")
    wanted = set(controls.evaluate_all("all => all.map(e => e.outerHTML)"))
    assert len(wanted) > 15
    named = "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(2 * len(wanted)):
        someone.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue
        wanted.discard(page.evaluate("document.activeElement.outerHTML"))
        assert page.evaluate(outline) == "solid"
        if page.evaluate("document.activeElement.type") != "checkbox":
            assert page.evaluate(named).strip()
    assert wanted == set()


def test_500_images_stay_fluid(person):
    """An answer is on the page within a tenth of a second, the median of sixty keys."""
    (image,) = thumbnails(
        np.random.default_rng(0).integers(0, 256, (1, 3, 200, 200)).astype(np.uint8), 54_000
    )
    batch = [Row(f"{k}.jpg", image + k.to_bytes(2, "big")) for k in range(500)]
    someone = person(batch)
    someone.press(".")
    script = """async () => {
        const times = [];
        for (let k = 0; k < 60; k++) {
            if (k % 2) document.activeElement.click();
            const start = performance.now();
            const key = k % 2 ? "1" : "ArrowRight";
            const event = new KeyboardEvent("keydown", {key, bubbles: true});
            document.activeElement.dispatchEvent(event);
            document.body.offsetHeight;
            times.push(performance.now() - start);
            await new Promise(requestAnimationFrame);
        }
        return times.sort((a, b) => a - b)[30];
    }"""
    assert someone.page.evaluate(script) < 100
    someone.sees("30 of 500")
