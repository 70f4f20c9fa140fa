from ntkcpl.reporting.look import BLACK, STRATEGIES, display_name, look


def test_known_strategies_look_different() -> None:
    curves = {(known.colour, known.marker) for known in STRATEGIES.values()}
    names = {known.name for known in STRATEGIES.values()}
    assert len(curves) == len(names) == len(STRATEGIES)


def test_look_of_other_names_depends_on_the_name_alone() -> None:
    names = [f"ntkcpl_al_c{number}" for number in (50, 100, 200, 500)]
    assert [look(name) for name in names] == [look(name) for name in names[::-1]][::-1]
    assert look("ntkcpl_al_c50").line not in [known.line for known in STRATEGIES.values()]
    assert len({look(name) for name in names}) == len(names)
    # The same on every machine and in every process, unlike Python's own hash of a text.
    assert look("ntkcpl_al_c50")[1:3] == (BLACK, "p")


def test_a_name_of_the_users_own_stays_as_it_is() -> None:
    assert display_name("ntkcpl_self") == "NTKCPL (self)"
    assert display_name("ntkcpl_al_c50") == "ntkcpl_al_c50"
