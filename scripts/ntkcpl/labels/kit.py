"""The labelling kit of a round, or of the holdout: `label.html`, and tasks for Label Studio."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ntkcpl.artifacts.files import write_text
from ntkcpl.labels.label_studio import labelling_configuration, tasks
from ntkcpl.labels.names import SKIPPED, class_fault
from ntkcpl.labels.rows import Row

# In the order in which the page runs them.
SCRIPTS = ("session.js", "table.js", "view.js", "label.js")


def write_kit(
    folder: str | Path,
    rows: Sequence[Row],
    *,
    experiment: str,
    round_: int,
    classes: Sequence[str],
    after: int = 0,
    may_add: bool = True,
    order: Sequence[int] | None = None,
    save_to: str = "",
    served_from: Path | None = None,
) -> Path:
    """Write what people need to label a batch, each file atomically; return the page.

    `label.html` needs no server and no network: images, design and script are inside. It keeps
    the answers in the browser and saves `labels-round<round>.csv`, or `labels-holdout.csv`.
    `tasks.json` and `label-studio.xml` are written for batches of files that Label Studio can
    serve.

    Parameters
    ----------
    folder
        Where to write.
    rows
        The images to label, in the order in which they were chosen.
    experiment
        Its name, for people; with the round it names what the browser keeps.
    round_
        Number of the round, from 1; 0 for the holdout.
    classes
        The classes so far, in the order of the keys 1 to 9.
    after
        Images of the holdout that are answered already: the kit for further ones saves a file of
        another name.
    may_add
        Whether people may add classes.
    order
        A permutation of the rows that puts similar images side by side (see
        `ntkcpl.labels.similarity`); the rows' own order if None.
    save_to
        The folder of labels, which the page names after saving.
    served_from
        The folder that Label Studio serves; None to write no tasks.

    Raises
    ------
    ValueError
        If there are no rows, an id stands twice, `order` is no permutation, a class could not be
        read back, or an image has no file below `served_from`; the message is one sentence.
    """
    order = range(len(rows)) if order is None else order
    _check(rows, classes, order)
    folder = Path(folder)
    part = f"round {round_}" if round_ else "holdout"
    name = part.replace(" ", "") + (f"-after{after}" if after else "")
    kit = {
        "storage": f"ntkcpl/{experiment}/{name}",
        "file": f"labels-{name}.csv",
        "saveTo": f"Move it to the folder {save_to}." if save_to else "",
        "skipped": SKIPPED,
        "classes": list(classes),
        "mayAdd": may_add,
        "order": [int(row) for row in order],
        "images": [_image(row) for row in rows],
    }
    text = _page(
        title=experiment,
        part=part,
        total=len(rows),
        may_add=may_add,
        suggestions=any(row.suggestion is not None for row in rows),
        kit=_json_in_page(kit),
    )
    page = folder / "label.html"
    write_text(page, text)
    if served_from is not None:
        exported = tasks(rows, round_, served_from)
        write_text(folder / "tasks.json", json.dumps(exported, indent=1) + "\n")
        write_text(folder / "label-studio.xml", labelling_configuration(classes))
    return page


def _check(rows: Sequence[Row], classes: Sequence[str], order: Sequence[int]) -> None:
    if not rows:
        raise ValueError("there is no image to label: write a kit only for a batch")
    if len({row.id for row in rows}) < len(rows):
        raise ValueError("an image stands twice in the batch: name each once")
    if sorted(order) != list(range(len(rows))):
        raise ValueError(f"the order is no permutation of the {len(rows)} rows: name each once")
    for name in classes:
        if fault := class_fault(name):
            raise ValueError(fault)


def _image(row: Row) -> dict[str, Any]:
    suggestion = row.suggestion
    return {
        "id": row.id,
        "source": f"data:image/jpeg;base64,{base64.b64encode(row.thumbnail).decode()}",
        "suggestion": None
        if suggestion is None
        else {"label": suggestion.label, "probability": round(suggestion.probability, 4)},
    }


def _json_in_page(value: Any) -> Markup:
    """Return JSON in which no text can end the element that it stands in."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))


def _page(**values: Any) -> str:
    """Return the page, with its design and script, and the digests by which only these count."""
    folder = resources.files("ntkcpl.labels") / "page"
    style = (folder / "label.css").read_text(encoding="utf-8")
    script = "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string((folder / "label.html").read_text(encoding="utf-8"))
    return template.render(
        style=Markup(style),
        style_hash=_source(style),
        script=Markup(script),
        script_hash=_source(script),
        **values,
    )


def _source(text: str) -> str:
    """Return how a content security policy names a style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
