"""A small store with some of everything that people are promised to find again.

`python -m tests.patrol.nodes.small_store FILE` writes its rows as JSON. Each
`data/schemas/NNNN.json` was written so by the program whose newest schema was NNNN, with less
where that could do less; they stay as they are. Who adds a schema writes its own.
"""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from PIL import Image
from sqlalchemy import Connection

from maps.accounts.credentials.passwords import PasswordWork
from maps.accounts.users_and_devices import UserAccounts
from patrol.agreements.consent_lease import ConsentNotice, ReceivedNotice
from patrol.counterparts.statement import LogEnds
from patrol.documents.transaction import (
    Filing,
    PhoneReceipt,
    ReceivedStatement,
    StatementDraft,
)
from patrol.store.records import (
    consent_notices,
    registry,
    statement_logs,
    statement_receipts,
    statements,
)
from patrol.units.units import Agency
from tests.patrol.incidents.test_incident import told
from tests.patrol.messages.test_messages import Carrier
from tests.patrol.nodes.running import AGENCY, NODE, Node, address, at, running, said
from tests.patrol.sectors.test_sector import square

PASSWORD: Final = "a long password of somchai"
SESSION: Final = b"s" * 32
HEARD: Final = ReceivedStatement(
    from_node="node-ck",
    epoch=1,
    number=1,
    hash="ab" * 32,
    kind="card",
    raw=b"{}",
    state="not_understood",
    agency=AGENCY,
)


async def fill(node: Node) -> dict[str, str]:
    """Do a little of everything; return what is shown once only."""
    await node.store.write(
        registry.put_agency, Agency(id=AGENCY, name="Houay Xai border police", country="LA"), NODE
    )
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat, start=at(-1))
    await node.hear(*(said("a", second, lon=100.4 + second * 1e-4) for second in range(6)))
    await node.hear(said("a", 6, lon=100.4006, text="ສະບາຍດີ"))
    await node.hear(said("a", 7, lon=None, status="on patrol"))
    await node.hear(said("b", 8, lon=100.5))
    await node.hear(said("a", 9, lon=100.4009, distress=True))
    for channel in ("serial", "other"):  # one message, heard twice
        await node.hear(said("a", 10, lon=100.401, duplicate_key="k10", channel=channel))
    people = UserAccounts(node.store, node=NODE, passwords=PasswordWork(), now=lambda: node.time)
    user = await people.add_user("somchai", "commander", AGENCY, PASSWORD)
    key = await people.add_device("phone-1", AGENCY)
    link = await people.link_for(user, minutes=30)
    await people.open_session(user, SESSION, at(7 * 86400))
    node.watch.dispatch.attach("serial", Carrier())
    await node.desk().dispatch.send_message(kind="text", text="Come home", unit=boat)
    await node.desk("planner").sectors.draw(name="Upper reach", shape=square(), note="shallow")
    await node.desk("crew").incidents.log(**told())
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(picture, "JPEG")
    photo = await node.desk().photos.add(picture.getvalue())
    crew = node.desk("crew").crew(device="phone-1", unit=boat)
    await crew.note(
        (PhoneReceipt(id="r1", agency=AGENCY, kind="incident", by="kham", result_id="i1"),)
    )
    draft = StatementDraft(
        to_node="node-ck", kind="card", id=NODE, version=1, body={"name": "HX"}, agency=AGENCY
    )
    await node.watch.document_service.file(lambda _o, _n: Filing(statements=(draft,)))
    await node.store.write(_exchange, node.time)
    with closing(sqlite3.connect(node.file, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER refuses BEFORE INSERT ON transmissions WHEN new.text = 'bad'"
            " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
        await node.hear(said("c", 12, text="bad"))
        other.execute("DROP TRIGGER refuses")
    return {"device_key": key, "link": link, "photo": photo.sha256}


def _exchange(connection: Connection, at: datetime) -> None:
    """Hold what a counterpart told, its receipt, and where its log ends."""
    statements.put_received(connection, HEARD, at, origin=NODE)
    statement_receipts.put_receipt(
        connection,
        "node-ck",
        1,
        statement_logs.ends(connection, "node-ck", at).sent,
        refused={},
        unread=(),
        signed=b"an envelope",
        at=at,
        agency=AGENCY,
        origin=NODE,
    )
    notice = ConsentNotice(
        agreement="a1", agency="th-ck", text_sha256="cd" * 32, counter=1, is_given=True
    )
    received = ReceivedNotice(notice=notice, made_at=at, received_at=at)
    consent_notices.put_received(connection, "node-ck", [received], origin=NODE)
    theirs = LogEnds(at=at)
    statement_logs.put_their_ends(connection, "node-ck", theirs, at, agency=AGENCY, origin=NODE)


def rows_of(file: Path) -> dict[str, Any]:
    """Return schema and rows of a store in a file; bytes as `{"hex": …}`."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
        )
        tables = {}
        for name in sorted(row["name"] for row in names):
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            tables[name] = [
                {key: _plain(value) for key, value in dict(row).items()} for row in rows
            ]
    return {"schema": schema, "tables": {name: rows for name, rows in tables.items() if rows}}


def _plain(value: Any) -> Any:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


async def _written() -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "small.db")
        async with running(file) as node:
            body = await fill(node)
        found = rows_of(file)
    tables = []
    for name, rows in found["tables"].items():
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        tables.append(f"{json.dumps(name)}: [\n  {lines}\n ]")
    head = f'{{"schema": "{found["schema"]}",\n"shown": {json.dumps(body)},\n"tables": {{\n'
    return head + ",\n".join(tables) + "\n}}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(_written()), encoding="utf-8")
