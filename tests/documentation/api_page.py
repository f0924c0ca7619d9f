"""The page of the interface for programs: every route, what it does and who may."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Final

from maps.app.app import create_app
from maps.settings.settings import settings_of
from tests.maps.permissions.who_may import ANYONE, PUBLIC, WHO_MAY

_HEAD: Final = """# The interface for programs

Every route of a node, made from the code (`python -m tests.documentation`). A running server
shows the same with fields, examples and refusals under `/api/docs`, and gives it to programs as
OpenAPI 3.1 at `/api/openapi.json`; both to who is signed in. How a program signs in, and what a
token is good for: [scopes](../guides/access.md#scopes). Which role may do what:
[roles](../guides/access.md#roles).
"""
_BY_KEY: Final = {("POST", "/in/{channel}"): "a device, by its name and key"}
_WHO: Final = {PUBLIC: "anybody", ANYONE: "whoever is signed in"}
METHODS: Final = ("get", "post", "put", "patch", "delete")


def api_page() -> str:
    """Return the page."""
    app = create_app(settings_of({}, source="patrol.toml", folder=Path.cwd()))
    rows: dict[str, list[str]] = defaultdict(list)
    acts = {(method, _plain(path)): act for (method, path), act in (WHO_MAY | _BY_KEY).items()}
    for path, item in app.openapi()["paths"].items():
        for method in METHODS:
            if method in item:
                first = str(item[method]["description"]).partition("\n\n")[0]
                words = " ".join(first.split()).replace("|", "\\|")
                act = acts[(method.upper(), _plain(path))]
                who = _WHO.get(act, act)
                rows[_noun(path)].append(f"| `{method.upper()} {path}` | {who} | {words} |")
    parts = [_HEAD]
    for noun in sorted(rows):
        parts += [f"## {noun}\n", "| route | who may | does |", "|---|---|---|", *rows[noun], ""]
    return "\n".join(parts)


def _plain(path: str) -> str:
    return path.replace(":path}", "}")


def _noun(path: str) -> str:
    """Return what a route is about.

    >>> _noun("/api/units/{unit}/track"), _noun("/tiles/{z}/{x}/{y}.mvt")
    ('units', 'tiles')
    """
    parts = path.strip("/").split("/")
    return parts[1] if parts[0] == "api" and len(parts) > 1 else parts[0]
