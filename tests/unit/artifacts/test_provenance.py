"""Files say where they come from, and those from elsewhere are refused."""

import json

import pytest

from ntkcpl.artifacts import provenance
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.provenance import Provenance, check_origin, place_of

ROUND = ("digits", "random", 0, 2)
PATH = "results/digits/random/seed0/round2/clusters.h5"


def refused(path=PATH, made=None, expected=None, **changes):
    """Return why a file is refused."""
    found = (made or Provenance(identity=ROUND)).attributes("clusters") | changes
    with pytest.raises(ArtifactError) as caught:
        check_origin(path, "clusters", found, expected)
    message = str(caught.value)
    assert message.startswith(f"{path} ") and message.endswith(": move it away and run again")
    return message


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (PATH, ROUND),
        (f"/a/results/b/{PATH}", ROUND),
        ("results/digits/random/seed12/kernels.csv", ("digits", "random", 12)),
        ("x/results/digits/features.h5", ("digits",)),
        ("features.h5", ()),
        ("my-results/digits/features.h5", ()),
    ],
)
def test_the_folders_say_the_place(path, place):
    assert place_of(path) == place


@pytest.mark.parametrize("identity", [ROUND, ROUND[:1], (), ROUND[:3]])
def test_a_file_in_its_place_is_accepted(identity):
    attributes = Provenance(identity=identity).attributes("clusters")
    check_origin(PATH, "clusters", attributes)
    check_origin("clusters.h5", "clusters", attributes)


@pytest.mark.parametrize("changed", range(4))
def test_a_file_of_another_place_is_refused(changed):
    identity = list(ROUND)
    identity[changed] = 7 if changed > 1 else "other"
    message = refused(made=Provenance(identity=tuple(identity)))
    assert f"is of {' '.join(map(str, identity))}:" in message


def test_a_file_of_other_settings_or_inputs_is_refused():
    made = Provenance('{"a":1,"b":{"c":2}}', {"features": "f", "labels": ["l", "m"]})
    expected = Provenance('{"b":{"c":2}}', {"labels": ["l", "m"]})
    check_origin("x.h5", "clusters", made.attributes("clusters"), expected)
    assert "other settings of b" in refused("x.h5", made, Provenance('{"b":{"c":3}}'))
    for inputs in ({"labels": ["l"]}, {"labels": ["m", "l"]}, {"labels": "l"}):
        assert "another labels than" in refused("x.h5", made, Provenance(inputs=inputs))
    assert "another classifier" in refused("x.h5", made, Provenance(inputs={"classifier": "x"}))


def test_a_file_of_another_kind_or_version_or_without_origin_is_refused():
    assert "but holds ntkcpl/views" in refused(format="ntkcpl/views")
    assert "has format version 1, this code reads 2" in refused(format_version=1)
    assert "does not say where it comes from" in refused(inputs="{")
    assert "does not say where it comes from" in refused(identity=None)


def test_only_the_libraries_that_are_installed_have_versions(monkeypatch):
    monkeypatch.setattr(provenance, "LIBRARIES", ("numpy", "no-such-library"))
    assert provenance.library_versions().keys() == {"python", "numpy"}


def test_without_git_the_revision_is_the_package_s(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.code_revision.__wrapped__() == provenance.__version__
    assert json.loads(Provenance().attributes("views")["identity"]) == []
