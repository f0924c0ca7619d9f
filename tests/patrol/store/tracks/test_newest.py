"""What the pictures of many follow from is asked for at once, and is what Python picks by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from patrol.picture.address_spans import ALWAYS, NEVER
from patrol.reception.plausible_fixes import WINDOW
from patrol.reception.record import Record, record_of
from patrol.store.engine.engine import is_postgres, open_engine
from patrol.store.receptions import insert as bulk
from patrol.store.schema.rows import transmission_row
from patrol.store.tracks import newest
from patrol.store.tracks.tracks import AddressSpan
from tests.fixtures import databases
from tests.patrol.nodes.running import AGENCY, NODE, at, said

BOATS = 40
LONG_AGO_S = -40 * 86_400.0
MOST_STATEMENTS = 8
"""That many units may be asked for with; not so many for each."""


def heard() -> Iterator[Record]:
    """Yield what boats sent: places, with and without a use; words, once long ago; names."""
    for boat in range(BOATS):
        device = f"b{boat}"
        said_by = [
            said(device, LONG_AGO_S, lon=None, text="two men ashore", status="on patrol"),
            *(said(device, LONG_AGO_S + n, lon=None, kind="static") for n in range(1, 7)),
            *(
                said(device, n, channel="pier" if n % 3 else "hill", lon=100.4 + n * 1e-5)
                for n in range(60)
            ),
        ]
        if boat % 2:
            said_by.append(said(device, 61, lon=None, text="engine is warm"))
        for number, message in enumerate(said_by):
            record = record_of(message, lambda each, _: each.address)
            record.agency, record.usable = AGENCY, message.position is not None and number % 5 > 0
            yield record


def span(boat: int, start: datetime = ALWAYS, end: datetime = NEVER, **more: Any) -> AddressSpan:
    return AddressSpan(address=f"test:b{boat}", start=start, end=end, **more)


def picked(records: list[Record], spans: list[AddressSpan]) -> set[bytes]:
    """Return the global ids of what is wanted of the spans, picked one by one."""
    found: set[bytes] = set()
    for each in spans:
        of = [
            record
            for record in records
            if record.address == each.address
            and each.start <= record.time < each.end
            and each.channel in (None, record.transmission.channel)
        ]
        of.sort(key=lambda record: (record.time, record.gid), reverse=True)
        for most, some in (
            (2 * WINDOW, [record for record in of if record.usable]),
            (1, [record for record in of if record.transmission.text is not None]),
            (1, [record for record in of if record.transmission.status is not None]),
            (4, [record for record in of if record.transmission.kind == "static"]),
            (1, of),
        ):
            found.update(record.gid for record in some[:most])
    return found


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_engine(databases.empty_store(tmp_path / "p.db"))
    with engine.connect() as made:
        yield made
    engine.dispose()


@pytest.mark.parametrize("asked_again", range(2))  # a prepared statement is another plan
def test_of_many_at_once_each_gets_its_own_and_all_of_it(
    connection: Connection, asked_again: int
) -> None:
    records = list(heard())
    bulk.put_transmissions(connection, [transmission_row(each, origin=NODE) for each in records])
    expected = [
        *([span(n), span((n + 1) % BOATS)] for n in range(BOATS)),  # with two radios
        *([span(n, end=at(30))] for n in range(BOATS)),
        *([span(n, end=at(5)), span(n, start=at(50))] for n in range(BOATS)),
        *([span(n, channel="hill")] for n in range(BOATS)),
        [AddressSpan(address="test:nobody", start=ALWAYS, end=NEVER)],
        [],
    ]
    statements = 0

    def note(*_: Any) -> None:
        nonlocal statements
        statements += 1

    for _ in range(7 * asked_again):
        newest.for_pictures(connection, expected)
    event.listen(connection, "before_cursor_execute", note)
    found = newest.for_pictures(connection, expected)
    event.remove(connection, "before_cursor_execute", note)
    assert [{each.gid for each in one} for one in found] == [
        picked(records, spans) for spans in expected
    ]
    assert all(len({each.gid for each in one}) == len(one) for one in found)
    if is_postgres(connection):
        assert statements <= MOST_STATEMENTS


def test_nobody_is_asked_for_nothing(connection: Connection) -> None:
    assert newest.for_pictures(connection, []) == []
    assert newest.for_pictures(connection, [[], []]) == [[], []]
