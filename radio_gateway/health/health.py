"""How a channel fares: the words in which a channel tells a technician."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from radio_gateway.orders.order_result import Refusal

LinkState = Literal["opening", "open", "silent", "down", "stopped"]

KEY_REASONS: Final = frozenset({"wrong_key", "no_key"})
"""Why a sender that has to show a key is turned away; `RejectedFrame.detail` says what it calls
itself."""


class ChannelHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one channel fares now. Counters run from the start of the process.

    Attributes:
        name: The channel's name.
        url: Its URL, without secrets.
        protocols: What it speaks.
        state: `opening`, `open`, `silent` (open, but nothing heard for longer than expected),
            `down` (waiting to try again) or `stopped`.
        since: When it entered this state, aware UTC.
        fault: Why it is down or silent, or what is not well although it is open; None when it is
            well.
        last_heard_at: When the last good frame was read, aware UTC.
        expected_interval_s: Longest normal silence, seconds; None when not watched.
        bytes_read: Bytes read.
        frames: Frames cut.
        transmissions: Transmissions decoded.
        junk_bytes: Bytes that belonged to no frame.
        shed: Routine positions dropped because the queue was full.
        reconnects: Times the link was opened again.
        errors: Rejected frames by reason.
        journal_fault: Why what is read is not kept; None when it is, or is not to be.
        journal_missed: Reads that are not kept because the disk was full, broken or too slow.
        orders: Kinds of order that a remote gateway's channel takes; empty for one that only
            listens.
        refuses: Why a remote gateway's channel takes no order at all; None if it takes some.
        gateway: For the way from a remote gateway: how it fares itself, without its channels.
        clock: Why a computer's times are doubtful, for the one whose clock it is.
        inbox: Of the transmissions, those not yet stored.
        overreach: For the way from a remote gateway: that it lately said what is not its to say.
    """

    name: str
    url: str
    protocols: tuple[str, ...]
    state: LinkState
    since: datetime
    fault: str | None = None
    last_heard_at: datetime | None = None
    expected_interval_s: float | None = None
    bytes_read: int = 0
    frames: int = 0
    transmissions: int = 0
    junk_bytes: int = 0
    shed: int = 0
    reconnects: int = 0
    errors: dict[str, int] = {}
    journal_fault: str | None = None
    journal_missed: int = 0
    orders: tuple[str, ...] = ()
    refuses: Refusal | None = None
    gateway: GatewayHealth | None = None
    clock: ClockDoubt | None = None
    inbox: int = 0
    overreach: Overreach | None = None


class Overreach(msgspec.Struct, frozen=True, kw_only=True):
    """That a gateway says what is not its to say; the node set it aside.

    Attributes:
        since: When it began, aware UTC.
        fault: What was the first of it.
    """

    since: datetime
    fault: str


class ClockDoubt(msgspec.Struct, frozen=True, kw_only=True):
    """Why the times of a computer are doubtful.

    Attributes:
        kind: `set` (its clock was set), `differs` (the clocks of many radios all differ from it by
            the same) or `gateway` (a gateway's differs from the node's).
        by_s: By how many seconds it was set ahead; or the radios or gateway are ahead of it;
            negative for back or behind.
        at: When that was noticed, by the time that goes on, aware UTC.
        followed: Whether the time that it was set to is used.
        radios: How many radios say so.
    """

    kind: Literal["set", "differs", "gateway"]
    by_s: float
    at: datetime
    followed: bool = False
    radios: int = 0


class GatewayHealth(msgspec.Struct, frozen=True, kw_only=True, rename={"reported_at": "told_at"}):
    """How a gateway fares that works on its own and reports to a node.

    Attributes:
        gateway: Its id.
        reported_at: When it said so, by its own clock, aware UTC.
        channels: How its channels fare.
        uplink: Its link to the broker.
        uplink_fault: Why that is down, or what is not well although it is open: the node does not
            answer, or another speaks as the node; None when it is well.
        unanswered_s: How long ago the node last said something by its uplink, seconds; since the
            start, if it never did. It says nothing while there is nothing to receipt.
        waiting: Transmissions in its spool that the node has not receipted.
        waiting_bytes: Their size.
        oldest_waiting_at: When the oldest of them was heard, aware UTC.
        sent: Transmissions sent since it started, repeats counted.
        receipted: Transmissions that the node said it has stored.
        dropped: Dropped from the full spool since it started, by channel.
        refused: Kept aside because the node could not read them.
        damaged: Damaged spool files that lie beside the spool, for the technician to take away.
        spool_fault: Why the spool takes or frees nothing, or drops reports; None when it is well.
        answers: Nonce of the node's last Hello; empty before the first.
        count: How many times it told since that Hello, from 1.
        rejected: Frames rejected since it last told, at most 20.
        clock: Why its times are doubtful; None when nothing is known against them.
        inbox: Transmissions that it received and that are not yet on its disk.
    """

    gateway: str
    reported_at: datetime
    channels: tuple[ChannelHealth, ...] = ()
    uplink: LinkState = "stopped"
    uplink_fault: str | None = None
    unanswered_s: float | None = None
    waiting: int = 0
    waiting_bytes: int = 0
    oldest_waiting_at: datetime | None = None
    sent: int = 0
    receipted: int = 0
    dropped: dict[str, int] = {}
    refused: int = 0
    damaged: int = 0
    spool_fault: str | None = None
    answers: bytes = b""
    count: int = 0
    rejected: tuple[RejectedFrame, ...] = ()
    clock: ClockDoubt | None = None
    inbox: int = 0


class RejectedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that was not understood, kept for the technician.

    Attributes:
        channel: The channel's name.
        heard_at: When it was read, aware UTC.
        reason: Short fixed word, for example `bad_checksum`.
        detail: What exactly is wrong.
        payload: Its bytes, at most the first 1,024; none of a sender without a good key.
        topic: MQTT topic or HTTP path, where there is one.
        source: Peer address, where there is one.
    """

    channel: str
    heard_at: datetime
    reason: str
    detail: str
    payload: bytes
    topic: str | None = None
    source: str | None = None


class GatewayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway tells a technician's program.

    Attributes:
        health: How the gateway and its channels fare.
        rejected: By channel, the last frames that were not understood, oldest first.
    """

    health: GatewayHealth
    rejected: dict[str, list[RejectedFrame]] = {}
