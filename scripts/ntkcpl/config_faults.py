"""What is wrong with a configuration, one sentence a key, from pydantic's errors."""

import reprlib
from collections.abc import Iterable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ntkcpl import strategies
from ntkcpl.refusal import fitting

MOST = 10  # sentences
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 2, 60, 60


def shown(value: Any) -> str:
    """Return a value as it is quoted in a sentence: of a long or deep one, its beginning."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"


def bounded(sentences: Sequence[str]) -> str:
    """Return sentences as lines, at most `MOST`, that fit (see `ntkcpl.refusal`)."""
    lines = list(map(fitting, sentences))
    if len(lines) > MOST:
        lines = [*lines[: MOST - 1], f"and {len(lines) - MOST + 1} more faults of this kind"]
    return "\n".join(lines)


def faults_of(error: ValidationError, root: type[BaseModel]) -> dict[str, str]:
    """Return what is wrong with each key of a model, in one sentence."""
    faults: dict[str, list[str]] = {}
    for fault in error.errors():
        path, parent = _resolve(fault["loc"], root)
        key = fault.get("ctx", {}).get("key", ".".join(path))
        faults.setdefault(key, []).append(_fault(fault, parent))
    # A value that fits no member of a union is a fault of each: they make one sentence.
    return {key: " or ".join(dict.fromkeys(messages)) for key, messages in faults.items()}


def _resolve(
    location: Iterable[str | int], root: type[BaseModel]
) -> tuple[list[str], type[BaseModel]]:
    """Follow pydantic's location into the models, from `root` on.

    Returns
    -------
    list of str
        The keys as in the YAML, without the names of union members that pydantic puts between.
    type
        The innermost model on the way, of which the last key is a field, or should be.
    """
    path: list[str] = []
    model = root
    here: Any = root
    for part in location:
        if part == "[key]":  # the name itself is wrong, which is the part before
            continue
        if get_origin(here) is Annotated:
            here = get_args(here)[0]
        if get_origin(here) is UnionType and NoneType in get_args(here):  # a key to leave out
            here = get_args(here)[0]
        if isinstance(here, type) and issubclass(here, BaseModel):
            model = here
            field = here.model_fields.get(str(part))
            here = None if field is None else field.annotation
        elif get_origin(here) in (dict, list):
            here = get_args(here)[-1]
        elif part in strategies.methods() and here is not None:
            here = strategies.strategy_class(str(part))
            continue
        else:  # the member of a union
            continue
        path.append(str(part))
    return path, model


def _fault(error: Any, model: type[BaseModel]) -> str:
    """Say what is wrong, and what is allowed, for one of pydantic's errors."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"there is no such key; allowed are {', '.join(model.model_fields)}"
    if kind == "missing":
        return "this key is missing"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return f"method must be one of {', '.join(strategies.methods())}"
    message: str = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if kind in ("value_error", "elsewhere"):
        return message
    return f"{message}, but is {shown(error['input'])}"
