"""Reports over HTTP: asked for, watched, called off, fetched; each person's own; a suspension."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from maps.reports.jobs.jobs import MOST_WAITING
from maps.reports.jobs.render import ReportFile, rendered
from maps.reports.jobs.scheduler import MailEntry, Scheduler
from maps.settings.report_settings import ReportSchedule
from patrol.desks.planning.sectors import SectorDesk, SectorGeography
from patrol.errors.errors import NotFound, StoreError
from patrol.sectors.sector import Sector
from tests.fixtures.patience import until
from tests.maps.reports.story import Story, joint_patrol
from tests.maps.servers.offices import LAO


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    async with joint_patrol(tmp_path_factory.mktemp("jobs")) as story:
        yield story


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ask(client: httpx.AsyncClient, status: int = 202, **body: Any) -> dict[str, Any]:
    """Ask for a report; return the job, or the refusal."""
    answer = await client.post("/api/report-jobs", json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def over(client: httpx.AsyncClient, job: dict[str, Any]) -> dict[str, Any]:
    """Wait until a report is made or has failed."""

    async def ended() -> dict[str, Any]:
        state: dict[str, Any] = (await client.get(f"/api/report-jobs/{job['id']}")).json()
        return state if state.get("state") in ("made", "failed") else {}

    return await until(ended, every_s=0.05)


async def test_a_report_is_asked_for_watched_and_fetched(story: Story) -> None:
    somchai = story.offices["somchai"]
    kinds = {each["name"]: each for each in (await somchai.get("/api/reports")).json()}
    assert set(kinds) == {"briefing", "patrol-debrief", "coverage", "monthly"}
    assert kinds["briefing"]["formats"] == ["html", "map", "pdf"]
    job = await ask(somchai, report="patrol-debrief", format="xlsx", patrol=story.patrol)
    made = await over(somchai, job)
    assert (made["state"], made["progress"]) == ("made", 1.0)
    assert made["file"].startswith("patrol-debrief-night-watch-")
    file = await somchai.get(f"/api/report-jobs/{job['id']}/file")
    assert file.status_code == 200
    assert file.content[:2] == b"PK"
    assert len(file.content) == made["bytes"]
    assert made["file"] in file.headers["content-disposition"]
    lines = (await story.offices["keo"].get("/api/audit?act=export")).json()["lines"]
    assert (lines[0]["actor"], lines[0]["subject"]) == ("somchai", "export:report")
    assert lines[0]["detail"] | {"sha256": ""} == {
        "report": "patrol-debrief", "format": "xlsx", "file": made["file"], "sha256": "",
    }  # fmt: skip
    assert lines[0]["detail"]["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert job["id"] in [each["id"] for each in (await somchai.get("/api/report-jobs")).json()]
    for name in ("malee", "kham"):
        other = story.offices[name]
        assert (await other.get(f"/api/report-jobs/{job['id']}")).status_code == 404
        assert (await other.get(f"/api/report-jobs/{job['id']}/file")).status_code == 404
        assert (await other.delete(f"/api/report-jobs/{job['id']}")).status_code == 404
    assert (await somchai.delete(f"/api/report-jobs/{job['id']}")).status_code == 204
    assert (await somchai.get(f"/api/report-jobs/{job['id']}")).status_code == 404


async def test_one_is_called_off_and_nobody_has_too_many(story: Story) -> None:
    somchai = story.offices["somchai"]
    span: dict[str, Any] = {"start": story.start.isoformat(), "end": story.end.isoformat()}
    jobs = [await ask(somchai, report="monthly", format="pdf", **span) for _ in range(MOST_WAITING)]
    refused = await ask(somchai, 429, report="monthly", format="pdf", **span)
    assert refused["error"] == "too_many_reports"
    for job in jobs:
        assert (await somchai.delete(f"/api/report-jobs/{job['id']}")).status_code == 204
    assert (await somchai.get("/api/report-jobs")).json() == []
    await over(somchai, await ask(somchai, report="coverage", format="html", **span))


async def test_what_cannot_be_made_is_refused_at_once(story: Story) -> None:
    somchai = story.offices["somchai"]
    assert (await ask(somchai, 404, report="other"))["error"] == "not_found"
    assert (await ask(somchai, 400, report="briefing"))["field"] == "patrol"
    assert (await ask(somchai, 400, report="coverage"))["field"] == "start"
    formats = await ask(somchai, 400, report="briefing", format="xlsx", patrol=story.patrol)
    assert formats["field"] == "format"
    span: dict[str, Any] = {"start": story.start.isoformat(), "end": story.end.isoformat()}
    for_other = await ask(somchai, 400, report="coverage", counterpart="th-ck", **span)
    assert for_other["field"] == "counterpart"
    for nobody in ("nobody", "la-hx"):
        refused = await ask(somchai, 400, report="monthly", counterpart=nobody, **span)
        assert refused["field"] == "counterpart"
    half = await ask(somchai, 400, report="coverage", km_from=2340, **span)
    assert half["field"] == "km_from"
    unknown = await over(somchai, await ask(somchai, report="briefing", patrol="0" * 32))
    assert unknown["state"] == "failed"
    assert "no patrol" in unknown["fault"]


async def test_a_language_is_chosen(story: Story) -> None:
    somchai = story.offices["somchai"]
    job = await ask(
        somchai, report="briefing", patrol=story.patrol, language="en", calendar="buddhist"
    )
    await over(somchai, job)
    page = (await somchai.get(f"/api/report-jobs/{job['id']}/file")).text
    assert f"{story.start.year + 543}-" in page
    assert '<html lang="en">' in page


async def test_a_fault_of_the_store_is_for_the_log(story: Story) -> None:
    async def work(_progress: Any) -> Any:
        raise StoreError("OperationalError: /secret/patrol.db")

    jobs, desk = story.offices.server.app.state.report_jobs, story.offices.desk("noy")
    job = jobs.begin(desk, work, report="monthly", kind="pdf", is_stale=lambda: False)
    body = await over(story.offices["noy"], {"id": job.id})
    assert body["state"] == "failed"
    assert "secret" not in str(body)


async def test_a_week_ends_with_its_last_day(story: Story) -> None:
    somchai = story.offices["somchai"]
    week: dict[str, Any] = {"start": "2026-11-15T17:00:00Z", "end": "2026-11-22T17:00:00Z"}
    job = await ask(somchai, report="coverage", **week)
    await over(somchai, job)
    page = (await somchai.get(f"/api/report-jobs/{job['id']}/file")).text
    assert "2026-11-16 to 2026-11-22<" in page


async def test_nobody_waits_while_sectors_are_laid_out(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie = SectorDesk.geography_of
    beside: list[bool] = []

    def watched(desk: SectorDesk, sector: Sector) -> SectorGeography:
        beside.append(threading.current_thread() is not threading.main_thread())
        return lie(desk, sector)

    monkeypatch.setattr(SectorDesk, "geography_of", watched)
    somchai = story.offices["somchai"]
    span: dict[str, Any] = {"start": story.start.isoformat(), "end": story.end.isoformat()}
    await over(somchai, await ask(somchai, report="briefing", patrol=story.patrol))
    await over(somchai, await ask(somchai, report="coverage", **span))
    replay = await somchai.get("/api/replay", params=span)
    assert replay.json()["outlines"], "a stretch of river is among the sectors"
    heat = {"km_from": 2340, "km_to": 2380} | span
    assert (await somchai.get("/api/coverage/heat", params=heat)).status_code == 200
    assert len(beside) >= 5
    assert all(beside), "shapes are made in a thread, not on the loop that positions come in on"


async def test_what_a_role_was_given_is_not_given_to_a_lesser_one(story: Story) -> None:
    somchai = story.offices["somchai"]
    job = await ask(somchai, report="patrol-debrief", patrol=story.patrol)
    await over(somchai, job)
    jobs = story.offices.server.app.state.report_jobs
    now = replace(story.offices.desk("somchai").user, role="crew")
    with pytest.raises(NotFound):
        jobs.file(job["id"], story.offices.server.office.desk_of(now))


async def test_what_was_made_is_gone_when_sharing_is_suspended(story: Story) -> None:
    """Comes last: nothing crosses any more after it."""
    somchai = story.offices["somchai"]
    job = await ask(somchai, report="patrol-debrief", patrol=story.patrol)
    await over(somchai, job)
    before = (await somchai.get(f"/api/report-jobs/{job['id']}/file")).text
    assert "Khong 1" in before
    kham = story.offices["kham"]
    span: dict[str, Any] = {"start": story.start.isoformat(), "end": story.end.isoformat()}
    pack = await ask(kham, report="monthly", counterpart="th-ck", **span)
    await over(kham, pack)
    assert "Naga 1" in (await kham.get(f"/api/report-jobs/{pack['id']}/file")).text
    [agreement] = await story.offices.desk("kham").agreements.all()
    await story.offices.desk("chai").agreements.suspend(agreement.id, reason="talks")
    assert (await somchai.get(f"/api/report-jobs/{job['id']}/file")).status_code == 404
    assert (await kham.get(f"/api/report-jobs/{pack['id']}/file")).status_code == 404, (
        "what was to be handed to them may not cross to them any more"
    )
    again = await ask(somchai, report="patrol-debrief", patrol=story.patrol)
    await over(somchai, again)
    after = (await somchai.get(f"/api/report-jobs/{again['id']}/file")).text
    assert "Khong 1" not in after
    assert "Naga 1" in after


# -- one line for people and for the mail


async def test_what_goes_by_mail_and_what_people_ask_for_is_made_one_at_a_time(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = most = 0
    sent: list[str] = []
    real = rendered

    async def counted(*given: Any, **more: Any) -> ReportFile:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            await asyncio.sleep(0.2)
            return await real(*given, **more)
        finally:
            under_way -= 1

    class Post:
        async def send_files(self, to: str, **_more: Any) -> str:
            sent.append(to)
            return "id"

    async def nothing(*_: Any) -> list[MailEntry]:
        return []

    async def noted(_note: Any) -> None:
        pass

    monkeypatch.setattr("maps.reports.jobs.report_file.rendered", counted)
    office = story.offices.server.office
    monday = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Asia/Vientiane"))
    week: dict[str, Any] = {
        "name": "week", "report": "coverage", "every": "week", "day": "mon", "agency": LAO,
        "recipients": ("one@police.example",), "formats": ("xlsx", "html"),
    }  # fmt: skip
    post = Scheduler(
        [ReportSchedule(**week)], office.report_site, Post(), press=office.report_press,
        lines=nothing, note=noted, now=lambda: monday,
    )  # fmt: skip
    looking = asyncio.create_task(post.look())
    bodies = {
        name: await ask(
            story.offices[name], report="patrol-debrief", format="xlsx", patrol=story.patrol
        )
        for name in ("somchai", "kham")
    }
    for name, job in bodies.items():
        assert (await over(story.offices[name], job))["state"] == "made"
    await looking
    assert sent == ["one@police.example"], await post.status(LAO)
    assert most == 1


async def test_the_line_has_an_end_that_is_named(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = story.offices.server.office.report_press
    monkeypatch.setattr(press, "most", 2)
    body: dict[str, Any] = {"report": "briefing", "format": "html", "patrol": story.patrol}
    async with press.turn():
        asked = [(name, await ask(story.offices[name], **body)) for name in ("somchai", "kham")]
        answer = await story.offices["malee"].post("/api/report-jobs", json=body)
        assert (answer.status_code, answer.json()["error"]) == (503, "reports_busy")
        assert int(answer.headers["retry-after"]) >= 1
        for name, job in asked:
            told = (await story.offices[name].get(f"/api/report-jobs/{job['id']}")).json()
            assert told.get("state", "waiting") == "waiting"
        # who calls one off makes room
        somchai = story.offices["somchai"]
        assert (await somchai.delete(f"/api/report-jobs/{asked[0][1]['id']}")).status_code == 204
        third = await ask(story.offices["malee"], **body)
    assert (await over(story.offices["malee"], third))["state"] == "made"
