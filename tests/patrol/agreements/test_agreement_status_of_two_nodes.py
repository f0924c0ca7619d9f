"""Two nodes that each say words and hear the other's late, twice or in another order: all of it.

Breadth-first over every reachable state: two parties, four words in all, three messages on the way,
the other node's clock right, behind and ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from patrol.agreements.agreement import LIFECYCLE
from patrol.agreements.agreement_status import AgreementStatus, agreement_status
from patrol.agreements.agreement_text import AgreementText
from patrol.agreements.agreement_word import AgreementWord
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
