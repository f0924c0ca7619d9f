"""Tables of a settings file: checked field by field, with secrets from where they are kept."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from radio_gateway.errors.errors import SettingsError
from radio_gateway.parsing.msgspec_decoders import converted

T = TypeVar("T", bound=msgspec.Struct)


def table_of(table: Mapping[str, Any], kind: type[T], *, where: str) -> T:
    """Return a table as a struct.

    Args:
        table: As TOML gives it.
        kind: The struct; its fields are the settings there are.
        where: How to name the table in faults, for example `gateway.toml: uplink`.

    Raises:
        SettingsError: If a setting is unknown, missing or of the wrong type.
    """
    if not isinstance(table, Mapping):
        raise SettingsError(where, "must be a table")
    for name in table:
        if name not in kind.__struct_fields__:
            fault = unknown(name, "setting", kind.__struct_fields__)
            raise SettingsError(f"{where}.{name}", fault)
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in table:
            raise SettingsError(f"{where}.{field.name}", "is missing")
    try:
        return converted(table, kind)
    except msgspec.ValidationError as error:
        # "Expected `str`, got `int` - at `$.url`"
        fault, _, path = str(error).partition(" - at `$")
        raise SettingsError(f"{where}{path.rstrip('`')}", fault) from error


def read_secret(
    fields: object, name: str, folder: Path, environment: Mapping[str, str]
) -> str | None:
    """Return a secret from the one place that is given: in place, in a file, in the environment.

    Args:
        fields: Has the attributes NAME, NAME_file and NAME_env.
        name: The secret's name.
        folder: Folder that relative paths start from.
        environment: Where NAME_env looks.

    Raises:
        SettingsError: With the field, if it is given twice or cannot be had.
    """
    given = [
        field
        for field in (name, f"{name}_file", f"{name}_env")
        if getattr(fields, field) is not None
    ]
    if not given:
        return None
    field = given[0]
    if len(given) > 1:
        raise SettingsError(given[1], f"{field} is given too; only one can count")
    value: str = getattr(fields, field)
    if field.endswith("_file"):
        return read_text(value, field, folder).strip()
    if field.endswith("_env"):
        if value not in environment:
            raise SettingsError(field, f"the environment has no {value}")
        return environment[value]
    return value


def read_text(name: str, field: str, folder: Path) -> str:
    """Return what a file of the settings holds.

    Raises:
        SettingsError: With `field`, if it cannot be read as UTF-8.
    """
    try:
        return (folder / name).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(field, f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(field, f"{name}: not UTF-8") from error


def unknown(name: str, kind: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """Return in words that `name` is no `kind`, with the nearest that is one."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{name!r} is no {kind}{hint} (known: {', '.join(sorted(known))})"
