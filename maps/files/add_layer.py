"""Add layer: writes a checked GeoPackage beside the configuration, and one line into it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
import shapely

from gis.catalogue.site_layers import NAME, LayerSet
from gis.errors.errors import GisError
from gis.files.export_content import ExportContent
from gis.files.formats import FORMATS
from maps.errors.errors import BadRequest, SettingsFaults
from maps.settings.settings import read_settings

FOLDER: Final = "layers"


def add_layer(config: Path, name: str, frame: gpd.GeoDataFrame, *, source: str) -> Path:
    """Write `frame` to `layers/NAME.gpkg` beside `config` and name it in its table `layers.add`.

    Args:
        config: The configuration.
        name: The layer's name: a to z, 0 to 9, _.
        frame: Its features, EPSG:4326.
        source: Where it comes from, for people.

    Returns:
        The file that was written.

    Raises:
        BadRequest: If the name is no good or taken, or the configuration's way of writing its
            tables leaves no place for a line; nothing is changed then.
        SettingsFaults: If the configuration is at fault already.
    """
    settings = read_settings(config)
    if NAME.fullmatch(name) is None:
        raise BadRequest(f"layer name {name!r} may only have a to z, 0 to 9 and _")
    if name in LayerSet().names() or name in settings.layers.add:
        raise BadRequest(f"there is a layer {name} already; take another name")
    file = settings.folder / FOLDER / f"{name}.gpkg"
    if file.exists():
        raise BadRequest(f"{file} is there already")
    flat = frame.set_geometry(shapely.force_2d(frame.geometry.values), crs=frame.crs)
    made = ExportContent(title=name, made_at=datetime.now(UTC), layers={name: flat})
    file.parent.mkdir(exist_ok=True)
    before = config.read_text(encoding="utf-8")
    try:
        file.write_bytes(FORMATS["gpkg"].write(made))
        LayerSet(add={name: file})
        about = f'{name} = {{ file = "{FOLDER}/{name}.gpkg", source = {_quoted(source)} }}'
        _replace(config, _with_line(before, about))
        if name not in read_settings(config).layers.add:
            raise BadRequest(f"{config}: cannot be added to; write under [layers.add]: {about}")
    except (SettingsFaults, BadRequest, GisError) as error:
        file.unlink(missing_ok=True)
        _replace(config, before)
        if isinstance(error, SettingsFaults):
            refusal = f"{config}: cannot be added to; write under [layers.add]: {about}"
            raise BadRequest(refusal) from None
        raise
    return file


def _with_line(text: str, line: str) -> str:
    """Return a configuration with `line` in its table `layers.add`.

    >>> _with_line("[layers.add]\\na = 1\\n", "b = 2")
    '[layers.add]\\nb = 2\\na = 1\\n'
    >>> _with_line("[web]\\nport = 1", "b = 2")
    '[web]\\nport = 1\\n\\n[layers.add]\\nb = 2\\n'
    """
    head = re.compile(r"^[ \t]*\[[ \t]*layers[ \t]*\.[ \t]*add[ \t]*\][ \t]*(#.*)?$", re.MULTILINE)
    found = head.search(text)
    if found is None:
        end = "" if text.endswith("\n") or not text else "\n"
        return f"{text}{end}\n[layers.add]\n{line}\n"
    return f"{text[: found.end()]}\n{line}{text[found.end() :]}"


def _quoted(text: str) -> str:
    """Return a text as TOML writes it.

    >>> _quoted('a "b" \\n')
    '"a \\\\"b\\\\" "'
    """
    plain = "".join(each for each in text if each.isprintable())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _replace(config: Path, text: str) -> None:
    """Write a configuration so that it is whole at every moment; its rights stay."""
    fresh = config.with_name(config.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(config.stat().st_mode & 0o777)
    fresh.replace(config)
