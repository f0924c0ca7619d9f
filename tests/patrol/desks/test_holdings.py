"""HoldingsDesk: everything that is held on somebody is found, and that somebody looked is noted."""

from __future__ import annotations

import msgspec
import pytest

from patrol.errors.errors import Conflict, Forbidden
from patrol.incidents.incident import Incident
from tests.patrol.desks.incidents.test_photos import picture
from tests.patrol.nodes.running import AGENCY, OTHER, START, Node, said

WHY = "request of the person"


async def kinds(node: Node, words: str, agency: str = AGENCY) -> dict[str, list[str]]:
    """Return the ids of what is held, by kind."""
    found = await node.desk("admin", agency=agency).holdings.search(words, purpose=WHY)
    assert msgspec.json.encode(found), "a page can be told of it"
    told: dict[str, list[str]] = {}
    for each in found.mentions:
        told.setdefault(each.kind, []).append(each.id)
    return told


async def logged(node: Node, agency: str = AGENCY, **more: str) -> Incident:
    return await node.desk(agency=agency).incidents.log(
        category="drugs", happened_at=START, precision="day", **more
    )


async def test_every_kind_of_record_is_looked_into(node: Node) -> None:
    boat = await node.boat("Somsak 7", note="a grey boat")
    told = await logged(node, narrative='He is called "Somsak" by all.')
    named = await logged(node, narrative="somsak the ferryman")
    await node.desk("commander").incidents.correct(
        named.id, version=named.version, reason="no name", narrative="a ferryman"
    )
    await node.hear(said("somsak-phone", text="SOMSAK here"))
    await node.desk("crew", name="somsak").photos.add(picture())
    found = await kinds(node, "Somsak")
    assert found["unit"] == [boat]
    assert set(found["incident"]) == {told.id, named.id}, "what an earlier version said is held"
    assert set(found["heard"]) == {"test:somsak-phone"}
    assert len(found["photo"]) == len(found["original"]) == 1
    assert found["journal"]
    assert await kinds(node, 'called "Somsak"') == {"incident": [told.id]}
    assert await kinds(node, "100%") == await kinds(node, "nobody_") == {}
    assert await kinds(node, boat)


async def test_words_in_any_script_are_found(node: Node) -> None:
    incident = await logged(node, narrative="ຜູ້ຊາຍຊື່ ສົມສັກ; Đặng Văn Lâm")
    assert await kinds(node, "ສົມສັກ") == {"incident": [incident.id]}
    assert await kinds(node, "Đặng Văn") == {"incident": [incident.id]}


async def test_another_agencys_records_are_none_of_them(node: Node) -> None:
    await logged(node, agency=OTHER, narrative="Somsak was seen")
    assert await kinds(node, "Somsak") == {}
    assert list(await kinds(node, "Somsak", agency=OTHER)) == ["incident"]


async def test_who_looked_for_whom_and_why_is_in_the_journal(node: Node) -> None:
    await logged(node, narrative="Somsak was seen")
    await kinds(node, "Somsak")
    (row,) = node.rows("SELECT * FROM journal WHERE act = 'search what is held'")
    assert (row["actor"], row["agency"]) == ("kham", AGENCY)
    for text in ('"words":"Somsak"', f'"purpose":"{WHY}"', '"incident":1'):
        assert text in row["detail"]
    assert "journal" not in await kinds(node, WHY), "a search is no record of the person"


async def test_only_administrators_look_and_not_without_a_purpose(node: Node) -> None:
    for role in ("commander", "planner", "crew", "liaison", "technician", "observer"):
        with pytest.raises(Forbidden):
            await node.desk(role).holdings.search("Somsak", purpose=WHY)
    for words, purpose in (("So", WHY), ("Somsak", " "), ("x" * 201, WHY), ("Somsak", "x" * 501)):
        with pytest.raises(Conflict):
            await node.desk("admin").holdings.search(words, purpose=purpose)
    assert node.rows("SELECT * FROM journal WHERE act = 'search what is held'") == []


async def test_a_longer_list_than_is_shown_is_counted(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.store.records.holdings.MOST", 2)
    for number in range(3):
        await logged(node, narrative=f"Somsak {number}")
    found = await node.desk("admin").holdings.search("Somsak", purpose=WHY)
    assert (len(found.mentions), found.more) == (2, ("paper",))
