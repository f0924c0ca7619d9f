"""Two whole nodes, paired by their officers, tell each other their cards and heads, in order."""

from __future__ import annotations

from pathlib import Path

from patrol.counterparts.log_health import LogHealth
from patrol.counterparts.own_card import OwnCard
from patrol.store.records import statement_health
from tests.maps.node.paired_nodes import paired_nodes
from tests.maps.servers.running import Running, wait_until


async def health(of: Running, node: str) -> LogHealth:
    (found,) = await of.office.store.read(statement_health.health, [node])
    return found


async def test_paired_nodes_are_told_the_cards_and_sign_each_others_heads(tmp_path: Path) -> None:
    async with paired_nodes(tmp_path) as (hx, ck):
        async for _ in wait_until("each to have signed the other's head"):
            found = [await health(hx, "ck"), await health(ck, "hx")]
            if all(each.head_at is not None and not each.waiting for each in found):
                break
        for each in found:
            assert each.sent >= 3, "card, head, signature of the other's"
            assert each.announced <= each.held
            assert (each.refused_there, each.refused_here, each.fork) == ((), (), "")
            assert each.receipted_at is not None
        for here in (hx, ck):
            own = next(here.office.watch.document_service.open_documents.all(OwnCard))
            rows = await here.office.store.read(
                lambda connection: connection.exec_driver_sql(
                    "SELECT kind, version FROM statements_out ORDER BY number"
                ).all()
            )
            assert rows[0] == ("card", own.signed.card.number)
            assert {kind for kind, _ in rows} == {"card", "head", "head_signature"}
