"""What decides how long the tests take side by side: their order, and numba's threads."""

from pathlib import Path

import numba

TESTS = Path(__file__).parent
ORDER = (
    # They compile the loops; runs of the workflow take these over.
    *("unit/geometry", "unit/regression", "unit/strategies"),
    # The longest; all others fill what time is left.
    *("workflow", "faults", "browser"),
)


def pytest_configure():
    """Run numba's loops on one thread: several wait busily, in the way of the tests beside."""
    numba.set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Sort the tests by the folders of `ORDER`, then as they were found."""

    def place(item):
        folder = item.path.parent.relative_to(TESTS).as_posix()
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items.sort(key=place)
