"""CQL2 filters: what they keep, what is refused, and that none takes long."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.api.ogc.filters import DEEPEST, LONGEST, Kinds, filter_of
from maps.errors.errors import BadRequest

KINDS: Kinds = {
    "name": "string",
    "km": "number",
    "count": "integer",
    "live": "boolean",
    "time": "date-time",
    "day": "date",
}
NAGA: dict[str, Any] = {
    "name": "Naga 1",
    "km": 2350.5,
    "count": 3,
    "live": True,
    "time": "2026-11-24T02:30:00Z",
    "day": "2026-11-24",
}


def keeps(text: str, properties: dict[str, Any], place: Any = None) -> bool:
    feature = {"type": "Feature", "geometry": place, "properties": properties}
    return filter_of(text, KINDS).keeps(msgspec.json.encode(feature))


@pytest.mark.parametrize(
    "text",
    [
        "name = 'Naga 1'", "name <> 'Naga 2'", "km > 2350 AND km < 2351", "count = 3.0", "live",
        "live = true", "NOT (live = false)", "km = 0 OR count >= 3", "km BETWEEN 2350.5 AND 2351",
        "km NOT BETWEEN 0 AND 1", "name IN ('x', 'Naga 1')", "count NOT IN (1, 2)",
        "name LIKE 'N%1'", "name LIKE '_aga_1'", "name NOT LIKE '%2'", "name IS NOT NULL",
        "time = TIMESTAMP('2026-11-24T09:30:00+07:00')", "time < '2026-11-24T02:30:01Z'",
        "day = DATE('2026-11-24')", "day > '2026-11-23'", "2350 < km", "CASEI(name) = 'naga 1'",
        "CASEI(name) = CASEI('NAGA 1')", "\"name\" = 'Naga 1'", "name iLiKe 'NAGA%'", "true",
        "name ILIKE 'naga%' AND name <> 'it ILIKE ''x'''",
    ],
)  # fmt: skip
def test_records_that_fulfil_a_condition_are_stored(text: str) -> None:
    assert keeps(text, NAGA)
    assert not keeps(f"NOT ({text})", NAGA)


@pytest.mark.parametrize(
    "text", ["km > 0", "km <> 0", "NOT (km = 0)", "km NOT IN (1)", "name LIKE '%'", "live"]
)
def test_what_is_not_known_fulfils_nothing(text: str) -> None:
    assert not keeps(text, {})
    assert not keeps(f"NOT ({text})", {})
    assert keeps(f"({text}) OR km IS NULL", {}), "unless something else does"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("S_INTERSECTS(geometry, BBOX(100, 20, 101, 21))", True),
        ("S_INTERSECTS(BBOX(100, 20, 101, 21), geometry)", True),
        ("S_DISJOINT(geometry, POINT(1 2))", True),
        ("S_WITHIN(geometry, POLYGON((100 20, 101 20, 101 21, 100 20)))", True),
        ("S_CONTAINS(geometry, POLYGON((100 20, 101 20, 101 21, 100 20)))", False),
        ("S_EQUALS(geometry, POINT(100.9 20.5))", True),
        ("geometry IS NULL", False),
    ],
)
def test_places_are_compared_with_shapes(text: str, kept: bool) -> None:
    place = {"type": "Point", "coordinates": [100.9, 20.5]}
    assert keeps(text, {}, place) is kept
    if text.startswith("S_"):
        assert not keeps(text, {})
    else:
        assert keeps(text, {})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is no CQL2 text"),
        ("name =", "is no CQL2 text"),
        ("name = 'x' --", "is no CQL2 text"),
        ("secret = 1", "names 'secret'; there are name, km"),
        ("geometry = 1", "names 'geometry'"),
        ("name", "takes name for a condition"),
        ("name = 1", "compares a string with a number"),
        ("km = '1'", "compares a number with a string"),
        ("name = km", "compares a string with a number"),
        ("time > 'yesterday'", "'yesterday' is no date-time"),
        ("km * 2 = 4", "holds a value that is not offered"),
        ("f(name) = 1", "holds a value that is not offered"),
        ("f()", "uses f, which is not offered"),
        ("km LIKE 'x'", "compares LIKE something that is no text"),
        ("CASEI(km) = 'x'", "uses CASEI of something that is no text"),
        ("T_AFTER(time, DATE('2026-01-01'))", "uses t_after, which is not offered"),
        ("S_INTERSECTS(name, POINT(1 2))", "compares name with a shape"),
        ("S_INTERSECTS(geometry, geometry)", "compares geometry with one shape"),
        ("S_INTERSECTS(geometry, POINT EMPTY)", "is no CQL2 text"),
        ("S_INTERSECTS(geometry, POINT())", "holds a shape that is none"),
        ("S_INTERSECTS(geometry, BBOX(1))", "holds a shape that is none"),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))", "holds an invalid shape"),
        ("S_DWITHIN(geometry, POINT(1 2), 5)", "uses S_DWITHIN"),
        ("name = '" + "x" * LONGEST + "'", f"has at most {LONGEST} characters"),
        ("(" * (DEEPEST + 1) + "live" + ")" * (DEEPEST + 1), "is nested more than"),
        ("NOT " * 900 + "live", "is nested more than"),
        ("km = 1" + "+1" * 1500, "holds a value that is not offered"),
    ],
)
def test_what_is_not_offered_is_refused_with_a_reason(text: str, fault: str) -> None:
    with pytest.raises(BadRequest, match=re.escape(fault)) as refused:
        filter_of(text, KINDS)
    assert refused.value.field == "filter"


def test_many_conditions_beside_each_other_are_not_deep() -> None:
    assert keeps(" AND ".join(["live"] * 400), NAGA)
    assert keeps(" OR ".join(["km = 1"] * 300 + ["live"]), NAGA)


@given(pattern=st.text("a%_b.", max_size=8), text=st.text("ab.c", max_size=8))
def test_like_is_what_sql_means_by_it(pattern: str, text: str) -> None:
    plain = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern)
    expected = re.fullmatch(plain, text, re.DOTALL) is not None
    assert keeps(f"name LIKE '{pattern}'", {"name": text}) is expected


@pytest.mark.timeout(20)
def test_a_pattern_cannot_make_the_server_think_for_long() -> None:
    assert not keeps(f"name LIKE '{'%a' * 1900}b'", {"name": "a" * 20_000})


@given(text=st.text(max_size=60) | st.text("()'\"=<>ANDORNOT nameklv123%,.-", max_size=60))
def test_whatever_comes_is_a_filter_or_refused(text: str) -> None:
    try:
        found = filter_of(text, KINDS)
    except BadRequest:
        return
    found.keeps(msgspec.json.encode({"geometry": None, "properties": NAGA}))
