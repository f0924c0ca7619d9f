"""Accounts in the chain: who is let in behind the product's back is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from patrol.documents.transaction import Note
from patrol.filing.journal_writer import JournalWriter
from patrol.reception.rejected import ReportRefusal
from patrol.store.accounts import account_changes, accounts
from patrol.store.journal import journal
from patrol.store.journal.row_digests import COVERED
from patrol.store.proof.verify_journal import JournalProof, prove
from patrol.store.receptions import rejected as quarantine
from patrol.store.records import registry
from patrol.store.store import Store, open_store
from patrol.units.accounts import User
from patrol.units.units import Agency
from tests.fixtures.databases import empty_store, reading
from tests.patrol.nodes.running import AGENCY, Node, at, said

CREW = User(name="kham", role="crew", agency=AGENCY, origin="node")
BOSS = User(name="keo", role="admin", agency=AGENCY, origin="node")
NOTE = Note(act="an act", actor="keo", agency=AGENCY)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store that a node has begun with, and in which two users were made by acts."""
    opened = open_store(empty_store(tmp_path / "a.db"))
    try:
        await opened.write(journal.cover, at(0), origin="node")
        journal_writer = JournalWriter(store=opened, node="node", now=lambda: at(1))
        for user in (CREW, BOSS):
            await journal_writer.write(NOTE, account_changes.new_user, user, "hash", at(1))
        yield opened
    finally:
        await opened.close()


async def acts(store: Store) -> None:
    """Do something to both users as the product does."""
    journal_writer = JournalWriter(store=store, node="node", now=lambda: at(2))
    for user in (CREW, BOSS):
        await journal_writer.write(
            NOTE, account_changes.prefer, user.name, language="lo", calendar="gregorian"
        )


async def proved(store: Store) -> JournalProof:
    return await store.read(prove)


def sql(tmp_path: Path, *statements: str) -> None:
    with reading(tmp_path / "a.db") as connection:
        for statement in statements:
            connection.execute(statement)


async def test_what_acts_change_is_proved(store: Store) -> None:
    await acts(store)
    proof = await proved(store)
    assert (proof.faults, proof.accounts) == ((), 2)


@pytest.mark.parametrize(
    ("statement", "what", "who"),
    [
        ("UPDATE users SET role = 'admin' WHERE name = 'kham'", "altered", "kham"),
        ("UPDATE users SET password_hash = 'known' WHERE name = 'keo'", "altered", "keo"),
        ("DELETE FROM users WHERE name = 'keo'", "missing", ""),
        (
            (
                "INSERT INTO users (id, name, role, created_us, calendar, agency, origin)"
                " VALUES ('x', 'ghost', 'admin', 1, 'gregorian', 'la', 'node')"
            ),
            "unwritten",
            "ghost",
        ),
    ],
)
async def test_who_is_let_in_behind_the_product_s_back_is_named(
    store: Store, tmp_path: Path, statement: str, what: str, who: str
) -> None:
    sql(tmp_path, statement)
    [fault] = (await proved(store)).faults
    assert fault.what == what
    assert fault.document.startswith(f"users {who}")


async def test_a_session_put_there_by_hand_is_named(store: Store, tmp_path: Path) -> None:
    statement = (
        'INSERT INTO sessions (id, key_hash, "user", created_us, expires_us, kind, label, scopes,'
        " factor, agency, origin)"
        " SELECT 's', previous, 'keo', 1, 2, 'page', '', '', 0, 'la', 'node'"
        " FROM journal WHERE seq = 1"
    )
    sql(tmp_path, statement)
    [fault] = (await proved(store)).faults
    assert (fault.what, fault.document) == ("unwritten", "sessions keo s")


async def test_a_change_by_hand_is_named_though_an_act_came_after_it(
    store: Store, tmp_path: Path
) -> None:
    sql(tmp_path, "UPDATE users SET role = 'admin' WHERE name = 'kham'")
    await acts(store)
    [fault] = (await proved(store)).faults
    assert (fault.what, fault.seq) == ("altered", 4)
    assert "before this act" in fault.reason


async def test_accounts_of_an_older_version_are_covered_from_the_next_start_on(
    tmp_path: Path,
) -> None:
    opened = open_store(empty_store(tmp_path / "a.db"))
    try:
        await opened.write(registry.put_agency, Agency(id=AGENCY, name="Police"), "node")
        sql(tmp_path, "DELETE FROM journal")  # as it stood before accounts were covered
        assert (await proved(opened)).accounts is None
        await opened.write(journal.cover, at(0), origin="node")
        await opened.write(journal.cover, at(1), origin="node")  # once alone
        proof = await proved(opened)
        assert (proof.faults, proof.accounts, proof.entries) == ((), 1, 1)
        assert (proof.protected, proof.set_aside) == (0, 0)
    finally:
        await opened.close()


async def test_a_change_without_an_act_has_a_line_of_its_own(store: Store, tmp_path: Path) -> None:
    await store.write(accounts.put_user, CREW, "another", at(3))
    proof = await proved(store)
    assert (proof.faults, proof.entries) == ((), 4)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A node in whose journal stand two sealed names, one redacted, and a report set aside."""
    opened = Node(tmp_path / "a.db")
    await opened.store.write(journal.cover, at(0), origin="node")
    await opened.start()
    try:
        made = await opened.desk("crew").incidents.log(
            category="drugs",
            happened_at=at(-60),
            precision="minute",
            names="Mr Arrested",
            informants="the ferryman",
        )
        desk = opened.desk("commander", name="boun").protected_fields
        shown = await desk.read("incident", made.id, purpose="x")
        [protected_words] = [each for each in shown if each.field == "names"]
        await desk.redact("incident", made.id, protected_words.id, reason="the court's order")
        bad = ReportRefusal(said("a", 1), "bad", ValueError())
        await opened.store.write(quarantine.put, [bad], at(1), agency=AGENCY, origin="node")
        yield opened
    finally:
        await opened.stop()


async def test_what_is_sealed_redacted_or_set_aside_is_proved(node: Node) -> None:
    proof = await proved(node.store)
    assert (proof.faults, proof.protected, proof.set_aside) == ((), 2, 1)


@pytest.mark.parametrize(
    ("statement", "what", "row", "act"),
    [
        (
            "UPDATE protected_fields SET sealed = commitment WHERE field = 'informants'",
            "altered",
            "protected field informants",
            "write protected field",
        ),
        (
            "UPDATE protected_fields SET sealed = commitment WHERE field = 'names'",
            "altered",
            "protected field names",
            "redact protected field",
        ),
        (
            "DELETE FROM protected_fields WHERE field = 'informants'",
            "missing",
            "protected field",
            "write protected field",
        ),
        (
            (
                "INSERT INTO protected_fields SELECT 'x', kind, paper, field, at_us, by,"
                " commitment, key, sealed, redacted_at_us, redacted_by, reason, agency, origin"
                " FROM protected_fields WHERE field = 'informants'"
            ),
            "unwritten",
            "protected field informants x",
            None,
        ),
        ("UPDATE set_aside SET raw = said", "altered", "report set aside", "set reports aside"),
        ("DELETE FROM set_aside", "missing", "report set aside", "set reports aside"),
    ],
)
async def test_a_sealed_row_or_one_set_aside_that_somebody_changed_is_named(
    node: Node, tmp_path: Path, statement: str, what: str, row: str, act: str | None
) -> None:
    sql(tmp_path, statement)
    [fault] = (await proved(node.store)).faults
    assert fault.what == what
    assert fault.document.startswith(row)
    acts = [each["act"] for each in node.rows("SELECT act FROM journal WHERE seq = ?", fault.seq)]
    assert acts == ([] if act is None else [act])


async def test_rows_of_before_a_version_that_covers_them_are_covered_from_its_first_start_on(
    tmp_path: Path,
) -> None:
    opened = open_store(empty_store(tmp_path / "a.db"))
    try:
        older = Note(
            act="cover accounts",
            actor="",
            agency="",
            subject="journal:accounts",
            detail={"digests": {}},
        )
        await opened.write(journal.append, [older], at(0), origin="node")
        reports = [ReportRefusal(said("a", second), "bad", ValueError()) for second in (1, 2)]
        await opened.write(quarantine.put, reports, at(1), agency=AGENCY, origin="node")
        sql(tmp_path, "DELETE FROM journal WHERE seq = 2")  # it told of none
        proof = await proved(opened)
        assert (proof.faults, proof.accounts, proof.set_aside) == ((), 0, None)
        for _ in range(2):
            await opened.write(journal.cover, at(2), origin="node")
        proof = await proved(opened)
        assert (proof.faults, proof.entries, proof.set_aside) == ((), 2, 2)
        sql(
            tmp_path,
            "DELETE FROM set_aside WHERE reception_id = (SELECT max(reception_id) FROM set_aside)",
        )
        [fault] = (await proved(opened)).faults
        assert (fault.what, fault.seq) == ("missing", 2)
    finally:
        await opened.close()


def test_every_table_that_lets_somebody_in_is_covered() -> None:
    lets_in = "users sessions links second_factors recovery_codes identities devices enrolments"
    assert set(lets_in.split()) <= COVERED.keys()
