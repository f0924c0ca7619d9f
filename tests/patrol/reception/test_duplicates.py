"""One radio message heard by several gateways is one message, and who heard it is kept."""

from __future__ import annotations

from collections.abc import Sized
from itertools import permutations
from typing import Any

import pytest

from patrol.reception.duplicates import Duplicates
from patrol.reception.record import record_of
from radio_gateway.messages.transmission import Signal, Transmission
from tests.patrol.nodes.running import Node, address, at, said


def heard_by(channel: str, second: float, **more: Any) -> Transmission:
    return said(
        "a",
        second,
        device_time=None,
        channel=channel,
        duplicate_key="!AIVDM,1",
        duplicate_window_s=3.0,
        **more,
    )


async def test_one_message_over_three_channels_is_stored_once_with_all_receivers(
    node: Node,
) -> None:
    await node.hear(
        heard_by("hill", 1),
        heard_by("boat", 1.5, signal=Signal(rssi_dbm=-80.0, snr_db=9.5)),
        heard_by("pier", 2),
    )
    assert [row["channel"] for row in node.rows("SELECT channel FROM transmissions")] == ["hill"]
    also = node.rows(
        "SELECT channel, rssi_dbm, snr_db, agency, origin FROM also_heard ORDER BY channel"
    )
    assert [tuple(row) for row in also] == [
        ("boat", -80.0, 9.5, "la-hx", "node-hx"),
        ("pier", None, None, "la-hx", "node-hx"),
    ]
    (radio,) = await node.desk().visible.unknown_radios()
    assert (radio.count, radio.channels) == (1, ("boat", "hill", "pier"))


async def test_it_is_shown_once(node: Node) -> None:
    subscription = node.desk().visible.subscribe()
    await subscription.take(0.1)
    await node.hear(heard_by("hill", 1), heard_by("pier", 1.2))
    (frame,) = await subscription.take(0.1)
    assert frame.count(b'"lon"') == 2  # its state and its position
    await node.hear(heard_by("boat", 1.3))
    assert b'"beat"' in (await subscription.take(0.05))[0]


async def test_the_same_words_after_the_window_are_a_new_message(node: Node) -> None:
    await node.hear(heard_by("hill", 1), heard_by("hill", 601))
    assert len(node.rows("SELECT * FROM transmissions")) == 2


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_arrival_does_not_change_what_is_one_message(order: tuple[int, ...]) -> None:
    # two messages of the same words ten minutes apart, each heard twice
    transmissions = [
        heard_by("hill", 0),
        heard_by("pier", 2),
        heard_by("hill", 600),
        heard_by("pier", 601),
    ]
    duplicates = Duplicates()
    groups: dict[bytes, set[float]] = {}
    for number in order:
        record = record_of(transmissions[number], lambda message, _time: message.address)
        original = duplicates.original(record) or record.gid
        groups.setdefault(original, set()).add(
            (transmissions[number].heard_at - at(0)).total_seconds()
        )
    assert sorted(map(sorted, groups.values())) == [[0, 2], [600, 601]]


async def test_two_radios_that_say_the_same_words_are_two(node: Node) -> None:
    await node.hear(
        heard_by("hill", 1), said("b", 1, duplicate_key="!AIVDM,1", duplicate_window_s=3.0)
    )
    assert len(node.rows("SELECT * FROM transmissions")) == 2


async def test_a_message_that_names_itself_is_one_however_much_later_it_comes(node: Node) -> None:
    own: dict[str, Any] = {"duplicate_key": "id-7", "duplicate_window_s": None}
    await node.hear(said("a", 1, channel="hill", **own))
    await node.hear(said("a", 1, heard=4000, channel="pier", **own))
    assert len(node.rows("SELECT * FROM transmissions")) == 1
    assert len(node.rows("SELECT * FROM also_heard")) == 1


async def test_duplicates_are_still_known_after_a_restart(node: Node) -> None:
    own: dict[str, Any] = {"duplicate_key": "id-7", "duplicate_window_s": None}
    await node.hear(heard_by("hill", 1), said("b", 1, **own))
    again = await node.again()
    await again.hear(heard_by("pier", 2), said("b", 1, heard=3, channel="pier", **own))
    assert len(again.rows("SELECT * FROM transmissions")) == 2
    assert len(again.rows("SELECT * FROM also_heard")) == 2
    await again.stop()


async def test_what_a_link_hands_over_again_after_a_restart_is_known_without_a_key(
    node: Node,
) -> None:
    first = said("a", 1, lon=None, status="ok", channel="mqtt", raw=b"ok")
    await node.hear(first, said("b", 1, lon=None, status="ok", channel="mqtt", raw=b"ok"))
    again = await node.again()

    def handed_over(second: float, **more: Any) -> Transmission:
        return said(
            "a", second, lon=None, status="ok", channel="mqtt", raw=b"ok", resent=True, **more
        )

    count = "SELECT * FROM transmissions"
    await again.hear(handed_over(60))
    assert len(again.rows(count)) == 2
    assert again.rows("SELECT * FROM also_heard") == []
    await again.hear(handed_over(60, distress=True))  # rather twice than not at all
    assert len(again.rows(count)) == 3
    await again.hear(said("a", 61, lon=None, status="ok", channel="mqtt", raw=b"ok"))
    assert len(again.rows(count)) == 4  # said again, not handed over again
    await again.hear(handed_over(2 * 86_400.0))
    assert len(again.rows(count)) == 5
    await again.stop()


async def test_a_link_that_hands_over_a_day_later_brings_something_new(node: Node) -> None:
    await node.hear(heard_by("mqtt", 1))
    await node.hear(heard_by("mqtt", 80_000, resent=True))
    assert len(node.rows("SELECT * FROM transmissions")) == 1
    await node.hear(heard_by("mqtt", 100_000, resent=True))
    assert len(node.rows("SELECT * FROM transmissions")) == 2


def test_memory_is_bounded() -> None:
    duplicates = Duplicates(remembered=10)
    for number in range(100):
        for window_s in (3.0, None):
            message = said("a", number, duplicate_key=str(number), duplicate_window_s=window_s)
            duplicates.original(record_of(message, lambda said, _time: said.address))
    for number in range(100):  # the same words again and again
        message = said("a", number * 60, duplicate_key="moored")
        duplicates.original(record_of(message, lambda said, _time: said.address))
        message = said("a", number * 60, raw=str(number).encode())
        duplicates.original(record_of(message, lambda said, _time: said.address))
        duplicates.receptions[message.reception_id] = message.heard_at
    sizeds: tuple[Sized, ...] = (
        duplicates.by_raw.entries,
        duplicates.message_ids.entries,
        duplicates.by_content.entries,
        duplicates.receptions,
    )
    moored = (address(), "moored")
    assert len(duplicates.by_content.entries[moored].receptions) == 100  # not on disk yet
    assert all(len(each) >= 100 for each in sizeds)
    duplicates.settle()
    assert [len(each) for each in sizeds] == [3, 3, 3, 10]  # of 10, each kind its share
    assert [known.heard_at for known in duplicates.by_content.entries[moored].receptions] == [
        at(number * 60) for number in range(92, 100)
    ]


def test_what_is_rare_takes_its_share_of_memory_and_no_room_of_its_own() -> None:
    duplicates = Duplicates(remembered=1000)
    kinds: tuple[Sized, ...] = (
        duplicates.message_ids.entries,
        duplicates.by_content.entries,
        duplicates.by_raw.entries,
    )
    for second in range(20_000):  # one in ten has no key, one in twenty is told by when it is heard
        own: dict[str, Any] = {"duplicate_key": str(second), "duplicate_window_s": None}
        if second % 10 == 0:
            own = {"raw": str(second).encode()}
        elif second % 20 == 1:
            own = {"duplicate_key": str(second)}
        duplicates.original(record_of(said("a", second, **own), lambda said, _time: said.address))
        duplicates.settle()
        assert sum(len(kind) for kind in kinds) <= 1018  # one in 64 more gather before they go
    named, by_content, by_raw = (len(kind) for kind in kinds)
    assert named == pytest.approx(850, rel=0.05)
    assert by_content == pytest.approx(50, abs=20)
    assert by_raw == pytest.approx(100, abs=20)


def test_what_was_not_stored_is_new_when_it_comes_again() -> None:
    duplicates = Duplicates()
    for key, window_s in (("k", 3.0), ("k", None), (None, 3.0)):
        record = record_of(
            said("a", 1, duplicate_key=key, duplicate_window_s=window_s, resent=key is None),
            lambda message, _time: message.address,
        )
        assert duplicates.original(record) is None
        assert duplicates.original(record) == record.gid
        duplicates.forget([record])
        assert duplicates.original(record) is None
