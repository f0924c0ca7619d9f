"""Backups: has the back-ups made that the settings ask for, and knows how they went."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog

from maps.settings.settings import Settings
from patrol.maintenance.backup_rounds import BackupPlan, BackupState, is_due, overdue, read_state
from radio_gateway.clock.clock import utc_now

LOOK_EVERY_S: Final = 60.0
_AGAIN_S: Final = 600.0

_log = structlog.get_logger(__name__)


def plan_of(settings: Settings) -> BackupPlan | None:
    """Return when and where back-ups are made; None where the settings ask for none."""
    backup = settings.backup
    if backup is None:
        return None
    return BackupPlan(
        folder=backup.folder,
        node=settings.node.id,
        every=timedelta(hours=backup.every_hours),
        keep=backup.keep,
        test_every=timedelta(days=backup.restore_test_days),
        test_url=backup.restore_test_url,
    )


class Backups:
    """Has a process of its own make them when they are due: `joint-patrol backups run`.

    Args:
        settings: Of the node; they ask for back-ups.

    Attributes:
        state: How the last of them went; None where none was tried.
        faults: What is wrong, as `overdue` tells it.
    """

    def __init__(self, settings: Settings) -> None:
        plan = plan_of(settings)
        assert plan is not None
        self._plan, self._config = plan, settings.folder / settings.source
        self.state: BackupState | None = None
        self.faults: Mapping[str, str] = {}
        self._fault: str | None = None

    async def run(self) -> None:
        """See to it until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            if is_due(self._plan, self.state, utc_now()):
                await self._round()
                await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_EVERY_S if self._fault is None else _AGAIN_S)

    def look(self) -> None:
        """Read how the last round went, and whether its files are still there."""
        self.state = read_state(self._plan.folder, self._plan.node)
        if self.state is None:
            # at the first start there is none yet, which is no fault; that none can be made is
            self.faults = {} if self._fault is None else {"backup": self._fault}
        else:
            self.faults = overdue(self._plan, self.state, utc_now())

    async def _round(self) -> None:
        words = ("-m", "maps", "backups", "run", "--config", str(self._config))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        last = (output.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        self._fault = last if process.returncode else None
        if self._fault is None:
            _log.info("backup_round", said=last)
        else:
            _log.error("backup_failed", fault=last)
