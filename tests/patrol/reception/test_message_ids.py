"""What is forgotten of messages that name themselves, and what the store need not be asked for."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from patrol.reception.message_ids import MessageIds
from patrol.reception.record import named_gid
from tests.patrol.nodes.running import at

KEPT = 20


def name(second: float, sender: str = "a") -> bytes:
    """Return the name of a message whose content tells a time."""
    return named_gid(sender, f"{sender}|{at(second)}|100.4")


def remembered(seconds: list[float]) -> MessageIds:
    message_ids = MessageIds()
    for second in seconds:
        message_ids.entries[name(second)] = at(second), f"r{second}", name(second)
        message_ids.trim(KEPT)
    return message_ids


def test_current_receptions_are_not_looked_up_and_forgotten_ones_are() -> None:
    message_ids = remembered([float(second) for second in range(100)])
    assert [second for second in range(120) if message_ids.may_miss(name(second))] == list(
        range(80)
    )


def test_any_order_misses_nothing_that_was_forgotten() -> None:
    seconds = [float(second) for second in range(300)]
    random.Random(7).shuffle(seconds)
    message_ids = remembered(seconds)
    for second in seconds:
        assert message_ids.entries.get(name(second)) is not None or message_ids.may_miss(
            name(second)
        )


@pytest.mark.parametrize("many", [False, True])
def test_names_that_sort_ahead_cost_the_others_nothing(many: bool) -> None:
    message_ids = MessageIds()
    wrong = f"{at(0) + timedelta(days=20)}"
    ahead = [named_gid("c", f"{wrong}|{number}") for number in range(10 if many else 3)]
    ahead.append(next(gid for n in range(999) if (gid := named_gid("b", f"id:{n}")) > name(1e6)))
    for number, gid in enumerate(ahead):
        message_ids.entries[gid] = at(number), "r", gid
    for second in range(100):
        message_ids.entries[name(second)] = at(second), "r", name(second)
    message_ids.trim(KEPT)
    assert len(message_ids.entries) == KEPT
    assert not message_ids.may_miss(name(1000))
    for gid in ahead:
        assert message_ids.entries.get(gid) is not None or message_ids.may_miss(gid)
    assert message_ids.may_miss(name(1))


def test_what_is_taken_back_is_asked_for() -> None:
    message_ids = remembered([1.0, 2.0])
    assert not message_ids.may_miss(name(2))
    message_ids.forget(name(2))
    assert message_ids.may_miss(name(2))
    assert not message_ids.may_miss(name(3))
    message_ids.forget_all()
    assert message_ids.may_miss(name(3))
