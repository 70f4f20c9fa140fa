"""The table of strategies, which `make strategies` prints and docs/strategies.md shows."""

from pathlib import Path

from ntkcpl.strategies import strategy_class
from ntkcpl.strategies.__main__ import needs, table


def test_what_is_needed_may_depend_on_the_feature():
    expected = {
        "random": "–",
        "margin": "classifier",
        "typiclust": "clusters",
        "ntkcpl": "clusters",
        "coreset": "classifier (al)",
    }
    assert {method: needs(strategy_class(method)) for method in expected} == expected


def test_the_document_shows_the_table():
    text = Path("docs/strategies.md").read_text(encoding="utf-8")
    shown = "".join(line for line in text.splitlines(keepends=True) if line.startswith("|"))
    assert shown == table() + "\n", (
        "docs/strategies.md is out of date: put what `make strategies` prints in its table's place"
    )
