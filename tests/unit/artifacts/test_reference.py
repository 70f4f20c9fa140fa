"""The paper's numbers as they are read from the checkout."""

import hashlib
from pathlib import Path

import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.reference import (
    ACCURACY,
    CLAIMS,
    label_counts,
    read_claims,
    read_curves,
    read_effective_budget,
)
from ntkcpl.reporting.look import STRATEGIES


def test_curves_are_those_of_tables_1_and_4_to_7() -> None:
    curves = read_curves()
    assert len(curves) == 368
    assert set(curves["strategy"]) <= STRATEGIES.keys()
    assert curves["mean"].between(0, 1).all()
    assert (curves["std"] > 0).all()
    assert set(curves["seeds"]) == {5}
    assert not curves.duplicated(["experiment", "strategy", "labels"]).any()
    first = curves[(curves["experiment"] == "cifar10") & (curves["strategy"] == "ntkcpl_self")]
    assert first.iloc[0][["labels", "mean", "std"]].tolist() == pytest.approx([20, 0.5431, 0.0374])
    # Every experiment has each of its strategies at each of its numbers of labels.
    for experiment, table in curves.groupby("experiment"):
        assert set(table["labels"]) == set(label_counts()[experiment])
        assert len(table) == table["strategy"].nunique() * table["labels"].nunique()


def test_curves_take_the_names_of_our_experiments() -> None:
    curves = read_curves(ACCURACY, {"weak": "cifar10", "strong": "cifar10", "birds": "pets"})
    assert curves["experiment"].value_counts().to_dict() == {"weak": 96, "strong": 96, "birds": 80}
    assert list(curves.columns) == list(read_curves().columns)
    assert read_curves(ACCURACY, {}).empty


def test_claims_are_of_strategies_and_label_counts_that_the_paper_has() -> None:
    curves = read_curves()
    for experiment, labels in label_counts().items():
        ran = set(curves.loc[curves["experiment"] == experiment, "strategy"])
        claims = read_claims(CLAIMS, experiment)
        assert len(claims) > 4
        for claim in claims:
            assert {claim.strategy, claim.rival} <= ran
            assert {claim.first, claim.last} <= {None, *labels}


def test_a_claim_of_an_unknown_kind(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text("experiment,section,kind,strategy,rival,first,last\ntoy,4,above,a,b,,\n")
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{checksum}  claims.csv\n")
    with pytest.raises(ArtifactError, match=r"claims.csv has a claim with a wrong kind: restore"):
        read_claims(path, "toy")


def test_table_2_is_a_share() -> None:
    printed = read_effective_budget()
    assert printed == pytest.approx({"typiclust": 0.408, "badge": 0.42, "ntkcpl_al": 0.927})


def test_a_table_that_is_missing_or_was_changed(tmp_path: Path) -> None:
    path = tmp_path / ACCURACY.name
    with pytest.raises(ArtifactError, match=r"accuracy.csv or its SHA256SUMS cannot be read: rest"):
        read_curves(path)
    path.write_bytes(ACCURACY.read_bytes().replace(b"54.31", b"64.31"))
    (tmp_path / "SHA256SUMS").write_bytes(ACCURACY.with_name("SHA256SUMS").read_bytes())
    with pytest.raises(ArtifactError, match=r"accuracy.csv does not fit its SHA256SUMS: restore"):
        read_curves(path)
    path.write_bytes(ACCURACY.read_bytes())
    assert len(read_curves(path)) == 368
