"""Places in comma-separated values: a row each, longitude and latitude in columns of their own.

Columns are found by their names; a semicolon or tab does as well as a comma, and beside a semicolon
a decimal comma. A row that names no place is told by its number.

Source: RFC 4180.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import shapely

from gis.errors.errors import LayerError
from gis.layers.layer_format import MAX_BYTES
from gis.layers.text_encoding import encoding_of

LON_NAMES: Final = ("lon", "longitude", "long", "lng", "x")
LAT_NAMES: Final = ("lat", "latitude", "y")
MOST_ROWS: Final = 100_000
MOST_COLUMNS: Final = 200
LONGEST_VALUE: Final = 100_000

_SEPARATORS: Final = (",", ";", "\t")


def read_csv(
    name: str, file: Path, *, encoding: str | None = None
) -> tuple[gpd.GeoDataFrame, dict[int, str]]:
    """Return the rows of a file as points in EPSG:4326, and what is wrong with some of them.

    Args:
        name: The file, as the user gave it.
        file: Its real path.
        encoding: How its text is encoded; None to find out.

    Returns:
        Every row, by its number from 0, those at fault without geometry; column names in lower
        case, numbers where a column has nothing else.

    Raises:
        EncodingNeeded: If it could be encoded in several ways.
        LayerError: If it is too large, has no column of longitudes or of latitudes, or a quote that
            does not end.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("Name;Lat;Lon\\npier;20,27;100,41\\nnowhere;;\\n")
    ...     frame, faults = read_csv("a.csv", file)
    >>> frame["name"].tolist(), str(frame.geometry[0]), faults
    (['pier', 'nowhere'], 'POINT (100.41 20.27)', {1: "has no longitude: ''"})
    """
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise LayerError(name, f"has {size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} are read")
    content = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if b"\0" in content:
        raise LayerError(name, "is no CSV: it holds a NUL")
    lines = [each for each in content.split(b"\n") if not each.isascii()]
    text = content.decode(encoding_of(name, lines, encoding), "replace")
    head, _, _ = text.partition("\n")
    separator = max(_SEPARATORS, key=head.count)
    rows = _rows(name, text, separator)
    columns = [each.strip().lower() for each in next(rows, ())]
    at = (
        _column(name, columns, LON_NAMES, "longitude"),
        _column(name, columns, LAT_NAMES, "latitude"),
    )
    values: list[list[str]] = []
    shapes: list[shapely.Point | None] = []
    faults: dict[int, str] = {}
    for number, row in enumerate(each for each in rows if any(each)):
        if number == MOST_ROWS:
            raise LayerError(name, f"has more than {MOST_ROWS} rows")
        values.append([*row[: len(columns)], *[""] * (len(columns) - len(row))])
        place = [_number(values[-1][column], separator) for column in at]
        for each, column, words in zip(place, at, ("longitude", "latitude"), strict=True):
            if each is None and number not in faults:
                faults[number] = f"has no {words}: {values[-1][column][:40]!r}"
        shapes.append(None if number in faults else shapely.Point(place))
    if not values:
        raise LayerError(name, "has no row")
    columns_of = {
        column: _values([row[number] for row in values], separator)
        for number, column in reversed(list(enumerate(columns)))
        if column and number not in at
    }
    ordered = {column: columns_of[column] for column in columns if column in columns_of}
    return gpd.GeoDataFrame(ordered, geometry=shapes, crs="EPSG:4326"), faults


def _rows(name: str, text: str, separator: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_VALUE)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    try:
        for row in reader:
            if len(row) > MOST_COLUMNS:
                fault = f"has {len(row)} columns in line {reader.line_num}; at most {MOST_COLUMNS}"
                raise LayerError(name, fault)
            yield row
    except csv.Error as error:
        raise LayerError(name, f"is no whole CSV: {error}, line {reader.line_num}") from error


def _column(name: str, columns: Sequence[str], names: Sequence[str], words: str) -> int:
    for each in names:
        if each in columns:
            return columns.index(each)
    columns_found = ", ".join(each or "(no name)" for each in columns[:20]) or "none"
    raise LayerError(
        name, f"has no column of {words} ({', '.join(names)}); its columns are {columns_found}"
    )


def _number(text: str, separator: str) -> float | None:
    plain = text.strip().replace(",", ".") if separator != "," else text.strip()
    try:
        found = float(plain)
    except ValueError:
        return None
    return found if math.isfinite(found) and "_" not in plain else None


def _values(texts: Sequence[str], separator: str) -> list[Any]:
    """Return a column as numbers where it has nothing else, else as texts; None where empty."""
    numbers = [_number(each, separator) if each.strip() else None for each in texts]
    is_number = all(
        (each is not None and not _is_code(text)) or not text.strip()
        for each, text in zip(numbers, texts, strict=True)
    )
    return numbers if is_number else [each.strip() or None for each in texts]


def _is_code(text: str) -> bool:
    """Return whether digits are a name rather than a number: 007, +66."""
    plain = text.strip()
    return plain.startswith("+") or (len(plain) > 1 and plain[0] == "0" and plain[1].isdigit())
