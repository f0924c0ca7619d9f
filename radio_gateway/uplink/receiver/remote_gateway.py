"""Remote gateway: what a node knows of one gateway on another computer."""

from __future__ import annotations

from collections import Counter, OrderedDict
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from msgspec.structs import replace

from radio_gateway.clock.clock import FAR_S, STEP_S, utc_now, words
from radio_gateway.health.health import (
    ChannelHealth,
    ClockDoubt,
    GatewayHealth,
    LinkState,
    Overreach,
)
from radio_gateway.health.rejections import LastRejected
from radio_gateway.messages.transmission import Transmission
from radio_gateway.uplink.wire.signing import Verifier

ASK_EVERY_S: Final = 5.0
FORGED_FOR_S: Final = 75.0
"""How long it is told that something signed by another key came; health comes every 10 s."""

OVERREACH_FOR_S: Final = 600.0
"""How long it is told that it said what is not its to say, after it last did."""

HEARD_WITHIN: Final = timedelta(days=30)
"""What was heard longer ago was rather heard before the gateway's clock was set, at its start."""

FORGED: Final = (
    "something speaks as this gateway, signed by another key: compare `radio-gateway keygen --show`"
    " there with [[gateways]] key here"
)

REVOKED: Final = (
    "its key was revoked: nothing of it is taken. Make a new one there (`radio-gateway keygen`) and"
    " put it into [[gateways]] here"
)

UNKNOWN: Final = "not known: this office does not reach its broker"


class RemoteGateway:
    """What the node knows of one gateway.

    Args:
        verifier: Checks its signature.

    Attributes:
        verifier: As given.
        is_revoked: Whether nothing that this key signed counts any more.
        last_health: How it said it fares; None before it did.
        health_heard_s: When, by the steady clock.
        ahead_s: By how much its clock is ahead of ours, seconds; negative for behind.
        heard_at: The same by the calendar, aware UTC.
        nonce: Of our last Hello to it.
        health_requested_s: When it was last greeted for want of an answer, steady clock.
        since: When this node began to listen to it, aware UTC.
        transmissions: Transmissions it brought.
        errors: What of it was refused, by reason.
        rejected: The last frames of each of its channels that it did not understand.
        waiting: Digests of envelopes that are being stored.
        stored: Digests of those stored lately, with the items refused in each.
    """

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self.is_revoked = False
        self.last_health: GatewayHealth | None = None
        self.health_heard_s = 0.0
        self.ahead_s = 0.0
        self.heard_at: datetime | None = None
        self.nonce = b""
        self.health_requested_s = -ASK_EVERY_S
        self.since = utc_now()
        self.transmissions = 0
        self.errors: Counter[str] = Counter()
        self.rejected: dict[str, LastRejected] = {}
        self.waiting: set[bytes] = set()
        self.stored: OrderedDict[bytes, list[int]] = OrderedDict()
        self._forged_s: float | None = None
        self._overreach: Overreach | None = None
        self._overreach_s = 0.0

    def refused(self, reason: str) -> bool:
        """Count what was not taken; return whether it is the first for that reason."""
        self.errors[reason] += 1
        if reason == "not_signed":
            self._forged_s = monotonic()
        return self.errors[reason] == 1

    def note_overreach(self, fault: str) -> bool:
        """Note that it said what is not its to say; return whether that is news."""
        self.errors["not_its_to_say"] += 1
        known = self.overreach()
        self._overreach_s = monotonic()
        if known is None:
            self._overreach = Overreach(since=utc_now(), fault=fault)
        return known is None

    def overreach(self) -> Overreach | None:
        """Return that it lately said what is not its to say."""
        if monotonic() - self._overreach_s > OVERREACH_FOR_S:
            self._overreach = None
        return self._overreach

    def channels(
        self, name: str, url: str, broker: ChannelHealth, *, silent_after: timedelta
    ) -> list[ChannelHealth]:
        """Return how the way from it fares, then its channels as it last told them.

        Args:
            name: Its id.
            url: The broker's, without secrets.
            broker: How this node's own way to the broker fares.
            silent_after: A gateway not heard for so long is silent.
        """
        state, since, fault = self._way(broker, silent_after)
        way = ChannelHealth(
            name=name,
            url=url,
            protocols=(),
            state=state,
            since=since,
            fault=fault,
            last_heard_at=self.heard_at,
            expected_interval_s=silent_after.total_seconds(),
            transmissions=self.transmissions,
            errors=dict(self.errors),
            clock=self._doubt(),
            overreach=self.overreach(),
            gateway=None
            if self.last_health is None
            else replace(self.last_health, channels=(), rejected=(), answers=b""),
        )
        if self.last_health is None:
            return [way]
        if state == "open":
            own = self.last_health.channels
        else:
            unknown = f"gateway {name} is not heard" if broker.state == "open" else UNKNOWN
            own = tuple(
                # what it told is old: no fault, and not known to be well
                replace(
                    each,
                    state=each.state if each.state == "down" else "silent",
                    since=each.since if each.state == "down" else since,
                    fault=unknown,
                )
                for each in self.last_health.channels
            )
        return [way, *(replace(each, name=f"{name}/{each.name}") for each in own)]

    def misdates(self, transmission: Transmission) -> bool:
        """Return whether the time at which it heard something may be wrong by our clock.

        Of a call for help little is enough: one that seems to have been heard before the last was
        said to be over, which is by our clock, would be taken for over itself.
        """
        if self._doubt() is not None:
            return True
        if not transmission.distress:
            return False
        long_ago = utc_now() - transmission.heard_at > HEARD_WITHIN
        return long_ago or self.last_health is None or self.ahead_s < -STEP_S

    def _doubt(self) -> ClockDoubt | None:
        """Return why what it says of times is doubtful."""
        report = self.last_health
        if report is None or report.clock is not None:
            return None if report is None else report.clock
        if abs(self.ahead_s) <= FAR_S:
            return None
        return ClockDoubt(
            kind="gateway", by_s=round(self.ahead_s, 1), at=self.heard_at or self.since
        )

    def _way(
        self, broker: ChannelHealth, silent_after: timedelta
    ) -> tuple[LinkState, datetime, str | None]:
        if self.is_revoked:
            return "down", self.heard_at or self.since, REVOKED
        now, last = utc_now(), self.heard_at
        late = last is None or now - last > silent_after
        silent_since = self.since if last is None else last + silent_after
        if broker.state != "open":
            # while nothing can come from the broker its silence says nothing about the gateway
            since = min(silent_since, broker.since) if late else broker.since
            return "silent", since, UNKNOWN
        forged_s = self._forged_s
        forged = forged_s is not None and monotonic() - forged_s < FORGED_FOR_S
        if late:
            fault = "the gateway has not been heard"
            if last is not None:
                fault += f" since {last:%Y-%m-%d %H:%M:%S} UTC"
            return "silent", silent_since, FORGED if forged else fault
        report = self.last_health
        overreach = self.overreach()
        if forged:
            fault = FORGED
        elif overreach is not None:
            fault = f"it says what is not its to say, which is set aside: {overreach.fault}"
        elif report is not None and report.spool_fault is not None:
            fault = f"its spool: {report.spool_fault}"
        elif report is not None and report.damaged:
            fault = "its spool was damaged; what could be read was saved, the file lies there"
        elif (doubt := self._doubt()) is not None:
            fault = words(doubt)
        else:
            return "open", broker.since, None
        return "open", broker.since, fault
