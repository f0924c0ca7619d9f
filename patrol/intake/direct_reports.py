"""DirectReports: what people and phones report directly, and wait for until it is stored.

Each report would be a batch, and a commit, of its own. Those of one agency who wait for the same
turn are taken together instead: under load by as many as a turn lets come, and in quiet at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from patrol.errors.errors import StoreError
from patrol.filing.writer_lock import WriterLock, WriterTurn
from radio_gateway.messages.transmission import Delivery

log = structlog.get_logger(__name__)

Take = Callable[[WriterTurn, Sequence[Delivery], str | None], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Report:
    deliveries: Sequence[Delivery]
    retry: asyncio.Future[None] | None = None


@dataclass(slots=True, eq=False)
class _Group:
    reports: list[_Report] = field(default_factory=list)
    size: int = 0
    doing: asyncio.Future[None] | None = None

    @property
    def deliveries(self) -> list[Delivery]:
        """All that was reported, in order."""
        return [delivery for report in self.reports for delivery in report.deliveries]


class DirectReports:
    """Takes reports.

    Args:
        turn: In which they are taken.
        take: Judges and stores what one agency's devices or people reported, as one batch.
        longest: Most messages of a batch, unless one report alone has more.
    """

    def __init__(self, turn: WriterLock, take: Take, *, longest: int) -> None:
        self._turn, self._take, self._longest = turn, take, longest
        self._open: dict[str | None, _Group] = {}  # those whose turn has not come, by agency

    async def report(self, deliveries: Sequence[Delivery], *, of: str | None) -> None:
        """Take what was reported; it is stored when this returns.

        Args:
            deliveries: What was said.
            of: Agency whose devices or people said it; None: nobody's but a unit's.

        Raises:
            StoreError: If the store refuses; what was reported may still be stored later.
        """
        group = self._open.get(of)
        is_open = group is not None and group.doing is not None and not group.doing.done()
        if group is None or not is_open or group.size + len(deliveries) > self._longest:
            group = self._open[of] = self._begin_group(of)
        assert group.doing is not None
        mine = _Report(deliveries)
        group.reports.append(mine)
        group.size += len(deliveries)
        await self._turn.outcome(group.doing)
        if mine.retry is not None:
            await self._turn.outcome(mine.retry)

    def _begin_group(self, of: str | None) -> _Group:
        group = _Group()
        group.doing = self._turn.begin(lambda turn: self._take_group(turn, group, of))
        return group

    async def _take_group(self, turn: WriterTurn, group: _Group, of: str | None) -> None:
        if self._open.get(of) is group:
            del self._open[of]
        try:
            await self._take(turn, group.deliveries, of)
        except StoreError:
            raise
        except Exception:
            if len(group.reports) == 1:
                raise
            log.exception("reports that cannot be taken together are taken one by one")
            for report in group.reports:
                report.retry = self._turn.begin(
                    lambda turn, deliveries=report.deliveries: self._take(  # type: ignore[misc]
                        turn, deliveries, of
                    )
                )
