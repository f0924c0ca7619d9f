"""Spooler: puts what was heard into the spool, however full the disk, and answers who waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from radio_gateway.clock.clock import CLOCK
from radio_gateway.messages.transmission import Delivery, Transmission
from radio_gateway.uplink.spool.rows import SpoolRow
from radio_gateway.uplink.spool.spool import Spool
from radio_gateway.uplink.spool.sqlite_file import SpoolError

RAW_LOGGED: Final = 256  # bytes of what could not be kept
_log = structlog.get_logger(__name__)


class Spooler:
    """Keeps deliveries of one gateway.

    Args:
        spool: Where they go.
        on_unstored: Called with what could not be kept, and why; its sender is not answered.

    Attributes:
        fault: Why the spool takes nothing at the moment; None when it does.
    """

    def __init__(self, spool: Spool, on_unstored: Callable[[Transmission, str], None]) -> None:
        self._spool, self._on_unstored = spool, on_unstored
        self.fault: str | None = None

    async def keep(self, deliveries: Sequence[Delivery]) -> list[SpoolRow]:
        """Put what was heard into the spool and answer who waits for that; return the rows."""
        try:
            puts = await self._put([CLOCK.mark(each.transmission) for each in deliveries])
        except Exception as error:  # noqa: BLE001 - one that cannot be kept must not cost the rest
            if len(deliveries) > 1:
                return [put for each in deliveries for put in await self.keep([each])]
            transmission = deliveries[0].transmission
            _log.exception(
                "not_kept", reception=transmission.reception_id, raw=transmission.raw[:RAW_LOGGED]
            )
            self._on_unstored(transmission, f"{type(error).__name__}: {error}")
            return []  # and not answered: it is for its sender to keep
        for delivery in deliveries:
            if delivery.stored is not None:
                try:
                    delivery.stored()
                except Exception:  # noqa: BLE001 - logged; the others still want theirs
                    _log.exception("answer_failed", channel=delivery.transmission.channel)
        return puts

    async def _put(self, transmissions: Sequence[Transmission]) -> list[SpoolRow]:
        """Put into the spool, fewer at once where that is too much for a full disk, and waiting
        for as long as it takes not even one.
        """
        puts: list[SpoolRow] = []
        at_once, delay_s = len(transmissions), 0.2
        while len(puts) < len(transmissions):
            try:
                puts += await self._spool.put(transmissions[len(puts) : len(puts) + at_once])
            except SpoolError as error:
                if at_once > 1:
                    at_once = (at_once + 1) // 2
                    continue
                if self.fault is None:
                    _log.error("spool_refuses", fault=error.fault)
                self.fault = error.fault
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, 5.0)
                continue
            at_once *= 2
            if self.fault is not None:
                self.fault = None
                _log.info("spool_takes_again")
        return puts
