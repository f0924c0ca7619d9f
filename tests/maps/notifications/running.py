"""A node that delivers: a real watch on a real store, with rules and alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from maps.notifications.deliveries import Deliveries
from maps.notifications.settings.settings import DeliverySettings
from maps.settings.settings import settings_of
from patrol.alerts.alert import Alert
from patrol.alerts.delivery import AlertDelivery
from patrol.alerts.lifecycle import acknowledge, escalate, first_version, resolve
from patrol.desks.desk import Desk
from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.store.records import documents
from patrol.units.accounts import User
from tests.fixtures.patience import until
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, Node

SECRET = "a webhook secret of many characters"


def settings(
    folder: Path, *, node_reads: dict[str, Any] | None = None, **tables: Any
) -> DeliverySettings:
    """Return what the settings say of deliveries, read as the server reads them."""
    (folder / "hook-secret").write_text(SECRET)
    node = {"id": NODE, "name": "BLO Houay Xai", "time_zone": "Asia/Vientiane"}
    given = {
        "node": node | (node_reads or {}),
        "agencies": [{"id": AGENCY, "name": "Houay Xai"}, {"id": OTHER, "name": "Chiang Khong"}],
        **tables,
    }
    return settings_of(given, source="patrol.toml", folder=folder).delivery


def hook(port: int, name: str = "hq", **more: Any) -> dict[str, Any]:
    """Return the table of a webhook on this machine."""
    return {
        "name": name,
        "url": f"http://127.0.0.1:{port}/alerts",
        "secret_file": "hook-secret",
        "allow": ["127.0.0.0/8"],
        **more,
    }


def rule(way: str = "webhook", **more: Any) -> dict[str, Any]:
    """Return the table of a rule."""
    to = {"webhook": ["hq"], "push": []}.get(way, [])
    return {
        "name": f"by {way}",
        "agency": AGENCY,
        "role": "commander",
        "way": way,
        "to": to,
        **more,
    }


class Delivers:
    """A node that delivers.

    Attributes:
        node: The node.
        delivering: What delivers.
        users: Who there is, by name.
    """

    def __init__(self, node: Node, settings: DeliverySettings, users: dict[str, User]) -> None:
        self.node, self.users = node, users
        self.delivering = Deliveries(
            node.watch,
            settings,
            desk_of=lambda user: Desk(node.watch, user),
            user_of=self._user,
            node="BLO Houay Xai",
            time_zone="Asia/Vientiane",
        )

    async def _user(self, name: str) -> User | None:
        return self.users.get(name)

    async def file(self, *filed: Document) -> None:
        """File documents in one act."""

        def act(open_documents: OpenDocuments, now: Any) -> Filing:
            return Filing(documents=filed, act="test")

        await self.node.watch.document_service.file(act)

    async def raise_alert(self, number: int = 0, **about: Any) -> Alert:
        """File a new alert."""
        alert = self.alert(number, **about)
        await self.file(alert)
        return alert

    def alert(self, number: int = 0, **about: Any) -> Alert:
        """Return a new alert."""
        values: dict[str, Any] = {
            "rule": "drill",  # the keeper of alerts knows no such condition, and ends none
            "subject": f"unit {number}",
            "agency": AGENCY,
            "severity": "high",
            "lon": 100.41,
            "lat": 20.27,
            "place": "Mekong km 2281.3, left bank",
        } | about
        return first_version(since=self.node.time, now=self.node.time, origin=NODE, **values)

    async def escalate(self, alert: Alert) -> Alert:
        """File the alert's next stage."""
        after = escalate(alert, at=self.node.time)
        await self.file(after)
        return after

    async def acknowledge(self, alert: Alert) -> Alert:
        """File it acknowledged."""
        after = acknowledge(alert, at=self.node.time, by="kham")
        await self.file(after)
        return after

    async def resolve(self, alert: Alert) -> Alert:
        """File it resolved."""
        after = resolve(alert, at=self.node.time, by="kham", note="over")
        await self.file(after)
        return after

    async def kept(self) -> list[AlertDelivery]:
        """Return all deliveries, settled or not."""
        found = await self.node.store.read(documents.of_kind, "delivery", limit=100_000)
        return [each for each in found if isinstance(each, AlertDelivery)]

    async def settled(self, count: int, seconds: float = 15) -> list[AlertDelivery]:
        """Return all deliveries once `count` of them wait no more."""
        found: list[AlertDelivery] = []

        async def look() -> bool:
            nonlocal found
            found = await self.kept()
            return sum(each.is_closed for each in found) >= count

        await until(look, f"{count} deliveries that are over", within_s=seconds)
        return found

    async def waiting(self, count: int) -> None:
        """Wait until `count` deliveries wait."""
        await until(
            lambda: sum(each.waiting for each in self.delivering.health()) >= count,
            f"{count} waiting",
        )


@asynccontextmanager
async def delivers(
    folder: Path,
    *,
    users: Sequence[User] = (),
    node: Node | None = None,
    **tables: Any,
) -> AsyncIterator[Delivers]:
    """Run a node that delivers while inside.

    Args:
        folder: Where its store is; used again after a stop.
        users: Who there is.
        node: A node that is not started yet; a new one when None.
        **tables: Tables of its settings.
    """
    own = node or Node(folder / "patrol.db")
    made = Delivers(own, settings(folder, **tables), {each.name: each for each in users})
    await own.start()
    try:
        async with made.delivering.working():
            yield made
    finally:
        await own.stop()
