"""Agreements for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import Agreement, Corridor, Hours, Terms
from patrol.agreements.lifecycle import Party
from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.patrols.patrol import Member, Patrol, Signature, sha256_of
from patrol.units.data_classes import DATA_CLASSES, LIFELINES
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at

DAY = 86_400.0
HX, CK = Party(agency=AGENCY, name="somchai"), Party(agency=OTHER, name="malee")


def terms(**changes: Any) -> Terms:
    """Return terms that share everything but lifelines, incidents at once, from an hour before the
    tests to a year after.
    """
    values: dict[str, Any] = {
        "name": "Joint",
        "purposes": ("safety of crews",),
        "classes": tuple(each for each in DATA_CLASSES if each not in LIFELINES),
        "valid_from": at(-3600),
        "valid_until": at(365 * DAY),
        "incidents_at_once": True,
    }
    return Terms(**(values | changes))


def box(west: float, south: float, east: float, north: float) -> Corridor:
    """Return a corridor whose area is a box in degrees."""
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return Corridor(river="Mekong", km_from=0.0, km_to=1.0, from_river_m=100.0, rings=(ring,))


def night(*days: Any) -> Hours:
    """Return 20:00 to 04:00 in Vientiane, which is 13:00 to 21:00 UTC."""
    said = {"days": days} if days else {}
    return Hours(time_zone="Asia/Vientiane", start=20 * 60, end=4 * 60, **said)


def proposed(when: datetime | None = None, parties: Any = (HX, CK), **changes: Any) -> Agreement:
    """Return a proposed agreement between the parties."""
    when = at(0) if when is None else when
    draft = acts.draft(
        terms(**changes), [each.agency for each in parties], at=when, who=parties[0], origin="n"
    )
    return acts.propose(draft, at=when, who=parties[0])


def active(when: datetime | None = None, parties: Any = (HX, CK), **changes: Any) -> Agreement:
    """Return an agreement signed by all parties at `when`."""
    when = at(0) if when is None else when
    agreement = proposed(when, parties, **changes)
    for party in parties:
        agreement = acts.sign(agreement, at=when, who=party)
    return agreement


async def file(node: Node, *documents: Document) -> None:
    """File documents as the next versions of what is there."""

    def filing(open_documents: OpenDocuments, _now: datetime) -> Filing:
        filed = []
        for document in documents:
            known = open_documents.find(type(document), document.id)
            version = 1 if known is None else known.version + 1
            filed.append(msgspec.structs.replace(document, version=version))
        return Filing(documents=tuple(filed), act="test", agency=documents[0].agency)

    await node.watch.document_service.file(filing)


async def share(node: Node, **changes: Any) -> Agreement:
    """File an agreement that is in force from now on; all its versions."""
    desk, other = node.desk("liaison", AGENCY, "somchai"), node.desk("liaison", OTHER, "malee")
    drafted = await desk.agreements.draft(terms(**changes), (AGENCY, OTHER))
    sent = await desk.agreements.propose(drafted.id)
    await desk.agreements.sign(drafted.id, version=sent.version, office="Commander")
    return await other.agreements.sign(drafted.id, version=sent.version)


def joint(*members: tuple[str, str], started: datetime | None, **changes: Any) -> Patrol:
    """Return a joint patrol of units `(agency, unit)`, under way since `started`."""
    values: dict[str, Any] = {
        "id": "p1",
        "agency": AGENCY,
        "at": at(0) if started is None else started,
        "name": "Night watch",
        "agencies": (AGENCY, OTHER),
        "lead": AGENCY,
        "starts_at": at(0),
        "ends_at": at(DAY),
        "members": tuple(Member(agency=agency, unit=unit) for agency, unit in members),
        "state": "ready" if started is None else "under way",
        "started_at": started,
    }
    bare = Patrol(**(values | changes))
    signatures = tuple(
        Signature(agency=agency, at=at(0), revision=bare.revision, sha256=sha256_of(bare))
        for agency in bare.agencies
    )
    return Patrol(**(values | changes | {"signatures": signatures}))
