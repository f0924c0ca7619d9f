"""Schemas of answers, as the API's own documentation shows them."""

from __future__ import annotations

import re
from inspect import cleandoc

from maps.api.responses.responses import schemas
from maps.app.app import ROUTERS

_ENTRY = re.compile(r"^ {4}(\w+): ", re.MULTILINE)


def test_descriptions_name_fields_as_they_are_sent() -> None:
    assert ROUTERS  # what they answer is what schemas are made of
    shown = schemas()
    entries = {
        name: _ENTRY.findall(cleandoc(schema["description"]).partition("Attributes:\n")[2])
        for name, schema in shown.items()
        if "description" in schema
    }
    assert "left" in entries["AlertsAcknowledged"]  # `unchanged` in the code
    assert {
        (name, entry)
        for name, found in entries.items()
        for entry in found
        if entry not in shown[name].get("properties", {})
    } == set()
