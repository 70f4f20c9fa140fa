"""Bad configurations: seeded changes of valid ones."""

import copy
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from snakemake.common.configfile import load_configfile

from faults.damage import BYTES, LINES, Rng
from faults.outcomes import LISTS, Outcome, Verdict, judge_refusal
from ntkcpl.config import Config, load_config

REPOSITORY = Path(__file__).parents[2]
FILE = "run.yaml"

VALUES: list[Any] = [
    *(None, True, False, -1, 0, 1, 3, 0.5, 1.0, 1e-300, 1e308, math.inf, -math.inf, math.nan),
    *(2**31, 2**63 - 1, 2**63, 2**64, 10**30, 10**5000, -(2**63)),
    *("", " ", "x", "null", "1", "x" * 5000, "\0", "\x1b[31m", "café", "\u202e", "a\nb", "🐉"),
    *(
        [],
        {},
        [[]],
        [{}],
        {"": 1},
        {"a": {"b": {}}},
        [None],
        [1, 1],
        [1, "1"],
        [3, 2, 1],
        ["a"] * 40,
    ),
    *(["random", "random"], [{"random": {}}, "random"], {"method": "random"}, {"name": "digits"}),
]
NAMES: list[Any] = [
    *("", " ", ".", "..", "a/b", "../a", "a b", "-a", "_a", "a\nb", "é", "A" * 101, "A" * 5000),
    *("summary", "accuracy.csv", "figures", "encoder.pt", "Random", "SMOKE", "a{b}", "{seed}", "*"),
    *("null", "~", "con", "a" * 100, "x.h5", "tables", "pretrain", 1, 1.5, True, None),
]
PATHS: list[Any] = [
    *(
        "",
        ".",
        "..",
        "/",
        "~",
        "~nobody.here/x",
        "nowhere",
        "x" * 300,
        "x" * 5000,
        "a\0b",
        "/dev/zero",
    ),
    *("/dev/null", "/proc/self/mem", "/proc/1/environ", "photos", "my.h5", "run.yaml", "my.h5/x"),
    *("pipe", "loop", "closed", "results/smoke/encoder.pt", "results/smoke/features.h5", 3, None),
    *("results/../results/smoke/encoder.pt", "linked.pt", "./results/other/encoder.pt"),
]
PATH_KEYS = ("root", "checkpoint", "embeddings", "labels")

Key = tuple[Any, ...]


@cache
def bases() -> list[dict[str, Any]]:
    """Return valid configurations of all sorts."""
    plain = yaml.safe_load((REPOSITORY / "config/smoke.yaml").read_text(encoding="utf-8"))
    rich = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    people = yaml.safe_load((REPOSITORY / "config/label.yaml").read_text(encoding="utf-8"))
    people["experiments"]["photos"]["budgets"] = [6, 12]
    people["strategies"] = plain["strategies"]
    smoke = plain["experiments"]["smoke"]
    kept = {key: smoke[key] for key in ("seeds", "classifier", "strategies")}
    ready = {"experiments": {"smoke": kept | {"embeddings": "my.h5", "budgets": [6, 12]}}}
    given = copy.deepcopy(plain)
    del given["experiments"]["smoke"]["pretraining"]
    given["experiments"]["smoke"]["encoder"]["checkpoint"] = "weights.pt"
    return [plain, rich, people, ready | {"strategies": plain["strategies"]}, given]


def nodes(value: Any, path: Key = ()) -> Iterator[Key]:
    """Yield the place of every value."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from nodes(item, (*path, key))


def at(values: Any, path: Key) -> Any:
    """Return the value at a place."""
    for key in path:
        values = values[key]
    return values


def pick(options: Any, rng: Rng) -> Any:
    """Draw one of several."""
    options = list(options)
    return options[rng.integers(len(options))]


def another_value(values: dict[str, Any], rng: Rng) -> Key:
    """Put an odd value in the place of one, or that of another key."""
    path = pick(nodes(values), rng)
    value = pick(VALUES, rng) if rng.random() < 0.8 else at(values, pick(nodes(values), rng))
    at(values, path[:-1])[path[-1]] = copy.deepcopy(value)
    return path


def another_name(values: dict[str, Any], rng: Rng) -> Key:
    """Call an experiment or a strategy otherwise."""
    table = values[pick(("experiments", "strategies"), rng)]
    old, new = pick(table, rng), pick(NAMES, rng)
    table[new] = table.pop(old)
    return (new,)


def another_path(values: dict[str, Any], rng: Rng) -> Key:
    """Name another file or folder."""
    experiment = pick(values["experiments"], rng)
    places = [p for p in nodes(values) if p[-1] in PATH_KEYS and p[0] == "experiments"]
    places.append(("experiments", experiment, "labels"))
    path = pick(places, rng)
    at(values, path[:-1])[path[-1]] = pick(PATHS, rng)
    return path


def unknown_key(values: dict[str, Any], rng: Rng) -> Key:
    """Misspell a key."""
    tables = [p for p in nodes(values) if isinstance(at(values, p), dict) and at(values, p)]
    table = at(values, pick(tables, rng))
    old = pick(table, rng)
    new = pick((old[:-1], old.upper(), f"{old}s", f" {old}", old[::-1], "unknown"), rng)
    table[new] = table.pop(old)
    return (new, old)


def missing_key(values: dict[str, Any], rng: Rng) -> Key:
    """Leave a key out."""
    path = pick((p for p in nodes(values) if isinstance(at(values, p[:-1]), dict)), rng)
    del at(values, path[:-1])[path[-1]]
    return path


def twice(text: str, rng: Rng) -> str:
    """Write a line twice: a key, or an item of a list that must not repeat one."""
    lines = text.splitlines(keepends=True)
    number = int(rng.integers(len(lines)))
    return "".join([*lines[:number], lines[number], *lines[number:]])


def aliases(text: str, rng: Rng) -> str:
    """Add aliases of aliases, or of what holds them."""
    if rng.random() < 0.5:
        levels = int(rng.integers(3, 30))
        bomb = ["z0: &z0 [x, x, x, x, x, x, x, x, x]"]
        for level in range(1, levels):
            bomb.append(f"z{level}: &z{level} [{', '.join([f'*z{level - 1}'] * 9)}]")
        return text + "\n".join(bomb) + "\n"
    loop = pick(("&a [*a]", "&a {b: *a}", "&a {<<: *a}", "&a [[*a], *a]", "[" * 3000), rng)
    return text + f"{pick(('experiments', 'more', '? [1, 2]'), rng)}: {loop}\n"


def damaged(text: str, rng: Rng) -> bytes:
    """Damage the file."""
    return pick((BYTES | LINES).values(), rng)(text.encode(), rng)


VALUE_CHANGES: list[Callable[[dict[str, Any], Rng], Key]] = [
    another_value,
    another_name,
    another_path,
    unknown_key,
    missing_key,
]
TEXT_CHANGES: list[Callable[[str, Rng], Any]] = [twice, aliases, damaged]
KINDS = {change.__name__: change for change in (*VALUE_CHANGES, *TEXT_CHANGES)}


def load(name: str, seed: int) -> Verdict:
    """Load a configuration that is not as it was, as Snakemake and the Snakefile do."""
    rng = np.random.default_rng(seed)
    values = copy.deepcopy(pick(bases(), rng))
    lay_traps()
    if KINDS[name] in TEXT_CHANGES:
        text = KINDS[name](yaml.safe_dump(values, sort_keys=False), rng)
        content = text if isinstance(text, bytes) else text.encode()
    else:
        for _ in range(rng.integers(1, 3)):
            KINDS[name](values, rng)
        sys.set_int_max_str_digits(0)  # of this file alone: the reader has the usual limit
        content = yaml.safe_dump(values, sort_keys=False, allow_unicode=True).encode()
        sys.set_int_max_str_digits(4300)
    Path(FILE).write_bytes(content)
    if name == "another_path" and os.geteuid() == 0:
        os.seteuid(65534)  # root may look into any folder
    try:
        given = load_configfile(FILE)
    except Exception as error:  # of a file that is no YAML: Snakemake's own words
        return Verdict(Outcome.REFUSED, f"{type(error).__name__}: {error}")
    try:
        config = load_config(given, [FILE])
    except LISTS as error:
        return judge_refusal(error, ("experiments", "strategies", "configuration", FILE))
    if name == "twice":
        return Verdict(Outcome.SILENT, "a line that stands twice was accepted")
    if lost := own_results(config):
        return Verdict(Outcome.LOST, f"{lost} is deleted by the job that reads it")
    fault = difference(given, config.model_dump())
    return Verdict(Outcome.SILENT, fault) if fault else Verdict(Outcome.TAKEN)


def lay_traps() -> None:
    """Put into the working directory what paths of `PATHS` lead to."""
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("linked.pt").symlink_to("results/smoke/encoder.pt")
    Path("closed").mkdir(mode=0)


def own_results(config: Config) -> str:
    """Return a file that an experiment reads and its own job writes, or nothing."""
    for name, experiment in config.experiments.items():
        checkpoint = experiment.encoder and experiment.encoder.checkpoint_file
        for path in (checkpoint, experiment.embeddings_file):
            if path and path.resolve().is_relative_to(Path("results", name).resolve()):
                return str(path)
    return ""


def difference(given: Any, read: Any, path: str = "") -> str:
    """Say where what was read of a configuration is not what was given, or nothing."""
    if isinstance(given, list) and isinstance(read, dict):  # strategies, with what differs
        entries = [{e: {}} if isinstance(e, str) else e for e in given]
        given = {name: value for entry in entries for name, value in entry.items()}
    if isinstance(given, Mapping) and isinstance(read, dict):
        faults = (difference(v, read.get(k, "nothing"), f"{path}.{k}") for k, v in given.items())
        return next(filter(None, faults), "")
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        faults = (difference(g, r, path) for g, r in zip(given, read, strict=True))
        return next(filter(None, faults), "")
    same = given == read and isinstance(given, bool) == isinstance(read, bool)
    return "" if given is None or same else f"{path}: {given!r} was given, {read!r} read"
