"""VisibleUnits: what one user may see of the picture and the records.

What may pass is decided here and nowhere else: by the table of permissions and by the policy of
the user's agency and role.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from patrol.errors.errors import NotFound
from patrol.inquiry.find_radio import ask
from patrol.inquiry.inquiry import Inquiry
from patrol.live.feeds import LocalViewStream, Subscription
from patrol.maintenance.unknown_radios import UnknownRadio, describe
from patrol.picture.address_spans import ALWAYS, spans_of_radio, spans_of_unit
from patrol.reception.receptions import ReceivedMessage
from patrol.sharing.readable_tracks import Reading, batched
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.receptions import receptions
from patrol.store.tracks import tracks
from patrol.store.tracks.tracks import AddressSpan
from patrol.units.accounts import User
from patrol.units.details import UnitDetails, details, out_of_service
from patrol.units.permissions import may, require
from patrol.units.units import Assignment, Unit
from patrol.units.wire import Claim, Fix, UnitState
from patrol.watch.watch import Watch
from radio_gateway.health.health import ChannelHealth, RejectedFrame

LONGEST_TRACK: Final = 50_000
"""Most positions of one answer about one unit."""

ALL_TRACKS: Final = 100_000
"""Most positions of one answer about all units."""

MOST_RADIOS: Final = 1_000
"""Most unknown radios of one answer, those heard last."""


class VisibleUnits:
    """What one user may see.

    Args:
        watch: The node's watch.
        user: Who looks.
        rejected: Returns the last frames a channel did not understand.
    """

    def __init__(
        self,
        watch: Watch,
        user: User,
        *,
        rejected: Callable[[str], Sequence[RejectedFrame]] = lambda _channel: (),
    ) -> None:
        self.user = user
        self._watch = watch
        self._rejected = rejected
        self.crossed_in: int | None = None
        """The policy epoch in which something of another agency's was first handed out."""
        self.policy = ViewPolicy(
            agency=user.agency,
            role=user.role,
            sharing=watch.sharing,
            now=watch.now,
            told=self._note_crossing,
        )

    @property
    def epoch(self) -> int:
        """The policy epoch: raised by whatever changes what may pass from other agencies."""
        return self._watch.lookout.epoch(self.user.agency, self._watch.now())

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
        self._may("see the picture")
        return self._watch.board.feed(self.policy)

    def units(self, *, retired: bool = False) -> list[UnitDetails]:
        """Return what is known of every registered unit the user may see, by call sign.

        Args:
            retired: Whether to return those out of service, too.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see the picture")
        registered = self._watch.picture.units
        states = [state for state in self._states() if state.known]
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
        """Return what is known of one unit, in service or not, or of one unknown radio.

        Args:
            id: Unit id or radio address.
            unplaced: Another agency's also while it is seen nowhere and some of its past might be:
                for who names it only beside a position of that past. A name alone does not cross.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._may("see the picture")
        state = self._visible(id)
        if not unplaced and state.agency != self.user.agency and state.last is None:
            raise NotFound("unit or radio", id)
        return details(state, self._own_unit(state))

    def claims(self) -> list[Claim]:
        """Return the radio addresses that a second sender uses now.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see the picture")
        return self._watch.claims(self.policy)

    def channels(self) -> list[ChannelHealth]:
        """Return how every channel fares, by name.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see channels")
        channels = self._watch.picture.channels
        return [channels[name] for name in sorted(channels)]

    def rejected(self, channel: str) -> list[RejectedFrame]:
        """Return the last frames that `channel` did not understand, newest first.

        Nobody can say whose they are: like unknown radios they are the node's own agency's.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such channel.
        """
        self._may("see rejected frames")
        if channel not in self._watch.picture.channels:
            raise NotFound("channel", channel)
        return list(reversed(self._rejected(channel))) if self._is_nodes else []

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
        self._may("see tracks")
        reading = self._reading(self._visible(id), start, end)
        found = await self._watch.store.read(
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
        self._may("see tracks")
        wanted = {
            state.id: self._reading(state, start, end)
            for state in self._states()
            if state.last is not None and state.last.time >= start
        }
        points_each = min(points_each, max(ALL_TRACKS // max(len(wanted), 1), 2))
        part = (end - start) / max(points_each - 1, 1)
        found: dict[str, list[Fix]] = {}
        for some in batched(wanted):
            read = await self._watch.store.read(tracks.overview, some, part, points_each)
            for id, fixes in read.items():
                if told := wanted[id].fixes(fixes):
                    found[id] = told
        return found

    # -- radios

    async def unknown_radios(self) -> list[UnknownRadio]:
        """Return the radios that nobody has registered, last heard first.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see unknown radios")
        unknown = [
            state
            for state in self._watch.states(self.policy)
            if not state.known and state.heard_at is not None
        ]
        unknown.sort(key=lambda state: state.heard_at or ALWAYS, reverse=True)
        return await self._watch.store.read(
            describe,
            unknown[:MOST_RADIOS],
            self.policy.agency,
            self._watch.picture.address_taken,
        )

    async def heard(self, address: str, *, limit: int = 100) -> list[ReceivedMessage]:
        """Return the last messages of a radio address, newest first, with all who heard each.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see what a radio sent")
        return await self._watch.store.read(
            receptions.latest,
            address,
            self.policy,
            self._watch.picture.address_taken(address),
            min(limit, 1000),
        )

    async def why(self, asked: str) -> Inquiry:
        """Return why a radio is not on the map: where it stops on its way there.

        Args:
            asked: Radio address, device id, MMSI or call sign.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see what a radio sent")
        shown = self._is_nodes and may(self.user.role, "see rejected frames")
        rejected = self._rejected if shown else None
        return await ask(self._watch, self.policy, asked, rejected)

    def assignments(self) -> list[Assignment]:
        """Return from when to when which address stands for which unit, oldest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see unknown radios")
        return sorted(
            (
                assignment
                for assignment in self._watch.picture.assignments.values()
                if self.policy.passes(agency=assignment.agency, known=True)
            ),
            key=lambda assignment: assignment.start,
        )

    # -- inside

    def _may(self, act: str) -> None:
        require(self.user.role, act)

    @property
    def _is_nodes(self) -> bool:
        """Whether what nobody else owns is the user's agency's."""
        return self.policy.agency == self._watch.agency

    def _state(self, id: str) -> UnitState:
        unit = self._watch.picture.units.get(id)
        if unit is not None and unit.retired_at is not None:
            state = out_of_service(unit)
        else:
            state = self._watch.state(id)
        if not self.policy.passes(agency=state.agency, known=state.known):
            raise NotFound("unit or radio", id)
        return state

    def _own_unit(self, state: UnitState) -> Unit | None:
        """Return what is written down of a unit of the user's agency; None for others'."""
        if state.agency != self.user.agency:
            return None
        return self._watch.picture.units.get(state.id)

    def _states(self) -> list[UnitState]:
        """Return what the user may see now: of its own agency, and what crosses from others."""
        own = self._watch.states(self.policy.alone())
        if not self.policy.sees_others:
            return own
        others = self._watch.lookout.seen_by(self.user.agency, self._watch.now())
        for state in others:
            self._note_shown(state)
        return own + others

    def _visible(self, id: str) -> UnitState:
        """Return what the user may see of a unit or radio, also of another agency's.

        For acts it is `_state`, which knows the user's own alone.

        Raises:
            NotFound: If there is none, or the user may not know of it.
        """
        try:
            return self._state(id)
        except NotFound:
            seen = self._of_others(id)
            if seen is None:
                raise
            self._note_shown(seen)
            return seen

    def _of_others(self, id: str) -> UnitState | None:
        """Return another agency's unit as it is seen now, or bare where only its past may be."""
        if not self.policy.sees_others:
            return None
        now, viewer = self._watch.now(), self.user.agency
        seen = self._watch.lookout.seen(viewer, id, now)
        unit = self._watch.picture.units.get(id)
        if seen is not None or unit is None:
            return seen
        open_ = self._watch.sharing.tracks_open(unit.agency, viewer, unit=id, now=now)
        return out_of_service(unit) if open_ else None

    def _reading(self, state: UnitState, start: datetime, end: datetime) -> Reading:
        spans = self._spans(state, start, end)
        return self.policy.reading(state.agency, state.id, spans)

    def _note_crossing(self) -> None:
        self.note_crossing(self.epoch)

    def _note_shown(self, state: UnitState) -> None:
        """Note that another agency's unit is shown to the user."""
        self._note_crossing()
        self._watch.sharing.seen.seen(self.user.agency, state.agency, "positions")

    def _registered(self, id: str) -> Unit:
        unit = self._watch.picture.units.get(id)
        if unit is None or not self.policy.passes(agency=unit.agency, known=True):
            raise NotFound("unit", id)
        return unit

    def _spans(self, state: UnitState, start: datetime, end: datetime) -> list[AddressSpan]:
        spans = spans_of_unit if state.known else spans_of_radio
        return spans(self._watch.picture, state.id, start=start, end=end)
