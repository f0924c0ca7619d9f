"""Global ids of messages that name themselves: alike wherever they were heard, and in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import patrol.reception.duplicates
import patrol.reception.record
from patrol.reception.record import gid_of, named_gid, unsorted_gid
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.databases import store_url
from tests.patrol.intake.test_late_duplicates import Forgetful, count, short_memory
from tests.patrol.nodes.running import Node, address, at, said
from tests.patrol.store.test_schema_versions import make_older

COUNT = 12


def named(number: int, channel: str, late_s: float = 0.0, **own: Any) -> Transmission:
    """Return one of a boat's messages as a gateway heard it."""
    return said(
        "a",
        number * 180.0,
        heard=number * 180.0 + late_s,
        lon=100.4 + number * 1e-5,
        channel=f"{channel}/nmea",
        reception_id=f"{channel}/boot/{number}",
        **{
            "duplicate_key": f"{at(number * 180.0)}|100.4",
            "duplicate_window_s": None,
        }
        | own,
    )


@pytest.mark.parametrize(
    "own",
    [
        {"device_time": None},
        {"device_time": at(86_400.0 * 7168)},  # its clock's weeks were counted anew, or not
        {"flags": ("doubtful_time",), "facts": {"talker": "GP"}},
        {"late_s": 9000.0},
    ],
)
def test_an_id_is_that_of_the_content_whatever_a_gateway_makes_of_it(own: dict[str, Any]) -> None:
    assert gid_of(named(1, "hill", **own), address()) == gid_of(named(1, "pier"), address())


def test_another_place_time_or_sender_has_another_id() -> None:
    contents = [f"{at(second)}|{place}" for second in (1.0, 1.25, 2.0) for place in ("1", "2")]
    ids = {named_gid(who, content) for who in ("test:a", "test:b") for content in contents}
    assert len(ids) == 12
    assert {len(id) for id in ids} == {16}


@pytest.mark.parametrize(
    "shown",
    [
        "{:%Y-%m-%d %H:%M:%S.%f}+00:00|100.4",
        "a|{:%Y-%m-%dT%H:%M:%S.%f}Z",
        "p|{:%Y-%m-%dT%H:%M:%S}Z|",
    ],
)
def test_ids_follow_the_time_that_the_content_tells(shown: str) -> None:
    step_s = 0.25 if "%f" in shown else 1.0
    moments = [at(start + step * step_s) for start in (0.0, 86_400.0) for step in range(400)]
    ids = [named_gid(f"test:{moment.second}", shown.format(moment)) for moment in moments]
    assert ids == sorted(ids)


@pytest.mark.parametrize("content", ["id:7", "", "1790000000|position", "٢٠٢٦-١١-٢٨ ٠٩:٠٠:٠٠"])
def test_without_a_time_in_it_the_id_is_a_hash(content: str) -> None:
    assert named_gid("test:a", content) == unsorted_gid("test:a", content)


@pytest.fixture
async def older(tmp_path: Path) -> AsyncIterator[Node]:
    """Yield a node on a store whose ids are all as they were once; it remembers three messages."""
    with short_memory():
        node = Forgetful(tmp_path / "patrol.db")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(patrol.reception.record, "named_gid", unsorted_gid)
            patched.setattr(patrol.reception.duplicates, "named_gid", unsorted_gid)
            await node.start()
            await node.hear(*(named(number, "pier", 1.0) for number in range(COUNT)))
            await node.stop()
        make_older(store_url(node.file), to="0014")  # whoever gave such ids knew no later one
        node.open()
        await node.start()
        yield node
        await node.stop()


@pytest.mark.parametrize("late_s", [0.5, 5.0], ids=["heard before", "heard after"])
async def test_what_is_stored_under_an_older_id_is_found_and_joined(
    older: Node, late_s: float
) -> None:
    stored = {bytes(row[0]) for row in older.rows("SELECT gid FROM transmissions")}
    for _ in range(2):  # the second time as a gateway that got no receipt
        await older.hear(*(named(number, "hill", late_s) for number in range(COUNT)))
    await older.hear(*(named(number, "boat", 7.0) for number in range(COUNT)))
    assert {bytes(row[0]) for row in older.rows("SELECT gid FROM transmissions")} == stored
    assert count(older, "transmissions") == COUNT
    assert {bytes(row[0]) for row in older.rows("SELECT gid FROM also_heard")} == stored
    assert count(older, "also_heard") == 2 * COUNT
    first = {row[0].partition("/")[0] for row in older.rows("SELECT channel FROM transmissions")}
    assert first == {"hill" if late_s < 1.0 else "pier"}


async def test_what_comes_new_to_an_older_store_is_stored_once_under_its_own_id(
    older: Node,
) -> None:
    fresh = [named(number, "hill") for number in range(COUNT, 2 * COUNT)]
    await older.hear(*fresh)
    again = await older.again()
    await again.hear(*(named(number, "pier", 1.0) for number in range(2 * COUNT)))
    ids = {bytes(row[0]) for row in again.rows("SELECT gid FROM transmissions")}
    assert {gid_of(message, address()) for message in fresh} <= ids
    assert count(again, "transmissions") == len(ids) == 2 * COUNT
    assert count(again, "also_heard") == COUNT
