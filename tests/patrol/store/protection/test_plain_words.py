"""Names that older versions kept in plain words are sealed, and the journal proves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from patrol.documents_registry import document_kinds as kinds
from patrol.errors.errors import NoFieldKey
from patrol.protected_fields.field_key import FieldKeys
from patrol.store.engine.engine import connect_to_read, open_engine
from patrol.store.proof.verify_journal import prove
from patrol.store.protection.plain_words import plain_documents, seal_store
from patrol.store.schema.tables import documents
from patrol.targets.sightings import Sighting
from tests.fixtures.databases import files_of, store_url
from tests.fixtures.field_keys import field_keys
from tests.patrol.nodes.running import at, running

WORDS = ("ZQ-ferryman", "ZQ-victim", "ZQ-monk", "ZQ-note", "ZQ-seen")


async def older_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Make a store as an older version did: with words in the documents; its URL, and ids
    of an incident of two versions and of a target.
    """
    async with running(folder / "p.db") as node:
        encoded = _older(monkeypatch)
        incidents = node.desk("crew").incidents
        made = await incidents.log(category="drugs", happened_at=at(-60), precision="minute")
        await incidents.correct(made.id, version=1, people_found=1)
        sighting = Sighting(at=node.time, lon=100.41, lat=20.27)
        target = await node.desk("crew").targets.open(what="vessel", name="boat", sighting=sighting)
        assert encoded
    monkeypatch.undo()
    return store_url(folder / "p.db"), made.id, target.id


def _older(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Have documents encoded with words in them, as older versions did."""
    plain, made = kinds.encode, list[bytes]()

    def encode(document: Any) -> bytes:
        body = msgspec.json.decode(plain(document))
        if body["kind"] == "incident":
            body |= {"informants": WORDS[0], "victims": WORDS[1] if document.version > 1 else ""}
        else:
            body |= {"witnesses": [WORDS[2]], "private_note": WORDS[3]}
            body["sightings"][0]["private_note"] = WORDS[4]
        made.append(msgspec.json.encode(body))
        return made[-1]

    monkeypatch.setattr("patrol.store.records.documents.encode", encode)
    return made


def proved(url: str) -> tuple[str, ...]:
    engine = open_engine(url)
    with connect_to_read(engine) as connection:
        found = prove(connection)
    engine.dispose()
    return tuple(str(each) for each in found.faults)


async def test_plain_words_are_sealed_out_of_every_version_and_both_contents_are_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, incident, target = await older_store(tmp_path, monkeypatch)
    file = tmp_path / "p.db"

    def there() -> list[str]:
        on_disk = b"".join(each.read_bytes() for each in files_of(file))
        return [word for word in WORDS if word.encode() in on_disk]

    assert there() == list(WORDS)
    assert proved(url) == ()
    assert plain_documents(url) == 2
    async with running(file) as node:  # nobody guesses who informed by what a search finds
        search = node.desk("admin").holdings.search
        for word in WORDS:
            assert (await search(word[1:], purpose="asked by a court")).mentions == ()
    with pytest.raises(NoFieldKey):
        seal_store(url, FieldKeys(None).read, now=at(60), actor="x", origin="hx")
    assert there() == list(WORDS), "without a key nothing is changed"
    keys = field_keys()
    assert seal_store(url, keys.read, now=at(60), actor="command line", origin="hx") == 2
    assert there() == []
    assert proved(url) == ()
    assert plain_documents(url) == 0
    assert seal_store(url, keys.read, now=at(61), actor="command line", origin="hx") == 0
    async with running(file) as node:
        desk = node.desk().protected_fields
        answers = [*await desk.read("incident", incident, purpose="x"),
                 *await desk.read("target", target, purpose="x")]  # fmt: skip
        assert sorted(each.words for each in answers) == sorted(WORDS), "each once"
        assert len(await node.desk().incidents.versions(incident)) == 2
    # what somebody else alters is found all the same
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(
            update(documents).where(documents.c.id == target).values(body=b'{"kind":"target"}')
        )
    engine.dispose()
    assert "its content is not what was written" in "".join(proved(url))
