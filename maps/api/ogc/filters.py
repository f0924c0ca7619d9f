"""Filters: a condition in CQL2 text, kept small, asked of features that the caller may see anyway.

The text is parsed by the library `cql2`; what comes of it is checked against the properties of the
collection before anything is read. Comparison with a property that a feature lacks is unknown, as
in SQL, and keeps the feature out.

Sources: OGC 21-065r2 (CQL2), 6 and 7: Basic CQL2, advanced comparison operators, case-insensitive
comparison, spatial functions; OGC 19-079r2 (Features, Part 3), 6 to 8.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import cql2
import msgspec
import shapely

from maps.errors.errors import BadRequest

LONGEST: Final = 4000
"""Most characters of a filter."""

DEEPEST: Final = 32
"""Most conditions within each other."""

GEOMETRY: Final = "geometry"
"""What a filter calls the place of a feature."""

Kind: TypeAlias = Literal["string", "number", "integer", "boolean", "date-time", "date"]
"""Type of a property, by JSON Schema; the last two are formats of a string."""

Kinds: TypeAlias = Mapping[str, Kind]

_Shapes: TypeAlias = Callable[[shapely.Geometry], shapely.Geometry]


class _Feature(msgspec.Struct):
    properties: dict[str, Any]
    geometry: msgspec.Raw


_Test: TypeAlias = Callable[[_Feature], bool | None]
_Value: TypeAlias = Callable[[_Feature], Any]

_decoder: Final = msgspec.json.Decoder(_Feature)
_COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_SPATIAL: Final[dict[str, Callable[[shapely.Geometry, shapely.Geometry], bool]]] = {
    "s_intersects": shapely.intersects,
    "s_disjoint": shapely.disjoint,
    "s_within": shapely.within,
    "s_contains": shapely.contains,
    "s_equals": shapely.equals,
    "s_touches": shapely.touches,
    "s_crosses": shapely.crosses,
    "s_overlaps": shapely.overlaps,
}
# GDAL speaks of the draft that it knows: its ILIKE became CASEI.
_ILIKE: Final = re.compile(
    r"('(?:[^']|'')*')|(\"[^\"]+\"|\w+)\s+ILIKE\s+('(?:[^']|'')*')", re.IGNORECASE
)


class Filter:
    """A condition on features.

    Args:
        test: Says of a feature whether it fulfils it; None where that is unknown.
    """

    def __init__(self, test: _Test) -> None:
        self._test = test

    def keeps(self, feature: bytes) -> bool:
        """Return whether a feature (GeoJSON) fulfils the condition."""
        return self._test(_decoder.decode(feature)) is True


def equal(kinds: Kinds, values: Mapping[str, str]) -> Filter:
    """Return the condition that properties have these values, as a query's parameters say them.

    Raises:
        BadRequest: If a value is none of its property's type.

    >>> equal({"km": "number"}, {"km": "2"}).keeps(b'{"properties":{"km":2.0},"geometry":null}')
    True
    """
    tests = []
    for name, text in values.items():
        expected = _literal(text, kinds[name], field=name)
        tests.append(_compared(operator.eq, _property(name, kinds[name]), _always(expected)))
    return Filter(_and(tests))


def filter_of(text: str, kinds: Kinds, *, placed: _Shapes = lambda shape: shape) -> Filter:
    """Return what a filter in CQL2 text asks for.

    Args:
        text: The filter.
        kinds: Properties of the features, and their types.
        placed: Brings a shape of the filter to longitude and latitude.

    Raises:
        BadRequest: If it is too long or deep, no CQL2, names another property, compares what cannot
            be compared, or uses what is not offered.

    >>> far = filter_of("km > 2000 AND name LIKE 'Na%'", {"km": "number", "name": "string"})
    >>> far.keeps(b'{"properties":{"km":2350.5,"name":"Naga 1"},"geometry":null}')
    True
    """
    if len(text) > LONGEST:
        raise _fault(f"has at most {LONGEST} characters")
    if _depth(text) > DEEPEST:
        raise _fault(f"is nested more than {DEEPEST} deep")
    text = _ILIKE.sub(lambda found: found[1] or f"CASEI({found[2]}) LIKE CASEI({found[3]})", text)
    try:
        expression = cql2.parse_text(text).to_json()
    except Exception as error:  # noqa: BLE001 - the library raises bare ones
        raise _fault(f"is no CQL2 text: {' '.join(str(error).split())[:200]}") from None
    return Filter(_Compiler(kinds, placed).condition(expression, 0))


class _Compiler:
    """Makes of parsed CQL2 (its JSON form) what can be asked of a feature."""

    def __init__(self, kinds: Kinds, placed: _Shapes) -> None:
        self._kinds, self._placed = kinds, placed

    def condition(self, expression: Any, depth: int) -> _Test:
        if depth > DEEPEST:
            raise _fault(f"is nested more than {DEEPEST} deep")
        if isinstance(expression, bool):
            return lambda _: expression
        op, args = _parts(expression)
        if op == "property":
            name = self._property_name(args)
            if self._kinds[name] != "boolean":
                raise _fault(f"takes {name} for a condition")
            return _property(name, "boolean")
        if op in ("and", "or"):
            tests = [self.condition(each, depth + 1) for each in args]
            return _and(tests) if op == "and" else _or(tests)
        if op == "not":
            inner = self.condition(args[0], depth + 1)
            return lambda feature: None if (found := inner(feature)) is None else not found
        if op == "isNull":
            value, _ = self._operand(args[0], None)
            return lambda feature: value(feature) is None
        if op in _SPATIAL:
            return self._spatial(_SPATIAL[op], args)
        if op in _COMPARED:
            return _compared(_COMPARED[op], *self._pair(args[0], args[1]))
        if op == "between":
            low = _compared(operator.ge, *self._pair(args[0], args[1]))
            high = _compared(operator.le, *self._pair(args[0], args[2]))
            return _and([low, high])
        if op == "in":
            pairs = [self._pair(args[0], each) for each in args[1]]
            return _or([_compared(operator.eq, *pair) for pair in pairs])
        if op == "like":
            return self._like(args)
        raise _fault(f"uses {op}, which is not offered")

    def _spatial(
        self, predicate: Callable[[shapely.Geometry, shapely.Geometry], bool], args: Sequence[Any]
    ) -> _Test:
        is_ours = [isinstance(each, dict) and "property" in each for each in args]
        if is_ours not in ([True, False], [False, True]):
            raise _fault(f"compares {GEOMETRY} with one shape")
        ours = args[is_ours.index(True)]["property"]
        if ours != GEOMETRY:
            raise _fault(f"compares {ours} with a shape; the place is called {GEOMETRY}")
        shape = self._shape(args[is_ours.index(False)])

        def test(feature: _Feature) -> bool | None:
            place = shapely.from_geojson(bytes(feature.geometry), on_invalid="ignore")
            if place is None:
                return None
            pair = (place, shape) if is_ours[0] else (shape, place)
            return bool(predicate(*pair))

        return test

    def _shape(self, expression: Any) -> shapely.Geometry:
        try:
            if "bbox" in expression:
                box = expression["bbox"]
                half = len(box) // 2
                shape = shapely.box(box[0], box[1], box[half], box[half + 1])
            else:
                shape = shapely.from_geojson(msgspec.json.encode(expression))
        except (shapely.errors.ShapelyError, TypeError, ValueError, IndexError) as error:
            raise _fault(f"holds a shape that is none: {error}") from None
        if shape.is_empty or not shape.is_valid:
            raise _fault(f"holds an invalid shape: {shapely.is_valid_reason(shape)}")
        return self._placed(shape)

    def _like(self, args: Sequence[Any]) -> _Test:
        value, kind = self._operand(args[0], "string")
        pattern = args[1]
        if isinstance(pattern, dict) and pattern.get("op") == "casei":
            (pattern,) = pattern["args"]
            pattern = pattern.casefold() if isinstance(pattern, str) else pattern
        if kind != "string" or not isinstance(pattern, str):
            raise _fault("compares LIKE something that is no text")
        like = _pattern(pattern)
        return lambda feature: None if (found := value(feature)) is None else like(found)

    def _pair(self, left: Any, right: Any) -> tuple[_Value, _Value]:
        """Return both sides of a comparison, a text taken for a time beside a time."""
        kinds = [self._kind(each) for each in (left, right)]
        kind = kinds[0] or kinds[1]
        first, is_first = self._operand(left, kind)
        second, is_second = self._operand(right, kind)
        if is_first != is_second:
            raise _fault(f"compares a {is_first} with a {is_second}")
        return first, second

    def _kind(self, expression: Any) -> Kind | None:
        """Return the type of a property; None of a literal, which fits itself in."""
        if isinstance(expression, dict) and expression.get("op") == "casei":
            return self._kind(expression["args"][0])
        return (
            self._kinds[self._property_name(expression["property"])]
            if _is_property(expression)
            else None
        )

    def _operand(self, expression: Any, expected: Kind | None) -> tuple[_Value, str]:
        """Return what gives a value of a feature, and its type: text, number, boolean or time."""
        if isinstance(expression, dict) and expression.get("op") == "casei":
            value, kind = self._operand(expression["args"][0], expected)
            if kind != "string":
                raise _fault("uses CASEI of something that is no text")
            return (lambda feature: v.casefold() if (v := value(feature)) is not None else v), kind
        if _is_property(expression):
            name = expression["property"]
            if name == GEOMETRY and expected is None:
                return (lambda feature: _none_if_null(feature.geometry)), GEOMETRY
            kind = self._kinds[self._property_name(name)]
            return _property(name, kind), _general(kind)
        if isinstance(expression, dict):
            text = expression.get("timestamp") or expression.get("date")
            if not isinstance(text, str):
                raise _fault("holds a value that is not offered")
            time = _literal(text, "date-time", field="filter")
            return (lambda _: time), "time"
        if not isinstance(expression, bool | int | float | str):
            raise _fault("holds a value that is not offered")
        if isinstance(expression, str) and expected in ("date", "date-time"):
            time = _literal(expression, expected, field="filter")
            return (lambda _: time), "time"
        kind_of = {bool: "boolean", str: "string"}.get(type(expression), "number")
        return (lambda _: expression), kind_of

    def _property_name(self, name: str) -> str:
        if name not in self._kinds:
            raise _fault(f"names {name!r}; there are {', '.join(self._kinds)}")
        return name


def _parts(expression: Any) -> tuple[str, Any]:
    if _is_property(expression):
        return "property", expression["property"]
    if not isinstance(expression, dict) or "op" not in expression:
        raise _fault("is no condition")
    return str(expression["op"]), expression["args"]


def _is_property(expression: Any) -> bool:
    return isinstance(expression, dict) and isinstance(expression.get("property"), str)


def _none_if_null(geometry: msgspec.Raw) -> bytes | None:
    return None if bytes(geometry) == b"null" else bytes(geometry)


def _general(kind: Kind) -> str:
    return {"integer": "number", "date": "time", "date-time": "time"}.get(kind, kind)


def _property(name: str, kind: Kind) -> _Value:
    if kind not in ("date", "date-time"):
        return lambda feature: feature.properties.get(name)

    def time(feature: _Feature) -> datetime | None:
        text = feature.properties.get(name)
        return None if text is None else _time(text)

    return time


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _literal(text: str, kind: Kind, *, field: str) -> Any:
    try:
        if kind in ("date", "date-time"):
            return _time(text)
        if kind in ("number", "integer"):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
    except (ValueError, KeyError):
        raise BadRequest(f"{text[:40]!r} is no {kind}", field=field) from None
    return text


def _always(value: Any) -> _Value:
    return lambda _: value


def _compared(compare: Callable[[Any, Any], bool], left: _Value, right: _Value) -> _Test:
    def test(feature: _Feature) -> bool | None:
        first, second = left(feature), right(feature)
        return None if first is None or second is None else compare(first, second)

    return test


def _and(tests: Sequence[_Test]) -> _Test:
    def test(feature: _Feature) -> bool | None:
        found: bool | None = True
        for each in tests:
            one = each(feature)
            if one is False:
                return False
            found = None if one is None else found
        return found

    return test


def _or(tests: Sequence[_Test]) -> _Test:
    def test(feature: _Feature) -> bool | None:
        found: bool | None = False
        for each in tests:
            one = each(feature)
            if one is True:
                return True
            found = None if one is None else found
        return found

    return test


def _pattern(pattern: str) -> Callable[[str], bool]:
    """Return whether a text is like a pattern: % any characters, _ one, \\ takes the next as it is.

    Piece by piece from the left, so that no pattern takes longer than its length times the text's.
    """
    pieces: list[list[str]] = [[]]
    signs = iter(pattern)
    for sign in signs:
        if sign == "%":
            pieces.append([])
        else:
            plain = next(signs, "") if sign == "\\" else sign
            pieces[-1].append("." if sign == "_" else re.escape(plain))
    first, *rest = [re.compile("".join(piece), re.DOTALL) for piece in pieces]
    shortest = len(pieces[-1])

    def like(text: str) -> bool:
        found = first.match(text) if rest else first.fullmatch(text)
        for each in rest[:-1]:
            found = found and each.search(text, found.end())
        if found is None or not rest:
            return found is not None
        tail = len(text) - shortest
        return tail >= found.end() and rest[-1].match(text, tail) is not None

    return like


def _depth(text: str) -> int:
    """Return how deep brackets of a text lie within each other; those in quotes count too."""
    depth = deepest = 0
    for sign in text:
        if sign in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]":
            depth -= 1
    return deepest


def _fault(words: str) -> BadRequest:
    return BadRequest(words, field="filter")
