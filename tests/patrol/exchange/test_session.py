"""Sessions: what is new is taken once, in any order; what is old, or another's, is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from patrol.exchange.envelope import EnvelopeRefused, NodeEnvelope
from patrol.exchange.session import WINDOW, ExchangeSession, ReplayWindow

AT = datetime(2026, 12, 2, 12, tzinfo=UTC)


def met() -> tuple[ExchangeSession, ExchangeSession]:
    """Return the sessions of two nodes that know each other's."""
    hx, ck = ExchangeSession("hx", "ck", "session hx"), ExchangeSession("ck", "hx", "session ck")
    assert not ck.accept(hx.envelope("hello", b"", AT))
    assert hx.accept(ck.envelope("hello", b"", AT, to_session=hx.name))
    assert ck.accept(hx.envelope("hello", b"", AT))
    return hx, ck


def code_of(session: ExchangeSession, envelope: NodeEnvelope) -> str:
    """Return why an envelope is refused."""
    with pytest.raises(EnvelopeRefused) as raised:
        session.accept(envelope)
    return raised.value.code


def test_two_that_meet_know_each_others_session() -> None:
    hx, ck = met()
    assert (hx.other_name, ck.other_name) == (ck.name, hx.name)


def test_a_first_hello_proves_nothing() -> None:
    hx, ck = ExchangeSession("hx", "ck", "session hx"), ExchangeSession("ck", "hx", "session ck")
    hello = hx.envelope("hello", b"", AT)
    assert not ck.accept(hello)
    assert not ck.accept(hello)
    assert ck.other_name == ""
    assert code_of(ck, hx.envelope("note", b"", AT)) == "session"


@given(st.permutations(range(20)), st.data())
def test_each_is_taken_once_in_any_order(order: list[int], data: st.DataObject) -> None:
    hx, ck = met()
    made = [hx.envelope("note", b"", AT) for _ in order]
    for place in order:
        assert ck.accept(made[place])
        again = made[data.draw(st.sampled_from(order[: order.index(place) + 1]))]
        assert code_of(ck, again) == "replay"


def test_what_comes_far_too_late_is_refused() -> None:
    hx, ck = met()
    late = hx.envelope("note", b"", AT)
    for _ in range(WINDOW):
        assert ck.accept(hx.envelope("note", b"", AT))
    assert code_of(ck, late) == "replay"


def test_another_start_of_either_is_another_session() -> None:
    hx, ck = met()
    recorded = hx.envelope("note", b"", AT)
    again = ExchangeSession("ck", "hx", "session ck 2")
    assert code_of(again, recorded) == "session"
    anew = ExchangeSession("hx", "ck", "session hx 2")
    assert anew.accept(ck.envelope("hello", b"", AT, to_session=anew.name))
    assert ck.accept(anew.envelope("hello", b"", AT))
    assert ck.other_name == anew.name


def test_what_is_for_another_is_refused() -> None:
    hx, ck = met()
    made = hx.envelope("note", b"", AT)
    assert code_of(ck, replace(made, to_node="vientiane")) == "not_for_us"
    assert code_of(ck, replace(made, from_node="ck")) == "not_for_us"
    assert code_of(ck, replace(made, to_session="another session")) == "session"
    assert code_of(ck, replace(made, sequence=0)) == "unreadable"
    assert code_of(ck, replace(made, sequence=-1)) == "unreadable"
    assert code_of(ck, replace(made, session="")) == "unreadable"
    assert ck.accept(made)


def test_a_refused_envelope_uses_up_no_number() -> None:
    hx, ck = met()
    made = hx.envelope("note", b"", AT)
    assert code_of(ck, replace(made, to_node="vientiane")) == "not_for_us"
    assert ck.accept(made)


@given(st.lists(st.integers(1, 3 * WINDOW), max_size=200))
def test_the_window_agrees_with_a_set(numbers: list[int]) -> None:
    window, seen = ReplayWindow(), set[int]()
    for each in numbers:
        newest = max(seen, default=0)
        assert window.take(each) == (each not in seen and each > newest - WINDOW)
        if each > newest - WINDOW:
            seen.add(each)
