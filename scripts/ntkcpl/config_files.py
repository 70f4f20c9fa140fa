"""Around a configuration: keys twice, aliases of aliases, names and files in the wrong place."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ntkcpl.reporting.look import display_name

LARGEST = 100_000
"""Values in a configuration; the paper's five experiments have some hundreds."""
# What the folder of an experiment holds beside those of its strategies: files of these suffixes.
FILES = (
    *(".csv", ".h5", ".html", ".json", ".log", ".md", ".parts", ".pdf", ".png", ".pt", ".tex"),
    *(".tmp", ".tsv"),
)
FOLDERS = ("figures", "tables", "holdout", "review", "sorted", "pretrain")


def repeated_keys(files: Iterable[str | Path]) -> list[str]:
    """Return a sentence for each key that stands twice in one place of a YAML file.

    Of two such the parser takes the last, silently. Keys that are merged (<<) may be given anew. A
    file that is no YAML is not for here to report.
    """
    return [
        f"{file}, line {line}: the key {key!r} stands there twice: leave one out"
        for file in files
        for key, line in _repeated(Path(file))
    ]


def _repeated(file: Path) -> Iterator[tuple[str, int]]:
    import yaml  # not needed for a configuration that was read otherwise

    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys = set()
            for key, value in node.value:
                name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)
                if name in keys and key.tag != "tag:yaml.org,2002:merge":
                    yield str(key.value), key.start_mark.line + 1
                keys.add(name)
                waiting.append(value)


def misplaced(experiment: str, brought: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield the keys of files that people bring from the experiment's own results, and why not.

    Snakemake deletes what a job will make before the job can read it.
    """
    results = Path("results", experiment).resolve()
    for key, path in brought.items():
        if path and Path(path).expanduser().resolve().is_relative_to(results):
            yield key, f"{path} is among what the jobs of {experiment} make: move it elsewhere"


def distinct_as_displayed(names: dict[str, Any]) -> dict[str, Any]:
    """Return names that figures and tables tell apart; raises ValueError for two that are alike.

    Without their case, as a reader of a legend and some file systems see them.
    """
    first: dict[str, str] = {}
    for name in names:
        if (other := first.setdefault(display_name(name).casefold(), name)) != name:
            raise ValueError(
                f"{other!r} and {name!r} look alike in figures and tables: choose another name"
            )
    return names


def no_files(names: dict[str, Any]) -> dict[str, Any]:
    """Return names that are like no file of an experiment; raises ValueError for one that is."""
    for name in names:
        if name in FOLDERS or name.endswith(FILES):
            raise ValueError(
                f"{name!r} looks like a file or folder of every experiment: choose another name"
            )
    return names


def is_too_large(values: Any) -> bool:
    """Whether there are more than `LARGEST` values, an alias counted wherever it stands.

    A few lines of aliases of aliases stand for billions, of which a copy would take all memory.
    """
    waiting, number = [values], 0
    while waiting and number <= LARGEST:
        value = waiting.pop()
        number += 1
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return number > LARGEST
