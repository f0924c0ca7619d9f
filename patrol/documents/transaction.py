"""Filing: the documents and journal rows of one act, written in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from patrol.documents.document import Document
from patrol.protected_fields.field import ProtectedField

COMMAND_LINE: Final = "command line"
"""Who acted where a command on the machine did: nobody who signed in."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal before it has its place in the chain.

    Attributes:
        act: What was done, for example `suspend agreement`.
        actor: Who did it: a user's name; empty for the watch itself.
        agency: On whose behalf.
        subject: On what: `kind:id`.
        detail: What else matters, without secrets; JSON values only.
    """

    act: str
    actor: str
    agency: str
    subject: str = ""
    detail: dict[str, Any] = {}


class PhoneReceipt(msgspec.Struct, frozen=True, kw_only=True, rename={"result_id": "made"}):
    """Receipt for a report of a crew's phone; a phone repeats a report until it has one.

    Attributes:
        id: The report's id, made by the phone.
        agency: On whose behalf it was sent.
        kind: What was reported.
        by: Who sent it: a user's name, or `key:` and a phone's.
        result_id: Id of what it made, hash of the photo it brought; empty for nothing of its own.
    """

    id: str
    agency: str
    kind: str
    by: str
    result_id: str = ""


class StatementDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a counterpart is to be told, before it has its place in the log of what it is told.

    Attributes:
        to_node: The counterpart.
        kind: What it is about, for example `card`.
        id: Of what it is about.
        version: Of that.
        body: What is said: a struct or JSON values.
        agency: On whose behalf.
        purpose: Whether it is meant, or part of an exercise.
        agreement_hash: Of the agreement that lets it cross; empty for what needs none.
        data_class: Under which of its classes.
        handling: What the receiver may do with it; empty: what the agreement says.
    """

    to_node: str
    kind: str
    id: str
    version: int
    body: Any
    agency: str
    purpose: Literal["real", "exercise"] = "real"
    agreement_hash: str = ""
    data_class: str = ""
    handling: str = ""


class ReceivedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of a counterpart, to be stored in the transaction of its effect.

    Attributes:
        from_node: The counterpart.
        epoch: Of its log.
        number: Its place in that.
        hash: Its own, 64 hexadecimal digits.
        kind: What it is about; empty where it cannot be read.
        raw: As it came.
        state: `applied`, `refused`, or `not_understood` until a later version reads it.
        agency: On whose behalf it is stored.
        reason: Why it is refused.
        is_reread: It is stored already, and was not understood by then.
    """

    from_node: str
    epoch: int
    number: int
    hash: str
    kind: str
    raw: bytes
    state: Literal["applied", "refused", "not_understood"]
    agency: str
    reason: str = ""
    is_reread: bool = False


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """What one act files.

    Attributes:
        documents: New versions; each becomes a line of the journal by itself.
        act: What was done, for the journal.
        actor: Who did it: a user's name; empty for the watch itself.
        agency: On whose behalf.
        notes: Further lines.
        reason: Why, as the person said.
        after_commit: Called once all of it is on disk, still in the turn.
        receipt: The phone's report that it is the effect of; taken once, with it.
        protected: What is written into protected fields; each becomes a line of the journal.
        statements: What counterparts are told of it; each becomes a line of the journal.
        received: The counterpart's statement that it is the effect of; taken once, with it.
    """

    documents: tuple[Document, ...] = ()
    act: str = ""
    actor: str = ""
    agency: str = ""
    notes: tuple[Note, ...] = ()
    reason: str = ""
    after_commit: Callable[[], None] | None = None
    receipt: PhoneReceipt | None = None
    protected: tuple[ProtectedField, ...] = ()
    statements: tuple[StatementDraft, ...] = ()
    received: ReceivedStatement | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to file."""
        return bool(
            self.documents
            or self.notes
            or self.protected
            or self.statements
            or self.received is not None
        )


NOTHING = Filing()
"""An act that changes nothing."""
