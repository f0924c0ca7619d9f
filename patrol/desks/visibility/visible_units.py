"""VisibleUnits: the units and radios that one user may see.

What may pass is decided here and nowhere else: by the table of permissions and by the policy of
the user's agency and role.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from patrol.errors.errors import NotFound
from patrol.inquiry.find_radio import RadioSearch
from patrol.inquiry.inquiry import Inquiry
from patrol.live.feeds import LocalViewStream, Subscription
from patrol.live.live_picture import LivePicture
from patrol.maintenance.unknown_radios import UnknownRadio, describe
from patrol.picture.address_spans import ALWAYS, spans_of_radio, spans_of_unit
from patrol.picture.picture import Picture
from patrol.reception.receptions import ReceivedMessage
from patrol.sharing.decisions import Sharing
from patrol.sharing.readable_tracks import Reading, batched
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.receptions import receptions
from patrol.store.store import StoreReader
from patrol.store.tracks import tracks
from patrol.store.tracks.tracks import AddressSpan
from patrol.units.accounts import User
from patrol.units.details import UnitDetails, details, out_of_service
from patrol.units.permissions import may, require
from patrol.units.units import Assignment, Unit
from patrol.units.wire import Claim, Fix, UnitState
from radio_gateway.health.health import ChannelHealth, RejectedFrame

LONGEST_TRACK: Final = 50_000
"""Most positions of one answer about one unit."""

ALL_TRACKS: Final = 100_000
"""Most positions of one answer about all units."""

MOST_RADIOS: Final = 1_000
"""Most unknown radios of one answer, those heard last."""


Rejected: TypeAlias = Callable[[str], Sequence[RejectedFrame]]


class VisibleUnits:
    """What one user may see.

    Args:
        live: What viewers are told.
        picture: Units, radios and channels.
        read: `Store.read`.
        sharing: What may cross between agencies.
        agency: Owner of what nobody else owns.
        now: Clock, aware UTC.
        user: Who looks.
        rejected: Returns the last frames a channel did not understand.
    """

    def __init__(
        self,
        *,
        live: LivePicture,
        picture: Picture,
        read: StoreReader,
        sharing: Sharing,
        agency: str,
        now: Callable[[], datetime],
        user: User,
        rejected: Rejected,
    ) -> None:
        self.user, self.picture, self.read, self.now = user, picture, read, now
        self._live, self._sharing, self.cross_agency_units = live, sharing, live.cross_agency_units
        self._agency, self._rejected = agency, rejected
        self.crossed_in: int | None = None
        """The policy epoch in which something of another agency's was first handed out."""
        self.policy = ViewPolicy(
            agency=user.agency,
            role=user.role,
            sharing=sharing,
            now=now,
            on_disclosure=self.note_disclosures,
        )

    @property
    def epoch(self) -> int:
        """The policy epoch: raised by each change of what may cross from other agencies."""
        return self.cross_agency_units.epoch(self.user.agency, self.now())

    @property
    def is_stale(self) -> bool:
        """Whether something of another agency's was handed out that may not pass any more."""
        return self.crossed_in is not None and self.crossed_in != self.epoch

    def note_crossing(self, epoch: int | None) -> None:
        """Note that something read in an earlier policy epoch is handed out again; None: nothing
        of another agency's is in it.
        """
        if epoch is not None and self.crossed_in is None:
            self.crossed_in = epoch

    # -- what is known now

    def subscribe(self, *, stream: str | None = None, since: int | None = None) -> Subscription:
        """Join the live stream, from change `since` of `stream` on if that is still kept.

        Raises:
            Forbidden: If the role may not.
        """
        return self.feed().subscribe(stream=stream, since=since)

    def feed(self) -> LocalViewStream:
        """Return the live stream of all who see the same.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see the picture")
        return self._live.publisher.feed(self.policy)

    def units(self, *, retired: bool = False) -> list[UnitDetails]:
        """Return the state of every visible registered unit, by call sign.

        Args:
            retired: Whether to return those out of service, too.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see the picture")
        registered = self.picture.units
        states = [state for state in self.states() if state.known]
        if retired:
            states += [
                out_of_service(unit)
                for unit in registered.values()
                if unit.retired_at is not None
                and self.policy.passes(agency=unit.agency, known=True)
            ]
        found = [details(state, self._own_unit(state)) for state in states]
        return sorted(found, key=lambda each: (each.call_sign.casefold(), each.id))

    def unit(self, id: str, *, unplaced: bool = False) -> UnitDetails:
        """Return the state of one unit, in service or not, or of one unknown radio.

        Args:
            id: Unit id or radio address.
            unplaced: Another agency's also while it is seen nowhere and some of its past might be:
                for who names it only beside a position of that past. A name alone does not cross.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self.may("see the picture")
        state = self.visible_state(id)
        if not unplaced and state.agency != self.user.agency and state.last is None:
            raise NotFound("unit or radio", id)
        return details(state, self._own_unit(state))

    def claims(self) -> list[Claim]:
        """Return the radio addresses that a second sender uses now.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see the picture")
        return self._live.claims(self.policy)

    def channels(self) -> list[ChannelHealth]:
        """Return how every channel fares, by name.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see channels")
        channels = self.picture.channels
        return [channels[name] for name in sorted(channels)]

    def rejected(self, channel: str) -> list[RejectedFrame]:
        """Return the last frames that `channel` did not understand, newest first.

        Nobody can say whose they are: like unknown radios they are the node's own agency's.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such channel.
        """
        self.may("see rejected frames")
        if channel not in self.picture.channels:
            raise NotFound("channel", channel)
        return list(reversed(self._rejected(channel))) if self._is_node_agency else []

    # -- what was

    async def track(
        self, id: str, *, start: datetime, end: datetime, limit: int = LONGEST_TRACK
    ) -> list[Fix]:
        """Return where a unit or unknown radio was from `start` (in) to `end` (out), oldest first.

        Args:
            id: Unit id, in service or not, or radio address.
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            limit: Most positions; the newest are kept.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self.may("see tracks")
        reading = self.reading(self.visible_state(id), start, end)
        found = await self.read(
            tracks.track, id, reading.spans, reading.agencies, min(limit, LONGEST_TRACK)
        )
        return reading.fixes(found)

    async def tracks(
        self, *, start: datetime, end: datetime, points_each: int = 500
    ) -> dict[str, list[Fix]]:
        """Return the thinned track of everything the user may see, by unit id or address.

        Args:
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            points_each: Most positions of each track; fewer when there are many tracks.

        Returns:
            Only what has a position in that time.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see tracks")
        readings = {
            state.id: self.reading(state, start, end)
            for state in self.states()
            if state.last is not None and state.last.time >= start
        }
        points_each = min(points_each, max(ALL_TRACKS // max(len(readings), 1), 2))
        part = (end - start) / max(points_each - 1, 1)
        found: dict[str, list[Fix]] = {}
        for some in batched(readings):
            read = await self.read(tracks.overview, some, part, points_each)
            for id, fixes in read.items():
                if readable := readings[id].fixes(fixes):
                    found[id] = readable
        return found

    # -- radios

    async def unknown_radios(self) -> list[UnknownRadio]:
        """Return the unregistered radios, last heard first.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see unknown radios")
        unknown = [
            state
            for state in self._live.states(self.policy)
            if not state.known and state.heard_at is not None
        ]
        unknown.sort(key=lambda state: state.heard_at or ALWAYS, reverse=True)
        return await self.read(
            describe,
            unknown[:MOST_RADIOS],
            self.policy.agency,
            self.picture.address_taken,
        )

    async def received_messages(self, address: str, *, limit: int = 100) -> list[ReceivedMessage]:
        """Return the last messages of a radio address, newest first, with all receptions of each.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see what a radio sent")
        return await self.read(
            receptions.latest,
            address,
            self.policy,
            self.picture.address_taken(address),
            min(limit, 1000),
        )

    async def inquire(self, words: str) -> Inquiry:
        """Return why a radio is not on the map: where it stops on its way there.

        Args:
            words: Radio address, device id, MMSI or call sign.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see what a radio sent")
        sees_rejected = self._is_node_agency and may(self.user.role, "see rejected frames")
        rejected = self._rejected if sees_rejected else None
        search = RadioSearch(
            picture=self.picture, live=self._live, read=self.read, now=self.now, policy=self.policy
        )
        return await search.inquire(words, rejected)

    def assignments(self) -> list[Assignment]:
        """Return from when to when which address stands for which unit, oldest first.

        Raises:
            Forbidden: If the role may not.
        """
        self.may("see unknown radios")
        return sorted(
            (
                assignment
                for assignment in self.picture.assignments.values()
                if self.policy.passes(agency=assignment.agency, known=True)
            ),
            key=lambda assignment: assignment.start,
        )

    # -- inside

    def may(self, act: str) -> None:
        require(self.user.role, act)

    @property
    def _is_node_agency(self) -> bool:
        """Whether what nobody else owns is the user's agency's."""
        return self.policy.agency == self._agency

    def own_state(self, id: str) -> UnitState:
        unit = self.picture.units.get(id)
        if unit is not None and unit.retired_at is not None:
            state = out_of_service(unit)
        else:
            state = self._live.state(id)
        if not self.policy.passes(agency=state.agency, known=state.known):
            raise NotFound("unit or radio", id)
        return state

    def _own_unit(self, state: UnitState) -> Unit | None:
        """Return the registered details of a unit of the user's agency; None for others'."""
        if state.agency != self.user.agency:
            return None
        return self.picture.units.get(state.id)

    def states(self) -> list[UnitState]:
        """Return what the user may see now: of its own agency, and what crosses from others."""
        own = self._live.states(self.policy.own_only())
        if not self.policy.sees_others:
            return own
        others = self.cross_agency_units.visible_units(self.user.agency, self.now())
        for state in others:
            self.note_disclosure(state)
        return own + others

    def visible_state(self, id: str) -> UnitState:
        """Return the visible state of a unit or radio, also of another agency's.

        For acts it is `own_state`, which knows the user's own alone.

        Raises:
            NotFound: If there is none, or the user may not know of it.
        """
        try:
            return self.own_state(id)
        except NotFound:
            visible = self.other_agency_unit(id)
            if visible is None:
                raise
            self.note_disclosure(visible)
            return visible

    def other_agency_unit(self, id: str) -> UnitState | None:
        """Return another agency's unit as it is seen now, or bare where only its past may be."""
        if not self.policy.sees_others:
            return None
        now, viewer = self.now(), self.user.agency
        visible = self.cross_agency_units.visible_unit(viewer, id, now)
        unit = self.picture.units.get(id)
        if visible is not None or unit is None:
            return visible
        open_ = self._sharing.tracks_open(unit.agency, viewer, unit=id, now=now)
        return out_of_service(unit) if open_ else None

    def reading(self, state: UnitState, start: datetime, end: datetime) -> Reading:
        spans = self._spans(state, start, end)
        return self.policy.reading(state.agency, state.id, spans)

    def note_disclosures(self) -> None:
        self.note_crossing(self.epoch)

    def note_disclosure(self, state: UnitState) -> None:
        """Note that another agency's unit is shown to the user."""
        self.note_disclosures()
        self._sharing.disclosures.count(self.user.agency, state.agency, "positions")

    def registered(self, id: str) -> Unit:
        unit = self.picture.units.get(id)
        if unit is None or not self.policy.passes(agency=unit.agency, known=True):
            raise NotFound("unit", id)
        return unit

    def _spans(self, state: UnitState, start: datetime, end: datetime) -> list[AddressSpan]:
        spans = spans_of_unit if state.known else spans_of_radio
        return spans(self.picture, state.id, start=start, end=end)
