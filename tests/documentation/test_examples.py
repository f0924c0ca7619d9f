"""Settings and routes that the documentation names are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from maps.app.app import create_app
from maps.errors.errors import SettingsFaults
from maps.settings.settings import settings_of
from tests.documentation.blocks import PAGES, ROOT, blocks

READ_BY_OTHERS: Final = {
    "boat-3": "a channel's `secrets_file`: tests/radio_gateway/transports",
    "gateway": "a `gateway.toml`: test_walkthroughs.py has `check` read one",
    "project": "a package's `pyproject.toml`: tests/radio_gateway/plugins/test_example_protocol.py",
}
"""Blocks of TOML that are no `patrol.toml`, by a table in them, and who reads such files."""

_NOT_HERE: Final = re.compile(
    r"No such file or directory|no (other )?agency|needs the table mail|a mail server is needed"
    r"|is no public key|'beacon' is no protocol|'sms' is no way"
)
"""Faults of what another table, a file of the reader's or a plug-in has to give."""

EXAMPLES: Final = {
    f"{page.relative_to(ROOT)}[{number}]": text
    for page in PAGES
    for number, text in enumerate(blocks(page, "toml"))
}

WITHOUT_FIELDS: Final = {"/api/docs", "/api/live", "/api/openapi.json"}
"""Routes that the description of the interface does not list."""


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_examples_of_settings_are_taken(text: str, tmp_path: Path) -> None:
    tables = tomllib.loads(text)
    if tables.keys() & READ_BY_OTHERS.keys():
        return
    assert [each for each in faults(tables, tmp_path) if not _NOT_HERE.search(each)] == []


def faults(tables: dict[str, Any], folder: Path) -> list[str]:
    """Return what is wrong with settings."""
    try:
        settings_of(tables, source="patrol.toml", folder=folder)
    except SettingsFaults as raised:
        return list(raised.faults)
    return []


def test_routes_that_pages_name_are_there() -> None:
    app = create_app(settings_of({}, source="patrol.toml", folder=ROOT))
    routes: list[tuple[re.Pattern[str], dict[str, Any]]] = [
        (re.compile(re.sub(r"\{[^/]+?\}", r"[^/]+", path)), methods)
        for path, methods in app.openapi()["paths"].items()
    ]
    named = re.compile(
        r"(?:\b(GET|POST|PUT|PATCH|DELETE) )?((?<![\w.])/api/[^\s`?\"'),;:|…*]*[\w}])"
    )
    wrong = []
    for page in PAGES:
        if page.name == "CHANGELOG.md":  # of routes that are gone, too
            continue
        for method, path in named.findall(page.read_text("utf-8")):
            fits = [found for pattern, found in routes if pattern.fullmatch(path)]
            if not any(method.lower() in found or not method for found in fits):
                wrong.append(f"{page.relative_to(ROOT)}: {method} {path}")
    assert [each for each in wrong if each.rpartition(" ")[2] not in WITHOUT_FIELDS] == []
