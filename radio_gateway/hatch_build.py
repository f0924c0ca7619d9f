"""Build hook: what the wheel of the gateway alone holds; an editable install holds no copy."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    ".": "radio_gateway",
    "../gis/__init__.py": "gis/__init__.py",
    "../gis/py.typed": "gis/py.typed",
    "../gis/errors": "gis/errors",
    "../gis/position": "gis/position",
}


class GatewayFiles(BuildHookInterface[Any]):
    """Adds the files of the gateway to a wheel; an editable install finds them in the tree."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files, but for an editable install: copies would hide those of the tree."""
        if version != "editable":
            build_data["force_include"].update(FILES)
