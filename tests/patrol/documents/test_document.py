"""Documents: versions without gaps, kinds that come back as they went, marks on every field."""

from __future__ import annotations

import random
import typing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.documents.document import Document, kind_of, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents_registry.document_kinds import ALL, KINDS, decode, encode
from patrol.duty.watch_log import LogEntry
from patrol.errors.errors import Conflict, NotFound
from patrol.messages.phrases import Phrase
from patrol.store.records import documents
from patrol.store.store import Store, open_store
from patrol.units.data_classes import DATA_CLASSES, crossed, marks
from tests.fixtures.databases import empty_store
from tests.patrol.nodes.running import AGENCY, OTHER, at

WORDS = frozenset({*DATA_CLASSES, "envelope", "never"})


def phrase(id: str = "p1", *, agency: str = AGENCY, **more: typing.Any) -> Phrase:
    return Phrase(id=id, agency=agency, at=at(0), by="kham", language="lo", text="ຢຸດ", **more)


def structs_in(kind: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    """Return a struct and those inside it, however deep."""
    found: set[type[msgspec.Struct]] = set()

    def walk(part: typing.Any) -> None:
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            if part not in found:
                found.add(part)
                for hint in typing.get_type_hints(part).values():
                    walk(hint)
            return
        for inner in typing.get_args(part):
            walk(inner)

    walk(kind)
    return found


@pytest.mark.parametrize("kind", ALL, ids=kind_of)
def test_every_field_of_every_kind_says_whether_it_may_cross(kind: type[Document]) -> None:
    for struct in structs_in(kind):
        for field, mark in marks(struct).items():
            assert mark in WORDS, f"{struct.__name__}.{field} has no mark"


@pytest.mark.parametrize("kind", ALL, ids=kind_of)
def test_nothing_that_names_a_person_may_cross(kind: type[Document]) -> None:
    named = marks(kind)
    assert named["by"] == "never"
    for field in ("actor", "user", "officer", "informant", "crew_names", "victims"):
        assert named.get(field, "never") == "never", field


def test_every_kind_has_a_tag_of_its_own_and_a_class_that_exists() -> None:
    assert len(KINDS) == len(ALL)
    for kind in ALL:
        assert kind.CLASS is None or kind.CLASS in DATA_CLASSES


def test_a_document_comes_back_from_the_store_as_it_went_in() -> None:
    document = phrase(topic="stop")
    assert decode("phrase", encode(document)) == document
    with pytest.raises(msgspec.ValidationError, match="no kind of paper 'novel'"):
        decode("novel", encode(document))


@given(count=st.integers(1, 20))
def test_versions_follow_each_other_and_leave_the_older_ones_alone(count: int) -> None:
    first = phrase()
    document = first
    for number in range(count):
        document = revise(document, at=at(number), by="malee", text=f"{number}")
    assert document.version == count + 1
    assert (first.version, first.text, first.by) == (1, "ຢຸດ", "kham")
    assert document.id == first.id


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000


def test_only_a_party_holds_a_document() -> None:
    assert phrase().part_for(AGENCY) is not None
    assert phrase().part_for(OTHER) is None
    assert phrase().shared(frozenset(DATA_CLASSES)) is None  # its kind never crosses


@given(allowed=st.sets(st.sampled_from(DATA_CLASSES)))
def test_what_is_marked_never_does_not_cross_whatever_is_allowed(allowed: set[typing.Any]) -> None:
    entry = LogEntry(
        id="e1", agency=AGENCY, at=at(0), by="kham", text="informant S.", happened_at=at(0)
    )
    assert crossed(entry, allowed) is None


# -- the open documents


def test_open_documents_hold_what_is_open_by_kind_and_id() -> None:
    open_documents = OpenDocuments()
    one, two = phrase("p1"), phrase("p2")
    open_documents.put([one, two])
    assert list(open_documents.all(Phrase)) == [one, two]
    newer = revise(one, at=at(1), by="malee", text="stop")
    open_documents.put([newer])
    assert open_documents.get(Phrase, "p1") == newer
    open_documents.put([revise(newer, at=at(2), by="malee", retired_at=at(2))])
    assert open_documents.find(Phrase, "p1") is None
    assert list(open_documents) == [two]
    with pytest.raises(NotFound):
        open_documents.get(Phrase, "p1")
    with pytest.raises(NotFound):
        open_documents.get(LogEntry, "p2")


def test_open_documents_may_change_while_they_are_read() -> None:
    open_documents = OpenDocuments()
    open_documents.put(phrase(f"p{number}") for number in range(10))
    for each in open_documents:
        assert isinstance(each, Phrase)
        open_documents.put([revise(each, at=at(1), by="x", retired_at=at(1))])
    assert list(open_documents) == []


# -- the store


@pytest.fixture
async def store(tmp_path: Path) -> typing.AsyncIterator[Store]:
    opened = open_store(empty_store(tmp_path / "p.db"))
    yield opened
    await opened.close()


async def test_a_version_is_kept_once_and_only_after_the_one_before(store: Store) -> None:
    document = phrase()
    await store.write(documents.put, document)
    with pytest.raises(Conflict, match="there is a phrase p1 already"):
        await store.write(documents.put, document)
    third = msgspec.structs.replace(document, version=3)
    with pytest.raises(Conflict, match="has been changed"):
        await store.write(documents.put, third)
    second = revise(document, at=at(1), by="malee", text="two")
    await store.write(documents.put, second)
    other_second = revise(document, at=at(2), by="kham", text="also two")
    with pytest.raises(Conflict, match="has been changed"):
        await store.write(documents.put, other_second)
    assert await store.read(documents.versions, "phrase", "p1") == [document, second]
    assert await store.read(documents.newest, "phrase", "p1") == second
    assert await store.read(documents.at_version, "phrase", "p1", 1) == document
    assert await store.read(documents.at_version, "phrase", "p1", 9) is None
    assert await store.read(documents.newest, "shift", "p1") is None


async def test_open_documents_are_the_newest_versions_of_what_is_not_closed(store: Store) -> None:
    kept: dict[str, Phrase] = {}
    chance = random.Random(5)
    for number in range(60):
        id = f"p{chance.randrange(15)}"
        before = kept.get(id)
        if before is None:
            document = phrase(id)
        elif before.is_closed:
            continue
        else:
            closes = chance.random() < 0.3
            document = revise(
                before,
                at=at(number),
                by="kham",
                text=str(number),
                retired_at=at(number) if closes else None,
            )
        kept[id] = document
        await store.write(documents.put, document)
    found = await store.read(documents.open_documents)
    assert {document.id: document for document in found} == {
        id: document for id, document in kept.items() if not document.is_closed
    }
    assert any(document.is_closed for document in kept.values())


async def test_documents_of_a_kind_are_found_by_time_and_owner(store: Store) -> None:
    for number in range(10):
        agency = AGENCY if number % 2 else OTHER
        document = msgspec.structs.replace(phrase(f"p{number}", agency=agency), at=at(number))
        await store.write(documents.put, document)
    since = int((at(4) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    found = await store.read(documents.of_kind, "phrase", since_us=since, agencies=[AGENCY])
    assert [document.id for document in found] == ["p9", "p7", "p5"]
    found = await store.read(documents.of_kind, "phrase", until_us=since, limit=2)
    assert [document.id for document in found] == ["p3", "p2"]
    assert await store.read(documents.of_kind, "phrase", agencies=[]) == []
