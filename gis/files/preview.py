"""Preview: what an uploaded file holds, as JSON: `python -m gis.files.preview FILE [ENCODING]`.

Run in a process of its own, with a bound on memory and time: the file comes from outside, and a
library that falls over it must not take the server along. Prints one JSON object: `layers`, or
`fault` with `layer` and `feature` where the file cannot be used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import shapely

from gis.errors.errors import LayerError
from gis.geometry.geojson import encode, encode_features
from gis.layers.text_encoding import EncodingNeeded

if sys.platform != "win32":
    import resource


if TYPE_CHECKING:
    from gis.files.import_file import ReadLayer

MOST_VERTICES = 200_000
"""Of one file, for looking at; a page cannot draw more at ease."""

_ADDRESS_SPACE = 4 * 2**30
_CPU_S = 60


class PreviewFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one feature.

    Attributes:
        feature: Its number, from 0.
        fault: What is wrong.
        is_left_out: It is not in `collection`; else only a part of it is not.
        repair: The feature mended, as GeoJSON, where that is no guess: for a person to accept.
    """

    feature: int
    fault: str
    is_left_out: bool = True
    repair: dict[str, Any] | None = None


class PreviewLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer of a file.

    Attributes:
        name: Its name.
        features: How many features the file has.
        faults: What is wrong with some of them, the first 100; these are not in `collection`, but
            for those of which only a part is wrong.
        bounds: West, south, east, north of the good ones, degrees; None without any.
        collection: The good ones as a GeoJSON FeatureCollection.
    """

    name: str
    features: int
    faults: list[PreviewFault]
    bounds: tuple[float, float, float, float] | None
    collection: msgspec.Raw


class Preview(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is in a file, or why it cannot be used.

    Attributes:
        layers: Its layers.
        fault: Why it cannot be used.
        layer: Layer at fault.
        feature: Feature at fault.
        encodings: By encoding, how a part of its text reads in it: one of them must be chosen.
    """

    layers: list[PreviewLayer] = []
    fault: str | None = None
    layer: str | None = None
    feature: int | str | None = None
    encodings: dict[str, str] = {}


def preview(path: Path, encoding: str | None = None) -> Preview:
    """Return what is in the file `path`; a file that cannot be used is told, not raised.

    >>> preview(Path("none.gpx")).fault
    'does not exist'
    """
    try:
        from gis.files.import_file import read_file  # geopandas is for this process alone

        found = read_file(path, encoding=encoding)
        vertices = sum(
            int(shapely.get_num_coordinates(np.asarray(each.frame.geometry.values)).sum())
            for each in found
        )
        if vertices > MOST_VERTICES:
            fault = f"has {vertices} vertices; at most {MOST_VERTICES} are shown"
            return Preview(fault=fault)
        return Preview(layers=[_preview_layer(each) for each in found])
    except EncodingNeeded as error:
        return Preview(fault=error.fault, layer=error.layer, encodings=error.samples)
    except LayerError as error:
        return Preview(fault=error.fault, layer=error.layer, feature=error.feature)


def _preview_layer(each: ReadLayer) -> PreviewLayer:
    from gis.files.table_files import with_text_times

    bounds = each.frame.total_bounds.tolist() if len(each.frame) else None
    repaired = each.repaired
    made = encode_features(with_text_times(repaired), decimals=7)
    mended = (msgspec.json.decode(one) for one in made)
    repairs = dict(zip(repaired.index.tolist(), mended, strict=True))
    return PreviewLayer(
        name=each.name,
        features=each.count,
        faults=[
            PreviewFault(
                feature=one.feature,
                fault=one.fault,
                is_left_out=one.is_left_out,
                repair=repairs.get(one.feature),
            )
            for one in each.faults
        ],
        bounds=None if bounds is None else (bounds[0], bounds[1], bounds[2], bounds[3]),
        collection=msgspec.Raw(encode(with_text_times(each.frame), decimals=7)),
    )


def _bound() -> None:
    if sys.platform == "win32":  # it has none; the caller's time limit still holds
        return
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _bound()
    sys.stdout.buffer.write(msgspec.json.encode(preview(Path(sys.argv[1]), *sys.argv[2:3])))
