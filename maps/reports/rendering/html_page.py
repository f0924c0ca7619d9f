"""A report as one HTML page: our own template, style, fonts and drawings inside, no script."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from maps.reports.document.document import Bars, Plate, ReportDocument, Strip, cell_text
from maps.reports.document.document import Key as MapKey
from maps.reports.rendering.fonts import faces
from maps.reports.rendering.svg_charts import HEAT, bars_svg, strip_svg
from maps.reports.rendering.svg_map import key_svg, map_svg
from maps.typesetting.font_families import FAMILY
from maps.typesetting.line_breaks import breakable

TEMPLATES: Final = Path(__file__).parent.parent / "templates"


def html_page(document: ReportDocument, *, for_print: bool = False) -> str:
    """Return the page; it opens from a file and asks the network for nothing.

    Args:
        document: The report.
        for_print: It is laid out for PDF, by an engine that has to be told where lines may end.

    It carries a Content-Security-Policy of its own that allows no script and no request.
    """
    template = _template(for_print)
    body = template.render(document=document, faces="", style="")
    style = _style(document)
    # Which fonts it needs is known once all its words are there.
    return template.render(document=document, faces=Markup(faces(body)), style=Markup(style))  # noqa: S704 - ours alone


def _style(document: ReportDocument) -> str:
    page = document.page.replace("\\", "").replace('"', "").replace("<", "")
    own = f':root {{ --face: {FAMILY}, sans-serif; --page: "{page} "; }}\n'
    return own + (TEMPLATES / "report.css").read_text(encoding="utf-8")


@cache
def _template(for_print: bool) -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_with_breaks if for_print else None,
    )
    environment.globals.update(
        cell_text=cell_text, kind_of=_kind_of, heat=HEAT, map_svg=_map, key_svg=_key,
        bars_svg=_bars, strip_svg=_strip,
    )  # fmt: skip
    return environment.get_template("report.html")


def _with_breaks(value: object) -> object:
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return breakable(value)


def _kind_of(block: object) -> str:
    return type(block).__name__


# The drawings escape every word themselves.
def _map(plate: Plate) -> Markup:
    return Markup(map_svg(plate))  # noqa: S704


def _key(key: MapKey) -> Markup:
    return Markup(key_svg(key))  # noqa: S704


def _bars(chart: Bars) -> Markup:
    return Markup(bars_svg(chart))  # noqa: S704


def _strip(strip: Strip) -> Markup:
    return Markup(strip_svg(strip))  # noqa: S704
