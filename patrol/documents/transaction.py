"""Filing: the documents and journal rows of one act, written in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

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

    def __bool__(self) -> bool:
        """Whether there is anything to file."""
        return bool(self.documents or self.notes or self.protected)


NOTHING = Filing()
"""An act that changes nothing."""
