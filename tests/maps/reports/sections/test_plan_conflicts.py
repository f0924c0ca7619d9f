"""What is in the way of a plan stands first on its briefing, in the planner's words."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from maps.language.wording import words_of
from maps.reports.document.document import UNKNOWN, ReportDocument, Section, Table, Words, cell_text
from maps.reports.kinds.briefing import patrol_briefing
from patrol.patrols import conflicts as clashes
from patrol.patrols.patrol import Member
from patrol.units.accounts import LANGUAGES
from patrol.watch import check_plan as planning
from tests.maps.reports.story import ZONE, Story, joint_patrol
from tests.maps.servers.offices import LAO, THAI

STARTS = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=2)


async def draft(story: Story, name: str, **more: Any) -> str:
    """Draft a patrol of the Lao agency and return its id."""
    content: dict[str, Any] = {
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(hours=4),
        "agencies": (LAO,),
        "members": (Member(unit=story.units["Naga 1"], agency=LAO, crew=4),),
    } | more
    made = await story.offices.desk("noy").patrols.draft(name=name, **content)
    return made.id


def told(section: Section) -> list[tuple[str, str]]:
    """Return the sentences of a section, each with how loud it is."""
    return [(each.kind, each.text) for each in section.blocks if isinstance(each, Words)]


async def briefing(story: Story, patrol: str, **more: Any) -> ReportDocument:
    """Return the briefing of a patrol."""
    return await patrol_briefing(story.asked("noy", patrol=patrol, **more))


async def test_a_briefing_gives_no_number_of_people_that_nobody_reported(tmp_path: Path) -> None:
    async with joint_patrol(tmp_path) as story:
        naga, other = story.units["Naga 1"], story.units["Naga 2"]
        members = (Member(unit=naga, agency=LAO), Member(unit=other, agency=LAO, crew=1))
        document = await briefing(story, await draft(story, "Night watch", members=members))
        [units] = [section for section in document.sections if section.title == "Units"]
        [table] = [block for block in units.blocks if isinstance(block, Table)]
        at = [column.title for column in table.columns].index("People")
        people = {str(row[0]): cell_text(row[at], table.columns[at]) for row in table.rows}
        assert people == {"Naga 1": UNKNOWN, "Naga 2": "1"}


async def test_a_briefing_begins_with_what_is_in_the_way(tmp_path: Path) -> None:
    async with joint_patrol(tmp_path) as story:
        first = await draft(story, "Day watch")
        second = await draft(story, "Joint watch", agencies=(LAO, THAI), sectors=("gone",))
        document = await briefing(story, second)
        assert document.sections[0].title == "In the way"
        said = told(document.sections[0])
        assert said[0][0] == "warning", "errors come first"
        assert ("warning", "Error: A sector of this plan is not in use any more.") in said
        assert ("text", "Warning: No unit of Chiang Khong police takes part.") in said
        [clash] = [text for _, text in said if "Day watch" in text]
        assert clash.startswith("Warning: Naga 1 is in another patrol, Day watch, from ")
        assert f"from {STARTS.astimezone(ZONE):%Y-%m-%d %H:%M} +07 to " in clash
        for language in LANGUAGES:
            words = words_of(language)
            section = (await briefing(story, second, language=language)).sections[0]
            assert section.title == words["conflict.title"]
            unknown = f"{words['conflict.error']} {words['conflict.unknown_sector']}"
            assert ("warning", unknown) in told(section), language
            assert all("{" not in text for _, text in told(section)), language
        titles = [each.title for each in (await briefing(story, story.patrol)).sections]
        assert "In the way" not in titles, "it is over"
        await story.offices.desk("noy").patrols.cancel(second, reason="not wanted")
        titles = [each.title for each in (await briefing(story, first)).sections]
        assert "In the way" not in titles, "nothing is"


def test_whatever_a_judge_finds_has_words() -> None:
    judges = "".join(inspect.getsource(each) for each in (planning, clashes))
    codes = set(re.findall(r"\b(?:error|warning|make)\(\s*\"(\w+)\"", judges))
    assert len(codes) > 15
    for language in LANGUAGES:
        missing = [each for each in codes if f"conflict.{each}" not in words_of(language)]
        assert missing == [], language
