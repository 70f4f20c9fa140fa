"""Figures and table of the fidelity studies."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from ntkcpl.fidelity import RIDGES, SCALINGS, SECOND_CLASSIFIER, WIDTHS
from ntkcpl.reporting.fidelity import (
    default_variant,
    kernel_table,
    mean_agreement,
    plot_kernels,
)
from ntkcpl.reporting.tables import markdown


@pytest.fixture
def comparison():
    rows = [
        (seed, str(width), scaling, ridge, labels, 0.5 + 0.01 * seed, 0.4)
        for seed, width, scaling, ridge, labels in product(
            (0, 1), WIDTHS, SCALINGS, RIDGES, (20, 100)
        )
    ]
    rows += [
        (seed, SECOND_CLASSIFIER, "", np.nan, n, 0.9, 0.4) for seed in (0, 1) for n in (20, 100)
    ]
    names = ["seed", "kernel", "scaling", "ridge", "labels", "agreement", "accuracy"]
    return pd.DataFrame(rows, columns=names)


def test_default_variant_is_among_the_compared():
    default = default_variant()
    assert default["kernel"] in map(str, WIDTHS)
    assert default["scaling"] in SCALINGS and default["ridge"] in RIDGES


def test_mean_is_over_seeds(comparison):
    mean = mean_agreement(comparison)
    assert len(mean) == 2 * (len(WIDTHS) * len(SCALINGS) * len(RIDGES) + 1)
    kernels = mean[mean["kernel"] != SECOND_CLASSIFIER]
    np.testing.assert_allclose(kernels["agreement"], 0.505)
    np.testing.assert_allclose(kernels["agreement_std"], np.std([0.5, 0.51], ddof=1))
    assert (mean["seeds"] == 2).all()


def test_table_changes_one_thing_a_row(comparison):
    chosen = comparison["ridge"].eq(1.0) & comparison["labels"].eq(20)
    comparison.loc[chosen, "agreement"] += 0.2
    table = kernel_table(comparison)
    assert len(table.text) == 2 + len(WIDTHS) + len(SCALINGS) + len(RIDGES) - 3
    assert list(table.text.columns) == [20, 100]
    assert table.text.loc["ridge 1.0", 20] == "70.5±0.7"
    assert table.rank.loc["ridge 1.0", 20] == 1
    assert table.rank.loc[SECOND_CLASSIFIER, 20] == 0  # it is no kernel
    assert "| default" in markdown(table)


def test_kernels_figure_has_a_panel_for_each_scaling_and_change(comparison):
    figure = plot_kernels(comparison, "title")
    panels = figure.axes
    assert len(panels) == 2 * len(SCALINGS)
    assert len(panels[0].lines) == len(WIDTHS) + 1
    assert len(panels[-1].lines) == len(RIDGES) + 1
