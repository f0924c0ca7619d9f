"""A report as XLSX: each of its tables on a sheet, numbers as numbers.

What people wrote is data and nothing else: a text that begins like a formula is written as a text,
and one that looks like an address makes no link. Source: ECMA-376, and OWASP on CSV injection.
"""

from __future__ import annotations

import io
import re
from typing import Any, Final

import xlsxwriter

from maps.reports.document.document import Bars, Cell, Column, Facts, ReportDocument, Strip, Table

_LONGEST_NAME: Final = 31  # of a sheet, as Excel has it
_WIDEST: Final = 60
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")


def workbook_of(document: ReportDocument) -> bytes:
    """Return the workbook: first what it is about, then a sheet for each table and chart."""
    into = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        into,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        },
    )
    workbook.set_properties({"title": document.title, "subject": document.subtitle, "author": ""})
    sheets = _Sheets(workbook)
    pairs = [(document.title, document.subtitle), *document.facts]
    pairs += [
        pair
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Facts)
        for pair in block.pairs
    ]
    sheets.pairs(document.sheet or document.title, [*pairs, ("", document.made_line)])
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Table) and not block.ruled:
                sheets.table(block.sheet or block.title or section.title, block)
            elif isinstance(block, Bars):
                sheets.table(block.sheet or block.title, _of_bars(block))
            elif isinstance(block, Strip):
                sheets.table(block.sheet or block.title, _of_strip(block))
    workbook.close()
    return into.getvalue()


class _Sheets:
    """Writes sheets, each under a name of its own."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._names: set[str] = set()
        self._head = workbook.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self._text = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._numbers: dict[tuple[int, bool], Any] = {}

    def pairs(self, name: str, pairs: list[tuple[str, str]]) -> None:
        """Write names and values on a sheet."""
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 70)
        for row, (label, value) in enumerate(pairs):
            sheet.write_string(row, 0, label, self._bold)
            sheet.write_string(row, 1, value, self._text)

    def table(self, name: str, table: Table) -> None:
        """Write a table on a sheet, its head kept in view."""
        sheet = self._sheet(name)
        for at, column in enumerate(table.columns):
            sheet.write_string(0, at, column.title, self._head)
            sheet.set_column(at, at, _width(table, at))
        for row, cells in enumerate(table.rows, 1):
            total = table.totals and row == len(table.rows)
            for at, cell in enumerate(cells):
                self._write(sheet, row, at, cell, table.columns[at], total=total)
        if not table.rows and table.empty:
            sheet.write_string(1, 0, table.empty, self._text)
        sheet.freeze_panes(1, 0)

    def _write(
        self, sheet: Any, row: int, at: int, cell: Cell, column: Column, *, total: bool
    ) -> None:
        if cell is None:
            return
        if isinstance(cell, str):
            sheet.write_string(row, at, cell, self._bold if total else self._text)
            return
        sheet.write_number(row, at, cell, self._number(column.decimals or 0, bold=total))

    def _number(self, decimals: int, *, bold: bool) -> Any:
        if (decimals, bold) not in self._numbers:
            pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
            self._numbers[decimals, bold] = self._workbook.add_format(
                {"num_format": pattern, "bold": bold, "valign": "top"}
            )
        return self._numbers[decimals, bold]

    def _sheet(self, name: str) -> Any:
        sheet_name = _FORBIDDEN.sub(" ", name).strip()[:_LONGEST_NAME].strip() or "1"
        chosen, number = sheet_name, 2
        while chosen.casefold() in self._names:
            tail = f" {number}"
            chosen = sheet_name[: _LONGEST_NAME - len(tail)].rstrip() + tail
            number += 1
        self._names.add(chosen.casefold())
        sheet = self._workbook.add_worksheet(chosen)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        return sheet


def _width(table: Table, at: int) -> int:
    longest = max(
        [len(table.columns[at].title), *(len(str(row[at])) for row in table.rows if row[at])],
        default=10,
    )
    return min(max(longest + 2, 8), _WIDEST)


def _of_bars(chart: Bars) -> Table:
    head = f"{chart.title} ({chart.unit})" if chart.unit else chart.title
    columns = [Column(head), *(Column(each.name, max(chart.decimals, 2)) for each in chart.series)]
    rows: list[tuple[Cell, ...]] = [
        (label, *(round(each.values[n], 6) for each in chart.series))
        for n, label in enumerate(chart.labels)
    ]
    return Table(columns=tuple(columns), rows=tuple(rows))


def _of_strip(strip: Strip) -> Table:
    columns = (Column(f"{strip.unit} <"), Column(f"{strip.unit} >"), Column(strip.title))
    return Table(
        columns=columns,
        rows=tuple(
            (f"{cell.start:g}", f"{cell.end:g}", strip.legend[cell.level]) for cell in strip.cells
        ),
    )
