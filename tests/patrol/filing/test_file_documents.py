"""The document service: an act whole or not at all, in its turn, stored before anybody sees it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from patrol.documents.document import Document, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing, Note
from patrol.errors.errors import Conflict, NotFound, StoreError
from patrol.filing.disclosure_log import DisclosureLog
from patrol.messages.phrases import Phrase
from patrol.store.journal import journal
from patrol.store.proof import verify_journal as proving
from patrol.store.records import documents
from patrol.store.store import open_store
from tests.fixtures.databases import POSTGRES, empty_store
from tests.fixtures.patience import until
from tests.patrol.nodes.chains import first_fault
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at, reading, tick


def phrase(id: str = "p1", text: str = "stop", agency: str = AGENCY) -> Phrase:
    return Phrase(id=id, agency=agency, at=at(0), by="kham", language="en", text=text)


def filing(*filed: Document, act: str = "write", **more: Any) -> Filing:
    return Filing(documents=filed, act=act, actor="kham", agency=AGENCY, **more)


async def test_an_act_is_on_disk_with_its_line_before_it_is_shown(node: Node) -> None:
    shown: list[int] = []

    def listener(filed: Sequence[Document]) -> None:
        for document in filed:
            rows = node.rows("SELECT version FROM papers WHERE id = ?", document.id)
            lines = node.rows("SELECT * FROM journal WHERE subject = ?", f"phrase:{document.id}")
            assert len(lines) == len(rows) == document.version
            shown.append(document.version)

    node.watch.document_service.listeners.append(listener)
    await node.watch.document_service.file(
        lambda _open_documents, _now: filing(phrase(), reason="new")
    )

    def change(open_documents: OpenDocuments, now: datetime) -> Filing:
        return filing(revise(open_documents.get(Phrase, "p1"), at=now, by="malee", text="halt"))

    await node.watch.document_service.file(change)
    assert shown == [1, 2]
    assert node.watch.document_service.open_documents.get(Phrase, "p1").text == "halt"
    entries = await node.store.read(journal.page)
    assert first_fault(entries) is None
    assert [(entry.act, entry.actor, entry.agency) for entry in entries] == [
        ("write", "kham", AGENCY)
    ] * 2
    assert '"reason":"new"' in entries[0].detail
    assert '"version":2' in entries[1].detail


async def test_several_documents_and_notes_of_one_act_come_together_or_not_at_all(
    node: Node,
) -> None:
    note = Note(act="also", actor="kham", agency=AGENCY)
    await node.watch.document_service.file(
        lambda _b, _n: filing(phrase("p1"), phrase("p2"), notes=(note,))
    )
    entries = await node.store.read(journal.page)
    assert [entry.act for entry in entries] == ["write", "write", "also"]
    with pytest.raises(Conflict):
        await node.watch.document_service.file(lambda _b, _n: filing(phrase("p3"), phrase("p1")))
    assert node.watch.document_service.open_documents.find(Phrase, "p3") is None
    assert len(await node.store.read(journal.page)) == 3
    assert node.rows("SELECT count(*) AS n FROM papers")[0]["n"] == 2


async def test_an_act_that_raises_leaves_nothing(node: Node) -> None:
    def act(open_documents: OpenDocuments, _now: datetime) -> Filing:
        return filing(open_documents.get(Phrase, "nothing"))

    with pytest.raises(NotFound):
        await node.watch.document_service.file(act)
    assert await node.store.read(journal.page) == []


async def test_an_act_that_changes_nothing_writes_nothing(node: Node) -> None:
    assert await node.watch.document_service.file(lambda _b, _n: NOTHING) is NOTHING
    assert await node.store.read(journal.page) == []


async def test_a_stale_version_is_refused_of_open_and_of_closed_documents(node: Node) -> None:
    document_service = node.watch.document_service
    first = phrase()
    await document_service.file(lambda _b, _n: filing(first))
    second = revise(first, at=at(1), by="a", text="one")
    await document_service.file(lambda _b, _n: filing(second))
    with pytest.raises(Conflict, match="is at version 2: look at it again"):
        await document_service.file(
            lambda _b, _n: filing(revise(first, at=at(2), by="b", text="two"))
        )
    closed = revise(second, at=at(3), by="a", retired_at=at(3))
    await document_service.file(lambda _b, _n: filing(closed))
    with pytest.raises(
        Conflict, match="has been changed"
    ):  # the open documents forgot it, the store not
        await document_service.file(
            lambda _b, _n: filing(revise(second, at=at(4), by="b", text="late"))
        )
    with pytest.raises(Conflict, match="already"):
        await document_service.file(lambda _b, _n: filing(first))
    assert node.rows("SELECT max(version) AS v FROM papers")[0]["v"] == 3


async def test_orders_at_once_take_turns_and_none_is_lost(node: Node) -> None:
    document_service = node.watch.document_service
    await document_service.file(lambda _b, _n: filing(phrase(text="0")))

    def add(open_documents: OpenDocuments, now: datetime) -> Filing:
        before = open_documents.get(Phrase, "p1")
        return filing(revise(before, at=now, by="x", text=str(int(before.text) + 1)))

    def stale(_open_documents: OpenDocuments, now: datetime) -> Filing:
        return filing(revise(phrase(), at=now, by="x", text="-1"))

    orders = [document_service.file(stale if number % 5 == 4 else add) for number in range(100)]
    done = await asyncio.gather(*orders, return_exceptions=True)
    refused = [each for each in done if isinstance(each, BaseException)]
    good = 100 - len(refused)
    assert all(isinstance(each, Conflict) for each in refused)
    assert len(refused) == 20
    assert document_service.open_documents.get(Phrase, "p1").text == "80"
    assert document_service.open_documents.get(Phrase, "p1").version == good + 1
    versions = await node.store.read(documents.versions, "phrase", "p1")
    assert [document.version for document in versions] == list(range(1, good + 2))
    proof = await node.store.read(proving.prove)
    assert (proof.faults, proof.entries, proof.documents) == ((), good + 1, good + 1)


async def test_while_the_store_refuses_nothing_is_shown_and_the_same_order_goes_later(
    node: Node,
) -> None:
    document_service = node.watch.document_service
    documents: list[Document] = []
    document_service.listeners.append(documents.extend)
    with reading(node.file) as other:
        other.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")  # another process has the file
        with pytest.raises(StoreError, match=r"locked|lock timeout"):
            await document_service.file(lambda _b, _n: filing(phrase()))
        assert document_service.open_documents.find(Phrase, "p1") is None
        assert documents == []
        other.execute("ROLLBACK")
    await document_service.file(lambda _b, _n: filing(phrase()))
    assert document_service.open_documents.find(Phrase, "p1") is not None
    assert len(documents) == 1
    assert (await node.store.read(proving.prove)).faults == ()


@pytest.mark.parametrize("half", ["paper", "journal"])
async def test_if_one_half_cannot_be_written_the_other_is_not_there(node: Node, half: str) -> None:
    table = "papers" if half == "paper" else "journal"
    with reading(node.file) as other:
        other.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(StoreError):
        await node.watch.document_service.file(lambda _b, _n: filing(phrase()))
    assert node.rows("SELECT count(*) AS n FROM papers")[0]["n"] == 0
    assert node.rows("SELECT count(*) AS n FROM journal")[0]["n"] == 0
    assert list(node.watch.document_service.open_documents) == []


@pytest.mark.parametrize("moment", ["between", "after"])
async def test_a_crash_leaves_all_of_an_act_or_nothing(tmp_path: Path, moment: str) -> None:
    file = tmp_path / "patrol.db"
    url = empty_store(file)
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.patrol.nodes.killed_while_filing", str(file), moment, url],
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    node = Node(file)
    await node.start()
    try:
        open_documents = node.watch.document_service.open_documents
        there = moment == "after"
        assert (open_documents.find(Phrase, "before") is not None) is True
        assert (open_documents.find(Phrase, "killed-1") is not None) is there
        assert (open_documents.find(Phrase, "killed-2") is not None) is there
        proof = await node.store.read(proving.prove)
        assert proof.faults == ()
        assert (proof.entries, proof.documents) == ((3, 3) if there else (1, 1))
        # The chain goes on as if nothing had been.
        await node.watch.document_service.file(lambda _b, _n: filing(phrase("later")))
        assert (await node.store.read(proving.prove)).faults == ()
    finally:
        await node.stop()


async def test_open_documents_are_there_after_a_restart(node: Node) -> None:
    document_service = node.watch.document_service
    await document_service.file(lambda _b, _n: filing(phrase("p1"), phrase("p2")))
    closed = revise(phrase("p1"), at=at(1), by="x", retired_at=at(1))
    await document_service.file(lambda _b, _n: filing(closed))
    again = await node.again()
    assert [document.id for document in again.watch.document_service.open_documents] == ["p2"]


async def test_duties_are_asked_once_a_second_and_a_bad_one_stops_no_other(node: Node) -> None:
    asked: list[datetime] = []

    def bad(_open_documents: OpenDocuments, _now: datetime) -> Filing:
        raise Conflict("it contradicts itself")

    def good(open_documents: OpenDocuments, now: datetime) -> Filing:
        asked.append(now)
        return NOTHING if open_documents.find(Phrase, "p1") else replace(filing(phrase()), actor="")

    node.watch.document_service.duties.extend([bad, good])
    await until(lambda: len(asked) >= 2)
    assert node.watch.document_service.open_documents.find(Phrase, "p1") is not None
    [line] = await node.store.read(journal.page)
    assert line.actor == ""


async def test_what_time_brought_is_tried_again_when_the_store_takes_it(node: Node) -> None:
    tries = 0

    def duty(open_documents: OpenDocuments, _now: datetime) -> Filing:
        nonlocal tries
        if open_documents.find(Phrase, "p1"):
            return NOTHING
        tries += 1
        return filing(phrase())

    await node.store.write(
        lambda c: c.exec_driver_sql(
            "SET lock_timeout = 50" if POSTGRES else "PRAGMA busy_timeout=50"
        )
    )
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        node.watch.document_service.duties.append(duty)
        await until(lambda: tries >= 2)
        assert node.watch.document_service.open_documents.find(Phrase, "p1") is None
        other.execute("ROLLBACK")
    await until(lambda: node.watch.document_service.open_documents.find(Phrase, "p1") is not None)


async def test_two_processes_write_one_chain(node: Node) -> None:
    """As the command line does beside the server."""
    other = open_store(empty_store(node.file))
    note = Note(act="x", actor="command line", agency=AGENCY)
    try:
        await asyncio.gather(
            *(node.watch.document_service.note(note) for _ in range(30)),
            *(other.write(journal.append, [note], at(number), origin="n") for number in range(30)),
        )
    finally:
        await other.close()
    entries = await node.store.read(journal.page)
    assert len(entries) == 60
    assert first_fault(entries) is None


# -- acts that change no document


async def test_an_order_about_units_radios_and_calls_for_help_is_in_the_journal(
    node: Node,
) -> None:
    desk = node.desk("admin", name="malee")
    boat = await node.boat()
    await desk.registry.change_unit(boat, {"call_sign": "Boat 4"})
    assigned = await desk.registry.assign(address="test:a", unit=boat, start=at(0))
    await desk.registry.end_assignment(assigned.id, end=at(50))
    await desk.registry.plot(boat, lon=100.4, lat=20.27)
    await desk.registry.clear_distress(boat)
    await desk.registry.change_unit(boat, {"retired": True})
    entries = await node.store.read(journal.page)
    assert [(entry.act, entry.subject) for entry in entries] == [
        ("add unit", f"unit:{boat}"),
        ("change unit", f"unit:{boat}"),
        ("assign radio", "radio:test:a"),
        ("change radio", "radio:test:a"),
        ("plot by voice", f"unit:{boat}"),
        ("clear distress", f"unit:{boat}"),
        ("retire unit", f"unit:{boat}"),
    ]
    assert {entry.agency for entry in entries} == {AGENCY}
    assert [entry.actor for entry in entries] == ["kham", *["malee"] * 6]
    detail = msgspec.json.decode(entries[1].detail)
    assert detail.keys() == {"call_sign", "digests", "salt"}
    assert detail["call_sign"] == "Boat 4"
    assert detail["digests"].keys() == {"units"}
    assert '"lat":20.27,"lon":100.4' in entries[4].detail
    assert first_fault(entries) is None


async def test_an_order_that_is_refused_leaves_no_line(node: Node) -> None:
    boat = await node.boat()
    before = await node.store.read(journal.page)
    with pytest.raises(Conflict):
        await node.boat()  # that call sign is taken
    with pytest.raises(NotFound):
        await node.desk().registry.clear_distress("nobody")
    assert await node.store.read(journal.page) == before
    with reading(node.file) as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(StoreError):
        await node.desk("admin").registry.change_unit(boat, {"note": "x"})
    assert node.rows("SELECT note FROM units WHERE id = ?", boat)[0]["note"] == ""
    assert node.desk().visible.unit(boat).note == ""


# -- views of shared data


async def test_views_are_one_line_at_once_and_one_when_the_hour_is_over(node: Node) -> None:
    views = node.watch.document_service.disclosures
    for _ in range(1000):
        views.count(OTHER, AGENCY, "positions", 2)
    views.count(OTHER, AGENCY, "tracks")
    views.count(AGENCY, AGENCY, "positions")  # one's own
    await tick(node.watch)
    views.count(OTHER, AGENCY, "positions", 500)
    await tick(node.watch)
    lines = [line for line in await node.store.read(journal.page) if "shared" in line.act]
    assert [(line.agency, line.subject) for line in lines] == [(OTHER, f"agency:{AGENCY}")] * 2
    assert '"class":"positions"' in lines[0].detail
    assert '"records":2000' in lines[0].detail
    node.time = at(3600)
    await tick(node.watch)
    await tick(node.watch)
    lines = [line for line in await node.store.read(journal.page) if "shared" in line.act]
    assert len(lines) == 3  # tracks were told whole
    assert '"records":2500' in lines[2].detail
    views.count(OTHER, AGENCY, "tracks")
    await tick(node.watch)
    lines = [line for line in await node.store.read(journal.page) if "shared" in line.act]
    assert '"records":1' in lines[3].detail


def test_a_view_that_was_not_written_is_sent_again() -> None:
    views, open_documents = DisclosureLog(), OpenDocuments()
    views.count(OTHER, AGENCY, "positions")
    refused = views.duty(open_documents, at(0))
    assert refused.notes == views.duty(open_documents, at(1)).notes
    assert refused.after_commit is not None
    refused.after_commit()
    assert views.duty(open_documents, at(2)) is NOTHING
    assert views.duty(open_documents, at(7200)) is NOTHING  # it was told whole
