"""An agreement between two whole nodes: drafted at one, signed by an officer of each at his own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from maps.evidence.agreement_signatures import prove_signatures
from patrol.agreements.agreement import Agreement, Terms
from patrol.desks.desk import Desk
from patrol.errors.errors import Conflict
from patrol.store.journal import journal
from tests.fixtures import patience
from tests.maps.node.paired_nodes import desk, paired_nodes


def terms() -> Terms:
    now = datetime.now(UTC)
    return Terms(
        name="Night patrols",
        purposes=("safety of crews",),
        classes=("positions", "distress"),
        valid_from=now - timedelta(hours=1),
        valid_until=now + timedelta(days=30),
        legal_basis="Memorandum of 2024",
    )


async def stands(office: Desk, id: str, state: str) -> Agreement:
    """Wait until an agreement stands so at a node; return it."""

    async def is_so() -> bool:
        known = {each.id for each in await office.agreements.all(closed=True)}
        return id in known and (await office.agreements.one(id)).state == state

    await patience.until(is_so)
    return await office.agreements.one(id)


async def test_it_is_in_force_once_an_officer_of_each_node_has_signed_at_his_own(
    tmp_path: Path,
) -> None:
    async with paired_nodes(tmp_path) as (hx, ck):
        lao, thai = desk(hx.office, "kham"), desk(ck.office, "chai")
        with pytest.raises(Conflict, match="there is no agency mm-tl here"):
            await lao.agreements.draft(terms(), ("la-hx", "mm-tl"))
        drafted = await lao.agreements.draft(terms(), ("la-hx", "th-ck"))
        await lao.agreements.propose(drafted.id)
        read = await stands(thai, drafted.id, "proposed")
        assert read.terms == (await lao.agreements.one(drafted.id)).terms
        await thai.agreements.sign(drafted.id, version=read.version, office="BLO Chiang Khong")
        await lao.agreements.sign(drafted.id, version=2, office="BLO Houay Xai")
        there = await stands(thai, drafted.id, "active")
        here = await stands(lao, drafted.id, "active")
        assert there.windows == here.windows
        assert [each.office for each in here.signatures] == [
            each.office for each in there.signatures
        ]
        assert "chai" not in str(here)
        assert "kham" not in str(there)

        await thai.agreements.suspend(drafted.id, reason="by order")
        suspended = await stands(lao, drafted.id, "suspended")
        [line] = await hx.office.store.read(
            partial(journal.of_agency, agency="th-ck", act="suspend agreement")
        )
        assert "by order" in line.detail
        assert [(each.agency, each.reason) for each in suspended.withheld] == [
            ("th-ck", "by order")
        ]
        await lao.agreements.end(drafted.id, reason="over")
        ended = await stands(thai, drafted.id, "ended")
        assert (ended.ended_by, ended.reason) == ("la-hx", "over")
        for each in (hx, ck):
            proof = await each.office.watch.store.read(prove_signatures)
            assert (proof.by_session, proof.faults) == (4, ())
