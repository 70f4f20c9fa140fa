"""Label Studio's exports, and the tasks and configuration that it imports.

Tasks carry the image's id as `image_id`: a key `id` would be replaced by the task's number in the
export JSON-MIN. JSON-MIN and CSV leave out tasks that were skipped; JSON has them.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from ntkcpl.artifacts.cells import escape_formula, unescape_formula
from ntkcpl.labels.answers import Collector
from ntkcpl.labels.names import SKIPPED
from ntkcpl.labels.rows import Row

IMAGE_ID = "image_id"
# Name of the control in the labelling configuration, and so of a column in the exports.
CONTROL = "class"


def encode_id(image: str) -> str:
    """Return an id as text that databases and spreadsheets keep.

    Bytes that are not UTF-8, and `%`, are written as in a URL.
    """
    encoded = re.sub("[%\udc80-\udcff]", lambda m: f"%{ord(m[0]) & 0xFF:02X}", image)
    return escape_formula(encoded)


def decode_id(text: str) -> str:
    """Undo `encode_id`."""

    def byte(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return chr(code if code < 0x80 else 0xDC00 + code)

    return re.sub("%([0-9A-F]{2})", byte, unescape_formula(text))


def read_export(path: Path, collector: Collector) -> None:
    """Hand to `collector` what an export of Label Studio in JSON or JSON-MIN says."""
    try:
        tasks = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        collector.faults.append(f"{path} cannot be read as JSON ({error}): export it again")
        return
    if not isinstance(tasks, list):
        collector.faults.append(f"{path} is no list of tasks: export JSON from Label Studio")
        return
    for number, task in enumerate(tasks, 1):
        place = f"task {number}"
        data = task.get("data", task) if isinstance(task, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get(IMAGE_ID), str):
            collector.faults.append(
                f"{path}, {place}: it has no {IMAGE_ID}: import the tasks.json of the labelling "
                "kit into Label Studio, or export JSON"
            )
            continue
        image = decode_id(data[IMAGE_ID])
        try:
            for label in _choices(task):
                collector.add(image, label, path, place)
        except (AttributeError, KeyError, TypeError, ValueError):
            collector.faults.append(
                f"{path}, {place}: {image!r} has not one choice of a class: give it one in Label "
                "Studio, with the kit's labelling configuration, and export it again"
            )


def _choices(task: dict[str, Any]) -> Iterator[str]:
    """Yield the class that each annotation of a task names, `SKIPPED` where it was skipped.

    Raises AttributeError, KeyError, TypeError or ValueError if one is not built so.
    """
    if "annotations" not in task:
        label = task.get(CONTROL, "")
        if not isinstance(label, str):
            raise TypeError
        yield label
        return
    for annotation in task["annotations"]:
        if annotation.get("was_cancelled"):
            yield SKIPPED
        else:
            for result in annotation["result"]:
                (label,) = result["value"]["choices"]
                yield label


def labelling_configuration(classes: Sequence[str]) -> str:
    """Return the XML that a project of Label Studio takes: one choice among the classes."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", name="image", value="$image", zoom="true")
    choices = ElementTree.SubElement(
        view, "Choices", name=CONTROL, toName="image", choice="single", showInLine="true"
    )
    for name in classes:
        ElementTree.SubElement(choices, "Choice", value=name)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def tasks(rows: Sequence[Row], round_: int, served_from: Path) -> list[dict[str, Any]]:
    """Return the tasks to import, in the order of `rows`.

    Parameters
    ----------
    rows
        The images, each with the path of its file.
    round_
        Number of the round, from 1; 0 for the holdout.
    served_from
        The folder that Label Studio serves (`LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT`).

    Raises
    ------
    ValueError
        If an image has no file, or one outside that folder.
    """
    return [_task(row, rank, round_, served_from) for rank, row in enumerate(rows, 1)]


def _task(row: Row, rank: int, round_: int, served_from: Path) -> dict[str, Any]:
    if row.path is None or not row.path.absolute().is_relative_to(served_from.absolute()):
        raise ValueError(f"{row.id!r} has no file below {served_from}: let Label Studio serve it")
    below = row.path.absolute().relative_to(served_from.absolute())
    task: dict[str, Any] = {
        "data": {
            "image": "/data/local-files/?d=" + quote(os.fsencode(below.as_posix())),
            IMAGE_ID: encode_id(row.id),
            "rank": rank,
            "round": round_,
        }
    }
    if row.suggestion is not None:
        result = {
            "id": "suggestion",
            "type": "choices",
            "from_name": CONTROL,
            "to_name": "image",
            "value": {"choices": [row.suggestion.label]},
        }
        task["predictions"] = [
            {
                "model_version": f"round{round_ - 1}",
                "score": round(row.suggestion.probability, 4),
                "result": [result],
            }
        ]
    return task
