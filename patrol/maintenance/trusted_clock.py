"""Credible clock: whether the node's clock may be trusted with acts that cannot be undone.

A clock that leaps ahead (a flat battery, a wrong time server, a slip of a hand) makes everything
look old. So time passes here no faster than the machine's steady clock says, from where the node's
stood at the start; and one that is at the start far ahead of all that was ever stored is trusted
only after a day, or once devices with clocks of their own tell the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from patrol.store.receptions import thinning
from patrol.store.schema.tables import from_us, to_us
from patrol.store.store import Store

AHEAD: Final = timedelta(days=7)
"""A clock further ahead of the newest record is not believed at once."""

TRIAL: Final = timedelta(days=1)
"""How long such a clock has to run."""

AGREES: Final = timedelta(hours=1)
"""A device's clock that differs by less tells the same time."""

MARK: Final = "clock"
"""Where it stands, among the marks of the retention, up to when the clock was last believed."""

log = structlog.get_logger(__name__)


class CredibleClock:
    """The node's clock, as far as it can be believed; it starts when this is made.

    Args:
        store: Whose records are compared.
        agency: Owner of the mark.
        node: This node's id.
        now: The node's clock, aware UTC.
        steady: Seconds that only ever pass, whatever is done to the clock.
    """

    def __init__(
        self,
        store: Store,
        *,
        agency: str,
        node: str,
        now: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._agency, self._node = agency, node
        self._wall, self._steady = now, steady
        self._start, self._began = now(), steady()
        self._looked = False
        self._newest: int | None = None
        self._last = 0
        self._agreed = False

    def now(self) -> datetime:
        """Return the time, never later than the start and what has passed since."""
        return min(self._wall(), self._start + self._passed())

    async def is_credible(self) -> bool:
        """Return whether the clock can be believed; log why not.

        Raises:
            StoreError: If the store cannot be read or written.
        """
        if not self._looked:
            self._newest = await self._store.read(thinning.newest_time, to_us(self._start))
            self._last = await self._store.read(thinning.last_id)
            self._looked = True
        now, wall = self.now(), self._wall()
        if wall - now > AGREES:
            log.warning(
                "the clock leapt ahead: records are thinned by the time that truly passed since"
                " the start; if the clock is right now, start the node again",
                clock=wall.isoformat(),
                believed=now.isoformat(),
            )
        if not self._agreed:
            self._agreed = (
                (self._newest is not None and now <= from_us(self._newest) + AHEAD)
                or self._passed() >= TRIAL
                or await self._devices_agree(now)
            )
        if self._agreed:
            await self._store.write(
                thinning.put_mark, MARK, to_us(now), agency=self._agency, origin=self._node
            )
        elif self._newest is not None:
            log.warning(
                "the clock is far ahead of the newest record: nothing is thinned until it has run"
                " for a day, or clocks of devices agree with it",
                clock=now.isoformat(),
                newest=from_us(self._newest).isoformat(),
            )
        return self._agreed

    def _passed(self) -> timedelta:
        return timedelta(seconds=self._steady() - self._began)

    async def _devices_agree(self, now: datetime) -> bool:
        # When it was heard proves nothing: our own gateway has the same clock.
        return await self._store.read(
            thinning.is_device_time_later, self._last, to_us(now - AGREES), to_us(now + AGREES)
        )
