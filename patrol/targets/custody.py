"""Custody: who has a target, as the journal proves it.

Every target belongs to a *case*, whose id all agencies' documents about it share. Custody of a case
has a *term*, a number that only grows, and only who holds the case writes a higher one. Five lines
of the journal, each in the transaction of what it tells of, are all that counts:

- `begin custody`: the target is opened, by its first custodian, at term 1.
- `grant custody`: the custodian hands it on; from here on the other one has it.
- `take custody`: the other one has the grant.
- `hear custody taken`: the granter knows that; until then it keeps telling, and answers.
- `end custody`: the custodian closes the target.

**Who is custodian**: the holder in the line of the highest term, over all journals together. There
is always exactly one: the highest term is written by the one who held the case, so no two lines of
one term name different holders, and a line that is written stays.

**Who believes to be**: whose own journal says so. Never two: the taker believes it only because of
a grant, and the granter's journal named the taker before that grant could leave. It may be nobody
for as long as a grant is on its way; then exactly one, the granter, has an unheard grant, whose
line proves who the custodian is, and answers for the target until it is heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

import msgspec

from patrol.audit.chain import Entry
from patrol.documents.transaction import Note
from radio_gateway.parsing.msgspec_decoders import json_decoder

BEGUN: Final = "begin custody"
GRANTED: Final = "grant custody"
TAKEN: Final = "take custody"
HEARD: Final = "hear custody taken"
ENDED: Final = "end custody"
ACTS: Final = (BEGUN, GRANTED, TAKEN, HEARD, ENDED)

_SUBJECT: Final = "case:"


class CustodyLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a journal about custody.

    Attributes:
        act: One of `ACTS`.
        case: The case's id.
        term: Its term.
        holder: Agency that has it from here on.
        agency: Agency that wrote the line.
        seq: Number of the line in its journal.
    """

    act: str
    case: str
    term: int
    holder: str
    agency: str = ""
    seq: int = 0


class CaseStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an agency's journal about a case, for people.

    Attributes:
        seq: Number of the line in the journal.
        at: When it was written, aware UTC.
        act: What was done: one of `ACTS`, or `step:` and what else was done about a hand-off.
        by: Who did it; empty for the watch itself.
        term: Term that it names.
        holder: Agency that has the target from here on; empty where that did not change.
        hand_off: Hand-off that it belongs to; empty for none.
    """

    seq: int
    at: datetime
    act: str
    by: str = ""
    term: int
    holder: str = ""
    hand_off: str = ""


class _CustodyDetail(msgspec.Struct):
    term: int
    holder: str = ""
    hand_off: str = ""


def subject_of(case: str) -> str:
    """Return the subject of a case's lines in the journal.

    >>> subject_of("c1")
    'case:c1'
    """
    return _SUBJECT + case


def step_of(entry: Entry) -> CaseStep:
    """Return a line about a case for people."""
    entry_detail = json_decoder(_CustodyDetail).decode(entry.detail)
    return CaseStep(
        seq=entry.seq,
        at=entry.at,
        act=entry.act,
        by=entry.actor,
        term=entry_detail.term,
        holder=entry_detail.holder,
        hand_off=entry_detail.hand_off,
    )


def note(
    act: str, *, case: str, term: int, holder: str, actor: str, agency: str, hand_off: str = ""
) -> Note:
    """Return a line for the journal.

    >>> note(BEGUN, case="c1", term=1, holder="la-hx", actor="kham", agency="la-hx").subject
    'case:c1'
    """
    detail: dict[str, object] = {"term": term, "holder": holder}
    if hand_off:
        detail["hand_off"] = hand_off
    return Note(act=act, actor=actor, agency=agency, subject=subject_of(case), detail=detail)


def line_of(entry: Entry) -> CustodyLine | None:
    """Return the custody step in a journal entry; None if it has none."""
    if entry.act not in ACTS or not entry.subject.startswith(_SUBJECT):
        return None
    entry_detail = json_decoder(_CustodyDetail).decode(entry.detail)
    return CustodyLine(
        act=entry.act,
        case=entry.subject.removeprefix(_SUBJECT),
        term=entry_detail.term,
        holder=entry_detail.holder,
        agency=entry.agency,
        seq=entry.seq,
    )


class Ledger:
    """The custody steps of one journal; it takes the entries in their order."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._newest: dict[str, CustodyLine] = {}
        self._unheard: dict[str, int] = {}
        self._ended: set[str] = set()
        self.lines: list[CustodyLine] = []
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        """Read on."""
        for entry in entries:
            line = line_of(entry)
            if line is None:
                continue
            self.lines.append(line)
            known = self._newest.get(line.case)
            if known is None or line.term >= known.term:
                self._newest[line.case] = line
            if line.act == GRANTED:
                self._unheard[line.case] = line.term
            elif line.act == HEARD and self._unheard.get(line.case) == line.term:
                del self._unheard[line.case]
            elif line.act == ENDED:
                self._ended.add(line.case)

    @property
    def cases(self) -> AbstractSet[str]:
        """Every case that it names."""
        return self._newest.keys()

    def newest(self, case: str) -> CustodyLine | None:
        """Return the line of the highest term; None if the journal has none of the case."""
        return self._newest.get(case)

    def answers(self, case: str) -> bool:
        """Return whether it granted the case, by its newest term, and has not heard of it."""
        newest = self._newest.get(case)
        return newest is not None and self._unheard.get(case) == newest.term

    def ended(self, case: str) -> bool:
        """Return whether the case was closed by who had it."""
        return case in self._ended


class CustodyState(msgspec.Struct, frozen=True, kw_only=True):
    """Custody of one case by the journals of several nodes.

    Attributes:
        custodian: Agency that has it; empty if no journal names the case.
        term: By which term.
        believing: Nodes whose own journal says that an agency of theirs has it.
        answering: Nodes that granted it and have not heard that it was taken.
    """

    custodian: str
    term: int
    believing: tuple[str, ...]
    answering: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether there is one custodian, and somebody who acts: never two, never none."""
        if not self.custodian or len(self.believing) > 1:
            return False
        return bool(self.believing) or len(self.answering) == 1


def standing(
    case: str, ledgers: Mapping[str, Ledger], homes: Mapping[str, AbstractSet[str]]
) -> CustodyState:
    """Return the state of custody of a case.

    Args:
        case: The case's id.
        ledgers: What each node's journal says, by node.
        homes: Agencies of each node, by node.
    """
    newest = [line for each in ledgers.values() if (line := each.newest(case)) is not None]
    last = max(newest, key=lambda line: line.term, default=None)
    return CustodyState(
        custodian="" if last is None else last.holder,
        term=0 if last is None else last.term,
        believing=tuple(
            node
            for node, ledger in ledgers.items()
            if (line := ledger.newest(case)) is not None and line.holder in homes[node]
        ),
        answering=tuple(node for node, each in ledgers.items() if each.answers(case)),
    )


def contradictions(lines: Iterable[CustodyLine]) -> list[str]:
    """Return the contradictions between journals about a case; none in sound ones.

    Lines of one term must name one holder, every term but the first must begin with a grant by who
    held the one before, and nobody but the holder may end a case.

    Args:
        lines: Of all journals, in any order.
    """
    found: list[str] = []
    by_case: dict[str, list[CustodyLine]] = {}
    for line in lines:
        by_case.setdefault(line.case, []).append(line)
    for case, some in by_case.items():
        holder: str | None = None
        for term in sorted({line.term for line in some}):
            now = [line for line in some if line.term == term]
            names = {line.holder for line in now}
            if len(names) > 1:
                found.append(f"{case}: term {term} names {', '.join(sorted(names))}")
            found += [
                f"{case}: {line.agency} did {line.act} at term {term} without it"
                for line in now
                if line.act in (GRANTED, ENDED) and line.agency != holder
            ]
            acts = {line.act for line in now}
            if not acts & ({BEGUN} if holder is None else {GRANTED, ENDED}):
                found.append(f"{case}: term {term} comes from nowhere")
            holder = now[0].holder
    return found
