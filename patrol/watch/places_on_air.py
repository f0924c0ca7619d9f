"""PlacesOnAir: marks, targets and sectors that were sent to radios, and taken back at their end.

A Meshtastic node forgets a waypoint when its time is over; one that ends before, and every APRS
object, must be taken back by a message of its own over each channel that showed it. What radios
were shown is known again when it is heard (`OwnMessages`), also after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec.structs import replace

from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import CannotSend, Conflict, StoreError
from patrol.intake.own_messages import OwnMessages
from patrol.marks.mark import LASTS_AT_MOST, OWN_NAME, Mark
from patrol.messages.message import Message, MessageStep
from patrol.sectors.sector import Sector
from patrol.store.records import messages
from patrol.store.store import Store
from patrol.targets.target import Target
from patrol.watch.dispatch import Dispatch
from radio_gateway.formats.aprs_object import object_name, object_place
from radio_gateway.formats.meshtastic_waypoint import waypoint_name

AGAIN_S: Final = 30.0
"""How long to wait until what could not be taken back is tried again."""

TAKEN_BACK_WITHIN: Final = timedelta(hours=24)

REASON: Final = "it ended"

KINDS: Final = (Mark, Target, Sector)
"""Documents that radios may be shown."""

_END: Final = "-end"  # of the id of the message that takes another back

_NEVER_SENT: Final = frozenset({"failed", "expired", "refused", "cancelled"})

log = structlog.get_logger(__name__)


class PlacesOnAir:
    """Marks, targets and sectors of one node that were shown to radios.

    Args:
        store: Where messages are kept.
        dispatch: Sends them.
        own: Is told what radios are shown.
        open_documents: The open documents.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        *,
        store: Store,
        dispatch: Dispatch,
        own: OwnMessages,
        open_documents: OpenDocuments,
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._dispatch, self._own = store, dispatch, own
        self._open_documents, self._now = open_documents, now
        self._sent: dict[tuple[str, str, str], Message] = {}  # by name outward, channel, message
        self._news = asyncio.Event()

    async def load(self) -> None:
        """Take up what radios were shown before; to be called once the documents are known."""
        since = self._now() - LASTS_AT_MOST - TAKEN_BACK_WITHIN
        for message in await self._store.read(lambda each: messages.marks(each, since=since)):
            self._note(message)
        self._news.set()

    def documents_changed(self, documents: Sequence[Document]) -> None:
        """Look whether something has ended that radios were shown."""
        if self._sent and any(isinstance(each, KINDS) and each.is_closed for each in documents):
            self._news.set()

    async def send(self, message: Message) -> Message:
        """Show a place to the radios of a channel; errors as of `Dispatch.send`."""
        self._note_own(message)
        sent = await self._dispatch.send(message)
        self._note(sent)
        return sent

    async def run(self) -> None:
        """Take back what has ended, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S if self._ended_places() else None):
                    await self._news.wait()
            self._news.clear()
            for message in self._ended_places():
                try:
                    await self._take_back(message)
                except (CannotSend, StoreError) as error:
                    log.warning("place_not_taken_back", message=message.id, fault=str(error))

    # -- inside

    def _note(self, message: Message) -> None:
        mark = message.mark
        if mark is None:
            return
        if mark.deleted:
            self._sent.pop((mark.id, message.channel, message.id.removesuffix(_END)), None)
        else:
            self._note_own(message)
            self._sent[mark.id, message.channel, message.id] = message

    def _note_own(self, message: Message) -> None:
        mark = message.mark
        if mark is None or mark.lon is None or mark.lat is None:
            return
        id = mark.id.rpartition(".")[2]
        document = next(
            (each for kind in KINDS if (each := self._open_documents.find(kind, id))), None
        )
        if document is None:
            return  # it has ended: who says it again says it for himself
        address = document.address if isinstance(document, Mark) else ""
        lon, lat = mark.lon, mark.lat
        self._own.note_waypoint("", waypoint_name(mark), lon=lon, lat=lat, address=address)
        lon, lat = object_place(lon=lon, lat=lat)
        self._own.note_waypoint("", object_name(mark), lon=lon, lat=lat)

    def _ended_places(self) -> list[Message]:
        """Return what radios were shown of what stands no more."""
        kinds = KINDS if self._sent else ()
        ids = {outward_name(each) for kind in kinds for each in self._open_documents.all(kind)}
        return [message for (id, *_), message in self._sent.items() if id not in ids]

    async def _take_back(self, message: Message) -> None:
        mark, now = message.mark, self._now()
        assert mark is not None
        stored = await self._store.read(messages.find, message.id)
        if stored is not None and stored.state == "queued" and not stored.final:
            with suppress(Conflict):  # it goes at this moment
                await self._dispatch.cancel(stored, by=message.operator)
                stored = await self._store.read(messages.find, message.id)
        if stored is None or (stored.final and stored.state in _NEVER_SENT):
            self._sent.pop((mark.id, message.channel, message.id), None)
            return
        sent = await self._dispatch.send(
            replace(
                message,
                id=f"{message.id}{_END}",
                mark=replace(mark, deleted=True),
                reason=REASON,
                created_at=now,
                expires_at=now + TAKEN_BACK_WITHIN,
                state="queued",
                final=False,
                history=(MessageStep(state="queued", at=now),),
            )
        )
        self._note(sent)


def outward_name(document: Document) -> str:
    """Return the name under which a document is sent to radios: ours, and the same for ever."""
    return f"{OWN_NAME}{document.origin}.{document.id}"
