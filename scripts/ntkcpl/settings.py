"""The base of every settings class: strict, closed, immutable, and one canonical text."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


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
