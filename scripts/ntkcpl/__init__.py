"""NTKCPL and the active-learning strategies it is compared with.

The library behind the workflow, which it knows nothing of. `docs/method.md` says what it
computes and why, `docs/artifacts.md` what each file holds.
"""

__version__ = "0.1.0"
