"""ReportDocument: a report as plain values, before it is a page, a PDF or a workbook.

A report gathers through a Desk and returns one of these; every word in it is in the reader's
language already. Renderers only lay it out, so all files of one report say the same.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Cell: TypeAlias = str | int | float | None
"""What stands in a table; None for nothing known."""

UNKNOWN: Final = "–"
"""Where a table has nothing to tell."""


class Column(msgspec.Struct, frozen=True):
    """A column of a table.

    Attributes:
        title: Its head.
        decimals: Digits after the point of its numbers; None: a column of words.
    """

    title: str
    decimals: int | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table.

    Attributes:
        columns: What each column is.
        rows: Its rows, one cell a column.
        title: Above it; empty for none.
        empty: What is said where there are no rows.
        totals: The last row is the sum of the others.
        ruled: Lines to write on: rows are tall and all edges drawn.
        sheet: Short name of its sheet in a workbook; empty: its title, else its section's.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    empty: str = ""
    totals: bool = False
    ruled: bool = False
    sheet: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Names and values in pairs."""

    pairs: tuple[tuple[str, str], ...]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph.

    Attributes:
        text: Its words.
        kind: How loud it is.
    """

    text: str
    kind: Literal["text", "note", "warning"] = "text"


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One row of values of a chart.

    Attributes:
        name: What they are.
        values: One for each label.
        colour: Colour, hexadecimal with `#`.
    """

    name: str
    values: tuple[float, ...]
    colour: str = "#33506b"


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Bars, those of several series stacked.

    Attributes:
        title: Above it.
        unit: Of the values, as people read it.
        labels: One a bar.
        series: What is stacked, from the base up.
        decimals: Digits after the point.
        upright: Bars stand, for days; else they lie, for names.
        sheet: Short name of its sheet in a workbook; empty: its title.
    """

    title: str
    unit: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    decimals: int = 0
    upright: bool = False
    sheet: str = ""


class StripCell(msgspec.Struct, frozen=True):
    """A stretch of a strip.

    Attributes:
        start: Where it begins, kilometres.
        end: Where it ends.
        level: How dark it is, 0 (nothing) to 4.
    """

    start: float
    end: float
    level: int


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """A river drawn as one band from its lower to its upper end.

    Attributes:
        title: Above it.
        unit: Of the figures below it.
        cells: Its stretches, from the lower end up.
        legend: What each level means, from 0.
        marks: Places beside it: kilometre and name.
        sheet: Short name of its sheet in a workbook; empty: its title.
    """

    title: str
    unit: str
    cells: tuple[StripCell, ...]
    legend: tuple[str, ...]
    marks: tuple[tuple[float, str], ...] = ()
    sheet: str = ""


Place: TypeAlias = tuple[float, float]
"""Longitude and latitude, degrees."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Something drawn on a map.

    Attributes:
        form: What it is.
        style: Name of its looks (`maps.reports.rendering.map_styles`).
        lines: Its lines, an area's rings, or one place.
        label: Words beside it; empty for none.
        tooltip: Words of an interactive map that show when it is pointed at.
        colour: In place of the style's.
    """

    form: Literal["line", "area", "point"]
    style: str
    lines: tuple[tuple[Place, ...], ...]
    label: str = ""
    tooltip: str = ""
    colour: str = ""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a map's legend."""

    form: Literal["line", "area", "point"]
    style: str
    words: str
    colour: str = ""


class Plate(msgspec.Struct, frozen=True, kw_only=True):
    """A map.

    Attributes:
        title: Above it.
        box: West, south, east, north, degrees.
        shapes: From below to above.
        keys: Its legend.
        attribution: What must be said of whose lines are drawn.
        north: Word or letter at the arrow that points north.
    """

    title: str
    box: tuple[float, float, float, float]
    shapes: tuple[Shape, ...]
    keys: tuple[Key, ...] = ()
    attribution: str = ""
    north: str = "N"


class SignatureLine(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody signs, or has.

    Attributes:
        signer: Agency or office.
        statement: What is known of a signature that was given; empty: a line to sign on.
    """

    signer: str
    statement: str = ""


class Signatures(msgspec.Struct, frozen=True, kw_only=True):
    """Signatures.

    Attributes:
        lines: One a party.
        name: Word for the name to be written.
        date: Word for the date to be written.
    """

    lines: tuple[SignatureLine, ...]
    name: str
    date: str


Block: TypeAlias = Table | Facts | Words | Bars | Strip | Plate | Signatures


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a report under a head of its own."""

    title: str
    blocks: tuple[Block, ...]


class ReportDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A report.

    Attributes:
        report: Its name in `REPORTS`, which begins names of files.
        language: BCP 47, as HTML and PDF name it.
        title: Its head.
        subtitle: What it is about: a patrol, a month.
        facts: Range, time zone, for whom.
        sections: Its parts.
        made_line: When and by which node it was made.
        page: Word before the number of a page.
        file_stem: Name of its file without the ending; empty: report, subtitle, when it was made.
        sheet: Short name of the first sheet of its workbook; empty: its title.
    """

    report: str
    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    made_line: str
    page: str = ""
    file_stem: str = ""
    sheet: str = ""

    @property
    def plates(self) -> tuple[Plate, ...]:
        """Its maps."""
        return tuple(
            block for section in self.sections for block in section.blocks
            if isinstance(block, Plate)
        )  # fmt: skip


def cell_text(cell: Cell, column: Column) -> str:
    """Return a cell as people read it.

    >>> km = Column("km", 1)
    >>> cell_text(12.5, km), cell_text(None, km), cell_text("Naga 1", Column("Unit"))
    ('12.5', '–', 'Naga 1')
    """
    if cell is None or cell == "":
        return UNKNOWN
    if isinstance(cell, str):
        return cell
    return number(cell, 0 if column.decimals is None else column.decimals)


def number(value: float, decimals: int = 0) -> str:
    """Return a number with a thin space between thousands.

    >>> number(12345.678, 2), number(-0.4)
    ('12\\u202f345.68', '0')
    """
    text = f"{value:,.{decimals}f}".replace(",", "\u202f")
    return text.removeprefix("-") if not any(each in "123456789" for each in text) else text
