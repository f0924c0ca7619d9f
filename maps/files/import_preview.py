"""Import preview: reads a file that a user uploads, in a process of its own.

That process knows five GDAL drivers and no network, has a bound on time and memory, and hands back
features and faults. What makes a library fall ends that process and not the server.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path, PurePath
from typing import Final

import msgspec

from gis.files.preview import Preview
from gis.layers.layer_format import FORMATS
from maps.errors.errors import BadFile, TooBusy
from maps.runtime.fair_queue import FairQueue
from radio_gateway.messages.printable_text import cleaned_values
from radio_gateway.parsing.msgspec_decoders import json_decoder

LONGEST_FILE: Final = 16 * 2**20
"""Most bytes of a file that is sent to the server."""

ENDINGS: Final = (*FORMATS, ".zip", ".kmz", ".csv")
LONGEST_S: Final = 60.0
_WAITING: Final = 12
_WAITING_OF_USER: Final = 2  # whoever brings many keeps nobody else out

_KNOWN: Final = frozenset(driver for _, drivers in FORMATS.values() for driver in drivers)
_turns = FairQueue()
_waiting = Counter[str]()


async def look_into(
    name: str, content: bytes, *, user: str, encoding: str | None = None
) -> Preview:
    """Return what is in a file.

    Args:
        name: Its name, as the user has it; only the ending matters.
        content: Its bytes.
        user: Who brings it.
        encoding: Of the text of a CSV or Shapefile, one of `ENCODINGS`; None to find out.

    Raises:
        BadFile: If it cannot be used; names file, layer, feature and fault, and the encodings to
            choose from where that is what is missing.
        TooBusy: If too many files wait.
    """
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise BadFile(name, f"has none of the endings {', '.join(ENDINGS)}")
    if ending == ".shp":
        raise BadFile(name, "is one part of a Shapefile; put all its parts into a zip")
    if _waiting[user] >= _WAITING_OF_USER or _waiting.total() >= _WAITING:
        raise TooBusy
    _waiting[user] += 1
    try:
        async with _turns.turn(user):
            found = await read_preview(name, ending, content, encoding)
    finally:
        _waiting[user] -= 1
        if not _waiting[user]:
            del _waiting[user]
    if found.fault is not None:
        raise BadFile(
            name,
            found.fault,
            layer=_layer(found.layer, name),
            feature=found.feature,
            encodings=found.encodings,
        )
    layers = [
        msgspec.structs.replace(each, name=_layer(each.name, name) or each.name)
        for each in found.layers
    ]
    return msgspec.structs.replace(found, layers=layers)


async def read_preview(name: str, ending: str, content: bytes, encoding: str | None) -> Preview:
    with tempfile.TemporaryDirectory(prefix="joint-patrol-") as folder:
        file = Path(folder, f"{_STEM}{ending}")
        await asyncio.to_thread(file.write_bytes, content)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gis.files.preview",
            str(file),
            *([] if encoding is None else [encoding]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=reader_environment(),
        )
        try:
            async with asyncio.timeout(LONGEST_S):
                output, _ = await process.communicate()
        except TimeoutError:
            raise BadFile(name, f"takes longer than {LONGEST_S:.0f} s to read") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        raise BadFile(name, "cannot be read: the library that reads it gave up")
    return json_decoder(Preview).decode(_cleaned(output))


def _cleaned(output: bytes) -> bytes:
    """Return what the process said without what cannot be shown: nobody can mend it in a page."""
    if b"\\" not in output and output.decode().isprintable():  # the usual case, up to 16 MiB
        return output
    return msgspec.json.encode(cleaned_values(msgspec.json.decode(output)))


_STEM: Final = "upload"


def _layer(layer: str | None, name: str) -> str | None:
    """Return the name of a layer; a file that names none is its own layer."""
    return PurePath(name).stem if layer == _STEM else layer


@cache
def reader_environment() -> dict[str, str]:
    """Return the environment of that process: nothing of ours, few drivers, no network."""
    import pyogrio  # loads geopandas; asked once for all files

    others = [name for name in pyogrio.list_drivers() if name not in _KNOWN]
    names = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in names if name in os.environ} | {
        "GDAL_SKIP": ",".join(others),
        "OGR_SKIP": ",".join(others),
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{noext}",
        "GDAL_HTTP_MAX_RETRY": "0",
    }
