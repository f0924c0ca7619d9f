"""Machine acts: commands run on this node's machine that changed accounts of another agency.

Whoever may run a command there needs no password, so nothing stops them; but the agency whose user,
device or token it is must hear of it. Each such act is a line of that agency's journal; here the
new ones are found, with the server running when it was done or not, and each is raised once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Connection

from patrol.alerts.alert import Alert
from patrol.audit.chain import Entry
from patrol.documents.document import kind_of
from patrol.documents.transaction import COMMAND_LINE
from patrol.errors.errors import StoreError
from patrol.store.journal import journal
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.store.store import Store
from radio_gateway.parsing.msgspec_decoders import json_decoder

RULE: Final = "machine_act"
LOOK_EVERY_S: Final = 2.0
TOLD_FOR: Final = timedelta(minutes=1)
"""How long a new one is a condition; its alert holds until somebody acknowledges it."""

BACK: Final = timedelta(days=30)
"""How far back a start looks for what was done while nothing ran."""

_KINDS: Final = ("user", "device", "token")

log = structlog.get_logger(__name__)


class MachineAct(NamedTuple):
    """One act.

    Attributes:
        number: Number of its line in the journal.
        agency: Whose user, device or token it is.
        act: What was done, as in the journal.
        name: Name of whom or what it was done to.
        at: When, aware UTC.
        found_at: When it was found, aware UTC.
    """

    number: int
    agency: str
    act: str
    name: str
    at: datetime
    found_at: datetime


class MachineActs:
    """Finds them in the journal.

    Args:
        store: Where the journal is.
        agency: The node's own, whose machine it is: it is told nothing of its own acts.
        now: Clock, aware UTC.
    """

    def __init__(self, store: Store, *, agency: str, now: Callable[[], datetime]) -> None:
        self._store, self._agency, self._now = store, agency, now
        self._after: int | None = None
        self._raised: frozenset[str] = frozenset()
        self._new: list[MachineAct] = []

    def new(self) -> Sequence[MachineAct]:
        """Return those found of late, oldest first."""
        now = self._now()
        self._new = [each for each in self._new if now - each.found_at < TOLD_FOR]
        return self._new

    async def look(self) -> None:
        """Read new acts from the journal; what cannot be read is tried again."""
        try:
            if self._after is None:
                begin = await self._store.read(_where_to_begin, self._now() - BACK)
                self._after, self._raised = begin
            end, entries = await self._store.read(_new_acts, self._after or 0)
            self._after = end
            self._new += [act for each in entries if (act := self._act(each)) is not None]
        except StoreError as error:
            log.warning("acts on this machine cannot be looked for yet", fault=str(error))

    def _act(self, entry: Entry) -> MachineAct | None:
        kind, _, id = entry.subject.partition(":")
        if kind not in _KINDS or entry.agency in ("", self._agency):
            return None
        if str(entry.seq) in self._raised:
            return None
        of = json_decoder(dict[str, Any]).decode(entry.detail).get("of")
        return MachineAct(
            number=entry.seq,
            agency=entry.agency,
            act=entry.act,
            name=of if isinstance(of, str) else id,
            at=entry.at,
            found_at=self._now(),
        )


def _new_acts(connection: Connection, after: int) -> tuple[int, list[Entry]]:
    """Return the number of the newest line, and those by a command after another."""
    return journal.end(connection)[0], journal.of_actor(connection, COMMAND_LINE, after=after)


def _where_to_begin(connection: Connection, since: datetime) -> tuple[int, frozenset[str]]:
    """Return the line before the first one to look at, and which were raised before."""
    raised = documents.of_kind(connection, kind_of(Alert), since_us=to_us(since), limit=10_000)
    return journal.at_or_after(connection, since) - 1, frozenset(
        each.subject for each in raised if isinstance(each, Alert) and each.rule == RULE
    )
