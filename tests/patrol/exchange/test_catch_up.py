"""What two nodes that meet find of each other's logs: nothing, what to send again, or a fork."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.counterparts.statement import FIRST_HASH, LogEnd, LogEnds
from patrol.errors.errors import Conflict
from patrol.exchange.catch_up import CatchUp, compare
from patrol.exchange.statement_batch import (
    RefusedStatement,
    StatementBatch,
    StatementReceipt,
    decode_body,
    encode_body,
)
from tests.patrol.nodes.running import at


class Log:
    """A log as its hashes: what is made after a fork has others."""

    def __init__(self, *parts: tuple[str, int]) -> None:
        self.hashes = [FIRST_HASH]
        for name, count in parts:
            first = len(self.hashes)
            self.hashes += [f"{name}{n:x}".rjust(64, "0") for n in range(first, first + count)]

    def end(self, number: int | None = None) -> LogEnd:
        number = len(self.hashes) - 1 if number is None else number
        return LogEnd(number, self.hashes[number])

    def hash_at(self, number: int) -> str | None:
        return self.hashes[number] if number < len(self.hashes) else None


def met(
    own: Log,
    theirs: LogEnds,
    held: LogEnd | None = None,
    *,
    epoch: int = 1,
    made_at: datetime | None = None,
) -> CatchUp:
    ours = LogEnds(at=at(100), epoch=epoch, sent=own.end(), held=held or LogEnd())
    return compare(ours, theirs, held_made_at=made_at, sent_hash=own.hash_at)


@given(made=st.integers(0, 50), data=st.data())
def test_what_the_other_lacks_is_sent_again_and_nothing_else(
    made: int, data: st.DataObject
) -> None:
    own, held = Log(("a", made)), data.draw(st.integers(0, made))
    found = met(own, LogEnds(at=at(0), held=own.end(held)))
    assert found == CatchUp(send_after=held)


@given(common=st.integers(0, 20), here=st.integers(0, 9), there=st.integers(1, 9))
def test_what_the_other_holds_and_was_not_made_here_is_a_fork(
    common: int, here: int, there: int
) -> None:
    restored, held = Log(("a", common), ("b", here)), Log(("a", common), ("c", there))
    assert met(restored, LogEnds(at=at(0), held=held.end())).fork


@given(common=st.integers(0, 20), lost=st.integers(1, 9))
def test_whose_log_is_shorter_than_what_is_held_of_it_lost_some(common: int, lost: int) -> None:
    theirs = Log(("a", common + lost))
    said = LogEnds(at=at(50), sent=theirs.end(common))
    assert met(Log(), said, theirs.end(), made_at=at(49)).fork
    late = met(Log(), said, theirs.end(), made_at=at(50))
    assert not late.fork, "it may have said so before it made what is held"


def test_another_last_statement_than_is_held_is_a_fork() -> None:
    said = LogEnds(at=at(0), sent=LogEnd(2, "c" * 64))
    assert met(Log(), said, LogEnd(2, "d" * 64), made_at=at(50)).fork


def test_a_fork_that_the_other_found_is_one_here() -> None:
    found = met(Log(), LogEnds(at=at(0), fork="they hold statement 4"))
    assert found.fork == "the other node found: they hold statement 4"


@pytest.mark.parametrize("epoch", [1, 3])
def test_of_another_epoch_nothing_is_said(epoch: int) -> None:
    said = LogEnds(at=at(0), epoch=epoch, held=LogEnd(9, "c" * 64), fork="x")
    assert met(Log(), said, epoch=2) == CatchUp(other_epoch=True)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (StatementBatch(epoch=1, first=0, statements=(b"{}",)), "out of range"),
        (StatementBatch(epoch=-1, first=1, statements=(b"{}",)), "out of range"),
        (StatementBatch(epoch=1, first=1 << 63, statements=(b"{}",)), "out of range"),
        (StatementBatch(epoch=1, first=1, statements=()), "has 0, 1 to 200"),
        (StatementBatch(epoch=1, first=1, statements=(b"",) * 201), "has 201, 1 to 200"),
        (StatementReceipt(epoch=1, held=LogEnd(-1)), "`number` of an end"),
        (StatementReceipt(epoch=1, held=LogEnd(1, "xyz")), "64 hexadecimal"),
        (StatementReceipt(epoch=1, held=LogEnd(), unread=(0,)), "out of range"),
        (
            StatementReceipt(epoch=1, held=LogEnd(), refused=(RefusedStatement(1, "x" * 301),)),
            "longer than 300",
        ),
        (LogEnds(at=datetime(2026, 1, 1)), "`at` has no offset"),  # noqa: DTZ001 - that is it
        (LogEnds(at=at(0), fork="x" * 601), "longer than 600"),
    ],
)
def test_a_body_out_of_bounds_is_refused_and_the_field_named(
    body: StatementBatch | StatementReceipt | LogEnds, fault: str
) -> None:
    with pytest.raises(Conflict, match=fault):
        decode_body(encode_body(body), type(body))


@given(body=st.binary(max_size=200), kind=st.sampled_from((StatementBatch, LogEnds)))
def test_bytes_that_are_no_body_are_refused(body: bytes, kind: type) -> None:
    try:
        msgspec.msgpack.decode(body, type=kind)
    except msgspec.MsgspecError:
        with pytest.raises(Conflict, match=f"no {kind.__name__}"):
            decode_body(body, kind)
