"""The base of every settings class: strict, closed, immutable, and one canonical text."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _can_be_looked_at(path: str) -> str:
    try:
        if (found := Path(path).expanduser()).is_dir():
            os.scandir(f"{found}/.").close()  # opens it, and what is in it
        else:
            found.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # said where the file or folder is needed
    # A folder that nobody may enter, a name that is too long or holds a NUL; "~" of nobody.
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        name = path if len(path) <= 60 else f"{path[:60]}…"
        raise ValueError(f"{name} cannot be looked at ({reason}): name another path") from error
    return path


# What numbers mean, and how large they can be on any machine.
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Count = Annotated[int, Field(ge=1, le=10**9)]
"""Of images, labels, epochs, repetitions."""
Repeats = Annotated[int, Field(ge=1, le=10_000)]
"""How often something is drawn or begun anew, for a better mean or a better best."""
Width = Annotated[int, Field(ge=1, le=2**16)]
"""Of a layer: two of the largest are joined by 16 GB of weights."""
Threads = Annotated[int, Field(ge=1, le=1024)]
ImageSize = Annotated[int, Field(ge=8, le=4096)]
"""Height and width in pixels: the largest image takes 50 MB."""
BatchSize = Annotated[int, Field(ge=1, le=2**20)]
Positive = Annotated[float, Field(ge=1e-6, le=1e6)]
"""A ridge, a rate, a width of a kernel: beside 1, float32 tells no smaller one from none."""
PathText = Annotated[str, AfterValidator(_can_be_looked_at)]
"""A path, which may begin with ~; whether something is there is for others to check."""


class Settings(BaseModel):
    """Settings of one stage: unknown keys and wrong types are errors, values cannot change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def canonical(self) -> str:
        """Return the settings as one canonical JSON string.

        Equal settings give equal strings whatever the order and spelling in the YAML, so the
        string can be compared, hashed and stored.
        """
        return canonical_json(self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read settings back from `canonical`; left-out fields take their defaults."""
        return cls.model_validate(json.loads(text))


def canonical_json(value: Any) -> str:
    """Return `value`, in which settings may be nested, as JSON: sorted keys, no white space."""
    return json.dumps(
        value,
        default=lambda settings: settings.model_dump(mode="json"),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
