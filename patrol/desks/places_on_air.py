"""PlacesOnAirDesk: how a user shows marks, targets and sectors to the radios of a channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Final

import shapely

from patrol.desks.planning.sectors import SectorDesk
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import id_of_request
from patrol.errors.errors import CannotSend, Conflict
from patrol.marks.mark import LASTS, LASTS_AT_MOST, Mark
from patrol.messages.message import Message, MessageStep
from patrol.sectors.sector import Sector
from patrol.store.records import messages
from patrol.targets.target import Target
from patrol.watch.places_on_air import outward_name
from radio_gateway.messages.marked_place import MarkedPlace, MarkUse
from radio_gateway.orders.order import OrderKind
from radio_gateway.orders.order_result import Refusal

Shown = Mark | Target | Sector

USES: Final[dict[str, MarkUse]] = {"no_go": "hazard", "rendezvous": "meeting_point"}
"""What a sector is shown as, by its use; any other is a place."""


class PlacesOnAirDesk:
    """What one user may show to radios: of a kind, `Mark`, `Target` or `Sector`.

    Args:
        access: What the user may read, see and file.
        sectors: Knows how a sector lies.
        channels: Names of the channels.
        send: Sends a place to the radios of a channel.
        refusal_of: Why a channel takes no message of a kind to radios of a protocol.
    """

    def __init__(
        self,
        access: DocumentAccess,
        *,
        sectors: SectorDesk,
        channels: Collection[str],
        send: Callable[[Message], Awaitable[Message]],
        refusal_of: Callable[[str, OrderKind, str], Refusal | None],
    ) -> None:
        self._access = access
        self._sectors = sectors
        self._channels = channels
        self._send = send
        self._refusal_of = refusal_of

    def channels(self, kind: type[Shown], id: str) -> list[str]:
        """Return the channels that may show a place to their radios now, by name: those whose
        protocols have words for one and whose settings let them speak.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user knows of no such document that stands.
        """
        self._access.may("see messages")
        document = self._visible_to_role(kind, id)
        return sorted(name for name in self._channels if self._refusal(document, name) is None)

    async def orders(self, kind: type[Shown], id: str) -> list[Message]:
        """Return the messages of the user's agency that showed a place to radios, or took it back,
        newest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such document, or the user may not know of it.
        """
        self._access.may("see messages")
        self._access.may(kind.VIEWING_ACT)
        name = outward_name(await self._access.any_document(kind, id))
        since = self._access.now() - LASTS_AT_MOST
        found = await self._access.read(lambda each: messages.marks(each, since=since))
        own = (each for each in reversed(found) if each.agency == self._access.user.agency)
        return [each for each in own if each.mark is not None and each.mark.id == name]

    async def show(
        self,
        kind: type[Shown],
        id: str,
        *,
        channel: str,
        expires_in_s: float = 600.0,
        reason: str = "",
        order: str | None = None,
    ) -> Message:
        """Show a place of the user's agency to all radios that listen on a channel: to Meshtastic
        nodes as a waypoint, to APRS stations as an object. It is taken back when it ends.

        Args:
            kind: Of the document: of a target it is where it was last seen, of a sector its midst.
            id: The document's id.
            channel: Which channel is to say it.
            expires_in_s: When it is not worth sending any more, seconds from now.
            reason: Why, for the record.
            order: An id of the client's for the message; the same one again has one effect.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user knows of no such document that stands.
            CannotSend: If the channel does not take it, heard it from its own radios, it is nowhere
                on Earth, or is another agency's: what is shared with this office is not given to
                whoever listens.
            Conflict: If that message's id is another's.
            StoreError: If the store refuses.
        """
        self._access.may("message radios")
        document = self._visible_to_role(kind, id)
        refusal = self._refusal(document, channel)
        if refusal is not None:
            raise CannotSend(refusal.reason, refusal.detail)
        now = self._access.now()
        place = self._place(document, now)
        if place is None:
            raise CannotSend("no_place", f"nobody knows where {document.name} is")
        ends_at = place.ends_at or now + LASTS_AT_MOST
        message = Message(
            id=id_of_request(order, agency=self._access.user.agency),
            kind="mark",
            channel=channel,
            text=document.name,
            mark=place,
            operator=self._access.user.name,
            reason=reason,
            created_at=now,
            expires_at=min(now + timedelta(seconds=expires_in_s), ends_at),
            history=(MessageStep(state="queued", at=now),),
            agency=self._access.user.agency,
            origin=self._access.node,
        )
        sent = await self._send(message)
        same = sent.mark is not None and sent.mark.id == place.id
        if not same or sent.channel != channel or sent.agency != message.agency:
            raise Conflict("that id is another message's")
        return sent

    # -- inside

    def _visible_to_role(self, kind: type[Shown], id: str) -> Shown:
        self._access.may(kind.VIEWING_ACT)
        return self._access.open_document(kind, id)

    def _refusal(self, document: Shown, channel: str) -> Refusal | None:
        if document.agency != self._access.user.agency:
            return Refusal("not_ours", "only what is your own agency's is shown to radios")
        if isinstance(document, Mark) and document.channel == channel:
            return Refusal("heard_there", f"the radios of {channel} told of it")
        return self._refusal_of(channel, "mark", "")

    def _place(self, document: Shown, now: datetime) -> MarkedPlace | None:
        name = outward_name(document)
        if isinstance(document, Mark):
            return MarkedPlace(
                id=name,
                lon=document.lon,
                lat=document.lat,
                name=document.name,
                use=document.use,
                radius_m=document.radius_m,
                remarks=document.remarks,
                ends_at=document.ends_at,
            )
        if isinstance(document, Target):
            if not document.sightings or not document.is_had:
                return None
            last = document.sightings[-1]
            summary = f"{document.what}, seen {last.at:%d %b %H:%M} UTC"
            return MarkedPlace(
                id=name,
                lon=last.lon,
                lat=last.lat,
                name=document.name,
                remarks=f"{summary}. {document.description}".strip(),
                ends_at=now + LASTS,
            )
        outline = self._sectors.geography_of(document).outline
        if outline is None:
            return None
        middle = shapely.geometry.shape(outline).representative_point()
        return MarkedPlace(
            id=name,
            lon=middle.x,
            lat=middle.y,
            name=document.name,
            use=USES.get(document.use, "place"),
            remarks=document.note,
        )
