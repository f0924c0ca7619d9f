"""Vector tiles: lines on the web's tile grid, as MapLibre, QGIS and GDAL read them.

Written here because the kept library, mapbox-vector-tile 2.2.0, holds protobuf below 7 and brings
pyclipper for areas, which tracks have none of; GDAL's MVT driver reads what this writes in a test.

Source: Mapbox Vector Tile Specification 2.1 (CC BY 3.0 US), 4.1 (layers), 4.2 (features), 4.3
(geometry), 4.4 (attributes); its vector_tile.proto. Grid: Web Mercator (EPSG:3857), y down.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Value = str | int | float | bool

EXTENT: Final = 4096
"""Units of a tile's edge."""

HIGHEST_LATITUDE: Final = 85.0511287798066
"""Where Web Mercator ends."""

_MOVE, _LINE = 1, 2  # commands, 4.3.1
_LINESTRING: Final = 2  # 4.3.4.1


class LineFeature(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature of lines.

    Attributes:
        lines: Vertices of each, whole tile units, shape (n, 2), n at least 2; equal neighbours
            left out.
        properties: What is known of it; None is left out.
    """

    lines: Sequence[NDArray[np.int64]]
    properties: Mapping[str, Value | None]


def project(lons: Any, lats: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places on the grid: x from west, y from north, the whole world from 0 to 1.

    Args:
        lons: Degrees east.
        lats: Degrees north; beyond Web Mercator's end they are taken to be at it.

    >>> x, y = project([0.0, 180.0], [0.0, 90.0])
    >>> x.tolist(), y.round(9).tolist()
    ([0.5, 1.0], [0.5, 0.0])
    """
    x = np.asarray(lons, dtype=np.float64) / 360.0 + 0.5
    bounded = np.clip(np.asarray(lats, dtype=np.float64), -HIGHEST_LATITUDE, HIGHEST_LATITUDE)
    y = 0.5 - np.arctanh(np.sin(np.radians(bounded))) / (2.0 * np.pi)
    return x, np.clip(y, 0.0, 1.0)


def encode_lines(layers: Mapping[str, Sequence[LineFeature]]) -> bytes:
    """Return a tile of the layers that have features; nothing when none has.

    >>> line = LineFeature(lines=[np.array([[2, 2], [2, 10], [10, 10]])], properties={"a": 1})
    >>> encode_lines({"tracks": [line]}).hex()  # doctest: +ELLIPSIS
    '1a2...0904041200101000...'
    >>> encode_lines({"tracks": []})
    b''
    """
    return b"".join(
        _field(3, _layer(name, features)) for name, features in layers.items() if features
    )


def _layer(name: str, features: Sequence[LineFeature]) -> bytes:
    keys: dict[str, int] = {}
    values: dict[tuple[type, Value], int] = {}
    body = [_field(1, name.encode())]
    for feature in features:
        tags: list[int] = []
        for key, value in feature.properties.items():
            if value is not None:
                tags.append(keys.setdefault(key, len(keys)))
                tags.append(values.setdefault((type(value), value), len(values)))
        encoded = _field(2, varints(np.array(tags, dtype=np.uint64))) if tags else b""
        encoded += _number(3, _LINESTRING) + _field(4, varints(_commands(feature.lines)))
        body.append(_field(2, encoded))
    body += [_field(3, key.encode()) for key in keys]
    body += [_field(4, _value(value)) for _, value in values]
    body += [_number(5, EXTENT), _number(15, 2)]
    return b"".join(body)


def _commands(lines: Sequence[NDArray[np.int64]]) -> NDArray[np.uint64]:
    """Return the command integers of lines (4.3.2 and 4.3.3): the cursor goes on between them."""
    parts: list[NDArray[np.uint64]] = []
    cursor = np.zeros((1, 2), dtype=np.int64)
    for line in lines:
        steps = np.diff(np.concatenate([cursor, line]), axis=0)
        zigzag = ((steps << 1) ^ (steps >> 63)).astype(np.uint64).ravel()
        count = len(line) - 1
        parts += [
            np.array([_MOVE | (1 << 3)], dtype=np.uint64),
            zigzag[:2],
            np.array([_LINE | (count << 3)], dtype=np.uint64),
            zigzag[2:],
        ]
        cursor = line[-1:]
    return np.concatenate(parts)


def _value(value: Value) -> bytes:
    if isinstance(value, bool):
        return _number(7, int(value))
    if isinstance(value, str):
        return _field(1, value.encode())
    if isinstance(value, float):
        return _varint(3 << 3 | 1) + struct.pack("<d", value)
    return _number(6, (value << 1) ^ (value >> 63)) if value < 0 else _number(5, value)


def varints(numbers: NDArray[np.uint64]) -> bytes:
    """Return numbers below 2**63 as protobuf writes them one after another.

    >>> varints(np.array([1, 300], dtype=np.uint64)).hex()
    '01ac02'
    """
    if not len(numbers):
        return b""
    shifts = np.arange(0, 63, 7, dtype=np.uint64)
    groups = (numbers[:, None] >> shifts) & np.uint64(0x7F)
    more = (numbers[:, None] >> shifts) > np.uint64(0x7F)
    written = np.ones(groups.shape, dtype=bool)
    written[:, 1:] = more[:, :-1]
    octets = (groups | (more.astype(np.uint64) << np.uint64(7))).astype(np.uint8)
    return octets[written].tobytes()


def _varint(number: int) -> bytes:
    return varints(np.array([number], dtype=np.uint64))


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content
