"""Scheduler: sends the reports of `[[reports]]` by mail, each period once to each recipient.

What went is a line of the journal, so that a restart sends nothing twice; what did not go is tried
again, first after a minute, then ever more seldom, up to an hour. A mail that is tried again keeps
its Message-ID, so that a mailbox can tell. Its files are made in one line with the reports that
people ask for.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from gis.errors.errors import GisError
from maps.errors.errors import MapsError, ReportFailed
from maps.language.wording import Wording
from maps.notifications.errors.errors import DeliveryError, Undeliverable
from maps.notifications.mail_transport import MailTransport
from maps.reports.document.request import ReportRequest, Site
from maps.reports.jobs.render import ReportFile
from maps.reports.jobs.report_file import make_report
from maps.reports.jobs.report_queue import ReportQueue
from maps.reports.jobs.schedules import Period, is_late, newest_due, next_due
from maps.settings.report_settings import ReportSchedule
from patrol.desks.desk import Desk
from patrol.documents.transaction import Note
from patrol.errors.errors import PatrolError
from patrol.units.accounts import User

LOOK_S: Final = 20.0
FIRST_WAIT_S: Final = 60.0
LONGEST_WAIT_S: Final = 3600.0
LARGEST_MAIL: Final = 15_000_000
"""Bytes of all files of one mail: what servers usually take, less the third that base64 adds."""

SENT: Final = "send report"
REFUSED: Final = "report not taken"

_DAY: Final = timedelta(days=1)

_log = structlog.get_logger(__name__)


class MailEntry(msgspec.Struct, frozen=True):
    """What the journal says of one mail.

    Attributes:
        act: `SENT` or `REFUSED`.
        at: When, aware UTC.
        period: Of which period.
        to: To whom.
    """

    act: str
    at: datetime
    period: str
    to: str


class ScheduleStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a schedule fares.

    Attributes:
        name: Its short name.
        report: Which report.
        every: `month` or `week`.
        formats: As which files.
        language: Its language.
        recipients: To whom.
        next_at: When it is to be sent next, aware UTC.
        last_at: When it last went, aware UTC; absent: never.
        last_period: Of which period that was.
        fault: Why it waits; empty when it does not.
        counterpart: Agency that it is made for.
    """

    name: str
    report: str
    every: str
    formats: tuple[str, ...]
    language: str
    recipients: tuple[str, ...]
    next_at: datetime
    last_at: datetime | None = None
    last_period: str = ""
    fault: str = ""
    counterpart: str = ""


@dataclass
class _Standing:
    failures: int = 0
    not_before: datetime | None = None
    fault: str = ""
    settled: set[tuple[str, str]] = field(default_factory=set)


class Scheduler:
    """Sends the reports of a node.

    Args:
        schedules: Which.
        site: Where they are made.
        mailing: How they leave; None: none do.
        press: Whose turn it is to make one.
        lines: Returns what the journal says of a schedule of an agency, newest first.
        note: Notes in the journal.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        schedules: Sequence[ReportSchedule],
        site: Site,
        mailing: MailTransport | None,
        *,
        press: ReportQueue,
        lines: Callable[[str, str], Awaitable[list[MailEntry]]],
        note: Callable[[Note], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._schedules, self._site, self._mailing = tuple(schedules), site, mailing
        self._press, self._lines, self._note, self._now = press, lines, note, now
        self._standing = {each.name: _Standing() for each in self._schedules}

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Send what is due while inside."""
        if not self._schedules or self._mailing is None:
            yield
            return
        task = asyncio.create_task(self._run(), name="reports by mail")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def status(self, agency: str) -> list[ScheduleStatus]:
        """Return how the schedules of an agency fare, by name."""
        found = []
        for each in sorted(self._schedules, key=lambda schedule: schedule.name):
            if each.agency != agency:
                continue
            sent = [line for line in await self._lines(agency, each.name) if line.act == SENT]
            found.append(
                ScheduleStatus(
                    name=each.name,
                    report=each.report,
                    every=each.every,
                    formats=each.formats,
                    language=each.language,
                    recipients=each.recipients,
                    next_at=next_due(each, self._now(), self._site.zone).astimezone(UTC),
                    last_at=sent[0].at if sent else None,
                    last_period=sent[0].period if sent else "",
                    fault=self._standing[each.name].fault,
                    counterpart=each.counterpart,
                )
            )
        return found

    async def look(self) -> None:
        """Send what is due now and has not gone."""
        for schedule in self._schedules:
            standing = self._standing[schedule.name]
            now = self._now()
            period = newest_due(schedule, now, self._site.zone)
            if is_late(schedule, period, now):
                continue
            if standing.not_before is not None and now < standing.not_before:
                continue
            try:
                await self._send(schedule, period, standing)
            except (DeliveryError, MapsError, PatrolError, GisError) as error:
                self._wait(schedule, standing, str(error))
            except Exception as error:  # noqa: BLE001 - logged; others must not wait for it
                _log.exception("report_schedule_failed", schedule=schedule.name)
                self._wait(schedule, standing, type(error).__name__)
            else:
                standing.failures, standing.not_before, standing.fault = 0, None, ""

    # -- inside

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - a supervised task, logged and run again
                _log.exception("report_schedule_failed")
            await asyncio.sleep(LOOK_S)

    def _wait(self, schedule: ReportSchedule, standing: _Standing, fault: str) -> None:
        wait_s = min(FIRST_WAIT_S * 2**standing.failures, LONGEST_WAIT_S)
        standing.failures += 1
        standing.not_before = self._now() + timedelta(seconds=wait_s)
        standing.fault = fault
        _log.warning("report_waits", schedule=schedule.name, fault=fault, wait_s=wait_s)

    async def _send(self, schedule: ReportSchedule, period: Period, standing: _Standing) -> None:
        """Send a period to whom it has not gone to.

        Raises:
            DeliveryError: If a recipient's server does not take it now; the others have it.
        """
        done = standing.settled | {
            (line.period, line.to) for line in await self._lines(schedule.agency, schedule.name)
        }
        left = [each for each in schedule.recipients if (period.id, each) not in done]
        if not left:
            return
        user = User(
            name=f"report:{schedule.name}",
            role=schedule.role,
            agency=schedule.agency,
            language=schedule.language,
            calendar=schedule.calendar,
        )
        desk = self._site.desk_of(user)
        words = Wording(schedule.language, calendar=schedule.calendar, zone=self._site.zone)
        request = self._report_request(schedule, period, desk, words)
        files = await self._files(schedule, request)
        waits: DeliveryError | None = None
        for to in left:
            try:
                await self._send_to(to, schedule, period, request, files)
            except Undeliverable as error:
                await self._settle(REFUSED, schedule, period, to, standing, {"fault": error.fault})
                standing.fault = error.fault
            except DeliveryError as error:
                waits = error
            else:
                sizes = {file.name: len(file.content) for file in files}
                await self._settle(SENT, schedule, period, to, standing, {"files": sizes})
        if waits is not None:
            raise waits

    def _report_request(
        self, schedule: ReportSchedule, period: Period, desk: Desk, words: Wording
    ) -> ReportRequest:
        return ReportRequest(
            site=self._site,
            desk=desk,
            words=words,
            start=period.start.astimezone(UTC),
            end=period.end.astimezone(UTC),
            counterpart=schedule.counterpart,
            radius_m=schedule.radius_m,
        )

    async def _files(self, schedule: ReportSchedule, request: ReportRequest) -> list[ReportFile]:
        files = []
        for kind in schedule.formats:
            async with self._press.turn():  # others may come between one format and the next
                files.append(await make_report(schedule.report, kind, request))
        if sum(len(file.content) for file in files) > LARGEST_MAIL:
            raise ReportFailed("its files are too large for a mail: choose fewer formats")
        return files

    async def _send_to(
        self, to: str, schedule: ReportSchedule, period: Period, request: ReportRequest,
        files: Sequence[ReportFile],
    ) -> None:  # fmt: skip
        assert self._mailing is not None
        words = request.words
        title = words.text(f"report.name.{schedule.report}")
        start, end = words.day(period.start), words.day(period.end - _DAY)
        subject = words.text(
            "report.mail.subject", node=self._site.node, title=title, start=start, end=end
        )
        text = words.text(
            "report.mail.text", title=title, start=start, end=end, node=self._site.node,
            name=schedule.name,
        )  # fmt: skip
        key = f"{schedule.agency}\n{schedule.name}\n{period.id}\n{to}"
        await self._mailing.send_files(
            to,
            id=hashlib.sha256(key.encode()).hexdigest()[:32],
            subject=subject,
            text=text,
            wording=words,
            files=[(file.name, file.media_type, file.content) for file in files],
            at=self._now(),
            source=request,
        )

    async def _settle(
        self, act: str, schedule: ReportSchedule, period: Period, to: str, standing: _Standing,
        more: dict[str, Any],
    ) -> None:  # fmt: skip
        # First here: should the store refuse the line, it must not go again while this runs.
        standing.settled.add((period.id, to))
        detail = {"period": period.id, "to": to, "report": schedule.report} | more
        if schedule.counterpart:
            detail["counterpart"] = schedule.counterpart
        await self._note(
            Note(
                act=act,
                actor="",
                agency=schedule.agency,
                subject=f"report:{schedule.name}",
                detail=detail,
            )
        )
