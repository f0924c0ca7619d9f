"""Two nodes that each say words and hear the other's late, twice or in another order: all of it.

Breadth-first over every reachable state: two parties, four words in all, three messages on the way,
the other node's clock right, behind and ahead. Then the same with the lease: a second of time, a
notice of consent and its loss are steps, too; words give consent, withhold it or end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from patrol.agreements.agreement import LIFECYCLE, Agreement
from patrol.agreements.agreement_status import AgreementStatus, agreement_status
from patrol.agreements.agreement_text import AgreementText
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.consent_lease import (
    ConsentNotice,
    ReceivedNotice,
    consent_lease,
    notice_of,
)
from patrol.sharing.terms import Grant
from patrol.signatures.officer_act import OfficerAct
from tests.patrol.nodes.agreements import terms
from tests.patrol.nodes.running import AGENCY, OTHER, at

PARTIES: Final = (AGENCY, OTHER)
FOREVER: Final = datetime.max.replace(tzinfo=UTC)
MOST_WORDS: Final = 4
MOST_ON_THE_WAY: Final = 3
FIRST: Final = AgreementText(
    agreement="a", agencies=PARTIES, terms=terms(classes=("tracks", "distress"))
)


class World(NamedTuple):
    """What both nodes know, and what is on the way to each."""

    known: tuple[frozenset[AgreementWord], frozenset[AgreementWord]]
    on_the_way: frozenset[tuple[int, AgreementWord]]
    made: int


@cache
def text_after(text: AgreementText, party: str) -> AgreementText:
    changed = terms(classes=("tracks", "distress"), name=f"{text.number} {party}")
    return AgreementText(
        agreement="a", agencies=PARTIES, terms=changed, number=text.number + 1, replaces=sha(text)
    )


@cache
def sha(text: AgreementText) -> str:
    return text.sha256


TEXTS: dict[str, AgreementText] = {sha(FIRST): FIRST}
"""Every text that anybody made; a word carries its own, as a statement would."""


@cache
def status(words: frozenset[AgreementWord]) -> AgreementStatus:
    digests = {each.content.text_sha256 for each in words}
    return agreement_status([TEXTS[each] for each in sorted(digests)], words)


def said(
    text: AgreementText, act: Any, party: str, when: datetime, counter: int, **what: Any
) -> AgreementWord:
    content = OfficerAct(
        act=act, agreement="a", agencies=PARTIES, agency=party, terms_sha256="",
        terms_version=1, text_sha256=sha(text), counter=counter, **what,
    )  # fmt: skip
    return AgreementWord(content=content, at=when)


def words_of(words: frozenset[AgreementWord], party: str, text: AgreementText) -> int:
    return sum((each.party, each.content.text_sha256) == (party, sha(text)) for each in words)


def possible(
    words: frozenset[AgreementWord], party: str, when: datetime
) -> Iterator[AgreementWord]:
    """Yield what a party can say at its own node, which knows these words."""
    now = status(words)
    text, counter = now.text, words_of(words, party, now.text) + 1
    acts = LIFECYCLE.possible(now.state)
    given = {each.agency: each.is_given for each in now.consents}
    if "sign" in acts and party not in given:
        yield said(text, "sign", party, when, counter)
    if "suspend" in acts and given[party]:
        yield said(text, "suspend", party, when, counter, reason="why")
        yield said(
            text, "suspend", party, when, counter, reason="why", withheld_lifelines=("distress",)
        )
    if "resume" in acts and not given[party]:
        yield said(text, "resume", party, when, counter)
    if "backfill" in acts:
        past = {"start": at(-9), "end": at(-8), "classes": ("tracks",)}
        yield said(text, "backfill", party, when, counter, **past)
    if "change" in acts:
        changed = text_after(text, party)
        TEXTS[sha(changed)] = changed
        yield said(changed, "change", party, when, 1)
    if "end" in acts:
        yield said(text, "end", party, when, counter)


def steps(world: World, skew_s: int) -> Iterator[World]:
    for side, party in enumerate(PARTIES):
        if world.made < MOST_WORDS and len(world.on_the_way) < MOST_ON_THE_WAY:
            when = at(world.made // 2 + skew_s * side)  # two and two at the same time
            for word in possible(world.known[side], party, when):
                known = list(world.known)
                known[side] |= {word}
                yield World(
                    (known[0], known[1]), world.on_the_way | {(1 - side, word)}, world.made + 1
                )
    for to, word in world.on_the_way:
        known = list(world.known)
        known[to] |= {word}
        arrived = (known[0], known[1])
        yield World(arrived, world.on_the_way - {(to, word)}, world.made)
        if arrived != world.known:
            yield World(arrived, world.on_the_way, world.made)  # and comes again


def check(world: World) -> None:
    for words in world.known:
        now = status(words)
        about = [each for each in words if each.content.text_sha256 == sha(now.text)]
        for party in PARTIES:
            own = sorted(
                (each for each in about if each.party == party), key=lambda it: it.content.counter
            )
            turns = [it.content.act for it in own if it.content.act in ("suspend", "resume")]
            if turns[-1:] == ["suspend"]:
                assert now.state != "active", "the last that is known of a party closes"
            for number, each in enumerate(own):
                if each.content.act != "suspend":
                    continue
                until = [it.at for it in own[number:] if it.content.act == "resume"][:1]
                for window in now.windows:
                    if window.data_class == "tracks" and not window.backfill:
                        first = max(window.start, each.at)
                        last = min([window.end or FOREVER, *until])
                        assert first >= last, "open while a party had suspended"
        if any(each.content.act == "end" for each in words):
            assert now.state == "ended"
        if now.state in ("active", "suspended"):
            signed = {each.party for each in about if each.content.act == "sign"}
            assert signed == set(PARTIES), "in force without a signature of this very text"
    if not world.on_the_way:
        assert world.known[0] == world.known[1]
    for side, party in enumerate(PARTIES):
        own_words = {each for each in world.known[side] if each.party == party}
        assert own_words >= {each for each in world.known[1 - side] if each.party == party}


@pytest.mark.parametrize(
    "skew_s", [0, *(pytest.param(each, marks=pytest.mark.system) for each in (-5, 5))]
)
def test_two_nodes_never_open_what_a_party_closed(skew_s: int) -> None:
    signed = frozenset(
        (
            said(FIRST, "propose", AGENCY, at(0), 1),
            said(FIRST, "sign", AGENCY, at(0), 2),
            said(FIRST, "sign", OTHER, at(0), 1),
        )
    )
    assert status(signed).state == "active"
    layer = {World((signed, signed), frozenset(), 0)}
    seen = set(layer)
    states = set()
    while layer:
        for world in layer:
            check(world)
            states.add(status(world.known[0]).state)
        layer = {after for world in layer for after in steps(world, skew_s)} - seen
        seen |= layer
    assert states == {"active", "suspended", "proposed", "ended"}
    assert len(seen) > 10_000


class LeasedWorld(NamedTuple):
    """Words, notices and time; words and notices by their number in `WORDS` and `NOTICES`.

    Attributes:
        known: Words known at each node.
        words: On their way: to which node, and which.
        notices: On their way from the second party's node to the first's: which, and when made.
        made: Words said.
        now: Seconds passed.
        noticed: The last notice that came, and when it was made.
    """

    known: tuple[frozenset[int], frozenset[int]]
    words: frozenset[tuple[int, int]]
    notices: frozenset[tuple[int, int]]
    made: int
    now: int
    noticed: tuple[int, int] | None


FRESHNESS_S: Final = 2
LAST_S: Final = 3
LEASED: Final = AgreementText(
    agreement="a",
    agencies=PARTIES,
    terms=terms(classes=("positions",), freshness_s=FRESHNESS_S, hidden_after_s=3),
)
TEXTS[sha(LEASED)] = LEASED
WORDS: list[AgreementWord] = []
NOTICES: list[ConsentNotice] = []


def number_in(known: list[Any], one: Any) -> int:
    if one not in known:
        known.append(one)
    return known.index(one)


@cache
def leased(numbers: frozenset[int]) -> Agreement:
    """Return the agreement that some words make."""
    words = [WORDS[each] for each in sorted(numbers)]
    now = agreement_status([LEASED], words)
    return Agreement(
        id="a",
        agency=AGENCY,
        agencies=PARTIES,
        at=at(0),
        terms=LEASED.terms,
        state=now.state,
        words=tuple(words),
        signatures=now.signatures,
        consents=now.consents,
        windows=now.windows,
        proposed_at=at(0),
    )


@cache
def sayable(numbers: frozenset[int], party: str, now: int) -> tuple[int, ...]:
    words = frozenset(WORDS[each] for each in numbers)
    return tuple(
        number_in(WORDS, each)
        for each in possible(words, party, at(now))
        if each.content.act in ("suspend", "resume", "end") and not each.content.withheld_lifelines
    )


@cache
def notice_at(numbers: frozenset[int]) -> int:
    return number_in(NOTICES, notice_of(leased(numbers), OTHER))


def leased_steps(world: LeasedWorld) -> Iterator[LeasedWorld]:
    known, now = world.known, world.now
    if now < LAST_S:
        yield world._replace(now=now + 1)
    if len(world.words) + len(world.notices) < MOST_ON_THE_WAY:
        yield world._replace(notices=world.notices | {(notice_at(known[1]), now)})
        for side, party in enumerate(PARTIES):
            for word in sayable(known[side], party, now) if world.made < MOST_WORDS else ():
                yield world._replace(
                    known=with_word(known, side, word),
                    words=world.words | {(1 - side, word)},
                    made=world.made + 1,
                )
    for to, word in world.words:
        yield world._replace(known=with_word(known, to, word), words=world.words - {(to, word)})
    for notice in world.notices:
        yield world._replace(notices=world.notices - {notice})  # it is lost
        yield world._replace(notices=world.notices - {notice}, noticed=notice)


def with_word(
    known: tuple[frozenset[int], frozenset[int]], side: int, word: int
) -> tuple[frozenset[int], frozenset[int]]:
    return (known[0] | {word}, known[1]) if side == 0 else (known[0], known[1] | {word})


@cache
def shows(numbers: frozenset[int], noticed: tuple[int, int] | None, now: int) -> bool:
    """Return whether the first node shows what the second party's boats do now."""
    received = None
    if noticed is not None:
        received = ReceivedNotice(
            notice=NOTICES[noticed[0]], made_at=at(noticed[1]), received_at=at(now)
        )
    lease = consent_lease(leased(numbers), OTHER, received)
    return Grant(leased(numbers)).in_force(at(now)) and lease.lets(at(now), at(now))


@cache
def withdrawn_at(numbers: frozenset[int], party: str) -> int | None:
    """Return since when a party withholds its consent, by the words that it knows; None: it
    consents.
    """
    agreement = leased(numbers)
    ends = [
        int((it.at - at(0)).total_seconds()) for it in agreement.words if it.content.act == "end"
    ]
    [own] = [each for each in agreement.consents if each.agency == party]
    if not own.is_given:
        ends.append(int((own.at - at(0)).total_seconds()))
    return min(ends, default=None)


@pytest.mark.system
def test_live_data_are_shown_no_longer_than_the_lease_after_the_other_withdrew() -> None:
    signed = frozenset(
        number_in(WORDS, each)
        for each in (
            said(LEASED, "propose", AGENCY, at(0), 1),
            said(LEASED, "sign", AGENCY, at(0), 2),
            said(LEASED, "sign", OTHER, at(0), 1),
        )
    )
    layer = {LeasedWorld((signed, signed), frozenset(), frozenset(), 0, 0, None)}
    seen, shown, late = set(layer), 0, 0
    while layer:
        for world in layer:
            here, there = world.known
            if not shows(here, world.noticed, world.now):
                continue
            shown += 1
            assert withdrawn_at(here, AGENCY) is None, "the own word counts at once"
            since = withdrawn_at(there, OTHER)
            if since is not None:
                late += 1
                assert world.now < since + FRESHNESS_S, "shown beyond the lease"
        layer = {after for world in layer for after in leased_steps(world)} - seen
        seen |= layer
    assert shown
    assert late, "a suspension that is not known yet"
    assert len(seen) > 100_000
    print(f"{len(seen)} states, {shown} show, {late} of them after a word that is not known yet")
