from pathlib import Path

import numpy as np
import pandas as pd

from ntkcpl.reporting.plots import plot_pretraining, save


def history() -> pd.DataFrame:
    return pd.DataFrame(
        {"epoch": [1, 2, 3], "loss": [0.1, -0.2, -0.3], "knn_accuracy": [np.nan, 0.5, 0.75]}
    )


def test_pretraining_shows_only_monitored_epochs() -> None:
    loss, knn = plot_pretraining(history()).axes
    assert list(loss.lines[0].get_ydata()) == [0.1, -0.2, -0.3]
    assert list(knn.lines[0].get_xdata()) == [2, 3]
    assert list(knn.lines[0].get_ydata()) == [50, 75]


def test_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    files = ("pretraining.pdf", "pretraining.png")
    for folder in ("a", "b"):
        save(plot_pretraining(history()), *(tmp_path / folder / name for name in files))
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == list(files)
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / files[0]).read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in (tmp_path / "a" / files[0]).read_bytes()
