"""Comma-separated values: how programs write them, and what is wrong with some."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gis.errors.errors import LayerError
from gis.files.csv_file import LONGEST_VALUE, MOST_COLUMNS
from gis.files.import_file import ReadLayer, read_file
from gis.layers.text_encoding import EncodingNeeded


def read(folder: Path, content: bytes | str, encoding: str | None = None) -> ReadLayer:
    file = folder / "piers.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    (layer,) = read_file(file, encoding=encoding)
    return layer


@pytest.mark.parametrize(
    "content",
    [
        "name,lon,lat\nท่าเรือ,100.41,20.27\n",
        "name,lon,lat\r\nท่าเรือ,100.41,20.27\r\n",
        "\ufeffLatitude,Longitude,Name\n20.27,100.41,ท่าเรือ",
        'Name;X;Y\n"ท่าเรือ";100,41;20,27\n\n;;\n',
        "name\tlng\ty\nท่าเรือ\t 100.41 \t20.27\n",
    ],
)
def test_a_place_is_found_however_it_is_written(tmp_path: Path, content: str) -> None:
    layer = read(tmp_path, content)
    assert layer.name == "piers"
    assert layer.frame["name"].tolist()[0] == "ท่าเรือ"
    assert (layer.frame.geometry[0].x, layer.frame.geometry[0].y) == (100.41, 20.27)
    assert layer.frame.crs == "EPSG:4326"


def test_a_row_that_is_no_place_is_reported_and_the_rest_is_taken(tmp_path: Path) -> None:
    layer = read(
        tmp_path, "id,lon,lat\n1,100,20\n2,,20\n3,x,20\n4,20,100\n5,100\n6,nan,inf\n7,101,21,more\n"
    )
    assert layer.frame["id"].tolist() == [1, 7]
    assert [(each.feature, each.fault) for each in layer.faults] == [
        (1, "has no longitude: ''"),
        (2, "has no longitude: 'x'"),
        (3, "lies at longitude 20, latitude 100: longitude and latitude look swapped"),
        (4, "has no latitude: ''"),
        (5, "has no longitude: 'nan'"),
    ]


def test_numbers_are_numbers_and_codes_are_text(tmp_path: Path) -> None:
    frame = read(
        tmp_path, "km,code,phone,mixed,empty,lon,lat\n1.5,007,+856,1,,100,20\n,012,+66,x,,100,20\n"
    ).frame
    assert frame["km"].tolist()[0] == 1.5
    assert frame["code"].tolist() == ["007", "012"]
    assert frame["phone"].tolist() == ["+856", "+66"]
    assert frame["mixed"].tolist() == ["1", "x"]
    assert "empty" not in frame.columns


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "has no column of longitude (lon, longitude, long, lng, x); its columns are none"),
        ("name,lat\na,1\n", "has no column of longitude"),
        ("name,lon\na,1\n", "has no column of latitude (lat, latitude, y); its columns are name"),
        ("lon,lat\n", "has no row"),
        ('lon,lat,name\n1,2,"open\n', "is no whole CSV: unexpected end of data, line 2"),
        ("lon,lat,name\n1,2," + "x" * (LONGEST_VALUE + 1), "field larger than field limit"),
        ("lon,lat" + "," * MOST_COLUMNS + "\n", f"columns in line 1; at most {MOST_COLUMNS}"),
        ("lon,lat\n1,\0", "is no CSV: it holds a NUL"),
    ],
)
def test_what_is_no_table_of_places_is_refused(tmp_path: Path, content: str, fault: str) -> None:
    with pytest.raises(LayerError, match=re.escape(fault)):
        read(tmp_path, content)


def test_more_rows_than_are_read_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gis.files.csv_file.MOST_ROWS", 3)
    assert len(read(tmp_path, "lon,lat\n" + "1,2\n" * 3).frame) == 3
    with pytest.raises(LayerError, match="has more than 3 rows"):
        read(tmp_path, "lon,lat\n" + "1,2\n" * 4)


def test_text_in_no_known_encoding_is_asked_about(tmp_path: Path) -> None:
    content = "name,lon,lat\nท่าเรือ,100,20\nplain,100,20\n".encode("cp874")
    with pytest.raises(EncodingNeeded) as asked:
        read(tmp_path, content)
    assert "ท่าเรือ" in asked.value.samples["cp874"]
    assert read(tmp_path, content, "cp874").frame["name"].tolist() == ["ท่าเรือ", "plain"]
    with pytest.raises(LayerError, match="has text that is no utf-8"):
        read(tmp_path, content, "utf-8")
