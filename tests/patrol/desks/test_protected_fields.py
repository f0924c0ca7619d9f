"""Protected fields: written by who logs, read with a purpose by who must know, taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from patrol.errors.errors import Conflict, FieldKeyError, Forbidden, NoFieldKey, NotFound
from patrol.incidents.incident import Incident
from patrol.protected_fields.field_key import FieldKeys, new_key
from patrol.store.accounts import accounts
from patrol.targets.sightings import Sighting
from patrol.units.accounts import User
from patrol.units.units import ROLES
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at

WORDS = {
    "names": "Mr Arrested",
    "informants": "the ferryman",
    "witnesses": "Ms Witness",
    "victims": "Ms Victim",
}


async def logged(node: Node, **more: Any) -> Incident:
    body: dict[str, Any] = {"category": "drugs", "happened_at": at(-60), "precision": "minute"}
    return await node.desk("crew").incidents.log(**body, **WORDS, **more)


async def test_who_reads_says_what_for_and_the_journal_has_it(node: Node) -> None:
    made = await logged(node)
    desk = node.desk("commander", name="boun").protected_fields
    with pytest.raises(Conflict, match="what for"):
        await desk.read("incident", made.id, purpose=" ")
    shown = await desk.read("incident", made.id, purpose="asked by the prosecutor")
    assert {each.field: each.words for each in shown} == WORDS
    assert {(each.by, each.at) for each in shown} == {("kham", node.time)}
    [row] = node.rows("SELECT * FROM journal WHERE act = 'read protected fields'")
    assert (row["actor"], row["agency"], row["subject"]) == (
        "boun",
        AGENCY,
        f"incident:{made.id}",
    )
    assert msgspec.json.decode(row["detail"])["purpose"] == "asked by the prosecutor"
    text = str([tuple(row) for row in node.rows("SELECT * FROM journal")])
    assert not [words for words in WORDS.values() if words in text]
    assert [each.commitment in text for each in shown] == 4 * [True]
    assert not [words for words in WORDS.values() if words in str(made)]


@pytest.mark.parametrize("role", ROLES)
async def test_the_act_is_a_commanders_and_whose_it_was_given_to_for_a_case(
    node: Node, role: Any
) -> None:
    made, other = await logged(node), await logged(node, narrative="another")
    commander = node.desk("commander", name="boun").protected_fields
    desk = node.desk(role, name="noy").protected_fields
    user = User(name="noy", role=role, agency=AGENCY)
    await node.store.write(accounts.put_user, user, None, node.time)
    if role == "commander":
        assert len(await desk.read("incident", made.id, purpose="x")) == 4
        return
    with pytest.raises(Forbidden):
        await desk.read("incident", made.id, purpose="x")
    with pytest.raises(Forbidden):
        await desk.give("incident", made.id, "noy")
    with pytest.raises(Forbidden):
        await desk.readers("incident", made.id)
    if role in ("crew", "technician"):  # never on a boat; and who sees no incidents
        with pytest.raises(Conflict, match="does not read"):
            await commander.give("incident", made.id, "noy")
        assert (await commander.readers("incident", made.id)).candidates == ()
        return
    [candidate] = (await commander.readers("incident", made.id)).candidates
    assert (candidate.name, candidate.role) == ("noy", role)
    given = await commander.give("incident", made.id, "noy")
    assert (given.readers, given.candidates) == (("noy",), ())
    [reader] = await node.desk("admin", name="adm").protected_fields.all_readers()
    assert (reader.reader, reader.document, reader.name) == ("noy", made.id, "drugs")
    assert (reader.by, reader.at) == ("boun", node.time)
    assert len(await desk.read("incident", made.id, purpose="x")) == 4
    with pytest.raises(Forbidden):
        await desk.read("incident", other.id, purpose="x")
    with pytest.raises(Forbidden):  # on a boat it opens no more
        await node.desk("crew", name="noy").protected_fields.read("incident", made.id, purpose="x")
    who = node.desk("admin", name="adm").protected_fields  # takes back, and never gives
    with pytest.raises(Forbidden):
        await who.give("incident", made.id, "noy")
    assert (await who.take_back("incident", made.id, "noy")).readers == ()
    assert await who.all_readers() == []
    with pytest.raises(Forbidden):
        await desk.read("incident", made.id, purpose="x")
    rows = node.rows("SELECT act FROM journal WHERE act LIKE '%protected names'")
    assert [row["act"] for row in rows] == ["give protected names", "take back protected names"]


async def test_another_agency_reads_gives_and_redacts_nothing(node: Node) -> None:
    made = await logged(node)
    noy = User(name="noy", role="liaison", agency=AGENCY)
    await node.store.write(accounts.put_user, noy, None, node.time)
    [first, *_] = await node.desk().protected_fields.read("incident", made.id, purpose="x")
    other = node.desk("commander", agency=OTHER, name="malee").protected_fields
    for order in (
        other.read("incident", made.id, purpose="x"),
        other.write("incident", made.id, field="names", words="x"),
        other.give("incident", made.id, "malee"),
        other.redact("incident", made.id, first.id, reason="x"),
    ):
        with pytest.raises(NotFound):
            await order
    await node.desk().protected_fields.give("incident", made.id, "noy")
    assert await other.all_readers() == []
    with pytest.raises(NotFound):
        await other.take_back("incident", made.id, "noy")
    with pytest.raises(NotFound):
        await node.desk().protected_fields.give("incident", made.id, "malee")
    with pytest.raises(NotFound):
        await node.desk().protected_fields.read("patrol", made.id, purpose="x")
    assert not node.rows("SELECT 1 FROM journal WHERE actor = 'malee'")


async def test_redaction_takes_the_words_away_and_leaves_a_commitment(node: Node) -> None:
    made = await logged(node)
    desk = node.desk("commander", name="boun").protected_fields
    shown = await desk.read("incident", made.id, purpose="x")
    entry = next(each for each in shown if each.field == "informants")
    with pytest.raises(Conflict, match="say why"):
        await desk.redact("incident", made.id, entry.id, reason="")
    with pytest.raises(Forbidden):
        await node.desk("liaison").protected_fields.redact(
            "incident", made.id, entry.id, reason="x"
        )
    left = await desk.redact("incident", made.id, entry.id, reason="he asked for it")
    assert (left.words, left.redacted_by, left.reason) == ("", "boun", "he asked for it")
    assert (left.redacted_at, left.commitment) == (node.time, entry.commitment)
    with pytest.raises(Conflict, match="before"):
        await desk.redact("incident", made.id, entry.id, reason="again")
    with pytest.raises(NotFound):
        await desk.redact("incident", "another", entry.id, reason="x")
    await node.again()
    again = await node.desk().protected_fields.read("incident", made.id, purpose="x")
    assert {each.field: each.words for each in again} == WORDS | {"informants": ""}
    [row] = node.rows(f"SELECT * FROM protected_fields WHERE id = '{entry.id}'")
    assert row["sealed"] is None
    [row] = node.rows("SELECT detail FROM journal WHERE act = 'redact protected field'")
    assert msgspec.json.decode(row["detail"])["commitment"] == entry.commitment


async def test_private_notes_of_a_target_are_sealed_too(node: Node) -> None:
    desk = node.desk("crew").targets
    sighting = Sighting(at=node.time, lon=100.41, lat=20.27)
    made = await desk.open(
        what="vessel",
        name="grey boat",
        sighting=sighting,
        sighting_note="he pointed at it",
        informants=("the ferryman", "a monk"),
        private_note="ours alone",
    )
    await desk.add_sighting(made.id, sighting, private_note="two men on board")
    made = await desk.change(made.id, {"witnesses": ("Ms Witness",)})
    assert made.version == 3
    shown = await node.desk().protected_fields.read("target", made.id, purpose="x")
    assert sorted((each.field, each.words) for each in shown) == [
        ("informants", "the ferryman\na monk"),
        ("private_note", "he pointed at it"),
        ("private_note", "ours alone"),
        ("private_note", "two men on board"),
        ("witnesses", "Ms Witness"),
    ]
    text = str(await node.desk().targets.versions(made.id))
    assert not [each.words for each in shown if each.words in text]


async def test_without_a_key_nothing_is_written_in_plain_words_and_the_error_says_what_to_do(
    node: Node, tmp_path: Path
) -> None:
    made = await logged(node)
    keys = node.watch.field_keys
    node.watch.field_keys = FieldKeys(tmp_path / "none")
    before = len(node.rows("SELECT 1 FROM papers"))
    with pytest.raises(NoFieldKey, match="joint-patrol keys make"):
        await logged(node, narrative="another")
    desk = node.desk().protected_fields
    with pytest.raises(NoFieldKey):
        await desk.write("incident", made.id, field="names", words="Mr A")
    with pytest.raises(NoFieldKey):
        await desk.read("incident", made.id, purpose="x")
    assert len(node.rows("SELECT 1 FROM papers")) == before
    assert not node.rows("SELECT 1 FROM journal WHERE act = 'read protected fields'")
    # without such words everything goes on
    plain = await node.desk("crew").incidents.log(
        category="drugs", happened_at=at(-60), precision="minute", informants=""
    )
    assert plain.version == 1
    node.watch.field_keys.write(AGENCY, new_key())
    with pytest.raises(FieldKeyError, match="sealed with the field key"):
        await desk.read("incident", made.id, purpose="x")
    node.watch.field_keys = keys
    desk = node.desk().protected_fields
    await desk.write("incident", made.id, field="names", words="Mr Second")
    assert "Mr Second" in str(await desk.read("incident", made.id, purpose="x"))
    with pytest.raises(Conflict, match="no protected field"):
        await desk.write("incident", made.id, field="private_note", words="x")


async def test_the_same_report_with_other_protected_words_is_another(node: Node) -> None:
    first = await logged(node, id="phone-7-0001")
    assert await logged(node, id="phone-7-0001") == first
    crew = node.desk("crew").incidents
    body: dict[str, Any] = {"category": "drugs", "happened_at": at(-60), "precision": "minute"}
    with pytest.raises(Conflict, match="another"):
        await crew.log(id="phone-7-0001", **body, **WORDS | {"names": "Mr Other"})
    assert len(node.rows("SELECT 1 FROM protected_fields")) == 4


async def test_a_correction_of_protected_words_is_a_version_without_them(node: Node) -> None:
    made = await logged(node)
    crew = node.desk("crew").incidents
    node.time = at(60)
    right = await crew.correct(made.id, version=1, victims="Ms Second")
    assert right.version == 2
    shown = await node.desk().protected_fields.read("incident", made.id, purpose="x")
    assert [each.words for each in shown if each.field == "victims"] == ["Ms Victim", "Ms Second"]
    assert "Ms " not in str(await crew.versions(made.id))


async def test_nobody_writes_more_beside_a_document_than_one_answer_opens(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.desks.protected_fields.MOST_ENTRIES", 5)
    made = await logged(node)
    desk = node.desk("crew").protected_fields
    await desk.write("incident", made.id, field="witnesses", words="a fifth")
    with pytest.raises(Conflict, match="beside it already"):
        await desk.write("incident", made.id, field="witnesses", words="a sixth")
