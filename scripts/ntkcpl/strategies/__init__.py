"""The strategies: one file each, with one class, found by the file's name.

To add one, put a file beside these with a subclass of `Strategy`: its fields are its parameters in
the configuration, and `method`, a `Literal` of the file's name, is how the configuration names it.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ntkcpl.strategies.base import Batch, Pool, Strategy

__all__ = ["DEFAULT", "Batch", "Pool", "Strategy", "load", "methods", "named"]

# For those who do not choose.
DEFAULT: Mapping[str, Any] = MappingProxyType({"method": "ntkcpl", "feature": "self"})


def methods() -> list[str]:
    """Return the names of all methods."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if name not in ("base", "__main__"))


def strategy_class(method: str) -> type[Strategy]:
    """Return the class in the file of that name."""
    module = importlib.import_module(f"{__name__}.{method}")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Strategy)
        and value.__module__ == module.__name__
    )
    return found


def named() -> dict[str, dict[str, str]]:
    """Return settings of every method by its name, of those that need a feature for each by itself.

    Such are `ntkcpl_self` and `ntkcpl_al`. All other parameters have their defaults.
    """
    found: dict[str, dict[str, str]] = {}
    for method in methods():
        feature = strategy_class(method).model_fields.get("feature")
        if feature is not None and feature.is_required():
            found |= {f"{method}_{f}": {"method": method, "feature": f} for f in ("self", "al")}
        else:
            found[method] = {"method": method}
    return found


def load(settings: Mapping[str, Any]) -> Strategy:
    """Return the strategy that `settings` (its `method` and parameters) describes.

    Raises
    ------
    ValueError
        If there is no such method, or if a parameter is unknown or wrong.
    """
    method = settings.get("method")
    if method not in methods():
        raise ValueError(f"there is no method {method!r}; the methods are {', '.join(methods())}")
    return strategy_class(method).model_validate(dict(settings))
