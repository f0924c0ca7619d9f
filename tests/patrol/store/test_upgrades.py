"""A store of every earlier schema, written by the program of that time, is whole after the upgrade.

How it was written: `small_store.py`. PostgreSQL holds stores from schema 0012 on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from maps.accounts.credentials.passwords import PasswordWork
from maps.accounts.users_and_devices import UserAccounts
from patrol.store.backup.backup import inventory
from patrol.store.engine.engine import open_engine
from patrol.store.engine.migrate import alembic_config
from patrol.store.receptions import rejected as quarantine
from patrol.store.store import open_store
from tests.fixtures.databases import POSTGRES, server
from tests.patrol.nodes.running import AGENCY, NODE, Node, at, said
from tests.patrol.nodes.small_store import PASSWORD, SESSION

DATA = Path(__file__).parents[1] / "data" / "schemas"
VERSIONS = Path(quarantine.__file__).parent.parent / "migrations" / "versions"
SCHEMAS = sorted(file.name[:4] for file in VERSIONS.glob("[0-9]*_*.py"))
FIRST_ON_POSTGRES = "0012"


@cache
def written(schema: str) -> dict[str, Any]:
    """Return what the last program up to that schema wrote: 0006 and 0012 were never a newest."""
    file = max(file for file in DATA.glob("*.json") if file.stem <= schema)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def rows_of(schema: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name, rows in written(schema)["tables"].items():
        yield (
            name,
            [
                {
                    key: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
                    for key, value in row.items()
                }
                for row in rows
            ],
        )
        if name == "transmissions" and POSTGRES:
            yield "transmission_ids", [{"gid": bytes.fromhex(row["gid"]["hex"])} for row in rows]


@pytest.fixture(params=[each for each in SCHEMAS if not POSTGRES or each >= FIRST_ON_POSTGRES])
def schema(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(schema: str, tmp_path: Path) -> str:
    """A store as it was at that schema."""
    made = server().url(server().create()) if POSTGRES else f"sqlite:///{tmp_path / 'old.db'}"
    engine = open_engine(made, new=True)
    with engine.begin() as connection:
        if POSTGRES:
            connection.exec_driver_sql("CREATE EXTENSION postgis")
        command.upgrade(alembic_config(connection), schema)
        for name, rows in rows_of(schema):
            table = sa.table(name, *map(sa.column, rows[0]))
            connection.execute(table.insert(), rows)
    engine.dispose()
    return made


async def test_what_an_earlier_program_stored_is_there_after_the_upgrade_and_goes_on(
    schema: str, url: str, tmp_path: Path
) -> None:
    old = written(schema)
    counts = {name: len(rows) for name, rows in old["tables"].items()}
    await open_store(url).close()
    after = inventory(url)
    assert {name: after.rows[name] for name in counts} == counts
    assert after.proof.faults == ()

    node = Node(tmp_path / "old.db", now=60, url=url)
    await node.start()
    try:
        boat = await _heard_is_there(node)
        await _people_come_in(node, old["shown"])
        messages = await node.desk().dispatch.messages(unit=boat)
        assert [each.text for each in messages] == ["Come home"] * counts.get("messages", 0)
        quarantined_reports = await node.store.read(quarantine.newest, 10)
        assert [each.reception_id for each in quarantined_reports] == ["gw/boot/13"] * counts.get(
            "set_aside", 0
        )
        if "papers" in counts:
            (logged,) = (row["id"] for row in old["tables"]["papers"] if row["kind"] == "incident")
            incident = await node.desk().incidents.incident(logged)
            assert incident.narrative == "A boat without lights was stopped."
            (sector,) = node.desk("planner").sectors.all()
            assert (sector.name, sector.note) == ("Upper reach", "shallow")
            photo = await node.desk().photos.body(old["shown"]["photo"])
            assert photo.startswith(b"\xff\xd8")
        if "crew_reports" in counts:
            crew = node.desk("crew").crew(device="phone-1", unit=boat)
            assert [each.result_id for each in (await crew.receipts(["r1"])).values()] == ["i1"]
    finally:
        await node.stop()


async def _heard_is_there(node: Node) -> str:
    """Look at the boat and its track, then hear more; return its id."""
    (boat,) = (each for each in node.states().values() if each.call_sign == "Boat 3")
    assert (boat.text, boat.status, boat.distress) == ("ສະບາຍດີ", "on patrol", True)

    async def seconds() -> list[float]:
        track = await node.desk().visible.track(boat.id, start=at(0), end=at(60))
        return [(fix.time - at(0)).total_seconds() for fix in track]

    stored = [0, 1, 2, 3, 4, 5, 6, 9, 10]
    assert await seconds() == stored
    # what was stored before the upgrade and comes again is known; what is new is stored
    await node.hear(said("a", 4, lon=100.4004, reception_id="gw/boot/5"))
    await node.hear(said("a", 30, lon=100.403, reception_id="gw/later/1"))
    assert await seconds() == [*stored, 30]
    return boat.id


async def _people_come_in(node: Node, shown: dict[str, str]) -> None:
    passwords = PasswordWork()
    people = UserAccounts(node.store, node=NODE, passwords=passwords, now=lambda: node.time)
    found = await people.user("somchai")
    assert found is not None
    user, password_hash = found
    assert (user.role, user.agency) == ("commander", AGENCY)
    assert await passwords.verify(PASSWORD, password_hash)
    session = await people.session(SESSION)
    assert session is not None
    assert session.user.name == "somchai"
