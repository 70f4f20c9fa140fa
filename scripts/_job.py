"""What every job needs of its process: a log, and one sentence on the terminal if it fails."""

import logging
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType


def is_first_process() -> bool:
    """Return whether this is not one that Lightning started for a further device."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def log_to(path: str | Path) -> None:
    """Send this process's log to `path`, from now on, and an uncaught exception too.

    An exception's traceback goes to the log; standard error gets one line with the cause and
    the path of the log.
    """
    logging.basicConfig(
        filename=path,
        # Lightning runs the whole script again for each further device: their lines are added.
        filemode="w" if is_first_process() else "a",
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s: %(message)s",
    )
    logging.captureWarnings(True)
    # Where there is no room for the log, what the job itself says is enough.
    logging.raiseExceptions = False

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        logging.getLogger(__name__).error(
            "uncaught exception\n%s", "".join(traceback.format_exception(kind, error, trace))
        )
        cause = " ".join(str(error).split()) or kind.__name__
        print(f"\n{Path(path).stem} failed: {cause} (log: {path})", file=sys.stderr)

    sys.excepthook = report
