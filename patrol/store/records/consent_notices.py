"""Consent notices of other nodes: the last of each party to each agreement."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from patrol.agreements.consent_lease import ConsentNotice, ReceivedNotice
from patrol.store.schema.tables import consent_notices, from_us, to_us

_C = consent_notices.c


def put_received(
    connection: Connection, node: str, received: Iterable[ReceivedNotice], *, origin: str
) -> None:
    """Put each in place of the party's one before."""
    for each in received:
        notice = each.notice
        id = f"{notice.agreement}/{notice.agency}"
        connection.execute(consent_notices.delete().where(_C.id == id))
        connection.execute(
            consent_notices.insert().values(
                id=id,
                counterpart=node,
                agreement=notice.agreement,
                text_sha256=notice.text_sha256,
                counter=notice.counter,
                is_given=int(notice.is_given),
                made_us=to_us(each.made_at),
                received_us=to_us(each.received_at),
                agency=notice.agency,
                origin=origin,
            )
        )


def all_received(connection: Connection) -> list[ReceivedNotice]:
    """Return the last notice of each party."""
    return [
        ReceivedNotice(
            notice=ConsentNotice(
                agreement=row.agreement,
                agency=row.agency,
                text_sha256=row.text_sha256,
                counter=row.counter,
                is_given=bool(row.is_given),
            ),
            made_at=from_us(row.made_us),
            received_at=from_us(row.received_us),
        )
        for row in connection.execute(select(consent_notices).order_by(_C.id))
    ]
