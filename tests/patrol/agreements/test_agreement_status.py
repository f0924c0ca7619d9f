"""What words come to: what acts one after the other do, in any order; between nodes closed wins."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import Agreement, Window
from patrol.agreements.agreement_status import AgreementStatus, agreement_status
from patrol.agreements.agreement_text import AgreementText, text_of
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.lifecycle import Backfill, Party, status_of
from patrol.agreements.time_intervals import Stretch, joined
from patrol.documents_registry.document_kinds import decode
from patrol.errors.errors import Conflict, IllegalStep
from patrol.units.data_classes import DataClass
from tests.fixtures.examples import examples
from tests.patrol.nodes.agreements import CK, HX, active, terms
from tests.patrol.nodes.running import AGENCY, OTHER, at
from tests.patrol.nodes.stepwise_agreement import StepwiseAgreement

CLASSES: tuple[DataClass, ...] = ("positions", "tracks", "distress", "duty_contact")
FOREVER = datetime.max.replace(tzinfo=UTC)
THREE = (HX, CK, Party(agency="mm-tl", name="aung"))


def stretches(
    windows: Iterable[Window], until: datetime = FOREVER
) -> dict[tuple[str, str, bool], list[Stretch]]:
    """Return the moments of windows up to one, as `Grant` reads them: in how many pieces they stand
    says nothing.
    """
    found: dict[tuple[str, str, bool], list[Stretch]] = {}
    for each in windows:
        key = (each.agency, each.data_class, each.backfill)
        found.setdefault(key, []).append((each.start, min(each.end or FOREVER, until)))
    return {key: whole for key, some in found.items() if (whole := joined(some))}


def shuffled(words: Iterable[AgreementWord], seed: int) -> list[AgreementWord]:
    """Return words in another order, some of them twice."""
    found = list(words)
    dice = random.Random(seed)
    found += dice.sample(found, len(found) // 2)
    dice.shuffle(found)
    return found


class SideBySide(RuleBasedStateMachine):
    """Any sequence of acts that one node can do: stepwise, and as words."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        first = terms(classes=CLASSES, valid_from=at(7), valid_until=at(40))
        agencies = tuple(each.agency for each in THREE)
        self.stepwise = StepwiseAgreement(agencies, first)
        self.agreement = acts.draft(first, agencies, at=at(0), who=HX, origin="n")
        self.texts: list[AgreementText] = [text_of(self.agreement)]
        self.words: list[AgreementWord] = []

    def both(
        self,
        act: str,
        who: Party,
        later: int,
        stepwise: dict[str, Any],
        **whats: Any,
    ) -> None:
        """Do it both ways, refused in the same way or not at all."""
        self.now += later
        when = at(self.now)
        do: Callable[..., Agreement] = getattr(acts, act)
        whats = whats if act == "expire" else whats | {"who": who}
        try:
            getattr(self.stepwise, act)(who.agency, when, **stepwise)
        except (Conflict, IllegalStep) as error:
            with pytest.raises(type(error)):
                do(self.agreement, at=when, **whats)
            return
        self.agreement = do(self.agreement, at=when, **whats)
        self.texts.append(text_of(self.agreement))
        if act != "expire":
            self.words += self.agreement.words[-1:]

    who = st.sampled_from(THREE)
    later = st.integers(min_value=0, max_value=3)

    @initialize(in_force=st.sampled_from((True, True, True, False)))
    def begin(self, in_force: bool) -> None:
        if in_force:
            self.propose(0)
            self.all_sign(1)

    @rule(who=who, later=later, until=st.integers(50, 52))
    def change(self, who: Party, later: int, until: int) -> None:
        if self.agreement.proposed_at is None:
            who = HX  # nobody else can see it
        changed = terms(classes=CLASSES[until % 3 :], valid_from=at(7), valid_until=at(until))
        self.both("change", who, later, {"terms": changed}, terms=changed)

    @rule(later=later)
    def propose(self, later: int) -> None:
        self.both("propose", HX, later, {})

    @rule(later=later)
    def all_sign(self, later: int) -> None:
        for each in THREE:
            self.both("sign", each, later, {})

    @rule(who=who, later=later)
    def sign(self, who: Party, later: int) -> None:
        self.both("sign", who, later, {})

    @rule(
        who=who,
        later=later,
        also=st.sampled_from([(), ("distress",), ("distress", "duty_contact")]),
    )
    def suspend(self, who: Party, later: int, also: tuple[DataClass, ...]) -> None:
        self.both("suspend", who, later, {"also": also}, also=also, reason="why")

    past = st.builds(
        lambda start, length, classes: Backfill(
            start=at(start), end=at(start + length), classes=tuple(classes)
        ),
        st.integers(0, 20),
        st.integers(0, 9),
        st.lists(st.sampled_from((*CLASSES, "marks")), max_size=2),
    )

    @rule(who=who, later=later, past=st.none() | past)
    def resume(self, who: Party, later: int, past: Backfill | None) -> None:
        self.both("resume", who, later, {"backfill": past}, backfill=past)

    @rule(who=who, later=later, past=past)
    def backfill(self, who: Party, later: int, past: Backfill) -> None:
        self.both("backfill", who, later, {"backfill": past}, backfill=past)

    @rule(who=who, later=later, really=st.integers(0, 9))
    def end(self, who: Party, later: int, really: int) -> None:
        if really == 9 and (self.agreement.proposed_at is not None or who == HX):
            self.both("end", who, later, {})

    @rule(really=st.integers(0, 9))
    def expire(self, really: int) -> None:
        if really == 9:
            self.now = max(self.now, 60)
        self.both("expire", HX, 0, {})

    @invariant()
    def stands_the_same(self) -> None:
        stepwise, agreement = self.stepwise, self.agreement
        assert agreement.state == stepwise.state
        assert {each.agency: each.at for each in agreement.signatures} == stepwise.signed
        withheld = {each.agency: frozenset(each.withheld_lifelines) for each in agreement.withheld}
        assert withheld == stepwise.withheld
        assert {each.agency: each.at for each in agreement.consents} == stepwise.consented_at
        until = agreement.terms.valid_until
        assert stretches(agreement.windows, until) == stretches(stepwise.windows, until)
        assert agreement.ended_by == stepwise.ended_by

    @invariant()
    def whatever_the_order(self) -> None:
        if self.agreement.proposed_at is None or self.agreement.state == "expired":
            return
        known = agreement_status(
            random.Random(self.now).sample(self.texts, len(self.texts)),
            shuffled(self.words, len(self.words)),
        )
        assert known == status_of(self.agreement)
        assert known.text.terms == self.agreement.terms


TestSideBySide = SideBySide.TestCase
TestSideBySide.settings = settings(
    max_examples=examples(2000), stateful_step_count=30, deadline=None
)


# -- what one node alone never does


def said(
    agreement: Agreement, act: Any, who: Party, seconds: float, *, counter: int, **what: Any
) -> AgreementWord:
    """Return a word about an agreement's present text as another node may send it."""
    content = acts.officer_act(agreement, act, who.agency, **what)
    return AgreementWord(
        content=msgspec.structs.replace(content, counter=counter), at=at(seconds), by=who.name
    )


def stands(agreement: Agreement, *words: AgreementWord) -> AgreementStatus:
    return agreement_status((text_of(agreement),), (*words, *agreement.words))


def test_a_suspension_counts_before_what_was_said_before_it_is_known() -> None:
    agreement = active(at(0))
    suspended = said(agreement, "suspend", CK, 10, counter=3, reason="a row")
    resumed = said(agreement, "resume", CK, 30, counter=4)
    status = stands(agreement, suspended, resumed)
    assert status.state == "suspended", "word 2 of theirs is missing: nothing opens"
    assert {each.end for each in status.windows} == {at(10)}
    past = Backfill(start=at(1), end=at(2), classes=("tracks",))
    missing = said(agreement, "backfill", CK, 9, counter=2, backfill=past)
    whole = stands(agreement, resumed, suspended, missing)
    assert whole.state == "active"
    opened = {(each.start, each.end) for each in whole.windows if not each.backfill}
    assert opened == {(at(0), at(10)), (at(30), None)}


def test_of_two_words_with_one_number_only_what_closes_counts() -> None:
    agreement = active(at(0))
    past = Backfill(start=at(1), end=at(2), classes=("tracks",))
    one = said(agreement, "backfill", CK, 9, counter=2, backfill=past)
    two = said(agreement, "suspend", CK, 10, counter=2, reason="a row")
    three = said(agreement, "resume", CK, 11, counter=3)
    for words in ((one, two, three), (three, two, one)):
        status = stands(agreement, *words)
        assert status.state == "suspended"
        assert not any(each.backfill for each in status.windows)


def test_an_end_on_one_side_and_a_change_on_the_other_is_an_end() -> None:
    agreement = active(at(0))
    changed = acts.change(agreement, terms(precision_m=500.0), at=at(10), who=HX)
    ended = said(agreement, "end", CK, 12, counter=2, reason="over")
    words = (*agreement.words, *changed.words, ended)
    texts = (text_of(agreement), text_of(changed))
    for order in (words, words[::-1]):
        status = agreement_status(texts, order)
        assert (status.state, status.ended_by, status.windows) == ("ended", OTHER, ())


def test_of_two_changes_at_once_both_sides_take_the_same() -> None:
    agreement = active(at(0))
    ours = acts.change(agreement, terms(precision_m=500.0), at=at(10), who=HX)
    theirs = acts.change(agreement, terms(precision_m=900.0), at=at(9), who=CK)
    texts = [text_of(each) for each in (agreement, ours, theirs)]
    words = (*agreement.words, *ours.words, *theirs.words)
    for all_texts, all_words in ((texts, words), (texts[::-1], words[::-1])):
        status = agreement_status(all_texts, all_words)
        assert status.text == text_of(ours), f"{AGENCY} is before {OTHER}"
        assert (status.state, status.signatures, status.windows) == ("proposed", (), ())
    later = acts.change(theirs, terms(precision_m=50.0), at=at(11), who=CK)
    newest = agreement_status((*texts, text_of(later)), (*words, *later.words))
    assert newest.text == text_of(later)


def test_a_word_waits_for_its_text() -> None:
    agreement = active(at(0))
    changed = acts.change(agreement, terms(precision_m=500.0), at=at(10), who=CK)
    changed = acts.sign(changed, at=at(11), who=CK)
    words = (*agreement.words, *changed.words)
    assert agreement_status((text_of(agreement),), words) == status_of(agreement)
    both = agreement_status((text_of(agreement), text_of(changed)), words)
    assert [each.agency for each in both.signatures] == [OTHER]


def test_who_is_no_party_says_nothing() -> None:
    agreement = active(at(0))
    stranger = Party(agency="mm-tl")
    for act in ("suspend", "end", "sign", "change"):
        word = said(agreement, act, stranger, 10, counter=1, reason="x")
        assert stands(agreement, word) == status_of(agreement)


def test_a_backfill_from_elsewhere_is_of_the_past_and_of_the_terms() -> None:
    agreement = active(at(0), classes=("tracks",))
    for past in (
        Backfill(start=at(5), end=at(15), classes=("tracks",)),
        Backfill(start=at(5), end=at(5), classes=("tracks",)),
        Backfill(start=at(5), end=at(6), classes=("marks",)),
    ):
        word = said(agreement, "backfill", CK, 10, counter=2, backfill=past)
        assert stands(agreement, word) == status_of(agreement)


# -- what was stored before words were kept


def stored() -> list[Agreement]:
    """Return an agreement's versions as they were stored before words were, with officers' keys."""
    lines = Path("tests/patrol/data/agreement_versions.jsonl").read_bytes().splitlines()
    found = [decode("agreement", each) for each in lines]
    assert all(isinstance(each, Agreement) for each in found)
    return [each for each in found if isinstance(each, Agreement)]


def test_versions_of_before_read_as_they_did() -> None:
    lines = Path("tests/patrol/data/agreement_versions.jsonl").read_bytes().splitlines()
    for line, version in zip(lines, stored(), strict=True):
        assert msgspec.json.encode(version) == line
        assert (version.words, version.before_words) == ((), None)
    assert [each.state for each in stored()] == [
        "draft", "proposed", "proposed", "active", "suspended", "active", "active", "suspended",
        "proposed", "ended",
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(1, 9))
def test_what_stood_before_words_were_kept_goes_on(number: int) -> None:
    before = stored()[number]
    lao, thai = Party(agency=before.agencies[0]), Party(agency=before.agencies[1])

    def later(seconds: int) -> datetime:
        return stored()[-1].at + timedelta(seconds=seconds)

    agreement = before
    for each in (lao, thai):
        if each.agency in agreement.unsigned:
            agreement = acts.sign(agreement, at=later(1), who=each)
    for consent in agreement.withheld:
        agreement = acts.resume(agreement, at=later(2), who=Party(agency=consent.agency))
    assert agreement.state == "active"
    agreement = acts.suspend(agreement, at=later(3), who=lao, reason="a row")
    agreement = acts.resume(agreement, at=later(4), who=lao)
    assert {each.agency for each in agreement.signatures} == set(before.agencies)
    kept = {each.agency: each for each in before.signatures}
    assert {each.agency: each for each in agreement.signatures} | kept == {
        each.agency: each for each in agreement.signatures
    }
    expected = StepwiseAgreement(before.agencies, before.terms)
    expected.state, expected.windows = before.state, list(before.windows)
    expected.signed = {each.agency: each.at for each in before.signatures}
    expected.withheld = {
        each.agency: frozenset(each.withheld_lifelines) for each in before.withheld
    }
    for agency in before.unsigned:
        expected.sign(agency, later(1))
    for agency in list(expected.withheld):
        expected.resume(agency, later(2), None)
    expected.suspend(lao.agency, later(3), ())
    expected.resume(lao.agency, later(4), None)
    assert stretches(agreement.windows) == stretches(expected.windows)
    assert agreement.part_for(lao.agency) is not None
    changed = acts.change(agreement, msgspec.structs.replace(before.terms, name="Other"),
                          at=later(5), who=thai)  # fmt: skip
    assert (changed.before_words, len(changed.words), changed.text_number) == (None, 1, 2)


def test_terms_of_before_expire() -> None:
    active_before = stored()[3]
    over = acts.expire(active_before, at=active_before.terms.valid_until)
    assert over.state == "expired"
    assert {each.end for each in over.windows} >= {active_before.terms.valid_until}
    assert stretches(over.windows) == stretches(
        msgspec.structs.replace(each, end=each.end or active_before.terms.valid_until)
        for each in active_before.windows
    )
