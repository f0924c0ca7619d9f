"""Words from another node: two that hear each other come to the same, and a liar to nothing."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import Agreement, Approval, Corridor, Hours
from patrol.agreements.agreement_text import AgreementText, text_of
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.received_words import receive
from patrol.errors.errors import Conflict, IllegalStep
from patrol.signatures.officer_act import terms_digest
from tests.fixtures.examples import examples
from tests.patrol.agreements.test_agreement_status import said
from tests.patrol.nodes.agreements import CK, HX, active, proposed, terms
from tests.patrol.nodes.running import AGENCY, OTHER, at

Message = tuple[AgreementWord, AgreementText | None]


def message(agreement: Agreement) -> Message:
    """Return the newest word of an agreement as its party's node sends it."""
    word = agreement.words[-1]
    is_new = word.content.act in ("propose", "change")
    return word.part_for(""), text_of(agreement) if is_new else None


def heard(known: Agreement | None, sent: Message, seconds: float = 0) -> Agreement | None:
    """Return what a node makes of a message that came as JSON."""
    word = msgspec.json.decode(msgspec.json.encode(sent[0]), type=AgreementWord)
    text = msgspec.json.decode(msgspec.json.encode(sent[1]), type=AgreementText | None)
    return receive(known, word, text, at=at(seconds), origin="node-hx")


def known(agreement: Agreement | None) -> Agreement:
    assert agreement is not None
    return agreement


def stands(agreement: Agreement) -> Any:
    """Return what both nodes see alike; names of officers stay at home."""
    return (
        agreement.id, agreement.terms, agreement.text_number, agreement.state, agreement.ended_by,
        {each.agency: (each.at, each.office) for each in agreement.signatures},
        {each.agency: (each.is_given, each.at, each.reason) for each in agreement.consents},
        agreement.windows,
    )  # fmt: skip


def test_it_is_proposed_signed_suspended_and_ended_across() -> None:
    lao = proposed(at(0))
    thai = heard(None, message(lao))
    assert thai is not None
    assert (thai.version, thai.origin) == (1, "node-hx")
    assert thai.parties == {AGENCY, OTHER}
    thai = acts.sign(thai, at=at(1), who=CK, office="BLO Chiang Khong")
    lao = acts.sign(lao, at=at(2), who=HX)
    lao, thai = known(heard(lao, message(thai))), known(heard(thai, message(lao)))
    assert stands(lao) == stands(thai)
    assert lao.state == "active"
    thai = acts.suspend(thai, at=at(3), who=CK, reason="by order")
    lao = known(heard(lao, message(thai)))
    assert (lao.state, lao.reason, lao.by_agency, lao.by) == ("suspended", "by order", OTHER, "")
    assert heard(lao, message(thai)) is None, "once"
    lao = acts.end(lao, at=at(4), who=HX, reason="over")
    assert stands(known(heard(thai, message(lao)))) == stands(lao)


class Office:
    """A node with one party, its agreement, and what is on the way to it."""

    def __init__(self, agreement: Agreement, who: acts.Party) -> None:
        self.agreement, self.who = agreement, who
        self.comes: list[Message] = []
        self.is_over = False

    def act(self, dice: random.Random, seconds: float) -> Message | None:
        do: Any = getattr(acts, dice.choice(("sign", "suspend", "resume", "change", "sign")))
        what: dict[str, Any] = {}
        if do is acts.suspend:
            what["reason"] = "why"
        if do is acts.change:
            if dice.random() < 0.7:
                return None
            what["terms"] = terms(precision_m=float(dice.randrange(100)))
        if dice.random() < 0.01:
            do, what = acts.end, {}
        try:
            self.agreement = do(self.agreement, at=at(seconds), who=self.who, **what)
        except (Conflict, IllegalStep):
            return None
        return message(self.agreement)


def test_whatever_both_say_at_once_they_come_to_the_same() -> None:
    states = set()
    for seed in range(examples(1500)):
        dice = random.Random(seed)
        begun = active(at(0))
        lao, thai = Office(begun, HX), Office(begun, CK)
        for step in range(1, 40):
            office, other = dice.sample((lao, thai), 2)
            if dice.random() < 0.6:
                sent = office.act(dice, step // 2)
                if sent is not None:
                    other.comes.append(sent)
            elif office.comes:  # in the order of the log; one that came may come again
                first = office.comes[0] if dice.random() < 0.1 else office.comes.pop(0)
                office.agreement = heard(office.agreement, first, step) or office.agreement
        for office in (lao, thai):
            for each in office.comes:
                office.agreement = heard(office.agreement, each, 50) or office.agreement
        assert stands(lao.agreement) == stands(thai.agreement), seed
        states.add(lao.agreement.state)
    assert states >= {"active", "suspended", "proposed", "ended"}


def test_an_agreement_that_nobody_proposed_is_not_known() -> None:
    agreement = active(at(0))
    suspended = acts.suspend(agreement, at=at(1), who=CK, reason="x")
    with pytest.raises(Conflict, match="is not known here"):
        heard(None, message(suspended))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"counter": 0}, "content.counter"),
        ({"agency": "mm-tl"}, "content.agency"),
        ({"agencies": (OTHER, AGENCY)}, "content.agencies"),
        ({"reason": "x" * 1001}, "content.reason"),
        ({"reason": "by\u202eorder"}, "content.reason"),
        ({"start": at(0).replace(tzinfo=None)}, "content.start"),
    ],
)
def test_a_word_that_says_what_cannot_be_is_refused_by_its_field(
    changes: dict[str, Any], field: str
) -> None:
    agreement = active(at(0))
    word = said(agreement, "suspend", CK, 1, counter=2, reason="x").part_for("")
    with pytest.raises(Conflict, match=f"`{field}`"):
        heard(agreement, (replace(word, content=replace(word.content, **changes)), None))
    assert heard(agreement, (word, None)) is not None
    with pytest.raises(Conflict, match="names an officer"):
        heard(agreement, (replace(word, by="malee"), None))
    with pytest.raises(Conflict, match="`at`"):
        receive(
            agreement, replace(word, at=word.at.replace(tzinfo=None)), None, at=at(1), origin=""
        )


RING = ((100.0, 20.0), (101.0, 20.0), (101.0, 21.0), (100.0, 20.0))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"classes": ()}, "classes"),
        ({"valid_until": at(-4000)}, "valid_until"),
        ({"name": "x" * 201}, "name"),
        ({"precision_m": -1.0}, "precision_m"),
        ({"delay_s": 1e9}, "delay_s"),
        ({"keep_days": 0}, "keep_days"),
        ({"answer_within_s": 1.0}, "answer_within_s"),
        ({"purposes": ("x",) * 21}, "purposes"),
        ({"languages": ("long",)}, "languages"),
        ({"approvals": (Approval(agency="mm-tl", authority="x"),)}, "approvals"),
        ({"hours": Hours(time_zone="Mars/Olympus")}, "hours.time_zone"),
        ({"hours": Hours(time_zone="Asia/Vientiane", start=-1)}, "hours"),
        (
            {"corridor": Corridor(river="M", km_from=0.0, km_to=1.0, from_river_m=1.0)},
            "corridor.rings",
        ),
        (
            {
                "corridor": Corridor(
                    river="M", km_from=0.0, km_to=1e9, from_river_m=1.0, rings=(RING,)
                )
            },
            "corridor",
        ),
    ],
)
def test_terms_that_the_pages_would_refuse_are_refused(changes: dict[str, Any], field: str) -> None:
    lao = proposed(at(0))
    word, text = message(lao)
    assert text is not None
    bad = replace(text, terms=replace(text.terms, **changes))
    content = replace(word.content, text_sha256=bad.sha256, terms_sha256=terms_digest(bad.terms))
    with pytest.raises(Conflict, match=f"`text.terms.{field}`"):
        heard(None, (replace(word, content=content), bad))
    with pytest.raises(Conflict, match="names by its hash"):
        heard(None, (word, bad))


def test_an_agreement_between_more_parties_of_one_side_is_as_good() -> None:
    lao = proposed(at(0), (HX, CK, acts.Party(agency="th-nv")))
    assert heard(None, message(lao)) is not None
