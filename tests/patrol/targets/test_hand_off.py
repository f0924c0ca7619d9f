"""Hand-offs: the tables of states as properties, terms, silence, what crosses, and who has it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.documents.open_documents import OpenDocuments
from patrol.documents.state_machine import Lifecycle
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict, IllegalStep
from patrol.targets import custody
from patrol.targets.hand_off import LIFECYCLE, HandOff, OwedMessage, timetable
from patrol.targets.lifecycle import accept, decline, escalate, offer, return_offer
from patrol.targets.prediction import Landing, PredictedPoint, Prediction
from patrol.targets.remote_hand_off import (
    accept_remotely,
    decline_remotely,
    end_remotely,
    grant,
    receive_grant,
    take_over,
)
from patrol.targets.sightings import Sighting
from patrol.targets.target import LIFECYCLE as TARGET_LIFECYCLE
from patrol.targets.target import MOST_REMARKS, Remark, Target, add_remark, change, close, sight
from patrol.units.data_classes import DATA_CLASSES, crossed, marks
from patrol.watch.offer_timeouts import expiry_duty
from tests.patrol.nodes.hand_offs import (
    CK,
    HX,
    LAO,
    THAI,
    Case,
    as_stored,
    in_state,
    only,
    sighting,
    target,
    target_in,
)
from tests.patrol.nodes.running import START, at


@pytest.mark.parametrize("life", [LIFECYCLE, TARGET_LIFECYCLE], ids=lambda life: life.name)
@given(data=st.data())
def test_the_table_takes_every_legal_step_and_no_other(
    life: Lifecycle, data: st.DataObject
) -> None:
    state = data.draw(st.sampled_from(life.states))
    act = data.draw(st.sampled_from(life.acts))
    if (state, act) in life.steps:
        assert life.next_state(state, act) == life.steps[state, act]
        return
    with pytest.raises(IllegalStep) as refused:
        life.next_state(state, act)
    assert refused.value.possible == life.possible(state)
    assert f"{life.name} that is {state} cannot be changed by {act!r}" in str(refused.value)


HAND_OFF_STEPS: dict[str, Any] = {
    "escalate": lambda made, mine: escalate(made, now=START),
    "accept": lambda made, mine: accept_remotely(made, term=made.term, now=START, by="malee"),
    "decline": lambda made, mine: decline_remotely(
        made, term=made.term, reason="", now=START, by="malee"
    ),
    "withdraw": lambda made, mine: end_remotely(made, "withdraw", term=9, reason="", now=START),
    "lapse": lambda made, mine: end_remotely(made, "lapse", term=9, reason="", now=START),
    "cut": lambda made, mine: end_remotely(made, "cut", term=9, reason="", now=START),
    "grant": lambda made, mine: take_over(made, None, term=9, now=START),
    "take": lambda made, mine: receive_grant(made, mine, now=START),
}


@pytest.mark.parametrize("act", LIFECYCLE.acts)
@pytest.mark.parametrize("state", LIFECYCLE.states)
def test_every_step_of_a_hand_off_goes_by_its_table(state: str, act: str) -> None:
    made, mine = in_state(state)
    if (state, act) not in LIFECYCLE.steps:
        with pytest.raises(IllegalStep, match=f"hand-off that is {state} cannot be changed by"):
            HAND_OFF_STEPS[act](made, mine)
        return
    after = HAND_OFF_STEPS[act](made, mine).documents[0]
    # Whoever hears the grant takes with it: both steps are one.
    assert after.state == ("taken" if act == "grant" else LIFECYCLE.steps[state, act])
    assert after.version == made.version + 1


def target_steps(mine: Target) -> dict[str, Any]:
    def hand_off(state: str) -> HandOff:
        made, _ = in_state(state)
        return made

    given_back = hand_off("accepted")
    granted_one = msgspec.structs.replace(hand_off("granted"), id=mine.hand_off)
    return {
        "sight": lambda: sight(mine, sighting(9), ground=None, now=START, by="k"),
        "change": lambda: change(mine, now=START, by="k", name="other"),
        "offer": lambda: offer(
            mine, to=THAI, node=HX, fixes=(), times=timetable(), now=START, by="k"
        ).documents[0],
        "close": lambda: only(close(mine, "lost", "", now=START, by="k")),
        "keep": lambda: return_offer(
            hand_off("offered"), mine, "withdraw", reason="", now=START, by="k"
        ).documents[1],
        "grant": lambda: grant(hand_off("offered"), mine, now=START).documents[1],
        "take": lambda: take_over(given_back, mine, term=9, now=START).documents[1],
        "hear": lambda: receive_grant(granted_one, mine, now=START).documents[-1],
    }


@pytest.mark.parametrize("act", TARGET_LIFECYCLE.acts)
@pytest.mark.parametrize("state", TARGET_LIFECYCLE.states)
def test_every_step_of_a_target_goes_by_its_table(state: str, act: str) -> None:
    mine = target_in(state)
    assert mine.state == state
    step = target_steps(mine)[act]
    if act == "hear" and state != "granted":
        assert isinstance(step(), HandOff), "a late receipt leaves the target alone"
        return
    if (state, act) not in TARGET_LIFECYCLE.steps:
        with pytest.raises(IllegalStep, match=f"target that is {state} cannot be changed by"):
            step()
        return
    after = step()
    assert after.state == TARGET_LIFECYCLE.steps[state, act]
    assert after.version == mine.version + 1


def test_acceptance_in_one_node_moves_custody_in_one_filing() -> None:
    case = Case()
    made = case.offer()
    assert (case.target.state, case.target.is_had) == ("offered", True)
    filing = case.file(accept(made, case.target, None, term=made.term, now=at(5), by="malee"))
    _, mine, theirs = filing.documents
    assert isinstance(mine, Target)
    assert isinstance(theirs, Target)
    assert (mine.state, mine.custodian, mine.is_had) == ("handed over", THAI, False)
    assert (theirs.state, theirs.agency, theirs.custodian) == ("followed", THAI, THAI)
    assert theirs.case == mine.case
    assert theirs.term == mine.term == made.term + 1
    assert case.journal[-3:] == [custody.GRANTED, custody.TAKEN, custody.HEARD]


def test_a_term_that_is_not_the_offers_moves_nothing() -> None:
    case = Case()
    first = case.offer()
    case.file(return_offer(first, case.target, "withdraw", reason="", now=at(1), by="kham"))
    second = case.offer(at(2))
    assert second.term > first.term
    for term in (first.term, second.term - 1, second.term + 1, 0):
        with pytest.raises(Conflict, match=f"stands at term {second.term}, not {term}"):
            accept(second, case.target, None, term=term, now=at(3), by="malee")
    closed_one, _ = in_state("withdrawn")
    with pytest.raises(IllegalStep, match="nothing changes it any more"):
        accept(closed_one, case.target, None, term=closed_one.term, now=at(3), by="malee")


def test_terms_only_grow() -> None:
    case = Case()
    seen = [case.target.term]
    for second in range(4):
        made = case.offer(at(second))
        seen.append(case.target.term)
        if second % 2:
            case.file(decline(made, case.target, term=made.term, reason="", now=START, by="m"))
        else:
            case.file(return_offer(made, case.target, "lapse", reason="", now=START, by=""))
        seen.append(case.target.term)
    made = case.offer()
    seen.append(made.term)
    case.file(accept(made, case.target, None, term=made.term, now=START, by="m"))
    seen.append(case.target.term)
    assert all(before < after for before, after in pairwise(seen))


def test_an_offer_that_lapsed_is_not_accepted_even_before_the_clock_says_so() -> None:
    case = Case()
    made = case.offer()
    with pytest.raises(Conflict, match="lapsed at"):
        accept(made, case.target, None, term=made.term, now=made.lapses_at, by="malee")


def test_what_is_marked_so_does_not_go_with_an_offer_nor_with_custody() -> None:
    case = Case()
    made = case.offer()
    filing = accept(made, case.target, None, term=made.term, now=at(5), by="malee")
    theirs = filing.documents[2]
    for document in (crossed(made, {"targets"}), theirs):
        assert document is not None
        text = repr(document)
        for secret in ("kham",):
            assert secret not in text
        assert "grey boat" in text


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_who_answered_is_named_in_no_document_of_who_offered(answer: str) -> None:
    case = Case()
    made = case.offer()
    if answer == "accept":
        filing = accept(made, case.target, None, term=made.term, now=START, by="malee")
    else:
        filing = decline(made, case.target, term=made.term, reason="", now=START, by="malee")
    assert filing.actor == "malee"
    for document in filing.documents:
        assert ("malee" in repr(document)) is (document.agency == THAI)


@pytest.mark.parametrize(
    "kind", [Target, HandOff, Sighting, Prediction, Landing, PredictedPoint, Remark, OwedMessage]
)
def test_every_field_says_whether_it_may_cross(kind: Any) -> None:
    assert None not in marks(kind).values()


@pytest.mark.parametrize("name", ["remarks", "by"])
def test_what_may_never_cross_does_not_under_all_classes_together(name: str) -> None:
    mine = add_remark(target(), "nobody else reads this", now=START)
    mine = change(mine, now=START, by="kham")
    assert getattr(mine, name)
    seen = crossed(mine, frozenset(DATA_CLASSES))
    assert seen is not None
    assert not getattr(seen, name)


def test_what_an_agreement_does_not_name_does_not_cross() -> None:
    made, mine = in_state("offered")
    assert crossed(made, {"positions", "alerts"}) is None
    assert crossed(mine, {"positions", "alerts"}) is None


@pytest.mark.parametrize("state", LIFECYCLE.states)
def test_a_hand_off_comes_back_from_the_store_as_it_was(state: str) -> None:
    made, mine = in_state(state)
    assert as_stored(made) == made
    assert as_stored(mine) == mine


def test_only_who_has_a_target_ends_its_custody_by_closing_it() -> None:
    ending = close(target(), "arrested", "at the ferry", now=START, by="kham")
    assert [note.act for note in ending.notes] == [custody.ENDED]
    putting_away = close(target_in("handed over"), "handed over", "", now=START, by="kham")
    assert putting_away.notes == ()


# -- silence


def let_pass(case: Case, seconds: float, refusal: str | None = None) -> Filing:
    duty = expiry_duty(lambda _made, _now: refusal, node=HX)
    return case.file(duty(case.open_documents, at(seconds)))


def test_silence_escalates_at_120_and_300_seconds_and_lapses_at_900() -> None:
    case = Case()
    made = case.offer()
    assert not let_pass(case, 119)
    let_pass(case, 120)
    assert (case.made.state, case.made.level) == ("escalated", 1)
    assert not let_pass(case, 299)
    let_pass(case, 300)
    assert (case.made.state, case.made.level) == ("escalated", 2)
    assert not let_pass(case, 899)
    assert case.made.term == made.term, "an answer still counts"
    let_pass(case, 900)
    assert case.open_documents.find(HandOff, case.id) is None
    assert (case.target.state, case.target.custodian) == ("followed", LAO)
    assert "nobody answered" in case.target.remarks[-1].text


def test_the_agreement_says_how_long_an_answer_may_take() -> None:
    times = timetable(60.0)
    assert (times.escalates_s, times.lapses_s) == ((24.0, 60.0), 180.0)


def test_a_suspended_agreement_cuts_an_open_offer_and_custody_stays() -> None:
    case = Case()
    made = case.offer()
    let_pass(case, 1, refusal="th-ck suspended “Joint patrols”: a row")
    assert case.open_documents.find(HandOff, case.id) is None
    assert (case.target.state, case.target.custodian) == ("followed", LAO)
    assert case.target.term > made.term
    assert "a row" in case.target.remarks[-1].text
    assert not let_pass(case, 2)


def test_what_was_granted_before_a_suspension_stays_granted() -> None:
    made, mine = in_state("granted")
    open_documents = OpenDocuments()
    open_documents.put([made, mine])
    assert not expiry_duty(lambda *_: "suspended", node=HX)(open_documents, at(5000))


def test_an_acceptance_waits_for_the_offerers_word_whatever_time_and_agreement_say() -> None:
    made, _ = in_state("accepted")
    open_documents = OpenDocuments()
    open_documents.put([made])
    assert not expiry_duty(lambda *_: "suspended", node=CK)(
        open_documents, START + timedelta(days=9)
    )


def test_remarks_are_bounded_and_not_repeated() -> None:
    mine = target()
    assert add_remark(add_remark(mine, "a", now=START), "a", now=at(1)).version == 2
    for number in range(MOST_REMARKS + 5):
        mine = add_remark(mine, str(number), now=START)
    assert len(mine.remarks) == MOST_REMARKS
    assert mine.remarks[-1].text == str(MOST_REMARKS + 4)
