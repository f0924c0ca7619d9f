"""Live data of a party on another node: shown while its node says that it consents, then as old,
then not at all, and again once it has said so.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from patrol.agreements.agreement import Agreement
from patrol.agreements.agreement_text import text_of
from patrol.agreements.consent_lease import ConsentNotice, ReceivedNotice, notice_of
from patrol.errors.errors import NotFound
from patrol.sharing.consent_leases import ConsentLeases
from patrol.units.data_classes import LIFELINES
from tests.patrol.live.test_sharing_stream import tick, two, watcher
from tests.patrol.nodes.agreements import share
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at, said

FRESHNESS_S = 60


async def leased(node: Node) -> tuple[ConsentLeases, Agreement]:
    """Have the other agency be of another node, which says nothing yet."""
    node.watch.sharing.leases = leases = ConsentLeases({AGENCY})
    return leases, await share(node, freshness_s=FRESHNESS_S)


def word(agreement: Agreement, second: float, **changes: object) -> ReceivedNotice:
    notice = msgspec.structs.replace(notice_of(agreement, OTHER), **changes)
    return ReceivedNotice(notice=notice, made_at=at(second), received_at=at(second))


def take(node: Node, leases: ConsentLeases, received: ReceivedNotice) -> None:
    leases.take(received)
    seconds = (received.received_at - at(0)).total_seconds()
    tick(node, seconds)


async def hear(node: Node, second: float) -> None:
    node.time = at(second)
    await node.hear(said("b", second, lon=100.44 + second * 1e-4))


def states(node: Node) -> list[tuple[str, datetime | None]]:
    found = node.desk().agreements.leases()
    return [(each.state, each.last_word_at) for each in found]


async def test_without_a_word_nothing_live_is_shown(node: Node) -> None:
    mine, _theirs = await two(node)
    await leased(node)
    await hear(node, 20)
    assert set((await watcher(node)).units) == {mine}
    assert states(node) == [("hidden", None)]
    why = {
        each.data_class: each.closed_reason
        for each in node.desk().agreements.open()
        if each.owner == OTHER
    }
    assert why["positions"] == f"no word yet from {OTHER} that it consents to “Joint” now"
    assert why["targets"] is None, "what people hand over stands on the words alone"
    assert not LIFELINES & why.keys() or why["distress"] != why["positions"]


async def test_it_is_shown_then_old_then_gone_and_comes_back(node: Node) -> None:
    mine, theirs = await two(node)
    leases, agreement = await leased(node)
    take(node, leases, word(agreement, 10))
    await hear(node, 20)
    watching = await watcher(node)
    assert set(watching.units) == {mine, theirs}
    tick(node, 10 + FRESHNESS_S)
    await watching.look()
    assert states(node) == [("stale", at(10))]
    assert set(watching.units) == {mine, theirs}, "the last place stays, as what it is"
    assert set((await watcher(node)).units) == {mine, theirs}
    tick(node, 10 + 10 * FRESHNESS_S)
    await watching.look()
    assert states(node) == [("hidden", at(10))]
    assert set(watching.units) == {mine}, "told to forget it, though nobody asked"
    assert set((await watcher(node)).units) == {mine}
    take(node, leases, word(agreement, 700))
    await watching.look()
    assert set(watching.units) == {mine, theirs}


async def test_what_is_made_after_the_lease_is_not_shown(node: Node) -> None:
    mine, theirs = await two(node)
    leases, agreement = await leased(node)
    take(node, leases, word(agreement, 10))
    await hear(node, 20)
    await hear(node, 80)
    watching = await watcher(node)
    seen = watching.units.get(theirs)
    assert seen is None or (seen.last is not None and seen.last.time < at(70))
    assert mine in watching.units


async def test_tracks_end_with_the_lease(node: Node) -> None:
    _, theirs = await two(node)
    leases, agreement = await leased(node)
    take(node, leases, word(agreement, 10))
    for second in (20, 40, 80, 90):
        await hear(node, second)

    async def times() -> list[datetime]:
        page = await node.desk().visible.track(theirs, start=at(0), end=at(1000))
        return [each.time for each in page]

    assert await times() == [at(1), at(20), at(40)]
    node.time = at(700)
    with pytest.raises(NotFound):
        await times()


@pytest.mark.parametrize(
    "changes",
    [{"is_given": False}, {"counter": 2}, {"text_sha256": "00" * 32}],
    ids=["withdrawn", "word to come", "other text"],
)
async def test_a_notice_that_does_not_fit_lets_nothing_be_shown(
    node: Node, changes: dict[str, object]
) -> None:
    mine, _ = await two(node)
    leases, agreement = await leased(node)
    take(node, leases, word(agreement, 10))
    take(node, leases, word(agreement, 11, **changes))
    await hear(node, 20)
    assert set((await watcher(node)).units) == {mine}


async def test_a_notice_of_before_a_word_that_is_known_goes_on(node: Node) -> None:
    _, theirs = await two(node)
    leases, agreement = await leased(node)
    take(
        node,
        leases,
        ReceivedNotice(
            notice=ConsentNotice(
                agreement=agreement.id,
                agency=OTHER,
                text_sha256=text_of(agreement).sha256,
                counter=0,
                is_given=True,
            ),
            made_at=at(10),
            received_at=at(10),
        ),
    )
    await hear(node, 20)
    assert theirs in (await watcher(node)).units


async def test_the_own_viewers_and_the_other_s_see_their_own(node: Node) -> None:
    mine, theirs = await two(node)
    await leased(node)
    assert set((await watcher(node)).units) == {mine}
    assert theirs in (await watcher(node, OTHER)).units
