"""Jobs: reports in progress and recently finished, by user.

A report takes seconds to minutes: it is asked for, looked at while it grows, may be called off, and
is fetched once it is there. They stand in one line with those that go by mail (`report_queue`); a
user has a few in it. What is made is kept for a while, in memory, and by nobody else's id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import uuid4

import msgspec
import structlog

from gis.errors.errors import GisError
from maps.errors.errors import MapsError, TooManyReports
from maps.reports.jobs.render import ReportFile
from maps.reports.jobs.report_queue import ReportQueue
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound, PatrolError, StoreError

MOST_WAITING: Final = 3
"""Of one user, waiting or being made."""

MOST_KEPT: Final = 8
"""Of one user, made or failed; the oldest goes first."""

MOST_BYTES: Final = 200_000_000
"""Of all files that are kept; the oldest go first."""

KEPT_FOR: Final = timedelta(minutes=30)

JobState = Literal["waiting", "making", "made", "failed"]
Work = Callable[[Callable[[float], None]], Awaitable[ReportFile]]
"""Makes a file and tells how much is done."""

_log = structlog.get_logger(__name__)


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A report that was asked for.

    Attributes:
        id: Its id.
        report: Which.
        format: As what.
        state: How far it is.
        progress: How much of it is done, 0 to 1.
        asked_at: When it was asked for, aware UTC.
        file: Name of the file that was made.
        bytes: How large that is.
        fault: Why it failed, for people.
    """

    id: str
    report: str
    format: str
    asked_at: datetime
    state: JobState = "waiting"
    progress: float = 0.0
    file: str = ""
    bytes: int = 0
    fault: str = ""


class _StoredJob:
    def __init__(self, job: Job, desk: Desk, is_stale: Callable[[], bool]) -> None:
        self.job, self.desk, self.is_stale = job, desk, is_stale
        self.user = desk.user.name
        self.task: asyncio.Task[None] | None = None
        self.file: ReportFile | None = None

    @property
    def is_over(self) -> bool:
        return self.job.state in ("made", "failed")


class Jobs:
    """The reports of this node.

    Args:
        now: Clock, aware UTC.
        press: Whose turn it is to make one.
    """

    def __init__(self, now: Callable[[], datetime], press: ReportQueue) -> None:
        self._now, self._press = now, press
        self._finished: dict[str, _StoredJob] = {}

    def begin(
        self, desk: Desk, work: Work, *, report: str, kind: str, is_stale: Callable[[], bool]
    ) -> Job:
        """Put a report in line.

        Args:
            desk: Of who asks; the report is made through it.
            work: Makes it.
            report: Its name.
            kind: Its format.
            is_stale: Whether something in it may not be handed out any more.

        Raises:
            TooManyReports: If the user has too many in line.
            ReportsBusy: If all users have.
        """
        self._forget()
        user = desk.user.name
        own = [each for each in self._finished.values() if each.user == user]
        if sum(not each.is_over for each in own) >= MOST_WAITING:
            raise TooManyReports(MOST_WAITING)
        self._press.check(sum(not each.is_over for each in self._finished.values()))
        for each in [each for each in own if each.is_over][: -MOST_KEPT + 1]:
            del self._finished[each.job.id]
        job = Job(id=uuid4().hex, report=report, format=kind, asked_at=self._now())
        entry = _StoredJob(job, desk, is_stale)
        self._finished[job.id] = entry
        entry.task = asyncio.create_task(self._make(entry, work), name=f"report {report}")
        return job

    def of(self, user: str) -> list[Job]:
        """Return a user's reports, newest first."""
        self._forget()
        own = [each.job for each in self._finished.values() if each.user == user]
        return sorted(own, key=lambda each: (each.asked_at, each.id), reverse=True)

    def one(self, id: str, user: str) -> Job:
        """Return one of a user's reports.

        Raises:
            NotFound: If there is none, or it is another's.
        """
        return self._own(id, user).job

    def file(self, id: str, desk: Desk) -> ReportFile:
        """Return the file that was made, while all in it may still be handed to the user.

        Raises:
            NotFound: If there is none (yet, or any more), or it is another's.
        """
        entry = self._own(id, desk.user.name)
        was, now = entry.desk.user, desk.user
        if entry.is_stale() or (was.agency, was.role) != (now.agency, now.role):
            # what was shared is shared no more, or the user may see less by now
            self._drop(entry)
            raise NotFound("report", id)
        if entry.file is None:
            raise NotFound("report", id)
        desk.visible.note_crossing(entry.desk.visible.crossed_in)
        return entry.file

    def call_off(self, id: str, user: str) -> None:
        """Stop making a report, or throw away what was made.

        Raises:
            NotFound: If there is none, or it is another's.
        """
        self._drop(self._own(id, user))

    async def close(self) -> None:
        """Stop all that is under way."""
        tasks = [each.task for each in self._finished.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._finished.clear()

    # -- inside

    async def _make(self, entry: _StoredJob, work: Work) -> None:
        def progress(share: float) -> None:
            done = min(max(share, entry.job.progress), 0.99)
            entry.job = msgspec.structs.replace(entry.job, progress=round(done, 2))

        async with self._press.turn():
            entry.job = msgspec.structs.replace(entry.job, state="making")
            try:
                made = await work(progress)
            except StoreError:  # its words are for the log: they name files and statements
                _log.exception("report_failed", report=entry.job.report)
                self._failed(entry, "")
            except (MapsError, PatrolError, GisError) as error:
                self._failed(entry, str(error))
            except Exception:  # noqa: BLE001 - logged; its asker is told that it failed
                _log.exception("report_failed", report=entry.job.report)
                self._failed(entry, "")
            else:
                entry.file = made
                entry.job = msgspec.structs.replace(
                    entry.job, state="made", progress=1.0, file=made.name, bytes=len(made.content)
                )

    def _failed(self, entry: _StoredJob, fault: str) -> None:
        entry.job = msgspec.structs.replace(entry.job, state="failed", fault=fault)

    def _own(self, id: str, user: str) -> _StoredJob:
        self._forget()
        entry = self._finished.get(id)
        if entry is None or entry.user != user:
            raise NotFound("report", id)
        return entry

    def _drop(self, entry: _StoredJob) -> None:
        if entry.task is not None:
            entry.task.cancel()
        self._finished.pop(entry.job.id, None)

    def _forget(self) -> None:
        """Throw away what is old, and the oldest files beyond what all may hold."""
        oldest = self._now() - KEPT_FOR
        over = [each for each in self._finished.values() if each.is_over]
        size = sum(each.job.bytes for each in over)
        for each in sorted(over, key=lambda kept: kept.job.asked_at):
            if each.job.asked_at < oldest or size > MOST_BYTES:
                size -= each.job.bytes
                self._finished.pop(each.job.id, None)
