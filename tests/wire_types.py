"""Types of what the server sends, for the pages: `python -m tests.wire_types`.

Writes `maps/web/src/wire/schemas.ts` from the OpenAPI document and from the structs of the live
stream, by json-schema-to-typescript. `tests/maps/web_client/test_wire_types.py` fails where the
file is not what this makes; `maps/web/tests/wire/schemas.test.ts` holds it against the parsers.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import FastAPI

from maps.api.responses.responses import SCHEMAS, complete_required
from maps.app.app import ROUTERS
from maps.app.description import describe
from maps.webbuild import HERE, install, node
from patrol.units.wire import Beat, Change, Snapshot

WEB: Final = HERE / "web"
TYPES: Final = WEB / "src" / "wire" / "schemas.ts"
_FRAMES: Final = (Snapshot, Change, Beat)
_CONVERTER: Final = "node_modules/json-schema-to-typescript/dist/src/cli.js"
_FORMATTER: Final = "node_modules/@biomejs/biome/bin/biome"
_HEAD: Final = """\
/**
 * Types of what the server sends, answers and frames of the live stream, written by
 * `python -m tests.wire_types`: not to be changed by hand. A parser of this folder may know fewer
 * fields.
 */
"""
_WITHOUT: Final = ("description", "title", "default", "examples", "example")


def written() -> str:
    """Return the text of the file as it should be.

    Raises:
        subprocess.CalledProcessError: If Node or one of its programs fails.
    """
    install(WEB)
    with tempfile.TemporaryDirectory() as folder:
        schema = Path(folder, "sent.json")
        schema.write_text(json.dumps(sent()), encoding="utf-8")
        flags = (
            "--additionalProperties=false",
            "--unreachableDefinitions",
            "--ignoreMinAndMaxItems",
            "--bannerComment=",
        )
        types = _node(_CONVERTER, "-i", str(schema), *flags)
    types = types.replace("export interface Sent {}", "")
    text = _HEAD + re.sub(r"/\*\*.*?\*/\n", "", types, flags=re.DOTALL)
    return _node(_FORMATTER, "format", f"--stdin-file-path={TYPES}", text=text)


def sent() -> dict[str, Any]:
    """Return one JSON Schema whose definitions are everything that the server sends."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    frames = msgspec.json.schema_components(_FRAMES, ref_template=SCHEMAS)[1]
    known = describe(app, ROUTERS)["components"]["schemas"]
    definitions = known | complete_required(_FRAMES, frames)
    return {
        "title": "Sent",
        "type": "object",
        "$defs": {name: _plain(schema) for name, schema in sorted(definitions.items())},
    }


def _plain(schema: Any) -> Any:
    """Return a schema without words for people, its references to definitions beside it."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {
        key: {name: _plain(each) for name, each in value.items()}
        if key == "properties"
        else _plain(value)
        for key, value in schema.items()
        if key not in _WITHOUT
    }
    if isinstance(to := plain.get("$ref"), str):
        plain["$ref"] = to.replace("#/components/schemas/", "#/$defs/")
    if plain.get("type") == "object" and not plain.keys() & {"properties", "additionalProperties"}:
        plain["additionalProperties"] = True
    return plain


def _node(*words: str, text: str | None = None) -> str:
    command = [str(node()), *words]
    return subprocess.run(
        command, cwd=WEB, input=text, check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    TYPES.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{TYPES.relative_to(HERE.parent)}: written\n")
