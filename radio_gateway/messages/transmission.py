"""Transmission: what one radio said, once; and Delivery: how it is handed on.

The four clocks of a transmission:

- `device_time`: what the device said (may be wrong by years);
- `passed_on_at`: when a peer, feeder or broker says that it passed it on;
- `heard_at`: when this gateway read it;
- effective time: what the picture uses, chosen from the three by whoever keeps the picture
  (`patrol.units.effective_time`) and written into `Position.time`.

Two identities: `reception_id` (gateway, boot, sequence) makes a reception that is sent or
replayed again have one effect; `duplicate_key`, within `duplicate_window_s` of heard time, joins
the same radio message heard by several gateways.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

import msgspec

from gis.position.position import Position
from radio_gateway.messages.marked_place import MarkedPlace

Kind = Literal[
    "position",  # where the sender is (position may still be None: no fix)
    "motion",  # speed and course only
    "time",  # a clock only
    "static",  # who the sender is: name, call sign, type
    "text",  # words for people
    "status",  # a code or state of the sender
    "distress",  # a call for help that is not a position report
    "transition",  # sender says it entered or left a region of its own
    "lwt",  # a broker says that the sender's link is gone
    "waypoint",  # a place that the sender marked (`mark`), not where it is
    "command",  # an order to a device, echoed by the link
    "answer",  # a radio's or device's answer to what was sent to it
    "empty",  # well-formed and says nothing
    "other",  # well-formed, not about position
]


KEEPALIVES: Final = frozenset({"takPing", "takPong"})
"""Names under which TAK clients and servers keep a connection alive: no radio has them."""


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How well a transmission was heard.

    Attributes:
        station: Receiving station, where the message names one.
        rssi_dbm: Received signal strength, dBm.
        snr_db: Signal to noise ratio, dB.
        hops: Relays in between.
    """

    station: str | None = None
    rssi_dbm: float | None = None
    snr_db: float | None = None
    hops: int | None = None


class Transmission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one radio said, once. A field that is None was not said.

    Attributes:
        protocol: Name in `PROTOCOLS`, for example `ais`.
        kind: What sort of thing was said.
        device: What identifies the sender inside its protocol (`574123456`, `jane/phone`); None
            when the message names no sender and the link stands for it.
        position: Where the sender says it is; None when it does not say, or says nowhere real.
        fix: True for a current fix, False for none or an old or simulated one; None unknown.
        device_time: The device's own clock, aware UTC; None when the message has no full date
            and none could be worked out.
        passed_on_at: When a feeder or broker says it passed this on, aware UTC.
        heard_at: When the gateway read it, aware UTC.
        distress: Someone needs help now. Tests and cancellations are not distress.
        text: Words for people.
        status: Code or state, as the protocol names it.
        flags: Quality flags, sorted, for example `future_time`, `stale_position`, `no_fix`,
            `simulator`, `position_not_available`, `null_island`.
        facts: Further fields of the protocol by name (`msg_type`, `ship_name`, `battery_pct`);
            `kind` is the protocol's own word where it is finer than ours (`heartbeat`, `ptt_id`).
        signal: How well it was heard.
        mark: The place that the sender marked or takes back; `position` is None then.
        raw: The bytes as received, unchanged.
        channel: Name of the channel that heard it; set by the channel.
        reception_id: `gateway/boot/sequence`; set by the channel.
        duplicate_key: Content key of this radio message within its protocol; None when the
            protocol gives no way to tell.
        duplicate_window_s: How long, in heard time, an equal key means the same message.
            `None`: for ever (the message names its own time or identifier).
        resent: The link says that it may have handed this over before (MQTT DUP).
    """

    protocol: str
    kind: Kind
    heard_at: datetime
    device: str | None = None
    position: Position | None = None
    fix: bool | None = None
    device_time: datetime | None = None
    passed_on_at: datetime | None = None
    distress: bool = False
    text: str | None = None
    status: str | None = None
    flags: tuple[str, ...] = ()
    facts: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)
    signal: Signal | None = None
    mark: MarkedPlace | None = None
    raw: bytes = b""
    channel: str = ""
    reception_id: str = ""
    duplicate_key: str | None = None
    duplicate_window_s: float | None = 3.0
    resent: bool = False

    @property
    def address(self) -> str:
        """The radio address: `protocol:device`; `protocol:@channel` for a link that stands for it.

        >>> from datetime import UTC, datetime
        >>> Transmission(protocol="ais", kind="static", device="574123456",
        ...              heard_at=datetime(2026, 1, 1, tzinfo=UTC)).address
        'ais:574123456'
        """
        if self.device is None:
            return f"{self.protocol}:@{self.channel}"
        return f"{self.protocol}:{self.device}"

    @property
    def is_of_no_radio(self) -> bool:
        """Whether the set at our end of the link said it, or nobody: an answer to us that names
        nobody, or what keeps a connection alive.
        """
        if self.kind == "answer":
            return self.device is None
        return self.kind == "status" and self.device in KEEPALIVES


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A transmission on its way to the store.

    Attributes:
        transmission: What was heard.
        stored: To be called, on the event loop, after the commit that holds the transmission (or
            that found it stored already); None when nobody waits for an answer. Whatever must be
            acknowledged hangs on it.
        refusal: Why it is not to be believed, whatever it says: it is set aside; None: it is heard.
    """

    transmission: Transmission
    stored: Callable[[], None] | None = None
    refusal: str | None = None
