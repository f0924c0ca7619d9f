"""Sheets of a workbook: whole names, each one once, in every language."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from maps.language.wording import words_of
from maps.reports import REPORTS
from maps.reports.rendering.xlsx import workbook_of
from patrol.units.accounts import LANGUAGES
from tests.maps.reports.story import joint_patrol

LONGEST = 31
"""UTF-16 units that Excel takes as the name of a sheet."""


def sheets_of(workbook: bytes) -> list[str]:
    """Return the names of a workbook's sheets."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as open_documents:
        root = ET.fromstring(open_documents.read("xl/workbook.xml"))
    return [each.attrib["name"] for each in root.iter() if each.tag.endswith("}sheet")]


async def test_every_sheet_has_a_whole_name_of_its_own_in_every_language(tmp_path: Path) -> None:
    async with joint_patrol(tmp_path) as story:
        for language in LANGUAGES:
            whole = set(words_of(language).values())
            for name, report in REPORTS.items():
                if "xlsx" not in report.formats:
                    continue
                report_request = story.asked(language=language)
                if report.about == "time":
                    report_request = replace(
                        report_request, patrol="", start=story.start, end=story.end
                    )
                document = await report.make(report_request)
                sheets = sheets_of(workbook_of(document))
                assert len(sheets) >= 5, (language, name)
                for sheet in sheets:
                    text = f"{language} {name}: {sheet}"
                    assert len(sheet.encode("utf-16-le")) <= 2 * LONGEST, text
                    assert sheet in whole, f"{text} is cut, or has a number behind it"
                    assert not sheet.endswith(" 2"), text
