"""The pages' types of what the server sends are made from its own schemas."""

from __future__ import annotations

import pytest

from tests.wire_types import TYPES, written

pytestmark = [pytest.mark.system]


def test_the_pages_know_the_server_as_it_is() -> None:
    assert TYPES.read_text(encoding="utf-8") == written(), "run `python -m tests.wire_types`"
