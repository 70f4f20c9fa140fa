"""The labelling kit of a round, or of the holdout: `label.html`, and tasks for Label Studio."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ntkcpl.artifacts.files import write_text
from ntkcpl.labels.label_studio import labelling_configuration, tasks
from ntkcpl.labels.names import SKIPPED, class_fault
from ntkcpl.labels.render import render
from ntkcpl.labels.rows import Row


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
    kit = page_kit(
        f"{experiment}/{name}",
        f"labels-{name}.csv",
        [image_of(row) for row in rows],
        order=order,
        classes=classes,
        may_add=may_add,
        save_to=save_to,
    )
    page = folder / "label.html"
    text = render(
        kit,
        title=experiment,
        part=part,
        suggestions=any(row.suggestion is not None for row in rows),
    )
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


def page_kit(
    name: str,
    file: str,
    images: Sequence[Mapping[str, Any]],
    *,
    order: Sequence[int],
    classes: Sequence[str],
    may_add: bool,
    save_to: str,
) -> dict[str, Any]:
    """Return what the page's script works on.

    Parameters
    ----------
    name
        What the browser keeps is known by it.
    file
        The name under which the page saves.
    images
        What the page knows of each (see `image_of`).
    order, classes, may_add, save_to
        As of `write_kit`.
    """
    return {
        "storage": f"ntkcpl/{name}",
        "file": file,
        "saveTo": f"Move it to the folder {save_to}." if save_to else "",
        "skipped": SKIPPED,
        "classes": list(classes),
        "mayAdd": may_add,
        "order": [int(row) for row in order],
        "images": list(images),
    }


def image_of(row: Row) -> dict[str, Any]:
    """Return what the page knows of an image."""
    suggestion = row.suggestion
    return {
        "id": row.id,
        "source": f"data:image/jpeg;base64,{base64.b64encode(row.thumbnail).decode()}",
        "suggestion": None
        if suggestion is None
        else {"label": suggestion.label, "probability": round(suggestion.probability, 4)},
    }
