"""Papers: versions without gaps, kinds that come back as they went, marks on every field."""

from __future__ import annotations

import random
import typing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.documents.document import Document, kind_of, new_id, revised
from patrol.documents.open_documents import Book
from patrol.documents_registry.document_kinds import ALL, KINDS, decode, encode
from patrol.duty.watch_log import LogEntry
from patrol.errors.errors import Conflict, NotFound
from patrol.messages.phrases import Phrase
from patrol.store.records import documents as papers
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


def test_a_paper_comes_back_from_the_store_as_it_went_in() -> None:
    paper = phrase(topic="stop")
    assert decode("phrase", encode(paper)) == paper
    with pytest.raises(msgspec.ValidationError, match="no kind of paper 'novel'"):
        decode("novel", encode(paper))


@given(count=st.integers(1, 20))
def test_versions_follow_each_other_and_leave_the_older_ones_alone(count: int) -> None:
    first = phrase()
    paper = first
    for number in range(count):
        paper = revised(paper, at=at(number), by="malee", text=f"{number}")
    assert paper.version == count + 1
    assert (first.version, first.text, first.by) == (1, "ຢຸດ", "kham")
    assert paper.id == first.id


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000


def test_only_a_party_holds_a_paper() -> None:
    assert phrase().held_by(AGENCY) is not None
    assert phrase().held_by(OTHER) is None
    assert phrase().shared(frozenset(DATA_CLASSES)) is None  # its kind never crosses


@given(allowed=st.sets(st.sampled_from(DATA_CLASSES)))
def test_what_is_marked_never_does_not_cross_whatever_is_allowed(allowed: set[typing.Any]) -> None:
    entry = LogEntry(
        id="e1", agency=AGENCY, at=at(0), by="kham", text="informant S.", happened_at=at(0)
    )
    assert crossed(entry, allowed) is None


# -- the book


def test_the_book_holds_what_is_open_by_kind_and_id() -> None:
    book = Book()
    one, two = phrase("p1"), phrase("p2")
    book.put([one, two])
    assert list(book.all(Phrase)) == [one, two]
    newer = revised(one, at=at(1), by="malee", text="stop")
    book.put([newer])
    assert book.get(Phrase, "p1") == newer
    book.put([revised(newer, at=at(2), by="malee", retired_at=at(2))])
    assert book.find(Phrase, "p1") is None
    assert list(book) == [two]
    with pytest.raises(NotFound):
        book.get(Phrase, "p1")
    with pytest.raises(NotFound):
        book.get(LogEntry, "p2")


def test_the_book_may_change_while_it_is_read() -> None:
    book = Book()
    book.put(phrase(f"p{number}") for number in range(10))
    for each in book:
        assert isinstance(each, Phrase)
        book.put([revised(each, at=at(1), by="x", retired_at=at(1))])
    assert list(book) == []


# -- the store


@pytest.fixture
async def store(tmp_path: Path) -> typing.AsyncIterator[Store]:
    opened = open_store(empty_store(tmp_path / "p.db"))
    yield opened
    await opened.close()


async def test_a_version_is_kept_once_and_only_after_the_one_before(store: Store) -> None:
    paper = phrase()
    await store.write(papers.put, paper)
    with pytest.raises(Conflict, match="there is a phrase p1 already"):
        await store.write(papers.put, paper)
    third = msgspec.structs.replace(paper, version=3)
    with pytest.raises(Conflict, match="has been changed"):
        await store.write(papers.put, third)
    second = revised(paper, at=at(1), by="malee", text="two")
    await store.write(papers.put, second)
    other_second = revised(paper, at=at(2), by="kham", text="also two")
    with pytest.raises(Conflict, match="has been changed"):
        await store.write(papers.put, other_second)
    assert await store.read(papers.versions, "phrase", "p1") == [paper, second]
    assert await store.read(papers.newest, "phrase", "p1") == second
    assert await store.read(papers.at_version, "phrase", "p1", 1) == paper
    assert await store.read(papers.at_version, "phrase", "p1", 9) is None
    assert await store.read(papers.newest, "shift", "p1") is None


async def test_open_papers_are_the_newest_versions_of_what_is_not_closed(store: Store) -> None:
    kept: dict[str, Phrase] = {}
    chance = random.Random(5)
    for number in range(60):
        id = f"p{chance.randrange(15)}"
        before = kept.get(id)
        if before is None:
            paper = phrase(id)
        elif before.is_closed:
            continue
        else:
            closes = chance.random() < 0.3
            paper = revised(
                before,
                at=at(number),
                by="kham",
                text=str(number),
                retired_at=at(number) if closes else None,
            )
        kept[id] = paper
        await store.write(papers.put, paper)
    found = await store.read(papers.open_papers)
    assert {paper.id: paper for paper in found} == {
        id: paper for id, paper in kept.items() if not paper.is_closed
    }
    assert any(paper.is_closed for paper in kept.values())


async def test_papers_of_a_kind_are_found_by_time_and_owner(store: Store) -> None:
    for number in range(10):
        agency = AGENCY if number % 2 else OTHER
        paper = msgspec.structs.replace(phrase(f"p{number}", agency=agency), at=at(number))
        await store.write(papers.put, paper)
    since = int((at(4) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    found = await store.read(papers.of_kind, "phrase", since_us=since, agencies=[AGENCY])
    assert [paper.id for paper in found] == ["p9", "p7", "p5"]
    found = await store.read(papers.of_kind, "phrase", until_us=since, limit=2)
    assert [paper.id for paper in found] == ["p3", "p2"]
    assert await store.read(papers.of_kind, "phrase", agencies=[]) == []
