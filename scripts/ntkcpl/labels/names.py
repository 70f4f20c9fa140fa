"""Names of classes: which can be one."""

import unicodedata

SKIPPED = "skipped"
"""In place of a class, in every format: no class fits, or the image is unusable."""


def tidy(text: str) -> str:
    """Return a class as it counts: without white space around it, accents composed (NFC)."""
    return unicodedata.normalize("NFC", text.strip())


def is_utf8(text: str) -> bool:
    """Whether a text has no bytes that are escaped because they are not UTF-8."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def class_fault(name: str) -> str:
    """Say why `name` cannot be that of a class, or nothing."""
    if name.casefold() == SKIPPED:
        return f"the class {name!r} cannot be told from images that are skipped: call it otherwise"
    if name != tidy(name) or not name:
        return f"the class {name!r} is empty or not as it would be read: write {tidy(name)!r}"
    if not is_utf8(name):
        return f"the class {name!r} is not UTF-8: write it in UTF-8"
    return ""
