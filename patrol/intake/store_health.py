"""Store health: whether the store takes messages, and which it refused, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog

from radio_gateway.health.health import ChannelHealth

SHOWN_FOR: Final = timedelta(hours=24)
"""How long a rejected report shows in the store's health; the store keeps it longer."""

log = structlog.get_logger(__name__)

RejectedEntry = tuple[datetime, str, str, str]
"""When a report was rejected, its reception id, its address and why."""


class StoreHealth:
    """How the store fares, told as the channel `store`.

    Args:
        now: Clock, aware UTC.
        publish: Called with it whenever it changes.

    Attributes:
        fault: Why nothing can be stored now; None: it can, as far as is known.
    """

    def __init__(
        self, *, now: Callable[[], datetime], publish: Callable[[ChannelHealth], None]
    ) -> None:
        self._now = now
        self._publish = publish
        self.fault: str | None = None
        self._refusal: str | None = None
        self._absence: str | None = None
        self._since: datetime | None = None
        self._rejected: list[RejectedEntry] = []
        self._count = 0

    def put_fault(self, fault: str | None) -> None:
        """Note why the store refuses what is to be written; None: it does not."""
        if fault != self._refusal:
            self._refusal = fault
            self._look()

    def put_absence(self, fault: str | None) -> None:
        """Note why the store is not there, whether or not anything is written; None: it is."""
        if fault != self._absence:
            self._absence = fault
            self._look()

    def _look(self) -> None:
        before, fault = self.fault, self._refusal or self._absence
        if fault == before:
            return
        self.fault = fault
        if (fault is None) != (before is None):
            self._since = None
        log.log(40 if fault else 20, "store", fault=fault)
        self._publish_health()

    def note_rejected(self, aside: Iterable[RejectedEntry]) -> None:
        """Note reports that were rejected and stored apart, oldest first."""
        aside = list(aside)
        if not aside:
            return
        self._count += len(aside)
        self._rejected = (self._rejected + aside)[-1000:]
        self._publish_health()

    def tick(self) -> None:
        """Drop reports that were rejected long ago."""
        floor = self._now() - SHOWN_FOR
        if self._rejected and self._rejected[0][0] < floor:
            self._rejected = [each for each in self._rejected if each[0] >= floor]
            self._publish_health()

    def _publish_health(self) -> None:
        if self._since is None:
            self._since = self._now()
        fault = self.fault
        if fault is None and self._rejected:
            _, reception_id, address, why = self._rejected[-1]
            many = len(self._rejected)
            reports = "1 report, set aside" if many == 1 else f"{many} reports, set aside, the last"
            fault = f"could not take {reports}: {reception_id} of {address}: {why}"[:500]
        self._publish(
            ChannelHealth(
                name="store",
                url="",
                protocols=(),
                state="down" if self.fault else "open",
                since=self._since,
                fault=fault,
                errors={"set_aside": self._count} if self._count else {},
            )
        )
