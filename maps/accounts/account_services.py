"""Account services: the account services of one node, built together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from maps.accounts.account_stores import account_stores_of
from maps.accounts.credentials.passkeys import Passkeys, passkeys_possible
from maps.accounts.credentials.second_factor import SecondFactors, fresh_recovery_codes
from maps.accounts.credentials.tokens import Tokens
from maps.accounts.enrolment import Enrolments
from maps.accounts.sessions.access import Access
from maps.accounts.sessions.recent_proof import RecentProof
from maps.accounts.sessions.session_lifetime import SessionLifetime
from maps.accounts.sessions.sign_in import SignInService
from maps.accounts.sessions.sign_in_backoff import SignInBackoff
from maps.accounts.users_and_devices import UserAccounts
from maps.errors.errors import SignInRefused
from maps.http.write_limit import WriteLimit
from maps.settings.settings import Settings
from patrol.filing.journal_writer import JournalWriter
from patrol.store.store import Store, open_store
from patrol.units.accounts import User

if TYPE_CHECKING:
    from maps.accounts.sessions.open_id import OpenId

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class AccountServices:
    """What signs users in, and says who is calling.

    Attributes:
        people: Users, devices, links.
        access: Who is calling.
        signing_in: Signs people in and out.
        factors: Second factors.
        tokens: Tokens of programs.
        enrolments: Phones of crews.
        codes: Counts wrong codes by name, of those who are signed in.
        proof: Says who has proved a password or code recently.
        second_factor: Roles that need a second factor.
        passkeys: Keys that people's own devices hold.
        passkey_signatures: Agreements are signed with one alone.
        open_id: A provider with which people may sign in; None without one.
    """

    people: UserAccounts
    access: Access
    signing_in: SignInService
    factors: SecondFactors
    tokens: Tokens
    enrolments: Enrolments
    codes: SignInBackoff
    proof: RecentProof
    second_factor: frozenset[str]
    open_id: OpenId | None
    passkeys: Passkeys
    passkey_signatures: bool

    async def count_tries(self, user: User, work: Callable[[], Awaitable[T]]) -> T:
        """Do what checks a password, code or passkey of somebody who is signed in; wrong ones are
        counted as wrong sign-ins are.

        Raises:
            TooManyTries: If too many were wrong of late.
        """
        self.codes.check(user.name)
        self.codes.note_failure(user.name)
        try:
            done = await work()
        except SignInRefused:
            raise
        except Exception:
            self.codes.take_back(user.name)
            raise
        self.codes.forget_failures(user.name)
        return done


def open_accounts(
    settings: Settings, store: Store, *, journal_writer: JournalWriter
) -> AccountServices:
    """Return the account services of a node.

    Args:
        settings: What the node is told.
        store: Its records.
        journal_writer: Writes sign-ins, refusals and changes with their lines in the journal.
    """
    books = account_stores_of(settings, store, journal_writer=journal_writer)
    needing = frozenset(settings.access.second_factor)
    proof = RecentProof(books.seal)
    lifetime = SessionLifetime(
        hours=settings.web.session_hours, idle_minutes=settings.access.idle_minutes
    )
    access = Access(
        books.people,
        second_factor=needing,
        writes=WriteLimit(per_s=settings.access.writes_per_s, burst=settings.access.writes_burst),
        proof=proof,
        idle=lifetime.prolonged,
    )
    signing_in = SignInService(
        books.people,
        access,
        books.passwords,
        books.factors,
        books.seal,
        lifetime=lifetime,
        notify=journal_writer.note,
    )
    return AccountServices(
        people=books.people,
        access=access,
        signing_in=signing_in,
        factors=books.factors,
        tokens=books.tokens,
        enrolments=Enrolments(store, node=settings.node.id, journal_writer=journal_writer),
        codes=SignInBackoff(free=5, longest_s=120),
        proof=proof,
        second_factor=needing,
        open_id=_open_id(settings, store),
        passkeys=Passkeys(
            store,
            books.seal,
            node=settings.node.id,
            title=settings.node.name,
            journal_writer=journal_writer,
            recovery=fresh_recovery_codes,
        ),
        passkey_signatures=settings.access.passkey_signatures and passkeys_possible(settings.web),
    )


def _open_id(settings: Settings, store: Store) -> OpenId | None:
    """Return the provider with which people may sign in; what speaks to it is loaded for it."""
    if settings.open_id is None:
        return None
    from maps.accounts.sessions.open_id import OpenId

    return OpenId(settings.open_id, store, node=settings.node.id)


@asynccontextmanager
async def open_account_services(settings: Settings) -> AsyncIterator[AccountServices]:
    """Open only users and devices; a running server may have the store open too.

    Raises:
        StoreError: If the store cannot be opened.
    """
    store = await asyncio.to_thread(open_store, settings.store.url, migrates="never")

    journal_writer = JournalWriter(
        store=store, node=settings.node.id, now=lambda: datetime.now(UTC)
    )
    try:
        yield open_accounts(settings, store, journal_writer=journal_writer)
    finally:
        await store.close()
