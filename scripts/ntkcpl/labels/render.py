"""The page on which people label, or check labels: one file with all that it needs inside."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

# In the order in which the page runs them.
SCRIPTS = ("session.js", "table.js", "view.js", "label.js")


def render(
    kit: Mapping[str, Any],
    *,
    title: str,
    part: str,
    suggestions: bool = False,
    review: bool = False,
) -> str:
    """Return the page, with its design and script, and the digests by which only these count.

    Parameters
    ----------
    kit
        What its script works on, as JSON holds it; see `ntkcpl.labels.kit`.
    title, part
        Which experiment it belongs to, and which part of that.
    suggestions
        Whether it can show suggestions on request.
    review
        Whether labels are checked, of which each stands beside its suggestion.
    """
    folder = resources.files("ntkcpl.labels") / "page"
    style = (folder / "label.css").read_text(encoding="utf-8")
    script = "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string((folder / "label.html").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        part=part,
        total=len(kit["images"]),
        may_add=kit["mayAdd"],
        suggestions=suggestions,
        review=review,
        kit=_json_in_page(kit),
        style=Markup(style),
        style_hash=_source(style),
        script=Markup(script),
        script_hash=_source(script),
    )


def _json_in_page(value: Any) -> Markup:
    """Return JSON in which no text can end the element that it stands in."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))


def _source(text: str) -> str:
    """Return how a content security policy names a style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
