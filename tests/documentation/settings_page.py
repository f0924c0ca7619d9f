"""The page of settings: every table of `patrol.toml`, from the classes that read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from maps.settings.settings import SettingsFile

_HEAD: Final = """# Settings

Every table of `patrol.toml`, made from the code that reads it (`python -m tests.documentation`).
What has no default must be said. An example from beginning to end: [Set up a
node](../guides/set-up.md). `joint-patrol check` names every fault in a file, with its place. An
environment variable wins over the file: `JOINT_PATROL_WEB__PORT=9443`.

`[[channels]]` have [a page of their own](channels.md); `[uplink]` and `[[gateways]]` are shown in
[A gateway at a border post](../tutorials/border-post.md).
"""
_ELSEWHERE: Final = ("channels", "uplink")
_LIMITS: Final = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


def settings_page() -> str:
    """Return the page."""
    schema = SettingsFile.model_json_schema()
    tables: dict[str, Any] = schema["$defs"]
    parts = [_HEAD]
    for name, field in schema["properties"].items():
        if name not in _ELSEWHERE:
            parts += _sections(_heading(name, field), field, tables)
    return "\n".join(parts)


def _sections(name: str, field: Any, tables: dict[str, Any]) -> Iterator[str]:
    """Yield the section of one table, then those of the tables inside it."""
    table = tables[_referred(field)]
    words, _, attributes = str(table.get("description", "")).partition("\nAttributes:\n")
    body = _told(attributes)
    yield f"## `{name}`\n\n{_line(words)}\n\n| setting | is | default | |\n|---|---|---|---|"
    inside = []
    required = table.get("required", ())
    for setting, answer in table["properties"].items():
        if _referred(answer):
            inside.append((setting, answer))
        default = "" if setting in required else _default(answer.get("default"))
        yield f"| `{setting}` | {_kind(answer)} | {default} | {body.get(setting, '')} |"
    yield ""
    for setting, answer in inside:
        inner = _heading(f"{name.strip('[]')}.{setting}", answer)
        yield from _sections(inner, answer, tables)


def _heading(name: str, field: Any) -> str:
    """Return how a table is written in the file.

    >>> _heading("layers.add", {"additionalProperties": {}}), _heading("feeds", {"items": {}})
    ('[layers.add.NAME]', '[[feeds]]')
    """
    if "items" in field:
        return f"[[{name}]]"
    return f"[{name}.NAME]" if "additionalProperties" in field else f"[{name}]"


def _referred(field: Any) -> str:
    """Return the name of the table that a field refers to; empty where it is none."""
    for each in (field, field.get("items", {}), field.get("additionalProperties") or {}):
        choices = each.get("anyOf", [each]) if isinstance(each, dict) else []
        for choice in choices:
            if "$ref" in choice:
                return str(choice["$ref"]).rpartition("/")[2]
    return ""


def _kind(field: Any) -> str:
    """Return what a setting may be, in words."""
    choices = [each for each in field.get("anyOf", [field]) if each.get("type") != "null"]
    return " or ".join(dict.fromkeys(_kind_of(each) for each in choices))


def _kind_of(field: Any) -> str:
    if "$ref" in field:
        return "table"
    if "enum" in field or "const" in field:
        return ", ".join(f"`{each}`" for each in field.get("enum", [field.get("const")]))
    kind = str(field.get("format") or field.get("type") or "value")
    if kind == "array":
        kind = f"list of {_kind(field['items'])}" if "items" in field else "list"
    kind = {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, kind)
    kind = {"object": "table"}.get(kind, kind)
    limits = [words.format(field[key]) for key, words in _LIMITS.items() if key in field]
    return ", ".join([kind, *limits]).replace("at least 1 characters", "not empty")


def _default(value: Any) -> str:
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, dict):
        return "table"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _told(attributes: str) -> dict[str, str]:
    """Return what the docstring of a table says of each of its settings.

    >>> _told("    keep: How many stay;\\n        the oldest go.\\n    url: Where.")
    {'keep': 'How many stay; the oldest go.', 'url': 'Where.'}
    """
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE)
    return {name: _line(words) for name, words in found}


def _line(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
