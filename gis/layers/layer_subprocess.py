"""Layer subprocess: reads an uploaded layer in a process of its own, whose memory is freed with it.

What reads GeoPackage, KML, GPX and Shapefiles (GDAL, geopandas) takes a hundred megabytes, which a
server that runs for years would keep for two seconds of work at its start.

    python -m gis.layers.layer_subprocess FILE [LAYER]

On standard output: the features or what is wrong, as MessagePack.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np
import shapely

from gis.errors.errors import LayerError
from gis.geometry.features import Features, features_of

_LONGEST_S: Final = 600.0


class _Answer(msgspec.Struct):
    """What the process says: columns and shapes (WKB), or a fault."""

    columns: dict[str, list[Any]] = {}
    shapes: list[bytes] = []
    fault: str | None = None
    layer: str | None = None
    feature: int | str | None = None


_told = msgspec.msgpack.Decoder(_Answer)  # whole before threads share it


def read_layer_aside(path: str | os.PathLike[str], layer: str | None = None) -> Features:
    """Return one layer of a file, as `gis.layers.layer_file.read_layer` does.

    Args:
        path: The file.
        layer: Layer inside it; needed only when it has several.

    Returns:
        At least one feature. A time without a zone is one in UTC.

    Raises:
        LayerError: With what is wrong with it.

    >>> from gis.layers.reference_layers import FOLDER
    >>> len(read_layer_aside(FOLDER / "gauges.geojson"))
    21
    """
    name = os.fspath(path)
    words = [
        sys.executable,
        "-m",
        "gis.layers.layer_subprocess",
        name,
        *([] if layer is None else [layer]),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own program; the file's name is one word
            words, capture_output=True, timeout=_LONGEST_S, check=True
        )
    except subprocess.TimeoutExpired:
        raise LayerError(name, f"is not read within {_LONGEST_S:.0f} s", layer=layer) from None
    except subprocess.CalledProcessError as error:
        last_line = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise LayerError(name, f"cannot be read: {last_line}", layer=layer) from None
    result = _told.decode(done.stdout)
    if result.fault is not None:
        raise LayerError(name, result.fault, layer=result.layer, feature=result.feature)
    return Features(result.columns, shapely.from_wkb(np.array(result.shapes, dtype=object)))


def main() -> None:
    """Read what the arguments name, and tell it."""
    from gis.layers.layer_file import read_layer  # loads geopandas

    try:
        read = features_of(read_layer(*sys.argv[1:3]))
    except LayerError as error:
        result = _Answer(fault=error.fault, layer=error.layer, feature=error.feature)
    else:
        columns = {name: [_packable(value) for value in read[name]] for name in read.columns}
        result = _Answer(columns=columns, shapes=shapely.to_wkb(read.geometry).tolist())
    sys.stdout.buffer.write(msgspec.msgpack.encode(result))


def _packable(value: Any) -> Any:
    """Return a value as MessagePack can hold it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, list):
        return [_packable(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


if __name__ == "__main__":
    main()
