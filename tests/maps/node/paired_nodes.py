"""Two whole nodes in one process, which officers of both sides have paired."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from maps.node.node import RunningNode
from patrol.desks.desk import Desk
from patrol.units.accounts import User
from tests.fixtures.ports import free_port
from tests.maps.servers.running import Running, running

_AGENCIES = {
    "hx": ("la-hx", "Houay Xai police", "LA"),
    "ck": ("th-ck", "Chiang Khong police", "TH"),
}


class PairedNodes(NamedTuple):
    """Two nodes.

    Attributes:
        hx: Dials.
        ck: Listens.
    """

    hx: Running
    ck: Running


def desk(office: RunningNode, name: str) -> Desk:
    """Return the desk of a commander of a node's own agency."""
    return office.desk_of(User(name=name, role="commander", agency=office.watch.agency))


async def confirm(here: RunningNode, there: RunningNode) -> str:
    """Have two officers of one node confirm another; return the counterpart's id."""
    card = await desk(there, "kham").counterparts.own_card()
    first, second = desk(here, "kham").counterparts, desk(here, "somchai").counterparts
    counterpart = await first.add(card)
    await first.compare(counterpart.id, digits=await first.digits(counterpart.id))
    await second.confirm(counterpart.id)
    return counterpart.id


@asynccontextmanager
async def node(folder: Path, name: str, **counterparts: object) -> AsyncIterator[Running]:
    """Run one of the nodes, whose users are made up."""
    id, agency, country = _AGENCIES[name]
    async with running(
        folder,
        roles=(),
        node={"id": name, "name": f"BLO {name}"},
        agencies=[{"id": id, "name": agency, "country": country}],
        counterparts=counterparts,
    ) as started:
        yield started


@asynccontextmanager
async def paired_nodes(
    folder: Path, *, ahead: timedelta = timedelta()
) -> AsyncIterator[PairedNodes]:
    """Run two nodes that have confirmed each other.

    Args:
        folder: Where the folders of their stores go.
        ahead: How far the clock of the one that listens is ahead.
    """
    for name in _AGENCIES:
        (folder / name).mkdir()
    port = free_port()
    async with (
        node(
            folder / "ck",
            "ck",
            listen=f"127.0.0.1:{port}",
            addresses=[f"https://127.0.0.1:{port}"],
        ) as ck,
        node(folder / "hx", "hx", networks=["127.0.0.0/8"]) as hx,
    ):
        ck.clock.moment = lambda: datetime.now(UTC) + ahead
        await confirm(hx.office, ck.office)
        await confirm(ck.office, hx.office)
        yield PairedNodes(hx, ck)
