"""A call for help between two whole nodes: rings at the other side as it does in one node."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from patrol.alerts.alert import RINGING, Alert
from patrol.units.data_classes import DataClass
from radio_gateway.messages.transmission import Transmission
from tests.fixtures import patience
from tests.maps.node.paired_nodes import desk, paired_nodes
from tests.maps.node.shared_units import launch, report, sharing_nodes, sign, terms, visible
from tests.maps.servers.running import Running


def sos(unit: str, **changed: object) -> Transmission:
    at = datetime.now(UTC)
    return Transmission(
        protocol="position_json", kind="distress", device=unit, device_time=at, heard_at=at,
        distress=True, channel="trackers", reception_id=f"{unit} sos {at.isoformat()}",
        **changed,  # type: ignore[arg-type]
    )  # fmt: skip


async def alerts(office: Running, rule: str) -> list[Alert]:
    """Return the alerts of a rule that a commander of a node sees and nobody has ended."""
    found = desk(office.office, "chai").alerts.open()
    return [each for each in found if each.rule == rule and each.state in RINGING]


async def test_a_call_rings_there_with_its_place_and_ends_with_it(tmp_path: Path) -> None:
    async with sharing_nodes(tmp_path) as (hx, ck):
        (naga,) = await launch(hx, "Naga 1")
        await hx.office.watch.receive([report(naga, lon=100.4)])
        call = sos(naga, facts={"persons_on_board": 4})
        await hx.office.watch.receive([call])

        async def rings() -> list[Alert]:
            return await alerts(ck, "sos")

        (alert,) = await patience.until(rings)
        assert (alert.agency, alert.unit, alert.raised_at) == ("la-hx", naga, call.device_time)
        assert (alert.lon, alert.lat) == (100.4, 20.2)

        async def rings_across() -> list[Alert]:
            return await alerts(ck, "distress_across")

        across = await patience.until(rings_across)
        state = visible(ck, naga)
        assert state is not None
        assert state.distress
        assert [each.facts["people"] for each in across] == [4]

        await hx.office.watch.receive([report(naga, lon=100.40001)])
        await patience.until(
            lambda: (now := visible(ck, naga)) and now.last and now.last.lon == 100.40001
        )
        await hx.office.watch.registrar.clear_distress(naga, by="kham")

        async def is_over() -> bool:
            state = visible(ck, naga)
            return not await rings() and state is not None and not state.distress

        await patience.until(is_over)
        await hx.office.watch.receive([sos(naga)])
        (again,) = await patience.until(rings)
        assert again.id != alert.id


async def test_under_distress_alone_it_says_where_and_not_who(tmp_path: Path) -> None:
    async with sharing_nodes(tmp_path, classes=("distress",)) as (hx, ck):
        (naga,) = await launch(hx, "Naga 1")
        await hx.office.watch.receive([report(naga, lon=100.4), sos(naga)])

        async def rings() -> list[Alert]:
            return await alerts(ck, "distress_across")

        (alert,) = await patience.until(rings)
        assert (alert.agency, alert.unit, alert.lon, alert.lat) == ("th-ck", None, 100.4, 20.2)
        units = ck.office.watch.picture.units.values()
        assert [each.agency for each in units] == ["la-hx"]
        assert "Naga" not in str(list(units))
        assert naga not in str(list(units))
        assert desk(ck.office, "chai").visible.states() == []
        await hx.office.watch.registrar.clear_distress(naga, by="kham")
        await patience.until(lambda: all(each.retired_at for each in units))


@pytest.mark.parametrize("withheld", [(), ("distress",)])
async def test_a_suspension_leaves_a_call_standing_unless_it_names_it(
    tmp_path: Path, withheld: tuple[DataClass, ...]
) -> None:
    async with paired_nodes(tmp_path) as nodes:
        hx, ck = nodes
        agreement = await sign(nodes, terms())
        boats = await launch(hx, "Naga 1", "Naga 2")
        await hx.office.watch.receive([report(each, lon=100.4) for each in boats])
        await patience.until(lambda: visible(ck, boats[1]))
        lao = desk(hx.office, "kham").agreements
        await lao.suspend(agreement.id, reason="by order", also=withheld)
        await hx.office.watch.receive([sos(boats[0])])

        async def rings() -> list[Alert]:
            return await alerts(ck, "distress_across")

        if withheld:
            await lao.resume(agreement.id)
        (alert,) = await patience.until(rings)
        assert alert.agency == "th-ck"
