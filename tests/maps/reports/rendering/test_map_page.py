"""Map pages: what people and radios call things stays words, and a report without a map says so."""

from __future__ import annotations

import html

import pytest

from maps.errors.errors import ReportFailed
from maps.reports.document.document import Plate, ReportDocument, Section, Shape
from maps.reports.rendering.folium_page import folium_page
from tests.fixtures import needs

HOSTILE = "N`${alert(1)}` {{ 7 * 191 }} {% raw %} {# \\u0041 <b>"


def document(*plates: Plate) -> ReportDocument:
    """Return a report with these maps, whose every word is hostile."""
    return ReportDocument(
        report="briefing",
        language="en",
        title=HOSTILE,
        subtitle=HOSTILE,
        facts=((HOSTILE, HOSTILE), (HOSTILE, HOSTILE)),
        sections=(Section(title="Map", blocks=plates),),
        made_line=HOSTILE,
    )


def test_a_name_is_neither_a_template_of_the_server_nor_a_script_of_the_reader() -> None:
    needs.web_client()
    corners = ((100.1, 20.1), (100.2, 20.1), (100.2, 20.2), (100.1, 20.1))
    shapes = (
        Shape(form="area", style="sector", lines=(corners,), label=HOSTILE, tooltip=HOSTILE),
        Shape(form="point", style="unit", lines=((corners[0],),), label=HOSTILE, tooltip=HOSTILE),
    )
    plate = Plate(title="", box=(100.0, 20.0, 101.0, 21.0), shapes=shapes, attribution=HOSTILE)
    page = folium_page(document(plate))
    assert "1337" not in page, "the server ran a name as a template"
    beyond_the_title = page.partition("</title>")[2]
    assert "{{ 7" not in beyond_the_title
    assert "alert(1)" in beyond_the_title
    assert "${alert" not in beyond_the_title
    assert "<b>" not in page
    text = html.unescape(beyond_the_title.replace("\\u0026", "&"))
    assert text.count(HOSTILE) == 12, "every name is told as it was written"


def test_a_report_without_a_map_is_refused_with_words() -> None:
    with pytest.raises(ReportFailed, match="no map"):
        folium_page(document())
