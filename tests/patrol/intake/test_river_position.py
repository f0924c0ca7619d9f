"""Placing: kilometres for all, a whole address for the newest of each sender, faults told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from structlog.testing import capture_logs

from gis.address.address import Address
from patrol.filing.writer_lock import WriterTurn
from patrol.intake.batch import Batch
from patrol.intake.river_position import OnRiver, RiverPositioner
from patrol.reception.record import Record, record_of
from tests.patrol.nodes.running import said

Floats = Sequence[float]


def records(*seconds: tuple[str, float]) -> list[Record]:
    """Return records of senders, so many seconds after the start."""
    return [
        record_of(said(sender, at), lambda transmission, _: transmission.address)
        for sender, at in seconds
    ]


def batch(records: list[Record]) -> Batch:
    return Batch(WriterTurn(), (), datetime.now(UTC), new=records)


def locate(lons: Floats, lats: Floats, accuracy_m: Sequence[float | None]) -> list[OnRiver]:
    del lats, accuracy_m
    return [(2356.0, "left") for _ in lons]


def describe(
    lons: Floats, lats: Floats, accuracy_m: Sequence[float | None]
) -> list[tuple[OnRiver, Address]]:
    del lats, accuracy_m
    return [((2356.5, None), Address(river="Mekong", km=2356.5)) for _ in lons]


def test_the_newest_of_a_sender_gets_an_address_and_the_others_a_kilometre() -> None:
    heard = records(("a", 0), ("a", 2), ("a", 1), ("b", 0))
    RiverPositioner(locate, describe).locate(batch(heard))
    assert [record.place is not None for record in heard] == [False, True, False, True]
    assert [record.river_km for record in heard] == [2356.0, 2356.5, 2356.0, 2356.5]
    assert [record.bank for record in heard] == ["left", None, "left", None]


def test_without_addresses_all_have_their_kilometre_and_without_both_nothing() -> None:
    heard = records(("a", 0), ("b", 0))
    RiverPositioner(locate, None).locate(batch(heard))
    assert [(record.river_km, record.place) for record in heard] == [(2356.0, None)] * 2
    bare = records(("a", 0))
    RiverPositioner(None, None).locate(batch([*bare]))
    RiverPositioner(locate, describe).locate(batch([]))
    assert bare[0].river_km is None


def test_a_place_is_asked_for_again_once_its_sender_has_moved_by_a_metre() -> None:
    asked: list[float] = []

    def counted(
        lons: Floats, lats: Floats, accuracy_m: Sequence[float | None]
    ) -> list[tuple[OnRiver, Address]]:
        asked.extend(lats)
        return describe(lons, lats, accuracy_m)

    placing = RiverPositioner(locate, counted)
    lats = (20.27, 20.270005, 20.269995, 20.27001, 20.270011)
    heard = [
        record_of(said("a", at, lat=lat), lambda transmission, _: transmission.address)
        for at, lat in enumerate(lats)
    ]
    for record in heard:
        placing.locate(batch([record]))
    assert asked == [20.27, 20.27001]
    assert [record.place for record in heard] == [Address(river="Mekong", km=2356.5)] * 5
    assert [record.river_km for record in heard] == [2356.5] * 5
    both = [*records(("a", 8)), *records(("a", 9))]
    for record in both:
        record.transmission = msgspec.structs.replace(
            record.transmission, position=heard[-1].transmission.position
        )
    placing.locate(batch(both))
    assert len(asked) == 2
    assert [record.place is None for record in both] == [True, False]


def test_what_carries_no_position_is_left_alone() -> None:
    silent = record_of(said("a", 0, lon=None), lambda transmission, _: transmission.address)
    [spoken] = records(("b", 0))
    RiverPositioner(locate, describe).locate(batch([silent, spoken]))
    assert (silent.river_km, silent.place) == (None, None)
    assert spoken.river_km == 2356.5


def test_a_fault_is_logged_and_no_more() -> None:
    def broken(*_: object) -> list[OnRiver]:
        raise ZeroDivisionError

    heard = records(("a", 0))
    with capture_logs() as logs:
        RiverPositioner(broken, None).locate(batch(heard))
    assert [each["log_level"] for each in logs] == ["error"]
    assert heard[0].river_km is None
