"""Watch log: entries of the officer on watch and acts of the system, in one time line.

An entry is never changed: what was wrong with it is said by a later one that names it. The time
line is the journal as an agency may see it, with the words of its typed entries in their places.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec

from patrol.documents.document import Document
from patrol.units.data_classes import NEVER, DataClass

LOG_KINDS: Final = frozenset(
    {
        "alert",
        "agreement",
        "channel",
        "duty_contact",
        "hand_off",
        "incident",
        "log_entry",
        "message",
        "patrol",
        "sector",
        "shift",
        "shift_hand_over",
        "target",
        "unit",
        "radio",
    }
)
"""Kinds of subjects whose lines in the journal are of note to the watch: no sign-ins, no views."""

JOINT_KINDS: Final = frozenset({"agreement", "hand_off", "patrol", "target"})
"""Kinds that may have several parties: of these the acts of the others are of note, too."""


class LogEntry(Document, frozen=True, kw_only=True, tag="log_entry"):
    """An entry that a person wrote into the watch log. It has one version only.

    Attributes:
        text: The words.
        happened_at: When it happened, aware UTC; `at` is when it was written.
        office: The border liaison office; empty for none.
        about: What it is about, `kind:id`; empty for nothing in particular.
        corrects: Id of the entry that it puts right; empty for none.
    """

    CLASS: ClassVar[DataClass | None] = None
    VIEWING_ACT: ClassVar[str] = "see the watch log"

    text: Annotated[str, NEVER]
    happened_at: Annotated[datetime, NEVER]
    office: Annotated[str, NEVER] = ""
    about: Annotated[str, NEVER] = ""
    corrects: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Always true: an entry never changes."""
        return True


class LogLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the time line.

    Attributes:
        seq: Its place: number of the line in the node's journal.
        at: When it was written, aware UTC.
        act: What was done.
        subject: On what, `kind:id`.
        agency: On whose behalf.
        actor: Who did it; empty for the watch itself, and for another agency's people.
        typed: Whether a person wrote it into the log.
        text: The words of a typed entry; else what the thing is, where that is known.
        happened_at: For a typed entry, when it happened.
        office: For a typed entry, where.
        about: For a typed entry, what it is about.
        corrects: For a typed entry, which one it puts right.
        detail: What else the journal says.
    """

    seq: int
    at: datetime
    act: str
    subject: str
    agency: str
    actor: str = ""
    typed: bool = False
    text: str = ""
    happened_at: datetime | None = None
    office: str = ""
    about: str = ""
    corrects: str = ""
    detail: dict[str, Any] = {}


class LogPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the time line, newest first.

    Attributes:
        lines: The lines.
        before: What to ask for next; None at the beginning of the log.
    """

    lines: tuple[LogLine, ...]
    before: int | None = None
