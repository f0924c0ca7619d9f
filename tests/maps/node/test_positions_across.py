"""Positions between two whole nodes: shown at the other side as in one node, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from patrol.alerts.alert import Alert
from tests.fixtures import patience
from tests.maps.node.paired_nodes import desk, paired_nodes
from tests.maps.node.shared_units import (
    launch,
    report,
    sharing_nodes,
    sign,
    terms,
    times_of,
    visible,
)
from tests.maps.servers.running import Running


async def test_units_of_the_other_office_are_seen_with_their_own_times(tmp_path: Path) -> None:
    async with sharing_nodes(tmp_path) as (hx, ck):
        (naga,) = await launch(hx, "Naga 1")
        at = datetime.now(UTC)
        sent = [
            report(naga, lon=100.4 + number * 1e-4, at=at + timedelta(milliseconds=number))
            for number in range(5)
        ]
        await hx.office.watch.receive(sent)
        await patience.until(lambda: visible(ck, naga))
        state = visible(ck, naga)
        assert state is not None
        assert state.last is not None
        assert (state.call_sign, state.kind, state.agency, state.country) == (
            "Naga 1", "boat", "la-hx", "LA",
        )  # fmt: skip
        assert (state.last.time, state.last.lon, state.last.lat) == (
            at + timedelta(milliseconds=4), 100.4004, 20.2,
        )  # fmt: skip
        assert (state.last.speed_mps, state.last.course_deg) == (3.25, 91.5)
        assert await times_of(ck, naga) == [each.device_time for each in sent]
        assert state.liveness == "live"


async def nothing_due(_node: str, _room: int) -> tuple[bytes, ...]:
    return ()


async def lon_of(office: Running, unit: str) -> float | None:
    state = visible(office, unit)
    return None if state is None or state.last is None else state.last.lon


async def test_what_was_stored_while_the_link_was_down_comes_whole(tmp_path: Path) -> None:
    async with sharing_nodes(tmp_path) as nodes:
        hx, ck = nodes
        boats = await launch(hx, *(f"Naga {number}" for number in range(20)))
        await hx.office.watch.receive([report(each, lon=100.4) for each in boats])
        await patience.until(lambda: visible(ck, boats[-1]))
        sent: dict[str, list[datetime]] = {each: [] for each in boats}
        at = datetime.now(UTC)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("positions", "newest_positions"):
                patch.setattr(hx.office.counterpart_links.kinds.find(name), "due", nothing_due)
            for number in range(100):
                await hx.office.watch.receive(
                    [
                        report(
                            each, lon=100.4 + number * 1e-4, at=at + timedelta(milliseconds=number)
                        )
                        for each in boats
                    ]
                )
        for each in boats:
            sent[each] = [at + timedelta(milliseconds=number) for number in range(100)]

        async def is_whole() -> bool:
            return [(await times_of(ck, each))[1:] for each in boats] == [*sent.values()]

        await patience.until(is_whole, every_s=0.1)
        assert hx.office.counterpart_positions.sender.refused("ck") == (0, "")


async def test_nothing_leaves_from_the_own_suspension_on_and_nothing_of_it_later(
    tmp_path: Path,
) -> None:
    async with paired_nodes(tmp_path) as nodes:
        hx, ck = nodes
        agreement = await sign(nodes, terms())
        (naga,) = await launch(hx, "Naga 1")
        await hx.office.watch.receive([report(naga, lon=100.4)])
        await patience.until(lambda: visible(ck, naga))
        lao = desk(hx.office, "kham")
        await lao.agreements.suspend(agreement.id, reason="by order")
        for number in range(5):
            await hx.office.watch.receive([report(naga, lon=100.4 + (1 + number) * 1e-5)])
        await patience.until(lambda: visible(ck, naga) is None)
        await lao.agreements.resume(agreement.id)
        await patience.until(lambda: visible(ck, naga) is not None)
        await hx.office.watch.receive([report(naga, lon=100.4001)])

        async def has_come() -> bool:
            return await lon_of(ck, naga) == 100.4001

        await patience.until(has_come)
        stored = await ck.office.store.read(
            lambda connection: connection.exec_driver_sql(
                "SELECT lon FROM transmissions ORDER BY id"
            ).all()
        )
        assert [row[0] for row in stored] == [100.4, 100.4001]


async def test_places_are_told_no_more_exactly_than_agreed(tmp_path: Path) -> None:
    async with sharing_nodes(tmp_path, precision_m=1000.0) as (hx, ck):
        (naga,) = await launch(hx, "Naga 1")
        await hx.office.watch.receive([report(naga, lon=100.41231, lat=20.27214)])
        await patience.until(lambda: visible(ck, naga))
        stored = await ck.office.store.read(
            lambda connection: connection.exec_driver_sql(
                "SELECT lon, lat, accuracy_m FROM transmissions"
            ).all()
        )
        assert [tuple(row) for row in stored] == [(100.412008, 20.275192, 1000.0)]


async def test_a_unit_of_another_name_or_out_of_service_is_so_at_the_other_side(
    tmp_path: Path,
) -> None:
    async with sharing_nodes(tmp_path) as (hx, ck):
        (naga,) = await launch(hx, "Naga 1")
        await hx.office.watch.receive([report(naga, lon=100.4)])
        await patience.until(lambda: visible(ck, naga))
        watch = hx.office.watch
        unit = replace(watch.picture.units[naga], call_sign="Naga 9")
        await watch.registrar.put_unit(unit)

        def call_sign() -> str:
            state = visible(ck, naga)
            return "" if state is None else state.call_sign

        await patience.until(lambda: call_sign() == "Naga 9")
        await watch.registrar.put_unit(replace(unit, retired_at=datetime.now(UTC)))
        await patience.until(lambda: visible(ck, naga) is None)


async def test_what_is_to_be_told_late_waits_at_its_own_node(tmp_path: Path) -> None:
    async with sharing_nodes(tmp_path, delay_s=3.0) as (hx, ck):
        (naga,) = await launch(hx, "Naga 1")
        at = datetime.now(UTC)
        await hx.office.watch.receive([report(naga, lon=100.4, at=at)])
        await patience.until(lambda: visible(ck, naga))
        waited_s = (datetime.now(UTC) - at).total_seconds()
        assert 3.0 <= waited_s < 9.0, "once, not once at each side"


async def test_a_unit_of_the_other_office_that_falls_silent_is_for_that_to_find(
    tmp_path: Path,
) -> None:
    async with sharing_nodes(tmp_path) as (hx, ck):
        (naga,) = await launch(hx, "Naga 1")
        watch = hx.office.watch
        await watch.registrar.put_unit(replace(watch.picture.units[naga], expected_interval_s=0.2))
        await watch.receive([report(naga, lon=100.4)])
        await patience.until(lambda: visible(ck, naga))

        def silent(office: Running) -> list[Alert]:
            alerts = office.office.watch.document_service.open_documents.all(Alert)
            return [each for each in alerts if each.rule == "silent_unit"]

        await patience.until(lambda: silent(hx))
        state = ck.office.watch.picture.contacts[naga]
        await patience.until(lambda: state.liveness == "lost")
        async with ck.office.watch.turn as turn:
            await ck.office.watch.tick(turn)
        assert silent(ck) == []
