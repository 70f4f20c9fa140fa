"""Conventions of the rules that `snakemake --lint` does not look at."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
RULE = re.compile(r"^(?:use rule \w+ as (\w+) with|rule (\w+)):\n((?:(?: .*)?\n)*)", re.MULTILINE)


def test_every_rule_says_what_it_does():
    files = [REPOSITORY / "Snakefile", *(REPOSITORY / "rules").glob("*.smk")]
    rules = [found for file in files for found in RULE.finditer(file.read_text())]
    assert len(rules) > 50
    assert [r[1] or r[2] for r in rules if "\n    message:\n" not in r[3]] == []
