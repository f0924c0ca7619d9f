"""Chains: notes as anybody may write them, a journal of a document service, proofs of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from hypothesis import strategies as st
from sqlalchemy import Connection

from patrol.audit.chain import FIRST, Chain, ChainFault, Entry, chained
from patrol.documents.document import revise
from patrol.documents.transaction import Filing, Note
from patrol.messages.phrases import Phrase
from patrol.store.engine.engine import connect_to_read, open_engine
from patrol.store.journal import journal
from patrol.store.proof.verify_journal import JournalProof, prove
from tests.fixtures.databases import store_url
from tests.patrol.nodes.running import AGENCY, NODE, Node, at

P = ParamSpec("P")
T = TypeVar("T")

ROWS = 40

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
notes = st.builds(
    Note,
    act=texts,
    actor=texts,
    agency=texts,
    subject=texts,
    detail=st.dictionaries(texts, values, max_size=3),
)


def chain_of(given: list[Note]) -> list[Entry]:
    entries: list[Entry] = []
    seq, previous = 0, FIRST
    for number, note in enumerate(given):
        entry = chained(note, seq=seq + 1, previous=previous, at=at(number / 7), origin=NODE)
        entries.append(entry)
        seq, previous = entry.seq, entry.hash
    return entries


def first_fault(entries: list[Entry]) -> ChainFault | None:
    """Return where a chain is first broken; None where it is whole."""
    chain = Chain()
    return next(filter(None, map(chain.take, entries)), None)


def read(
    file: Path, query: Callable[Concatenate[Connection, P], T], *args: P.args, **more: P.kwargs
) -> T:
    """Run a query on a file, whether a node has it open or not."""
    engine = open_engine(store_url(file))
    try:
        with connect_to_read(engine) as connection:
            return query(connection, *args, **more)
    finally:
        engine.dispose()


def proved(file: Path, head: tuple[int, bytes] | None = None) -> JournalProof:
    """Return what is proved of a file."""
    return read(file, prove, heads=[] if head is None else [head])


async def fill(file: Path) -> None:
    """Write documents in several versions, and notes in between: `ROWS` lines."""
    node = Node(file)
    await node.start()
    document_service = node.watch.document_service
    chance = random.Random(3)
    try:
        while (await node.store.read(journal.end))[0] < ROWS:
            if chance.random() < 0.4:
                detail = {"n": chance.random(), "said": "ຢຸດ"}
                await document_service.note(
                    Note(act="sign in", actor="kham", agency=AGENCY, detail=detail)
                )
                continue
            id = f"p{chance.randrange(8)}"
            known = document_service.open_documents.find(Phrase, id)
            if known is None:
                fresh = Phrase(id=id, agency=AGENCY, at=node.time, language="lo", text="ຢຸດ")
                new = fresh
            else:
                new = revise(known, at=node.time, by="malee", text=f"v{known.version + 1}")
            filing = Filing(documents=(new,), act="write", actor="malee", reason="r")
            await document_service.file(lambda _b, _n, filing=filing: filing)  # type: ignore[misc]
            node.time += timedelta(seconds=1.000001)
    finally:
        await node.stop()
