"""StepwiseAgreement: what acts on an agreement do, one after the other, as one node does them.

This is how the product did it before an agreement's words were kept: each act changes state and
windows by hand. What the words come to is measured against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

import msgspec

from patrol.agreements.agreement import LIFECYCLE, Terms, Window
from patrol.agreements.lifecycle import Backfill
from patrol.errors.errors import Conflict
from patrol.units.data_classes import LIFELINES, DataClass

NONE: Final[frozenset[DataClass]] = frozenset()


class StepwiseAgreement:
    """An agreement that acts change, each at once.

    Attributes:
        agencies: The parties.
        terms: What they sign.
        state: Of its life.
        signed: When which party signed.
        withheld: Which lifelines each party that withholds its consent withholds too.
        consented_at: When each party gave its last word.
        windows: What each lets cross.
        ended_by: Who ended it.
    """

    def __init__(self, agencies: tuple[str, ...], terms: Terms) -> None:
        self.agencies, self.terms, self.state = agencies, terms, "draft"
        self.ended_by = ""
        self._begin()

    def _begin(self) -> None:
        self.signed: dict[str, datetime] = {}
        self.withheld: dict[str, frozenset[DataClass]] = {}
        self.consented_at: dict[str, datetime] = {}
        self.windows: list[Window] = []

    def propose(self, who: str, at: datetime) -> None:
        self._check(self.terms, at)
        self.state = LIFECYCLE.next_state(self.state, "propose")

    def change(self, who: str, at: datetime, terms: Terms) -> None:
        self._check(terms, at)
        if terms == self.terms:
            raise Conflict("the same")
        self.state = LIFECYCLE.next_state(self.state, "change")
        self.terms = terms
        self._begin()

    def sign(self, who: str, at: datetime) -> None:
        LIFECYCLE.next_state(self.state, "sign")
        if who in self.signed:
            raise Conflict("signed")
        self._check(self.terms, at)
        self.signed[who] = self.consented_at[who] = at
        last = len(self.signed) == len(self.agencies)
        if last:
            self._open(max(at, self.terms.valid_from))
        self.state = LIFECYCLE.next_state(self.state, "sign last" if last else "sign")

    def suspend(self, who: str, at: datetime, also: tuple[DataClass, ...]) -> None:
        state = LIFECYCLE.next_state(self.state, "suspend")
        if who in self.withheld:
            raise Conflict("withheld")
        self.withheld[who] = frozenset(also) & frozenset(self.terms.classes)
        self.consented_at[who] = at
        self._close(at, but=LIFELINES.difference(also))
        self.state = state

    def resume(self, who: str, at: datetime, backfill: Backfill | None) -> None:
        LIFECYCLE.next_state(self.state, "resume")
        if who not in self.withheld:
            raise Conflict("given")
        if backfill is not None:
            self._fill(who, at, backfill)
        del self.withheld[who]
        self.consented_at[who] = at
        closed = set(NONE.union(*self.withheld.values()))
        if self.withheld:
            closed |= set(self.terms.classes) - LIFELINES
        self._open(max(at, self.terms.valid_from), but=closed)
        act = "resume" if self.withheld else "resume last"
        self.state = LIFECYCLE.next_state(self.state, act)

    def backfill(self, who: str, at: datetime, backfill: Backfill) -> None:
        LIFECYCLE.next_state(self.state, "backfill")
        self._fill(who, at, backfill)

    def end(self, who: str, at: datetime) -> None:
        self.state = LIFECYCLE.next_state(self.state, "end")
        self._close(at)
        self.ended_by = who

    def expire(self, who: str, at: datetime) -> None:
        state = LIFECYCLE.next_state(self.state, "expire")
        if at < self.terms.valid_until:
            raise Conflict("not over")
        self.state = state
        self._close(self.terms.valid_until)

    def _check(self, terms: Terms, at: datetime) -> None:
        if terms.valid_until <= at:
            raise Conflict("over")

    def _open(self, start: datetime, *, but: AbstractSet[DataClass] = NONE) -> None:
        open_ = {(each.agency, each.data_class) for each in self.windows if each.end is None}
        self.windows += (
            Window(agency=agency, data_class=data_class, start=start)
            for agency in self.agencies
            for data_class in self.terms.classes
            if data_class not in but and (agency, data_class) not in open_
        )

    def _close(self, end: datetime, *, but: AbstractSet[DataClass] = NONE) -> None:
        def closed(windows: Iterable[Window]) -> Iterable[Window]:
            for each in windows:
                if each.end is not None or each.data_class in but:
                    yield each
                elif each.start < end:
                    yield msgspec.structs.replace(each, end=end)

        self.windows = list(closed(self.windows))

    def _fill(self, who: str, at: datetime, backfill: Backfill) -> None:
        named = set(backfill.classes)
        if not named or not named <= set(self.terms.classes):
            raise Conflict("classes")
        if not backfill.start < backfill.end <= at:
            raise Conflict("stretch")
        self.windows += (
            Window(
                agency=who,
                data_class=each,
                start=backfill.start,
                end=backfill.end,
                backfill=True,
            )
            for each in dict.fromkeys(backfill.classes)
        )
