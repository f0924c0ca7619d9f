"""Prints the numbers of Meshtastic's published definitions as JSON, from the package `meshtastic`.

Run by the Python of an environment that holds that package and `protobuf`, and nothing of ours: it
is under the GPL, so that only its numbers come out. `.ci/run` does that.

    {"version", "ports": {name: number}, "messages": {name: {field: [number, type, oneof]}},
     "enums": {name: {value: number}}}
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import sys
from types import ModuleType
from typing import Any

MODULES = ("portnums", "mesh", "atak", "mqtt", "telemetry")


def definitions() -> list[Any]:
    """Return the definitions without loading the package around them, and what that needs.

    Raises:
        SystemExit: If the package is not installed.
    """
    spec = importlib.util.find_spec("meshtastic")
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit("the package meshtastic is not installed here")
    package = ModuleType("meshtastic")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["meshtastic"] = package
    names = [f"meshtastic.protobuf.{module}_pb2" for module in MODULES]
    return [importlib.import_module(name).DESCRIPTOR for name in names]


def main() -> None:
    """Print the numbers."""
    out: dict[str, Any] = {
        "version": importlib.metadata.version("meshtastic"),
        "messages": {},
        "enums": {},
    }
    for module in definitions():
        top = module.message_types_by_name.values()
        nested = [each for message in top for each in message.nested_types]
        for message in (*nested, *top):
            out["messages"][message.name] = {
                field.name: [
                    field.number,
                    field.type,
                    field.containing_oneof.name if field.containing_oneof else None,
                ]
                for field in message.fields
            }
        for name, enum in module.enum_types_by_name.items():
            out["enums"][name] = {value.name: value.number for value in enum.values}
    out["ports"] = out["enums"].pop("PortNum")
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
