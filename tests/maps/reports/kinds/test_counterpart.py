"""A meeting pack for the other side holds what agreements let cross to it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from maps.errors.errors import BadRequest
from maps.reports import REPORTS
from maps.reports.rendering.html_page import html_page
from tests.maps.reports.story import Story, joint_patrol
from tests.maps.servers.offices import LAO, THAI


async def pack(story: Story, counterpart: str, by: str = "kham") -> str:
    """Return the page of the pack."""
    report_request = story.asked(
        by, start=story.start, end=story.end, patrol="", counterpart=counterpart
    )
    return html_page(await REPORTS["monthly"].make(report_request))


async def test_with_everything_shared_it_tells_of_the_own_side_alone(tmp_path: Path) -> None:
    async with joint_patrol(tmp_path) as story:
        own = await pack(story, "")
        assert "Khong 1" in own, "what the other side shares with us is in our own pack"
        theirs = await pack(story, THAI)
        assert "Naga 1" in theirs
        assert "Khong 1" not in theirs, "their own they have themselves"
        assert "methamphetamine" in theirs
        assert "SECRET-INFORMANT" not in theirs
        assert "let cross to Chiang Khong police" in theirs
        with pytest.raises(BadRequest, match="no counterpart"):
            await pack(story, LAO)


async def test_what_no_agreement_names_is_not_in_it(tmp_path: Path) -> None:
    async with joint_patrol(
        tmp_path, classes=("patrols", "sectors", "targets", "positions")
    ) as story:
        theirs = await pack(story, THAI)
        assert "methamphetamine" in await pack(story, "")
        assert "methamphetamine" not in theirs, "incidents do not cross"
        assert "There was no alert" in theirs, "nor do alerts"
        assert "no track that this report may show" in theirs, "nor do tracks"
        assert "Black boat" in theirs, "what was offered to them they know"
