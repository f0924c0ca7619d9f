"""Uplink health: whether the node is reached, and which changes of that are logged.

A way that breaks as soon as it stands is one fault, not many: it is over when the way has stood for
`STABLE_S`, or when the node has answered by it. Meanwhile it is told again every `AGAIN_S`. A way
that stands may be no good either: nobody answers, or somebody who is not the node.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, RefusedError
from radio_gateway.health.health import LinkState
from radio_gateway.links.link_url import Link

STABLE_S: Final = 10.0
AGAIN_S: Final = 600.0
UNANSWERED_S: Final = 30.0
"""So long after something was sent that the node receipts within seconds."""
UNSIGNED_FOR_S: Final = 75.0
"""How long it is told that somebody else spoke as the node: the node's own word comes seldom."""

UNSIGNED: Final = (
    "what comes as the node's is not signed by node_key: check uplink.node_key and the node's"
    " key_file"
)
_TAKEN_OVER = "Session taken over"
_FAULTS_KEPT = 16
_log = structlog.get_logger(__name__)


class UplinkCondition:
    """How the way to the node fares. All times are of one steady clock, seconds.

    Args:
        link: The broker.
        gateway: This gateway's id.
        now_s: The present.

    Attributes:
        state: As in `GatewayHealth`.
    """

    def __init__(self, link: Link, gateway: str, now_s: float) -> None:
        self._link, self._gateway = link, gateway
        self.state: LinkState = "stopped"
        self._fault: str | None = None
        self._opened_s: float | None = None
        self._logged_s: dict[str, float] = {}  # when the log last told of a fault of this outage
        self._breaks = 0  # since it told of any
        self._open_logged = False
        self._answered_s = now_s
        self._pending_since_s: float | None = None  # the first that is not answered
        self._unsigned_s: float | None = None
        self._node_fault: str | None = None  # as the log tells it
        self._node_fault_s = 0.0

    def opening(self) -> None:
        """Note that the way is tried."""
        self.state = "opening"

    def opened(self, now_s: float) -> None:
        """Note that the broker let us in."""
        self.state, self._opened_s = "open", now_s
        if self._fault is None:
            self._recover()

    def note_failure(self, error: Exception, now_s: float) -> None:
        """Note that the way cannot be had, or broke."""
        fault = self._words(error)
        self.state, self._fault, self._opened_s = "down", fault, None
        self._open_logged = False
        self._breaks += 1
        told_s = self._logged_s.get(fault)  # several may take turns
        if told_s is None or now_s - told_s >= AGAIN_S:
            times = {} if self._breaks == 1 else {"times": self._breaks}
            _log.warning("uplink_broke", url=self._link.public_url, fault=fault, **times)
            if len(self._logged_s) >= _FAULTS_KEPT:
                self._logged_s.clear()
            self._logged_s[fault], self._breaks = now_s, 0

    def note_request(self, now_s: float) -> None:
        """Note that something was sent that the node has to receipt."""
        if self._pending_since_s is None:
            self._pending_since_s = now_s

    def answered(self, now_s: float) -> None:
        """Note a word that the node signed."""
        self._answered_s, self._pending_since_s = now_s, None
        # two that throw each other out may each hear a word in between
        if self._fault is not None and _TAKEN_OVER not in self._fault:
            self._recover()
        self._look_at_node(now_s)

    def note_unsigned(self, now_s: float) -> None:
        """Note a word that came as the node's and that its key did not sign."""
        self._unsigned_s = now_s
        self._look_at_node(now_s)

    def look(self, now_s: float) -> None:
        """Note what the mere passing of time changes; to be called every few seconds."""
        if self._opened_s is not None and now_s - self._opened_s >= STABLE_S:
            self._recover()
        self._look_at_node(now_s)

    def fault(self, now_s: float) -> str | None:
        """Return what is wrong with the way; None when it is well."""
        return self._fault or self._of_node(now_s)

    def unanswered_s(self, now_s: float) -> float:
        """Return how long ago the node last said something, or since when it was listened for."""
        return now_s - self._answered_s

    def _recover(self) -> None:
        self._fault, self._breaks = None, 0
        self._logged_s.clear()
        if not self._open_logged:
            self._open_logged = True
            _log.info("uplink_open", url=self._link.public_url)

    def _of_node(self, now_s: float) -> str | None:
        if self._opened_s is None:
            return None
        if self._unsigned_s is not None and now_s - self._unsigned_s < UNSIGNED_FOR_S:
            return UNSIGNED
        asked_s = self._pending_since_s
        if asked_s is None or now_s - max(asked_s, self._opened_s) <= UNANSWERED_S:
            return None
        since = utc_now() - timedelta(seconds=now_s - asked_s)
        return f"the node has not answered since {since:%H:%M:%S} UTC"

    def _look_at_node(self, now_s: float) -> None:
        """Tell the log, once each, that the node is not heard and that it is again."""
        fault = self._of_node(now_s)
        if fault is None:
            # that the way is down, or was until just now, says nothing of the node
            if self._node_fault is not None and self._answered_s > self._node_fault_s:
                self._node_fault = None
                _log.info("node_heard_again", url=self._link.public_url)
            return
        kind = fault.partition(" since ")[0]
        if kind != self._node_fault:
            self._node_fault, self._node_fault_s = kind, now_s
            _log.warning("node_not_heard", url=self._link.public_url, fault=fault)

    def _words(self, error: Exception) -> str:
        """Return what broke it, with what to look at where that is not plain."""
        if not isinstance(error, LinkError):
            return getattr(error, "fault", None) or f"{type(error).__name__}: {error}"
        if _TAKEN_OVER in error.fault:
            return (
                f"{error.fault}: another client uses this id or user: is a second gateway running"
                f" with id {self._gateway}?"
            )
        user = self._link.username
        if isinstance(error, RefusedError) and user is not None and user != self._gateway:
            return (
                f"{error.fault}; its user {user!r} may write under that name only: gateway.id is"
                f" {self._gateway!r}"
            )
        return error.fault
