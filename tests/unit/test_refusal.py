"""Sentences fit, whatever they name: the file at their beginning and the fix at their end stay."""

import pytest

from ntkcpl.refusal import LONGEST, Refusal, fitting


@pytest.mark.parametrize("length", [0, 1, LONGEST])
def test_a_sentence_that_fits_stays_as_it_is(length):
    assert fitting("x" * length) == "x" * length


@pytest.mark.parametrize("length", [LONGEST + 1, 10_000])
def test_of_a_longer_one_the_middle_is_left_out(length):
    said = str(Refusal(f"my/file.csv holds {'x' * length}: write it again"))
    assert len(said) == LONGEST and "x…x" in said
    assert said.startswith("my/file.csv holds x") and said.endswith("x: write it again")
