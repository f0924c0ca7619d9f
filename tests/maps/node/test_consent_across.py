"""Consent between two whole nodes: a lease that the other node's word renews, and that runs out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maps.node.node import RunningNode
from patrol.agreements.agreement import Terms
from patrol.sharing.consent_leases import LeaseHealth
from tests.fixtures import patience
from tests.fixtures.ports import free_port
from tests.maps.node.paired_nodes import confirm, desk, node, paired_nodes

FRESHNESS_S = 60


async def agree(hx: RunningNode, ck: RunningNode) -> str:
    """Have both sign an agreement; return its id."""
    lao, thai = desk(hx, "kham"), desk(ck, "chai")
    now = datetime.now(UTC)
    terms = Terms(
        name="Joint patrols",
        purposes=(),
        classes=("positions", "targets"),
        valid_from=now - timedelta(hours=1),
        valid_until=now + timedelta(days=30),
        freshness_s=FRESHNESS_S,
    )
    made = await lao.agreements.draft(terms, ("la-hx", "th-ck"))
    sent = await lao.agreements.propose(made.id)
    await lao.agreements.sign(made.id, version=sent.version)
    await patience.until(_has_signed(ck, 1))
    [read] = await thai.agreements.all()
    await thai.agreements.sign(made.id, version=read.version)
    await patience.until(_has_signed(hx, 2))
    return made.id


def _has_signed(office: RunningNode, count: int) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        found = await desk(office, "x").agreements.all()
        return any(len(each.signatures) == count for each in found)

    return is_so


def lease(office: RunningNode) -> LeaseHealth:
    [found] = desk(office, "x").agreements.leases()
    return found


async def has_lease(office: RunningNode, state: str) -> None:
    """Wait until a node has a lease in a state."""
    await patience.until(lambda: lease(office).state == state)


@pytest.mark.parametrize("ahead_s", [0, 600, -600])
async def test_each_has_the_other_s_word_whatever_the_clocks_say(
    tmp_path: Path, ahead_s: int
) -> None:
    async with paired_nodes(tmp_path, ahead=timedelta(seconds=ahead_s)) as (hx, ck):
        await agree(hx.office, ck.office)
        for office in (hx.office, ck.office):
            await has_lease(office, "fresh")
            word_at = lease(office).last_word_at
            assert word_at is not None
            age = (office.watch.now() - word_at).total_seconds()
            assert 0 <= age < FRESHNESS_S


async def test_a_suspension_ends_the_view_at_once_and_a_resumption_brings_it_back(
    tmp_path: Path,
) -> None:
    async with paired_nodes(tmp_path) as (hx, ck):
        id = await agree(hx.office, ck.office)
        await has_lease(hx.office, "fresh")
        await desk(ck.office, "chai").agreements.suspend(id, reason="by order")
        await has_lease(hx.office, "hidden")
        await desk(ck.office, "chai").agreements.resume(id)
        await has_lease(hx.office, "fresh")
        await desk(ck.office, "chai").agreements.end(id, reason="over")
        await patience.until(lambda: desk(hx.office, "x").agreements.leases() == [])


async def test_it_outlasts_a_restart_and_runs_out_without_a_word(tmp_path: Path) -> None:
    port = free_port()
    listening = {"listen": f"127.0.0.1:{port}", "addresses": [f"https://127.0.0.1:{port}"]}
    for name in ("hx", "ck"):
        (tmp_path / name).mkdir()
    async with AsyncExitStack() as there:
        ck = await there.enter_async_context(node(tmp_path / "ck", "ck", **listening))
        async with node(tmp_path / "hx", "hx", networks=["127.0.0.0/8"]) as hx:
            await confirm(hx.office, ck.office)
            await confirm(ck.office, hx.office)
            await agree(hx.office, ck.office)
            await has_lease(hx.office, "fresh")
        await there.aclose()  # from here on nobody says anything
        async with node(tmp_path / "hx", "hx", networks=["127.0.0.0/8"]) as hx:
            await has_lease(hx.office, "fresh")
            before = lease(hx.office)
            for seconds, state in ((FRESHNESS_S, "stale"), (10 * FRESHNESS_S, "hidden")):
                ahead = timedelta(seconds=seconds)
                hx.clock.moment = lambda ahead=ahead: datetime.now(UTC) + ahead
                assert lease(hx.office).state == state
            assert lease(hx.office).last_word_at == before.last_word_at
