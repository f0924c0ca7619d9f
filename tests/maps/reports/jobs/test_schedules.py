"""Reports by mail: when they are due, once a period across restarts, and tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maps.errors.errors import SettingsFaults
from maps.reports.document.request import ReportRequest
from maps.reports.jobs.render import ReportFile
from maps.reports.jobs.report_queue import ReportQueue
from maps.reports.jobs.scheduler import MailEntry, Scheduler
from maps.reports.jobs.schedules import is_late, newest_due, next_due
from maps.settings.report_settings import ReportSchedule
from maps.settings.settings import settings_of
from tests.maps.notifications.senders.test_mail import Mailbox, mail_server
from tests.maps.reports.story import joint_patrol
from tests.maps.servers.offices import AGENCIES, LAO
from tests.maps.servers.running import running

ZONE = ZoneInfo("Asia/Vientiane")


def schedule(**more: Any) -> dict[str, Any]:
    """Return the table of a schedule."""
    given = {
        "name": "weekly-cover",
        "report": "coverage",
        "every": "week",
        "day": "mon",
        "recipients": ["one@police.example"],
        "agency": LAO,
        "formats": ["xlsx"],
    }
    return given | more


def local(*time: int) -> datetime:
    """Return a local time."""
    return datetime(*time, tzinfo=ZONE)  # type: ignore[arg-type, misc]


def test_a_month_and_a_week_come_due() -> None:
    month = ReportSchedule(**schedule(every="month", day=3, at="05:30"))
    due = newest_due(month, local(2026, 3, 3, 5, 30), ZONE)
    assert (due.id, due.start, due.end) == ("2026-02", local(2026, 2, 1), local(2026, 3, 1))
    assert newest_due(month, local(2026, 3, 3, 5, 29), ZONE).id == "2026-01"
    assert next_due(month, local(2026, 3, 3, 5, 30), ZONE) == local(2026, 4, 3, 5, 30)
    week = ReportSchedule(**schedule(at="06:00"))
    due = newest_due(week, local(2026, 11, 26, 12), ZONE)
    assert (due.id, due.start, due.end) == ("2026-11-23", local(2026, 11, 16), local(2026, 11, 23))
    assert not is_late(week, due, local(2026, 11, 26, 5))
    assert is_late(week, due, local(2026, 11, 26, 7))
    assert next_due(week, local(2026, 11, 26, 12), ZONE) == local(2026, 11, 30, 6)


def test_contradicting_settings_are_reported_with_their_place() -> None:
    tables = {
        "agencies": AGENCIES,
        "reports": [
            schedule(),
            schedule(agency="nobody"),
            schedule(name="pack", report="monthly", counterpart=LAO),
        ],
    }
    with pytest.raises(SettingsFaults) as told:
        settings_of(tables, source="patrol.toml", folder=Path())
    text = str(told.value)
    assert "reports[1].name: 'weekly-cover' is used twice" in text
    assert "reports[1].agency: 'nobody' is no agency" in text
    assert "reports[2].counterpart" in text
    assert "a mail server is needed" in text
    wrong = {"agencies": AGENCIES, "reports": [schedule(day=31)]}
    with pytest.raises(SettingsFaults, match="day of a week is one of"):
        settings_of(wrong, source="patrol.toml", folder=Path())


async def test_one_that_breaks_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    sent: list[str] = []

    async def made(_report: str, kind: str, _asked: ReportRequest) -> ReportFile:
        tried.append(kind)
        if kind == "pdf":
            raise OSError("no such program")
        return ReportFile(name="a.xlsx", media_type="application/x", content=b"")

    class Post:
        async def send_files(self, to: str, **_more: Any) -> str:
            sent.append(to)
            return "id"

    async def nothing(*_: Any) -> list[MailEntry]:
        return []

    async def noted(_note: Any) -> None:
        pass

    monkeypatch.setattr("maps.reports.jobs.scheduler.make_report", made)
    now = local(2026, 11, 23, 12)
    site: Any = SimpleNamespace(
        node="HX", zone=ZONE, desk_of=lambda user: SimpleNamespace(user=user, is_stale=False)
    )
    both = [
        ReportSchedule(**schedule(name="broken", formats=["pdf"])),
        ReportSchedule(**schedule(name="whole", recipients=["two@police.example"])),
    ]
    post = Scheduler(
        both, site, Post(), press=ReportQueue(), lines=nothing, note=noted, now=lambda: now
    )
    await post.look()
    await post.look()
    assert sent == ["two@police.example"]
    assert tried.count("pdf") == 1, "it waits before it is tried again"
    assert [each.fault for each in await post.status(LAO)] == ["OSError", ""]


async def test_each_recipient_gets_a_period_once_across_restarts(tmp_path: Path) -> None:
    box = Mailbox()
    with mail_server(box) as port:
        # Due a minute ago by the story's clock.
        now = datetime.now(UTC)
        at = (now - timedelta(minutes=30)).astimezone(ZONE)
        tables: dict[str, Any] = {
            "mail": {
                "host": "127.0.0.1", "port": port, "security": "none",
                "sender": "patrol@hx.example",
            },
            "reports": [
                schedule(
                    day=("mon", "tue", "wed", "thu", "fri", "sat", "sun")[at.weekday()],
                    at=f"{at:%H:%M}",
                    recipients=["one@police.example", "two@police.example"],
                )
            ],
        }  # fmt: skip
        async with joint_patrol(tmp_path, **tables) as story:
            office = story.offices.server.office
            story.offices.server.clock.moment = None
            await office.report_post.look()
            await office.report_post.look()
            assert sorted(each["To"] for each in box.mails) == [
                "one@police.example",
                "two@police.example",
            ]
            [first, second] = box.mails
            [part] = [each for each in first.walk() if each.get_filename()]
            assert str(part.get_filename()).startswith("coverage-")
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            assert content[:2] == b"PK"
            assert "Coverage of sectors and river" in str(first["Subject"])
            assert first["Message-ID"] != second["Message-ID"]
            [status] = (await story.offices["somchai"].get("/api/report-schedules")).json()
            assert status["last_period"] == at.date().isoformat()
            assert "fault" not in status
            journal = await story.offices["keo"].get(
                "/api/audit", params={"act": "send report", "limit": 10}
            )
            assert journal.text.count("report:weekly-cover") == 2
            assert (await story.offices["malee"].get("/api/report-schedules")).json() == []
            assert (await story.offices["bounmy"].get("/api/report-schedules")).status_code == 403
        async with running(tmp_path, roles=(), agencies=AGENCIES, **tables) as later:
            await later.office.report_post.look()
        assert len(box.mails) == 2, "the journal of the last run says that it went"


async def test_a_server_that_takes_nothing_now_is_tried_again(tmp_path: Path) -> None:
    box = Mailbox()
    now = datetime.now(UTC)
    at = (now - timedelta(minutes=30)).astimezone(ZONE)
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[at.weekday()]
    with mail_server(box) as port:
        closed = port
    tables: dict[str, Any] = {
        "mail": {
            "host": "127.0.0.1", "port": closed, "security": "none",
            "sender": "patrol@hx.example",
        },
        "reports": [schedule(day=day, at=f"{at:%H:%M}", recipients=["one@police.example"])],
    }  # fmt: skip
    async with joint_patrol(tmp_path, **tables) as story:
        office = story.offices.server.office
        moment = datetime.now(UTC)
        story.offices.server.clock.moment = lambda: moment
        await office.report_post.look()
        [status] = (await story.offices["somchai"].get("/api/report-schedules")).json()
        assert "127.0.0.1" in status["fault"]
        await office.report_post.look()
        assert box.mails == [], "it waits a minute first"
        with mail_server(box, port=closed):
            moment += timedelta(
                seconds=150
            )  # the server itself may have looked, too: twice a minute
            await office.report_post.look()
        assert len(box.mails) == 1
        [status] = (await story.offices["somchai"].get("/api/report-schedules")).json()
        assert "fault" not in status
