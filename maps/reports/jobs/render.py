"""Rendering: a document as a file of some kind, with its name and media type."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from maps.reports import Format
from maps.reports.document.document import ReportDocument
from maps.typesetting.pdf import pdf_of

MEDIA_TYPES: Final[Mapping[Format, str]] = MappingProxyType(
    {
        "html": "text/html; charset=utf-8",
        "map": "text/html; charset=utf-8",
        "pdf": "application/pdf",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
_ENDINGS: Final[Mapping[Format, str]] = MappingProxyType(
    {"html": ".html", "map": "-map.html", "pdf": ".pdf", "xlsx": ".xlsx"}
)


class ReportFile(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is made.

    Attributes:
        name: Of the file, in plain letters.
        media_type: What it is.
        content: Its bytes.
    """

    name: str
    media_type: str
    content: bytes


async def rendered(document: ReportDocument, kind: Format, *, at: datetime) -> ReportFile:
    """Return a document as a file.

    Raises:
        NotBuilt: If an interactive map is asked for and the web client has not been built.
        ReportFailed: If a PDF cannot be laid out.
    """
    from maps.reports.rendering.html_page import html_page  # and Jinja

    content: bytes
    if kind == "html":
        content = (await asyncio.to_thread(html_page, document)).encode("utf-8")
    elif kind == "map":
        from maps.reports.rendering.folium_page import folium_page  # folium is for this alone

        content = (await asyncio.to_thread(folium_page, document)).encode("utf-8")
    elif kind == "pdf":
        content = await pdf_of(await asyncio.to_thread(html_page, document, for_print=True))
    else:
        from maps.reports.rendering.xlsx import workbook_of

        content = await asyncio.to_thread(workbook_of, document)
    return ReportFile(
        name=document.file_stem + _ENDINGS[kind]
        if document.file_stem
        else file_name(document.report, document.subtitle, kind, at=at),
        media_type=MEDIA_TYPES[kind],
        content=content,
    )


def file_name(report: str, subtitle: str, kind: Format, *, at: datetime) -> str:
    """Return a name for a file that every system takes.

    >>> from datetime import UTC
    >>> file_name("briefing", "Night watch", "pdf", at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
    'briefing-night-watch-20261124T0930Z.pdf'
    """
    about = re.sub(r"[^a-z0-9]+", "-", subtitle.casefold()).strip("-")[:40].strip("-")
    parts = [report, *([about] if about else []), at.strftime("%Y%m%dT%H%MZ")]
    return "-".join(parts) + _ENDINGS[kind]
