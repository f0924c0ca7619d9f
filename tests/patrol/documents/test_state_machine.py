"""Every life: each legal step is taken, every other refused in clear words; the docs print them."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import patrol
from patrol.documents.state_machine import Lifecycle
from patrol.documents_registry.state_tables import LIVES, in_documentation
from patrol.errors.errors import Conflict, IllegalStep

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)
tables = st.dictionaries(st.tuples(names, names), names, min_size=1, max_size=20)

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "states.md"


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_every_step_of_the_table_is_taken_and_every_other_is_refused(life: Lifecycle) -> None:
    taken = refused = 0
    for state in life.states:
        for act in (*life.acts, "smash", ""):
            if (state, act) in life.steps:
                assert life.next_state(state, act) == life.steps[state, act]
                taken += 1
                continue
            with pytest.raises(IllegalStep) as told:
                life.next_state(state, act)
            refused += 1
            assert isinstance(told.value, Conflict)  # 409 over HTTP
            assert told.value.possible == life.possible(state)
            text = str(told.value)
            assert life.name in text
            assert state in text
            for way in life.possible(state):
                assert way in text
            assert ("nothing changes it any more" in text) is life.is_end(state)
    assert taken == len(life.steps)
    assert refused > 0


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_every_state_is_reached_and_comes_to_an_end(life: Lifecycle) -> None:
    reached = {life.start}
    while (
        more := {after for (before, _), after in life.steps.items() if before in reached} - reached
    ):
        reached |= more
    assert reached == set(life.states)
    ending = {state for state in life.states if life.is_end(state)}
    while more := {before for (before, _), after in life.steps.items() if after in ending} - ending:
        ending |= more
    # What never ends by itself (an agreement in force, say) must at least have a way on.
    for state in set(life.states) - ending:
        assert life.possible(state)


@given(start=names, steps=tables)
def test_any_table_holds_for_itself(start: str, steps: dict[tuple[str, str], str]) -> None:
    life = Lifecycle("thing", start, steps)
    assert set(life.states) == {start} | {s for s, _ in steps} | set(steps.values())
    for state in life.states:
        for act in life.acts:
            if (state, act) in steps:
                assert life.next_state(state, act) == steps[state, act]
            else:
                with pytest.raises(IllegalStep, match="cannot be changed"):
                    life.next_state(state, act)
    with pytest.raises(TypeError):
        life.steps[start, "x"] = "y"  # type: ignore[index]


@given(start=names, steps=tables)
def test_a_table_is_not_changed_by_what_it_was_made_from(
    start: str, steps: dict[tuple[str, str], str]
) -> None:
    given_steps = dict(steps)
    life = Lifecycle("thing", start, given_steps)
    given_steps.clear()
    assert dict(life.steps) == steps


def test_the_documentation_prints_the_tables_as_they_are() -> None:
    """`python -m patrol.documents_registry.state_tables > docs/reference/states.md` mends it."""
    assert DOCUMENT.read_text() == in_documentation()


def test_no_table_is_missing() -> None:
    found = set()
    for module in pkgutil.walk_packages(patrol.__path__, "patrol."):
        if not module.ispkg and not module.name.startswith("patrol.store."):
            values = vars(importlib.import_module(module.name)).values()
            found |= {value for value in values if isinstance(value, Lifecycle)}
    assert found == set(LIVES)


def test_names_of_lives_differ() -> None:
    assert len({life.name for life in LIVES}) == len(LIVES)
