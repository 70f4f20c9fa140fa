"""Names that people or file systems gave, fit for a page: none is markup there."""

import html
import re

# What Markdown might take for more than itself: by a backslash, and by an entity where a table or
# GitHub's Markdown does not know that.
ESCAPED = re.compile(r"([\\`*_\[\]])")
ENTITIES = re.compile(r"[|~:@$]|(?<=www)\.", re.IGNORECASE)


def printable(text: str) -> str:
    """Return a text in one line of characters that can be written: others become `�` or space."""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in readable)


def in_markdown(text: str) -> str:
    """Return a text that stands in Markdown as it is, whatever characters it has."""
    escaped = ESCAPED.sub(r"\\\1", html.escape(printable(text), quote=False))
    return ENTITIES.sub(lambda found: f"&#{ord(found[0])};", escaped)
