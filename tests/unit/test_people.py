"""Simulated people err and skip as often as they are said to, and never change their minds."""

import numpy as np
from people import Person

TRUTH = {f"{n}.png": "abc"[n % 3] for n in range(2000)}


def test_shares_and_constancy():
    anna = Person("anna", TRUTH, wrong=0.1, skips=0.2)
    said = anna.answer(TRUTH)
    assert np.isclose(np.mean([label is None for label in said.values()]), 0.2, atol=0.03)
    answered = [image for image, label in said.items() if label is not None]
    assert np.isclose(np.mean([said[i] != TRUTH[i] for i in answered]), 0.1, atol=0.03)
    assert anna.answer(answered[:7]) == {i: said[i] for i in answered[:7]}
    assert list(anna.answer(TRUTH, most=3)) == list(TRUTH)[:3]
    assert Person("ben", TRUTH, wrong=0.1, skips=0.2).answer(TRUTH) != said
    assert Person("ben", TRUTH).answer(TRUTH) == TRUTH
