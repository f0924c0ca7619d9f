"""What a debrief says of a meeting before its time, after it, and if the patrol ended before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from maps.reports.document.document import ReportDocument, Table
from maps.reports.kinds.patrol_debrief import patrol_debrief
from patrol.units.data_classes import DATA_CLASSES
from tests.maps.reports.story import Clock, Story, add_units, agree, draw_sectors, plan_patrol
from tests.maps.servers.offices import two_offices


def said(document: ReportDocument) -> set[str]:
    [section] = [each for each in document.sections if each.title == "Meetings"]
    [table] = section.blocks
    assert isinstance(table, Table)
    return {str(row[-1]) for row in table.rows}


async def test_nobody_misses_a_meeting_that_is_to_come(tmp_path: Path) -> None:
    async with two_offices(tmp_path) as offices:
        clock = Clock(offices, timedelta(hours=6))
        await agree(offices, clock, DATA_CLASSES)
        units = await add_units(offices, clock)
        sector = await draw_sectors(offices)
        patrol = await plan_patrol(offices, clock, units, sector, "Night watch")
        start = clock.on(minutes=20)
        await offices.desk("bounmy").patrols.start(patrol)
        story = Story(offices, patrol, start, clock.on(minutes=30), units, sector)
        assert "Still to come" in said(await patrol_debrief(story.asked(patrol=patrol)))
        clock.on(hours=2)
        late = said(await patrol_debrief(story.asked(patrol=patrol)))
        assert "Was not seen there" in late
        assert "Still to come" not in late


async def test_a_patrol_that_ended_before_a_meeting_says_so(tmp_path: Path) -> None:
    async with two_offices(tmp_path) as offices:
        clock = Clock(offices, timedelta(hours=6))
        await agree(offices, clock, DATA_CLASSES)
        units = await add_units(offices, clock)
        sector = await draw_sectors(offices)
        patrol = await plan_patrol(offices, clock, units, sector, "Night watch")
        start = clock.on(minutes=20)
        await offices.desk("bounmy").patrols.start(patrol)
        end = clock.on(minutes=30)
        await offices.desk("somchai").patrols.end(patrol, reason="fog")
        clock.on(hours=3)
        story = Story(offices, patrol, start, end, units, sector)
        assert "The patrol ended before it" in said(
            await patrol_debrief(story.asked(patrol=patrol))
        )
