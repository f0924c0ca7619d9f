"""Two whole nodes, paired by their officers, keep a link and tell how it fares."""

from __future__ import annotations

import asyncio
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from patrol.exchange.link_health import CounterpartLinkHealth
from tests.maps.node.paired_nodes import desk, node, paired_nodes
from tests.maps.servers.running import Running, wait_until


def link(of: Running) -> CounterpartLinkHealth | None:
    """Return how the only link of a node fares; None while it has none."""
    found = of.office.counterpart_links.health()
    return found[0] if found else None


async def opened(of: Running) -> CounterpartLinkHealth:
    """Return the only link of a node once it is open and the clocks are compared."""
    async for _ in wait_until("the link to be open"):
        found = link(of)
        if found is not None and found.is_open and found.clock is not None:
            return found
    raise AssertionError


async def test_nodes_that_officers_paired_meet_and_say_so(tmp_path: Path) -> None:
    async with paired_nodes(tmp_path) as (hx, ck):
        seen = await opened(hx)
        assert (seen.node, seen.direction) == ("ck", "dialed")
        assert (await opened(ck)).direction == "listening"
        text = hx.office.link_health.metrics().decode()
        assert 'joint_patrol_counterpart_open{counterpart="ck"} 1.0' in text
        assert 'joint_patrol_counterpart_refused_total{counterpart="ck"} 0.0' in text
        for end in ("node-key", "node-tls"):
            file = tmp_path / "hx" / f"joint-patrol.db.{end}"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_the_difference_of_clocks_is_measured(tmp_path: Path) -> None:
    async with paired_nodes(tmp_path, ahead=timedelta(minutes=7)) as (hx, ck):
        for here, difference_s in ((hx, 420.0), (ck, -420.0)):
            clock = (await opened(here)).clock
            assert clock is not None
            assert clock.difference_s == pytest.approx(difference_s, abs=clock.error_s + 0.01)
            assert clock.error_s < 5


async def test_who_is_revoked_is_not_spoken_to_any_more(tmp_path: Path) -> None:
    async with paired_nodes(tmp_path) as (hx, ck):
        await opened(hx)
        counterparts = desk(ck.office, "kham").counterparts
        (known,) = await counterparts.all()
        await counterparts.revoke(known.id, reason="their computer was stolen")
        assert ck.office.counterpart_links.health() == []
        async for _ in wait_until("the link to be cut"):
            found = link(hx)
            assert found is not None
            if found.fault is not None and "may not know our card" in found.fault:
                return


async def test_a_node_without_counterparts_has_no_link_and_no_key(tmp_path: Path) -> None:
    async with node(tmp_path, "hx") as hx:
        assert hx.office.counterpart_links.health() == []
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*.node-*")))
