"""Contact: what is known of one unit, or of one radio that nobody has registered.

Where it is now follows from its newest positions *in order of their time*, kept in a short window
(newest_fixes.py), so that the order in which they arrive changes nothing.
"""

from __future__ import annotations

from bisect import insort
from datetime import datetime
from typing import Final, Literal

import msgspec

from patrol.messages.phrase_codes import code_of
from patrol.picture.link_outages import LinkOutage
from patrol.reception.clock_lag import SlowClock
from patrol.reception.plausible_fixes import (
    WINDOW,
    Entry,
    is_out_of_reach,
    last_jump,
    newest_believable,
    order,
)
from patrol.reception.position_quality import UNSURE_CLOCK_S
from patrol.reception.record import Record
from patrol.units.effective_time import AHEAD
from patrol.units.units import Liveness, Unit, UnitKind
from patrol.units.wire import Fix, UnitState

CHANNELS_KEPT: Final = 8
"""Channels remembered that heard one sender."""

UNKNOWN_INTERVAL_S: Final = 180.0
"""Expected interval of a radio nobody has registered: a moored AIS vessel reports so often."""

_NAMES: Final = frozenset({"ship_name", "callsign"})


class Contact:
    """One unit or unknown radio, changed in place by the picture alone.

    Args:
        id: Unit id, or radio address.
        agency: Owner's id.
        unit: The unit; None for an unknown radio.
    """

    __slots__ = (
        "addresses",
        "agency",
        "behind_s",
        "call_sign",
        "clean",
        "cleared_at",
        "country",
        "cut",
        "distress",
        "flags",
        "has_name",
        "heard_at",
        "heard_on",
        "id",
        "last",
        "liveness",
        "noted_at",
        "person",
        "phrase",
        "phrase_at",
        "slow",
        "sos_words",
        "status",
        "text",
        "text_at",
        "unit",
        "window",
    )

    def __init__(self, id: str, *, agency: str, unit: Unit | None = None) -> None:
        self.id = id
        self.agency = agency
        self.unit = unit
        self.call_sign = id if unit is None else unit.call_sign
        self.liveness: Liveness = "never"
        self.distress = False
        self.cleared_at: datetime | None = None
        self.addresses: tuple[str, ...] = ()
        self.cut: LinkOutage | None = None
        #: How far its clock, or that of who hears it, is known to be behind; 0 for right.
        self.behind_s = 0.0
        self.slow: SlowClock | None = None
        self.clear()

    def clear(self) -> None:
        """Forget what was heard, to be told anew."""
        self.window: list[Entry] = []
        self.clean = True
        self.last: Fix | None = None
        self.heard_at: datetime | None = None
        self.heard_on: dict[str, datetime] = {}
        self.noted_at: dict[str, tuple[datetime, bytes]] = {}
        self.status: str | None = None
        self.text: str | None = None
        self.text_at: datetime | None = None
        self.phrase: str | None = None
        self.phrase_at: datetime | None = None
        self.flags: tuple[str, ...] = ()
        self.has_name = False
        self.person = False
        self.country: str | None = None
        self.sos_words: set[Literal["status", "text"]] = set()
        if self.unit is None:
            self.call_sign = self.id

    @property
    def expected_interval_s(self) -> float:
        """Longest normal time between two positions, seconds."""
        return UNKNOWN_INTERVAL_S if self.unit is None else self.unit.expected_interval_s

    @property
    def _kind(self) -> UnitKind | None:
        return "handheld" if self.person else None

    @property
    def jumped_at(self) -> datetime | None:
        """When it last came where nothing could have gone, as two positions agree; else None."""
        return None if self.clean else last_jump(self.window)

    def hear(self, channel: str | None, heard_at: datetime) -> None:
        """Note when it was heard, and on which channel; None for no link at all."""
        newest, heard_on = self.heard_at, self.heard_on
        if newest is None or heard_at > newest:
            self.heard_at = heard_at
        if channel in heard_on:
            if heard_at > heard_on[channel]:
                heard_on[channel] = heard_at
        elif channel is not None:
            if len(heard_on) >= CHANNELS_KEPT:
                del heard_on[min(heard_on, key=heard_on.__getitem__)]
            heard_on[channel] = heard_at

    def note(
        self, what: Literal["call_sign", "status", "text"], record: Record, value: object
    ) -> bool:
        """Keep `value` unless something newer was said; return whether anything changed."""
        if not self._is_newest(what, record) or getattr(self, what) == value:
            return False
        setattr(self, what, value)
        return True

    def note_flags(self, record: Record) -> bool:
        """Keep the flags of a message as `note` does: this is asked of each."""
        now, noted_at = (record.time, record.gid), self.noted_at
        before = noted_at.get("flags")
        if before is not None and now < before:
            return False
        noted_at["flags"] = now
        if self.flags == record.flags:
            return False
        self.flags = record.flags
        return True

    def note_words(self, what: Literal["status", "text"], record: Record, value: str) -> bool:
        """Keep a status or text as `note` does; words of a call for help that is over are not."""
        transmission = record.transmission
        if (
            transmission.distress
            and self.cleared_at is not None
            and transmission.heard_at <= self.cleared_at
        ):
            return False
        if not self._is_newest(what, record):
            return False
        changed: bool = getattr(self, what) != value
        setattr(self, what, value)
        if what == "text":
            phrase = transmission.facts.get("phrase")
            self.phrase = phrase if isinstance(phrase, str) else code_of(value)
            self.phrase_at = None if self.phrase is None else record.time
            said_at = (
                record.time if transmission.kind == "text" and not transmission.distress else None
            )
            changed |= said_at != self.text_at  # the same words again are another message
            self.text_at = said_at
        (self.sos_words.add if transmission.distress else self.sos_words.discard)(what)
        return changed

    def _is_newest(self, what: str, record: Record) -> bool:
        """Return whether nothing newer was said of it, and note that this was."""
        now, noted_at = (record.time, record.gid), self.noted_at
        before = noted_at.get(what)
        if before is not None and now < before:
            return False
        noted_at[what] = now
        return True

    def forget_sos_words(self) -> None:
        """Take back what the call for help said: it is over."""
        for what in self.sos_words:
            setattr(self, what, None)
        if "text" in self.sos_words:
            self.phrase = self.phrase_at = None
        self.sos_words.clear()

    def is_person(self, name: str, country: str | None) -> bool:
        """Note that a user who speaks for no unit reports here; return whether that is news.

        Args:
            name: The user's name.
            country: The side of the user's agency.
        """
        own = self.person, self.call_sign, self.country
        self.person, self.call_sign, self.country = True, name, country
        return own != (True, name, country)

    def note_name(self, record: Record) -> bool:
        """Keep what an unknown radio calls itself; return whether anything changed.

        A ship's name says more than a call sign, which stands until there is one.
        """
        facts = record.transmission.facts
        if _NAMES.isdisjoint(facts):
            return False
        name, call_sign = facts.get("ship_name"), facts.get("callsign")
        if isinstance(name, str) and name:
            if not self.has_name:
                self.has_name = True
                self.noted_at.pop("call_sign", None)
            return self.note("call_sign", record, name)
        if isinstance(call_sign, str) and call_sign and not self.has_name:
            return self.note("call_sign", record, call_sign)
        return False

    def depends_on(self, record: Record) -> bool:
        """Return whether the message of `record` is known here at a later time than it says."""
        gid, time = record.gid, record.time
        if any(known == gid and at != time for at, known in self.noted_at.values()):
            return True
        return any(
            known == gid and (fix.time != time or at != min(time, record.transmission.heard_at))
            for at, known, fix, _ in self.window
        )

    def place(self, record: Record, fix: Fix) -> bool:
        """Take one believable position.

        Args:
            record: What was heard.
            fix: The position it carries.

        Returns:
            Whether the marker moved to it.
        """
        slack = UNSURE_CLOCK_S if record.time_source != "device" else 1.0
        gid, time, heard_at = record.gid, fix.time, record.transmission.heard_at
        if heard_at < time:
            time = heard_at
        entry = (time, gid, fix, slack)
        window = self.window
        if not window:
            window.append(entry)
            self.last = fix
            return True
        newest = window[-1]
        if (
            self.clean
            and (time > newest[0] or (time == newest[0] and gid > newest[1]))
            and not is_out_of_reach(entry, newest)
        ):
            window.append(entry)  # the usual case: newer, and reachable
            if len(window) > WINDOW:
                del window[0]
            self.last = fix
            return True
        if len(window) == WINDOW and (time, gid) < window[0][:2]:
            return False
        if any(known[1] == gid for known in window):
            return False
        insort(window, entry, key=order)
        if len(window) > WINDOW:
            del window[0]
        before = self.last
        self.last, self.clean = newest_believable(window)
        return self.last is fix and before is not fix

    def not_after(self, now: datetime) -> None:
        """Let nothing be known of it from the future.

        What was kept while a clock was ahead would else stand above all that is heard until that
        time has come, and a call for help would count as cleared. It counts as of now.
        """
        latest = now + AHEAD
        if self.heard_at is not None:
            self.heard_at = _not_after(self.heard_at, latest, now)
        if self.cleared_at is not None:
            self.cleared_at = _not_after(self.cleared_at, now, now)
        self.heard_on = {
            channel: _not_after(at, latest, now) for channel, at in self.heard_on.items()
        }
        self.noted_at = {
            what: (_not_after(at, latest, now), gid) for what, (at, gid) in self.noted_at.items()
        }
        if self.text_at is not None:
            self.text_at = _not_after(self.text_at, latest, now)
        if self.phrase_at is not None:
            self.phrase_at = _not_after(self.phrase_at, latest, now)
        self.window = [
            entry
            if entry[0] <= latest
            else (now, entry[1], msgspec.structs.replace(entry[2], time=now), entry[3])
            for entry in self.window
        ]
        if self.window:  # a radio may say other things than where it is
            self.last, self.clean = newest_believable(self.window)

    def is_ahead(self, now: datetime) -> bool:
        """Return whether anything is known of it from the future."""
        latest = now + AHEAD
        return (
            (self.heard_at is not None and self.heard_at > latest)
            or (bool(self.window) and self.window[-1][0] > latest)
            or (self.cleared_at is not None and self.cleared_at > latest)
        )

    def state(self) -> UnitState:
        """Return what viewers are told."""
        unit, last = self.unit, self.last
        return UnitState(
            id=self.id,
            call_sign=self.call_sign,
            agency=self.agency,
            kind=self._kind if unit is None else unit.kind,
            country=self.country if unit is None else unit.country,
            known=unit is not None,
            person=unit is None and self.person,
            liveness=self.liveness,
            cut_by=self.cut.by if self.cut is not None and self.liveness == "cut" else (),
            expected_interval_s=self.expected_interval_s,
            last=last,
            heard_at=self.heard_at,
            addresses=self.addresses,
            distress=self.distress,
            by_voice=last is not None and "by_voice" in last.flags,
            status=self.status,
            text=self.text,
            text_at=self.text_at,
            phrase=self.phrase,
            phrase_at=self.phrase_at,
            flags=self.flags,
        )


def _not_after(at: datetime, latest: datetime, now: datetime) -> datetime:
    """Return `at`, or `now` if it is later than `latest`."""
    return at if at <= latest else now
