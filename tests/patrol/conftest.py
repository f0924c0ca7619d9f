"""A node on a file of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from patrol.reception.duplicates import DuplicateQuery
from patrol.store.receptions import stored_duplicates
from tests.patrol.nodes.running import Node


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    started = Node(tmp_path / "patrol.db")
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[DuplicateQuery]:
    """Return every question to the store about what is known, as it is asked."""
    queries: list[DuplicateQuery] = []
    ask = stored_duplicates.find

    def noted(connection: Connection, what: DuplicateQuery) -> stored_duplicates.Found:
        queries.append(what)
        return ask(connection, what)

    monkeypatch.setattr(stored_duplicates, "find", noted)
    return queries
