"""Two offices with statements for each other, on real stores, over a link that tests cut."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from patrol.counterparts.log_health import LogHealth
from patrol.counterparts.statement import Statement
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, StatementDraft
from patrol.errors.errors import Conflict, PatrolError, StoreError
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.statement_bodies import add_statements
from patrol.exchange.statement_log import StatementLog
from patrol.filing.file_documents import Act, DocumentService
from patrol.filing.writer_lock import WriterLock
from patrol.messages.phrases import Phrase
from patrol.store.records import statement_health
from patrol.store.store import Store, open_store
from radio_gateway.parsing.msgspec_decoders import json_decoder
from tests.fixtures.databases import copied, empty_store, reading
from tests.patrol.nodes.running import at

HX, CK = "node-hx", "node-ck"
OTHER = {HX: CK, CK: HX}
AGENCIES = {HX: "la-hx", CK: "th-ck"}
ROOM = 256 * 1024


class OfficeLog:
    """One office: its store, what files into it, and its logs.

    Args:
        node: Its id.
        file: Its store.
        link: What goes to the other and its clock.
    """

    def __init__(self, node: str, file: Path, link: Link) -> None:
        self.node, self.file, self.other = node, file, OTHER[node]
        self.link = link
        self.understands = {"note"}
        self.open()

    def open(self) -> None:
        """Open the store, with nothing in memory."""
        self.store: Store = open_store(empty_store(self.file))
        self.document_service = DocumentService(
            store=self.store, turn=WriterLock(), node=self.node, now=lambda: self.link.now
        )
        self.log = StatementLog(
            self.document_service,
            self.store,
            node=self.node,
            agency=AGENCIES[self.node],
            now=lambda: self.link.now,
        )
        for kind in self.understands:
            self.log.intake.effects[kind] = self._note
        self.kinds = BodyKinds()
        add_statements(self.kinds, self.log)

    async def again(self) -> None:
        """End, as a kill does: what is not in the store is gone; start anew."""
        await self.store.close()
        self.open()
        await self.log.start()

    async def state(self, id: str, kind: str = "note", text: str = "two boats") -> None:
        """File a phrase, and tell the other of it in the same transaction."""
        draft = StatementDraft(
            to_node=self.other,
            kind=kind,
            id=id,
            version=1,
            body={"text": text},
            agency=AGENCIES[self.node],
        )
        own = _phrase(f"own-{id}", AGENCIES[self.node], self.link.now, text)
        await self.document_service.file(
            lambda _open_documents, _now: Filing(documents=(own,), act="write", statements=(draft,))
        )

    def refuse(self, after: int | None) -> None:
        """Have the store refuse every write after so many; None: it takes all."""
        if after is None:
            self.store.fence = None
            return
        left = [after]

        def fence(_connection: Connection) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise StoreError("the disk is full")

        self.store.fence = fence

    async def health(self) -> LogHealth:
        """Return how the logs with the other stand."""
        return (await self.store.read(statement_health.health, [self.other]))[0]

    def ids(self, table: str, where: str = "1 = 1") -> list[str]:
        """Return bodies of a log, past our own code, in order."""
        query = f"SELECT body FROM {table} WHERE {where} ORDER BY epoch, number"
        with reading(self.file) as connection:
            rows = connection.execute(query).fetchall()
        return [json_decoder(Statement).decode(bytes(row["body"])).id for row in rows]

    def raws(self, table: str) -> list[bytes]:
        """Return a log as it is stored, past our own code, in order."""
        with reading(self.file) as connection:
            rows = connection.execute(f"SELECT body FROM {table} ORDER BY epoch, number").fetchall()
        return [bytes(row["body"]) for row in rows]

    def effects(self) -> list[str]:
        """Return which statements of the other had an effect, past our own code."""
        with reading(self.file) as connection:
            rows = connection.execute("SELECT id FROM papers WHERE id LIKE 'of-%'").fetchall()
        return sorted(str(row["id"]).removeprefix("of-") for row in rows)

    async def _note(self, statement: Statement) -> Act:
        text = json_decoder(dict[str, str]).decode(statement.body)["text"]
        if text == "bad":
            raise Conflict("`text` is bad")

        def act(_open_documents: OpenDocuments, now: datetime) -> Filing:
            made = _phrase(f"of-{statement.id}", AGENCIES[self.node], now, text)
            return Filing(documents=(made,), act="hear")

        return act


class Link:
    """A link between two offices: what is on its way, in both directions, and the clock of both."""

    def __init__(self, folder: Path) -> None:
        self.now = at(0)
        self.way: dict[str, list[tuple[str, bytes]]] = {HX: [], CK: []}
        self.refusals: list[str] = []
        self.offices = {node: OfficeLog(node, folder / f"{node}.db", self) for node in (HX, CK)}

    def __iter__(self) -> Iterator[OfficeLog]:
        """Yield both offices."""
        yield from self.offices.values()

    def pass_time(self, seconds: float = 0.001) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def begin(self) -> None:
        """Open a session, as a carrier does."""
        for office in self:
            for kind in office.kinds:
                kind.begin(office.other)

    async def send(self, node: str) -> int:
        """Put on its way what an office has for the other; return how much that is."""
        office = self.offices[node]
        found: list[tuple[str, bytes]] = []
        for kind in office.kinds:
            found += [(kind.name, body) for body in await kind.due(office.other, ROOM)]
        self.way[office.other] += found
        return len(found)

    async def deliver(self, to: str, index: int = 0) -> None:
        """Have one of the messages on their way come in; one that is not taken is lost."""
        self.pass_time()
        way = self.way[to]
        if not way:
            return
        name, body = way.pop(index % len(way))
        kind = self.offices[to].kinds.find(name)
        assert kind is not None
        try:
            await kind.take(OTHER[to], body, b"signed " + body)
        except PatrolError as error:
            self.refusals.append(str(error))

    async def settle(self) -> None:
        """Lose nothing any more, until nothing is due."""
        for _ in range(60):
            self.pass_time(11)
            moved = False
            for office in self:
                await office.log.look([office.other])
                moved |= bool(await self.send(office.node))
            for office in self:
                while self.way[office.node]:
                    await self.deliver(office.node)
            if not moved:
                return
        raise AssertionError("they never come to rest")

    async def close(self) -> None:
        """Close both stores."""
        for office in self:
            await office.store.close()


def back_up(office: OfficeLog, folder: Path) -> Path:
    """Copy an office's store, whose store is closed."""
    return copied(office.file, folder / f"{office.node}-yesterday.db")


def restore(office: OfficeLog, backup: Path) -> None:
    """Put a copy in place of an office's store, which is closed."""
    for each in office.file.parent.glob(f"{office.file.name}*"):
        each.unlink()
    shutil.copy(backup, office.file)


def _phrase(id: str, agency: str, now: datetime, text: str) -> Phrase:
    return Phrase(id=id, agency=agency, at=now, by="kham", language="en", text=text)
