"""Agreement status: what the words of an agreement's parties come to, in any order. Pure.

Each party's words count in its own order (`counter`), and no order between parties is needed: a
party's signature, suspensions and resumptions make stretches of event time in which it consents,
and a window is open where those of all parties overlap. So two nodes that know the same words see
the same, and of words that were said at the same time on both sides the one that closes wins.

Where one of a party's words is missing, or two bear one number, only words that close count from
there on: what opens waits until it is whole. A word about a text that is not there waits for it;
an end is the end of the agreement, whatever text it names.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

import msgspec

from patrol.agreements.agreement import (
    AgreementState,
    Consent,
    EarlierConsents,
    PartySignature,
    Window,
)
from patrol.agreements.agreement_text import AgreementText
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.time_intervals import Stretch, common, joined
from patrol.signatures.officer_act import OfficerAct
from patrol.units.data_classes import LIFELINES, DataClass

_CLOSING: Final = frozenset({"suspend", "end"})
_INTRODUCING: Final = frozenset({"propose", "change"})
_FOREVER: Final = datetime.max.replace(tzinfo=UTC)


class AgreementStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an agreement stands.

    Attributes:
        text: The present text.
        state: Where it is in its life.
        signatures: Of the present text, oldest first.
        consents: The last word of each party that signed, in the same order.
        windows: What each party lets cross, by class and event time.
        ended_by: Party that ended it; empty while none has.
    """

    text: AgreementText
    state: AgreementState
    signatures: tuple[PartySignature, ...] = ()
    consents: tuple[Consent, ...] = ()
    windows: tuple[Window, ...] = ()
    ended_by: str = ""


def agreement_status(
    texts: Iterable[AgreementText],
    words: Iterable[AgreementWord],
    *,
    earlier: EarlierConsents | None = None,
    over_at: datetime | None = None,
) -> AgreementStatus:
    """Return how an agreement stands; the same for any order and repetition of texts and words.

    Args:
        texts: All of one agreement that are known, one at least.
        words: All that are known.
        earlier: How the text stood when its words began to be kept.
        over_at: The present, if its time may be over by then; None: that is not asked.
    """
    said = _without_repetition(words)
    digest, text = _present(texts, said)
    about = [each for each in said if each.content.text_sha256 == digest]
    parties = {each: _Party(each, text, about, earlier) for each in text.agencies}
    signatures = sorted(
        (each.signature for each in parties.values() if each.signature is not None),
        key=lambda each: (each.at, each.agency),
    )
    consents = [parties[each.agency].consent for each in signatures]
    ends = [each for each in said if each.content.act == "end" and each.party in parties]
    is_signed = len(signatures) == len(parties)
    is_over = over_at is not None and text.terms.valid_until <= over_at
    state: AgreementState
    if ends:
        state = "ended"
    elif is_over:
        state = "expired"
    elif earlier is None and not any(each.content.act in _INTRODUCING for each in about):
        state = "draft"
    elif not is_signed:
        state = "proposed"
    else:
        state = "active" if all(each.is_given for each in consents) else "suspended"
    windows: list[Window] = []
    if is_signed:
        until = ends[0].at if ends else text.terms.valid_until if is_over else _FOREVER
        windows += () if earlier is None else _closed(earlier.windows, earlier.at)
        windows += _opened(text, parties.values(), until)
        windows += (window for each in parties.values() for window in each.backfills)
    return AgreementStatus(
        text=text,
        state=state,
        signatures=tuple(signatures),
        consents=tuple(consents),
        windows=tuple(windows),
        ended_by=ends[0].party if ends else "",
    )


class _Party:
    """What one party's words about a text come to."""

    def __init__(
        self,
        agency: str,
        text: AgreementText,
        about: Iterable[AgreementWord],
        earlier: EarlierConsents | None,
    ) -> None:
        self._agency, self._classes = agency, text.terms.classes
        self.signature: PartySignature | None = None
        self.consent = Consent(agency=agency, is_given=False, at=_FOREVER)
        self.backfills: list[Window] = []
        self._turns: list[Consent] = []
        if earlier is not None:
            self._begin(earlier)
        own = sorted((each for each in about if each.party == agency), key=_counter)
        due, is_whole = 1, True
        for counter, group in groupby(own, key=_counter):
            words = list(group)
            is_whole &= counter == due and len(words) == 1
            due += 1
            for word in words:
                if is_whole or word.content.act in _CLOSING:
                    self._hear(word)

    def stretches(self, data_class: DataClass) -> list[Stretch]:
        """Return when it lets a class cross, as far as it alone decides."""
        found: list[Stretch] = []
        start: datetime | None = None
        for turn in self._turns:
            if turn.is_given:
                start = turn.at if start is None else start
            elif start is not None and (
                data_class not in LIFELINES or data_class in turn.withheld_lifelines
            ):
                found.append((start, turn.at))
                start = None
        if start is not None:
            found.append((start, _FOREVER))
        return joined(found)

    def _begin(self, earlier: EarlierConsents) -> None:
        for signature in earlier.signatures:
            if signature.agency == self._agency:
                self.signature = signature
        for consent in earlier.consents:
            if consent.agency == self._agency:
                self.consent = consent
                now = msgspec.structs.replace(consent, at=earlier.at)
                self._turns = [msgspec.structs.replace(now, is_given=True), now]

    def _hear(self, word: AgreementWord) -> None:
        content = word.content
        if content.act == "sign" and self.signature is None:
            self.signature = PartySignature(
                agency=self._agency, at=word.at, office=content.office, by=word.by, key=word.key
            )
            self._turn(Consent(agency=self._agency, is_given=True, at=word.at, by=word.by))
        elif self.signature is None:
            return  # it says nothing about a text that it has not signed
        elif content.act in ("suspend", "resume"):
            is_given = content.act == "resume"
            if is_given is not self.consent.is_given:
                self._turn(
                    Consent(
                        agency=self._agency,
                        is_given=is_given,
                        at=word.at,
                        reason=content.reason,
                        by=word.by,
                        withheld_lifelines=content.withheld_lifelines,
                        key=word.key,
                    )
                )
                self._open_past(word)
        elif content.act == "backfill":
            self._open_past(word)

    def _turn(self, consent: Consent) -> None:
        self.consent = consent
        self._turns.append(consent)

    def _open_past(self, word: AgreementWord) -> None:
        start, end = word.content.start, word.content.end
        if start is None or end is None or not start < end <= word.at:
            return  # a stretch of the past and no other
        self.backfills += (
            Window(agency=self._agency, data_class=each, start=start, end=end, backfill=True)
            for each in dict.fromkeys(word.content.classes)
            if each in self._classes
        )


def _counter(word: AgreementWord) -> int:
    return word.content.counter


def _without_repetition(words: Iterable[AgreementWord]) -> list[AgreementWord]:
    """Return each word once, with its key where one copy has it, in an order of their own."""
    found: dict[tuple[OfficerAct, datetime], AgreementWord] = {}
    for word in sorted(words, key=_completeness):
        found[word.content, word.at] = word
    return sorted(found.values(), key=_order)


def _completeness(word: AgreementWord) -> tuple[bytes, str]:
    return (b"" if word.key is None else word.key.signature, word.by)


def _order(word: AgreementWord) -> tuple[datetime, str, int, str]:
    return (word.at, word.party, word.content.counter, word.content.text)


def _present(
    texts: Iterable[AgreementText], said: Iterable[AgreementWord]
) -> tuple[str, AgreementText]:
    """Return the newest text that was put before the parties, with its hash; of two that replace
    the same one that of the first party by id. Where none was, the draft.
    """
    by: dict[str, str] = {}
    for word in said:
        if word.content.act in _INTRODUCING:
            digest = word.content.text_sha256
            by[digest] = min(word.party, by.get(digest, word.party))
    known = {each.sha256: each for each in texts}
    found = [each for each in known.items() if each[0] in by] or known.items()
    return min(found, key=lambda each: (-each[1].number, by.get(each[0], ""), each[0]))


def _closed(windows: Iterable[Window], end: datetime) -> list[Window]:
    """Return windows that end then, at the latest; those that would have begun later never were."""
    return [
        msgspec.structs.replace(each, end=min(each.end or end, end))
        for each in windows
        if each.start < end
    ]


def _opened(text: AgreementText, parties: Iterable[_Party], until: datetime) -> list[Window]:
    """Return the windows that all parties' consents open together, up to a moment."""
    valid_from = text.terms.valid_from
    found: list[tuple[datetime, datetime | None, DataClass]] = []
    for data_class in text.terms.classes:
        open_: list[Stretch] = [(valid_from, until)] if valid_from < until else []
        for party in parties:
            open_ = common(open_, party.stretches(data_class))
        found += ((start, None if end == _FOREVER else end, data_class) for start, end in open_)
    return [
        Window(agency=agency, data_class=data_class, start=start, end=end)
        for start, end, data_class in sorted(found, key=lambda each: each[0])
        for agency in text.agencies
    ]
