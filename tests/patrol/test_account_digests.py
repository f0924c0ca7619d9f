"""Accounts in the chain: who is let in behind the product's back is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from patrol.accounts import User
from patrol.filing import Note
from patrol.scribe import Scribe
from patrol.store import account_changes, accounts, journal, registry
from patrol.store.account_digests import COVERED
from patrol.store.proving import Proof, prove
from patrol.store.store import Store, open_store
from patrol.units import Agency
from tests.databases import empty_store, reading
from tests.patrol.running import AGENCY, at

CREW = User(name="kham", role="crew", agency=AGENCY, origin="node")
BOSS = User(name="keo", role="admin", agency=AGENCY, origin="node")
NOTE = Note(act="an act", actor="keo", agency=AGENCY)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store that a node has begun with, and in which two users were made by acts."""
    opened = open_store(empty_store(tmp_path / "a.db"))
    try:
        await opened.write(journal.cover, at(0), origin="node")
        scribe = Scribe(store=opened, node="node", now=lambda: at(1))
        for user in (CREW, BOSS):
            await scribe.write(NOTE, account_changes.new_user, user, "hash", at(1))
        yield opened
    finally:
        await opened.close()


async def acts(store: Store) -> None:
    """Do something to both users as the product does."""
    scribe = Scribe(store=store, node="node", now=lambda: at(2))
    for user in (CREW, BOSS):
        await scribe.write(
            NOTE, account_changes.prefer, user.name, language="lo", calendar="gregorian"
        )


async def proved(store: Store) -> Proof:
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
    assert fault.paper.startswith(f"users {who}")


async def test_a_session_put_there_by_hand_is_named(store: Store, tmp_path: Path) -> None:
    statement = (
        'INSERT INTO sessions (id, key_hash, "user", created_us, expires_us, kind, label, scopes,'
        " factor, agency, origin)"
        " SELECT 's', previous, 'keo', 1, 2, 'page', '', '', 0, 'la', 'node'"
        " FROM journal WHERE seq = 1"
    )
    sql(tmp_path, statement)
    [fault] = (await proved(store)).faults
    assert (fault.what, fault.paper) == ("unwritten", "sessions keo s")


async def test_a_change_by_hand_is_named_though_an_act_came_after_it(
    store: Store, tmp_path: Path
) -> None:
    sql(tmp_path, "UPDATE users SET role = 'admin' WHERE name = 'kham'")
    await acts(store)
    [fault] = (await proved(store)).faults
    assert (fault.what, fault.seq) == ("altered", 4)
    assert "before this act" in fault.why


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
    finally:
        await opened.close()


async def test_what_no_act_tells_of_has_a_line_of_its_own(store: Store, tmp_path: Path) -> None:
    await store.write(accounts.put_user, CREW, "another", at(3))
    proof = await proved(store)
    assert (proof.faults, proof.entries) == ((), 4)


def test_every_table_that_lets_somebody_in_is_covered() -> None:
    lets_in = "users sessions links second_factors recovery_codes identities devices enrolments"
    assert set(lets_in.split()) <= COVERED.keys()
