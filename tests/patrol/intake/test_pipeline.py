"""Steps of the intake: their order, what a fault undoes, what each does to a batch."""

from __future__ import annotations

from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from patrol.errors.errors import NotItsToSay
from patrol.filing.writer_lock import WriterTurn
from patrol.intake.answer import answer
from patrol.intake.batch import Batch
from patrol.intake.deduplicate import Deduplication
from patrol.intake.judge import Judgement
from patrol.intake.own_messages import OwnMessages
from patrol.intake.pipeline import Pipeline
from patrol.intake.update_picture import PictureUpdate
from patrol.picture.picture import Picture
from patrol.reception.duplicates import DuplicateQuery, Duplicates
from patrol.reception.record import record_of
from patrol.store.receptions.stored_duplicates import Found
from radio_gateway.messages.transmission import Delivery, Transmission
from tests.patrol.nodes.running import AGENCY, NODE, at, said


class Intake:
    """The steps that need no store, in their order."""

    def __init__(self) -> None:
        self.picture = Picture(agency=AGENCY, origin=NODE)
        self.duplicates = Duplicates()
        self.deduplication = Deduplication(self.duplicates, self.nothing, self.picture)
        self.own = OwnMessages(NODE, clock=lambda: 0.0)

    async def nothing(self, query: DuplicateQuery) -> Found:
        del query
        return [], [], []

    async def joined(self, *heard: Transmission) -> Batch:
        batch = Batch(WriterTurn(), [Delivery(each) for each in heard], at(0))
        Judgement(self.picture, self.own).judge(batch)
        await self.deduplication.join(batch)
        return batch


async def test_steps_run_in_order_those_after_the_commit_last() -> None:
    intake, done = Intake(), list[str]()

    async def waits(_: Batch) -> None:
        done.append("waits")

    await Pipeline(
        intake.deduplication,
        until_stored=(lambda _: done.append("first"), waits),
        once_stored=(lambda _: done.append("shown"),),
    ).run(Batch(WriterTurn(), (), at(0)))
    assert done == ["first", "waits", "shown"]


async def test_what_fails_before_the_commit_is_neither_answered_nor_remembered() -> None:
    intake, answered = Intake(), list[str]()

    def fails(_: Batch) -> None:
        raise RuntimeError("no commit")

    pipeline = Pipeline(
        intake.deduplication,
        until_stored=(
            Judgement(intake.picture, intake.own).judge,
            intake.deduplication.join,
            fails,
        ),
        once_stored=(answer,),
    )
    message = said()
    with pytest.raises(RuntimeError, match="no commit"):
        await pipeline.run(
            Batch(WriterTurn(), [Delivery(message, lambda: answered.append("a"))], at(0))
        )
    assert answered == []
    again = await intake.joined(message)
    assert [record.transmission for record in again.new] == [message]


async def test_further_receptions_of_what_is_lost_go_through_all_steps_before_any_answer() -> None:
    intake, order = Intake(), list[str]()
    other = record_of(said("b"), lambda message, _time: message.address)

    def loses(batch: Batch) -> None:
        if batch.deliveries[0].transmission is not other.transmission:
            batch.orphans.append(other)

    def notes(batch: Batch) -> None:
        order.append(batch.deliveries[0].transmission.address)

    pipeline = Pipeline(intake.deduplication, until_stored=(loses,), once_stored=(notes,))
    await pipeline.run(Batch(WriterTurn(), [Delivery(said("a"))], at(0)))
    assert order == ["test:b", "test:a"]


def test_what_is_not_its_senders_to_say_is_set_aside_and_does_not_ring() -> None:
    intake = Intake()
    call = Delivery(said(distress=True), refusal="not its unit")
    batch = Batch(WriterTurn(), [call, Delivery(said("b"))], at(0))
    Judgement(intake.picture, intake.own).judge(batch)
    assert [record.address for record in batch.judged] == ["test:b"]
    assert batch.refused == []
    [denied] = batch.denied
    assert denied.transmission is call.transmission
    assert isinstance(denied.error, NotItsToSay)


async def test_one_message_is_new_once_and_its_earliest_reception_stands_for_it() -> None:
    words: dict[str, Any] = {"duplicate_key": "id-7", "duplicate_window_s": None}
    late, early = said("a", 2, channel="hill", **words), said("a", 1, channel="pier", **words)
    batch = await Intake().joined(late, early)
    assert [record.transmission for record in batch.new] == [early]
    assert [record.transmission for record in batch.further_receptions] == [late]


async def test_a_message_that_cannot_be_put_in_takes_its_further_receptions_along() -> None:
    words: dict[str, Any] = {"duplicate_key": "id-7", "duplicate_window_s": None}
    intake = Intake()
    batch = await intake.joined(
        said("a", 1, **words), said("a", 2, channel="hill", **words), said("b", 1)
    )
    batch.new[0].flags = cast(Any, 7)  # a fault of ours
    PictureUpdate(intake.picture, intake.duplicates, origin=NODE).apply(batch)
    assert [record.address for record in batch.records] == ["test:b"]
    assert len(batch.rows) == len(batch.fixes) == len(batch.refused) == 1
    assert [record.transmission.channel for record in batch.orphans] == ["hill"]
    assert batch.further_receptions == []


def test_an_answer_that_fails_keeps_no_other_from_its_sender() -> None:
    answered: list[str] = []

    def fails() -> None:
        raise OSError("gone")

    deliveries = [Delivery(said(), fails), Delivery(said(), lambda: answered.append("b"))]
    with capture_logs() as logs:
        answer(Batch(WriterTurn(), deliveries, at(0)))
    assert answered == ["b"]
    assert [each["event"] for each in logs] == ["an answer after the commit failed"]
