"""ProtectedFieldDesk: how words that only who has to know may read are written, read, taken away.

Who reads says what for, and the journal has it before the words are out. A commander may by role;
to others of the own agency a commander gives the reading of one incident or target. Crews and their
phones may never: what is on a boat is lost with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection

from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document
from patrol.documents.transaction import Filing, Note
from patrol.documents_registry.document_kinds import KINDS
from patrol.errors.errors import Conflict, Forbidden, NotFound
from patrol.protected_fields.field import FIELDS, LONGEST, ProtectedField
from patrol.protected_fields.reader import ProtectedReader, ReaderCandidate
from patrol.store.accounts import accounts
from patrol.store.protection import protected_fields
from patrol.store.records import documents
from patrol.units.accounts import User
from patrol.units.permissions import may, require

READ: Final = "see protected names"

NEVER_READS: Final = "crew"
"""The role that is on boats and phones."""

MOST_READERS: Final = 1000
"""Of one answer."""

MOST_ENTRIES: Final = 500
"""Beside one document: all are opened for one answer."""


class ProtectedWords(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was written once into a protected field, as it is shown.

    Attributes:
        id: Its id.
        field: Which field.
        at: When it was written, aware UTC.
        by: Who wrote it.
        words: The words; empty once they were redacted.
        redacted_at: When they were taken away, aware UTC.
        redacted_by: Who did.
        reason: Why.
        commitment: What the journal has of the words, hexadecimal.
    """

    id: str
    field: str
    at: datetime
    by: str
    words: str = ""
    redacted_at: datetime | None = None
    redacted_by: str = ""
    reason: str = ""
    commitment: str = ""


class ProtectedReaders(msgspec.Struct, frozen=True, kw_only=True):
    """The users who may read a document's protected fields.

    Attributes:
        readers: Users' names.
        candidates: Users of the agency to whom it may be given besides, by name.
    """

    readers: tuple[str, ...]
    candidates: tuple[ReaderCandidate, ...] = ()


class ProtectedFieldDesk:
    """What a user may do with the protected fields of an incident or target.

    Args:
        access: What the user may read, see and file.
    """

    def __init__(self, access: DocumentAccess) -> None:
        self._access = access

    async def read(self, kind: str, document: str, *, purpose: str) -> list[ProtectedWords]:
        """Return the entries of protected fields, oldest first; the reading is noted in the journal
        first.

        Args:
            kind: Of which kind of documents.
            document: Of which.
            purpose: What for.

        Raises:
            Forbidden: If neither role nor a commander lets the user read it.
            NotFound: If the user's agency has no such document.
            Conflict: If no purpose is told.
            NoFieldKey, FieldKeyError: If the agency's key is not there or does not open it.
            StoreError: If the store refuses; then nothing is shown.
        """
        await self._may_read(kind, document)
        if not purpose.strip():
            raise Conflict("say what for")
        await self._own_document(kind, document)
        agency = self._access.user.agency
        found = await self._access.read(protected_fields.of_document, agency, kind, document)
        key = None
        if any(each.sealed is not None for each in found):
            key = self._access.field_keys.read(agency)
        detail = {"purpose": purpose.strip(), "ids": [each.id for each in found]}
        await self._access.journal.note(self._note("read protected fields", kind, document, detail))
        return [_words_of(each, "" if key is None else each.words(key)) for each in found]

    async def write(self, kind: str, document: str, *, field: str, words: str) -> ProtectedWords:
        """Write into a protected field; earlier entries stay until they are redacted.

        Returns:
            What was written, without the words.

        Raises:
            Forbidden: If the role may not log incidents, or open targets.
            NotFound: If the user's agency has no such document.
            Conflict: If there is no such field, no words, or too much was written before.
            NoFieldKey, FieldKeyError: If the agency has no key that can be used.
            StoreError: If the store refuses.
        """
        _check_kind(kind)
        require(
            self._access.user.role, {"incident": "log incidents", "target": "open targets"}[kind]
        )
        await self._own_document(kind, document)
        if field not in FIELDS[kind]:
            raise Conflict(f"an {kind} has no protected field {field!r}")
        if not words.strip() or len(words) > LONGEST:
            raise Conflict(f"write something, of at most {LONGEST} characters")
        written = await self._access.read(
            protected_fields.count, self._access.user.agency, kind, document
        )
        if written >= MOST_ENTRIES:
            raise Conflict(f"{MOST_ENTRIES} entries are beside it already")
        (made,) = self._access.sealed(kind, document, {field: words})
        filing = Filing(
            actor=self._access.user.name, agency=self._access.user.agency, protected=(made,)
        )
        await self._access.do(lambda _open_documents, _now: filing)
        return _words_of(made, "")

    async def redact(self, kind: str, document: str, id: str, *, reason: str) -> ProtectedWords:
        """Take words away for good; who did, when and why stays, and the commitment.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such document, or nothing of that id in it.
            Conflict: If no reason is told, a legal hold covers the document, or it was done before.
            StoreError: If the store refuses.
        """
        self._access.may("redact protected names")
        _check_kind(kind)
        if not reason.strip():
            raise Conflict("say why")
        await self._own_document(kind, document)
        agency, by, at = self._access.user.agency, self._access.user.name, self._access.now()

        def redaction_note(left: ProtectedField) -> Note:
            detail = {
                "id": left.id,
                "field": left.field,
                "commitment": left.commitment.hex(),
                "reason": left.reason,
            }
            return self._note("redact protected field", kind, document, detail)

        left = await self._access.journal.write(
            redaction_note,
            protected_fields.redact,
            id,
            agency=agency,
            kind=kind,
            document=document,
            at=at,
            by=by,
            reason=reason.strip(),
        )
        return _words_of(left, "")

    async def readers(self, kind: str, document: str) -> ProtectedReaders:
        """Return the users who may read.

        Raises:
            Forbidden: If the role may not give it.
            NotFound: If the user's agency has no such document.
        """
        self._access.may("give protected names")
        return await self._readers(kind, (await self._own_document(kind, document)).id)

    async def all_readers(self) -> list[ProtectedReader]:
        """Return which users of the agency may read which document, newest first.

        Raises:
            Forbidden: If the role may not take them back.
        """
        self._access.may("take back protected names")
        return await self._access.read(
            lambda connection: protected_fields.all_readers(
                connection, self._access.user.agency, most=MOST_READERS
            )
        )

    async def give(self, kind: str, document: str, reader: str) -> ProtectedReaders:
        """Let a user of the own agency read what is protected of one document.

        Raises:
            Forbidden: If the role may not give it.
            NotFound: If the user's agency has no such document or user.
            Conflict: If that user's role never reads it, or may not see such documents at all.
            StoreError: If the store refuses.
        """
        self._access.may("give protected names")
        await self._own_document(kind, document)
        known = await self._access.read(accounts.user_named, reader)
        if known is None or known[0].agency != self._access.user.agency:
            raise NotFound("user", reader)
        role = known[0].role
        if not _can_be_given(role, kind):
            raise Conflict(f"a {role} does not read protected fields")
        await self._access.journal.write(
            lambda done: (
                (self._note("give protected names", kind, document, {"reader": reader}),)
                if done
                else ()
            ),
            protected_fields.grant,
            reader,
            agency=self._access.user.agency,
            kind=kind,
            document=document,
            at=self._access.now(),
            by=self._access.user.name,
            origin=self._access.node,
        )
        return await self._readers(kind, document)

    async def take_back(self, kind: str, document: str, reader: str) -> ProtectedReaders:
        """Let a user read it no more; one who was given nothing changes nothing.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such document.
            StoreError: If the store refuses.
        """
        self._access.may("take back protected names")
        await self._own_document(kind, document)
        await self._access.journal.write(
            lambda done: (
                (self._note("take back protected names", kind, document, {"reader": reader}),)
                if done
                else ()
            ),
            protected_fields.revoke,
            reader,
            agency=self._access.user.agency,
            kind=kind,
            document=document,
        )
        return await self._readers(kind, document)

    # -- inside

    async def _readers(self, kind: str, document: str) -> ProtectedReaders:
        def find(connection: Connection) -> tuple[list[str], list[User]]:
            agency = self._access.user.agency
            given = protected_fields.readers(connection, agency, kind, document)
            return given, accounts.all_users(connection, agency)

        given, users = await self._access.read(find)
        return ProtectedReaders(
            readers=tuple(given),
            candidates=tuple(
                ReaderCandidate(name=each.name, role=each.role)
                for each in users
                if each.disabled_at is None
                and each.name not in given
                and _can_be_given(each.role, kind)
                and not may(each.role, READ)
            ),
        )

    async def _may_read(self, kind: str, document: str) -> None:
        _check_kind(kind)
        role = self._access.user.role
        if may(role, READ):
            return
        if _can_be_given(role, kind):
            given = await self._access.read(
                protected_fields.readers, self._access.user.agency, kind, document
            )
            if self._access.user.name in given:
                return
        raise Forbidden(READ, role)

    async def _own_document(self, kind: str, document: str) -> Document:
        _check_kind(kind)
        found = await self._access.read(documents.newest, kind, document)
        if found is None or found.agency != self._access.user.agency:
            raise NotFound(kind, document)
        return found

    def _note(self, act: str, kind: str, document: str, detail: Mapping[str, object]) -> Note:
        return Note(
            act=act,
            actor=self._access.user.name,
            agency=self._access.user.agency,
            subject=f"{kind}:{document}",
            detail=dict(detail),
        )


def _can_be_given(role: str, kind: str) -> bool:
    return role != NEVER_READS and may(role, KINDS[kind].VIEWING_ACT)


def _check_kind(kind: str) -> None:
    if kind not in FIELDS:
        raise NotFound("kind of papers with protected fields", kind)


def _words_of(field: ProtectedField, words: str) -> ProtectedWords:
    return ProtectedWords(
        id=field.id,
        field=field.field,
        at=field.at,
        by=field.by,
        words=words,
        redacted_at=field.redacted_at,
        redacted_by=field.redacted_by,
        reason=field.reason,
        commitment=field.commitment.hex(),
    )
