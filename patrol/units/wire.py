"""Wire: structs of the live stream; a Change is what one batch, order or tick altered.

These structs are encoded as they stand for viewers (msgspec JSON, defaults omitted), so a field
name here is a field name in the live stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from gis.address.address import Address
from gis.position.accuracy import ASSUMED_ACCURACY_M
from patrol.units.data_classes import ALERTS, ENVELOPE, NEVER, POSITIONS, TEXTS
from patrol.units.units import Liveness, UnitKind
from radio_gateway.health.health import ChannelHealth


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One position that joined the picture.

    Attributes:
        of: Unit id, or the radio address while nobody has registered it.
        lon: Degrees east.
        lat: Degrees north.
        time: Effective time, aware UTC.
        live: True when it moves the marker; False when it only joins the track (late, suspect).
        speed_mps: Metres per second.
        course_deg: Degrees true.
        heading_deg: Degrees true.
        accuracy_m: Metres.
        altitude_m: Metres above sea level.
        river_km: Chainage along the river, kilometres from the sea, where it is near one.
        bank: `left`, `right` or `mid` looking downstream; None unsure.
        place: Its whole address: river, bank, side, reach, and how sure; on the newest position of
            a sender. Whoever makes a position less precise must leave it out.
        flags: Quality flags.
        typical_accuracy_m: Metres; counts where `accuracy_m` is None, by protocol and flags (see
            `gis.position.accuracy`).
    """

    of: Annotated[str, ENVELOPE]
    lon: Annotated[float, POSITIONS]
    lat: Annotated[float, POSITIONS]
    time: Annotated[datetime, POSITIONS]
    live: Annotated[bool, POSITIONS] = True
    speed_mps: Annotated[float | None, POSITIONS] = None
    course_deg: Annotated[float | None, POSITIONS] = None
    heading_deg: Annotated[float | None, POSITIONS] = None
    accuracy_m: Annotated[float | None, POSITIONS] = None
    altitude_m: Annotated[float | None, POSITIONS] = None
    river_km: Annotated[float | None, POSITIONS] = None
    bank: Annotated[str | None, POSITIONS] = None
    place: Annotated[Address | None, NEVER] = None
    flags: Annotated[tuple[str, ...], POSITIONS] = ()
    typical_accuracy_m: Annotated[float, POSITIONS] = ASSUMED_ACCURACY_M

    @property
    def error_m(self) -> float:
        """How wrong the place may be, metres: what it tells, else what is typical of its kind."""
        return self.typical_accuracy_m if self.accuracy_m is None else self.accuracy_m


class UnitState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Present state of a unit, or of an unregistered radio.

    Attributes:
        id: Unit id, or the radio address of an unknown radio.
        call_sign: Name on the radio; for an unknown radio what it calls itself, else its address.
        kind: What it is; None for an unknown radio, `handheld` for a person's phone.
        agency: Owner's id.
        country: Side, ISO 3166-1 alpha-2; None unknown.
        known: False for a radio that nobody has registered.
        person: A user of the agency reports here and speaks for no unit; `call_sign` is that
            user's name. Not `known`, and no stranger either.
        liveness: `live`, `late`, `lost` or `never` heard, by its own expected interval; `cut` in
            place of late or lost when every link that hears it is dead, or was until just now.
        cut_by: Those dead links; none once one of them is back and the next report is awaited.
        expected_interval_s: Longest normal time between positions, seconds.
        last: Newest live position; None before the first.
        heard_at: When anything was last heard of it, aware UTC; told within a second or so,
            and not again with every position. The age shown is now minus `last.time`.
        addresses: Radio addresses that stand for it now.
        distress: It called for help and nobody has cleared it.
        by_voice: Its newest position was plotted by a person from a voice report.
        status: Last status it sent.
        text: Last text it sent.
        text_at: When it was said, aware UTC; None for words that are no message to the office:
            those that came with a position, and those of a call for help, which is an alert.
        phrase: Code of the canned phrase that the text is, so that each reads it in their own
            language; None for words of the crew's own. It crosses as a text, its words never do.
        phrase_at: When that was said, aware UTC.
        flags: Quality flags of its newest message.
    """

    id: Annotated[str, ENVELOPE]
    call_sign: Annotated[str, POSITIONS]
    agency: Annotated[str, ENVELOPE]
    kind: Annotated[UnitKind | None, POSITIONS] = None
    country: Annotated[str | None, POSITIONS] = None
    known: Annotated[bool, ENVELOPE] = True
    person: Annotated[bool, NEVER] = False
    liveness: Annotated[Liveness, POSITIONS] = "never"
    cut_by: Annotated[tuple[str, ...], NEVER] = ()  # names of the owner's own links
    expected_interval_s: Annotated[float | None, POSITIONS] = None
    last: Annotated[Fix | None, POSITIONS] = None
    heard_at: Annotated[datetime | None, NEVER] = None
    addresses: Annotated[tuple[str, ...], NEVER] = ()
    distress: Annotated[bool, ALERTS] = False
    by_voice: Annotated[bool, POSITIONS] = False
    # These say no time of their own: nobody could tell whether it was one that was consented to.
    status: Annotated[str | None, NEVER] = None
    text: Annotated[str | None, NEVER] = None
    text_at: Annotated[datetime | None, NEVER] = None
    phrase: Annotated[str | None, TEXTS] = None
    phrase_at: Annotated[datetime | None, TEXTS] = None
    flags: Annotated[tuple[str, ...], NEVER] = ()


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A second sender uses a radio address: a copied identity, or a wrong binding.

    Attributes:
        address: The radio address.
        channel: Channel that the second sender is heard on.
        agency: Owner of what the address stands for.
        since: When it was first heard, aware UTC.
        unit: Unit the address stands for; None for a radio that nobody has registered.
        bound: Channel the address is bound to; None if it is bound to none.
        distance_m: How far apart the two are, metres, by their last positions; None where one of
            them gave none. Told again when it has changed much.
        ended: It was not made for a while, or is none any more.
    """

    address: str
    channel: str
    agency: str
    since: datetime
    unit: str | None = None
    bound: str | None = None
    distance_m: float | None = None
    ended: bool = False


class WireTable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Several things of one kind, with the names of their fields once.

    Attributes:
        rows: Names of the fields that differ, then what each has of them; null is as good as
            absent.
        same: Fields that are the same for all, by name.
    """

    rows: Sequence[Sequence[Any]]
    same: dict[str, Any] = {}


class FixTable(WireTable, frozen=True, kw_only=True, omit_defaults=True):
    """Several positions in the order applied: fields of `Fix`, but for two.

    `time` is seconds, to the microsecond, since the second of the change's own time began, and
    `place` stands in `places`.

    Attributes:
        places: Addresses of those that have one; `nth` is the position's number in `rows`, from 0.
    """

    places: WireTable | None = None


class Change(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag="change",
    rename={"documents": "papers"},
):
    """What one batch, order or clock tick altered.

    Attributes:
        seq: Number of this change in the stream, without gaps within one `stream`.
        time: When it was published, aware UTC.
        fixes: Every position that joined, in the order applied; the last live one of a unit is
            where it is now.
        tables: The same of senders of which several joined at once (`patrol.live.fix_table`).
        units: Units and unknown radios whose state changed otherwise, whole. A receiver applies
            `units` first, then `fixes` and `tables`.
        forget: Ids of units, radios and documents that a viewer may no longer hold.
        channels: Channels whose health changed, whole.
        claims: Addresses that a second sender uses: new, changed or ended ones.
        documents: New versions of alerts, patrols, targets and whatever else people keep, whole;
            each says its `kind`. What is over comes once more, as it ended.
    """

    seq: int
    time: datetime
    fixes: tuple[Fix, ...] = ()
    tables: tuple[FixTable, ...] = ()
    units: tuple[UnitState, ...] = ()
    forget: tuple[str, ...] = ()
    channels: tuple[ChannelHealth, ...] = ()
    claims: tuple[Claim, ...] = ()
    # of `patrol.documents.document.Document`; who decodes need not know all kinds
    documents: tuple[Any, ...] = ()


class Snapshot(
    msgspec.Struct, frozen=True, kw_only=True, tag="snapshot", rename={"documents": "papers"}
):
    """The whole picture one viewer may see.

    Attributes:
        stream: Identifies the run of the stream; sequence numbers of another are worthless.
        seq: Number of the last change it contains.
        time: When it was made, aware UTC.
        units: All units and unknown radios.
        channels: All channels.
        claims: All addresses that a second sender uses now.
        documents: The newest version of whatever is not over.
        build: Which build of the pages the node has, so that a page that was loaded before an
            upgrade can say so; empty where it has none.
    """

    stream: str
    seq: int
    time: datetime
    build: str = ""
    units: tuple[UnitState, ...]
    channels: tuple[ChannelHealth, ...] = ()
    claims: tuple[Claim, ...] = ()
    # of `patrol.documents.document.Document`; who decodes need not know all kinds
    documents: tuple[Any, ...] = ()


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat"):
    """Says that the stream is alive while nothing changes.

    Attributes:
        seq: Number of the last change.
        time: The server's clock, aware UTC.
    """

    seq: int
    time: datetime
