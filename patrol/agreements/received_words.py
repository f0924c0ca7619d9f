"""Received words: what a word that another node sent makes of an agreement. Pure.

Everything in it is looked at as if a stranger had written it: what the pages bound is bounded here
again, since the other node may be of another version, or lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfoNotFoundError

import msgspec

from patrol.agreements.agreement import Agreement, Corridor, Hours, Terms
from patrol.agreements.agreement_status import agreement_status
from patrol.agreements.agreement_text import AgreementText, text_of
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.consent_lease import hidden_after_s
from patrol.agreements.corridors import MOST_POINTS
from patrol.agreements.lifecycle import MOST_WORDS, status_fields, status_of
from patrol.agreements.time_intervals import zone
from patrol.documents.document import revise
from patrol.errors.errors import Conflict
from patrol.signatures.officer_act import OfficerAct, terms_digest
from patrol.units.data_classes import DATA_CLASSES
from radio_gateway.messages.printable_text import hidden_in

INTRODUCING: Final = frozenset({"propose", "change"})
"""Acts that put a text before the parties."""

_CLOSING: Final = frozenset({"suspend", "end"})
_OF_VERSION: Final = frozenset({"change", "backfill", "end"})  # whose key stands on the version
_DAY_S: Final = 86_400


def receive(
    known: Agreement | None,
    word: AgreementWord,
    text: AgreementText | None,
    *,
    at: datetime,
    origin: str,
) -> Agreement | None:
    """Return the next version of an agreement with another node's word.

    Args:
        known: As it is here, over or not; None where there is no such agreement.
        word: Of one of the other node's agencies, which the caller made sure of.
        text: What the word puts before the parties; None of a word about a text that was before.
        at: Now, aware UTC.
        origin: The other node.

    Returns:
        None where the word changes nothing: it is known, or about a text that another replaced.

    Raises:
        Conflict: If it cannot be what it says; the reason names the field.
    """
    content = word.content
    fault = _word_fault(word) or _text_fault(content, text)
    if fault is not None:
        raise Conflict(fault)
    if known is None:
        if content.act != "propose" or text is None:
            raise Conflict(f"`content.agreement`: {content.agreement[:64]!r} is not known here")
        known = Agreement(
            id=text.agreement,
            agency=word.party,
            at=at,
            origin=origin,
            version=0,
            agencies=text.agencies,
            terms=text.terms,
            proposed_at=word.at,
        )
        return _next(known, word, at=at)
    if content.agencies != known.agencies:
        raise Conflict("`content.agencies` are others than the agreement's")
    if any((each.content, each.at) == (content, word.at) for each in known.words):
        return None
    texts = [text_of(known)] if text is None else [text_of(known), text]
    present = agreement_status(texts, (*known.words, word)).text
    if present != texts[0]:
        begun = msgspec.structs.replace(
            known,
            terms=present.terms,
            terms_version=known.version + 1,
            text_number=present.number,
            replaced_text=present.replaces,
            words=tuple(each for each in known.words if each.content.act == "end"),
            before_words=None,
        )
        return _next(begun, word, at=at)
    if content.act != "end" and content.text_sha256 != present.sha256:
        return None
    if len(known.words) >= MOST_WORDS and (
        content.act not in _CLOSING or len(known.words) >= 2 * MOST_WORDS
    ):
        raise Conflict(f"more than {MOST_WORDS} words about one text: sign it anew")
    return _next(known, word, at=at)


def _next(agreement: Agreement, word: AgreementWord, *, at: datetime) -> Agreement:
    spoken = msgspec.structs.replace(agreement, words=(*agreement.words, word))
    return revise(
        spoken,
        at=at,
        by="",
        by_agency=word.party,
        reason=word.content.reason,
        key=word.key if word.content.act in _OF_VERSION else None,
        **status_fields(status_of(spoken, over_at=at if agreement.state == "expired" else None)),
    )


def _word_fault(word: AgreementWord) -> str | None:
    content = word.content
    if content.agency not in content.agencies:
        return "`content.agency` is none of `content.agencies`"
    if not 1 <= content.counter <= 10**6:
        return "`content.counter` is none of 1 to 1000000"
    if word.by or (word.key is not None and word.key.label):
        return "`by` or `key.label` names an officer: that stays with the agency"
    if word.key is not None and word.key.text != content.text:
        return "`key.text` is another than `content`"
    moments = (("at", word.at), ("content.start", content.start), ("content.end", content.end))
    for name, moment in moments:
        if moment is not None and moment.tzinfo is None:
            return f"`{name}` has no offset"
    for name, line, most in (
        ("content.agreement", content.agreement, 64),
        ("content.office", content.office, 200),
        ("content.reason", content.reason, 1000),
    ):
        if len(line) > most or hidden_in(line):
            return f"`{name}` is longer than {most} characters, or hides some"
    return None


def _text_fault(content: OfficerAct, text: AgreementText | None) -> str | None:
    if (content.act in INTRODUCING) is (text is None):
        return "`text` comes with what puts it before the parties, and with nothing else"
    if text is None:
        return None
    if (text.agreement, text.agencies) != (content.agreement, content.agencies):
        return "`text` is of another agreement"
    if len(text.agencies) != len(set(text.agencies)):
        return "`text.agencies` names one twice"
    if text.sha256 != content.text_sha256 or terms_digest(text.terms) != content.terms_sha256:
        return "`text` is another than `content` names by its hash"
    if not 1 <= text.number <= 10**6 or (text.number == 1) is not (content.act == "propose"):
        return "`text.number` is none that this act can have"
    fault = next(_term_faults(text.terms, text.agencies), None)
    return None if fault is None else f"`text.terms.{fault[0]}` {fault[1]}"


def _term_faults(terms: Terms, agencies: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each field of terms that the pages would refuse, and why."""
    for moment in ("valid_from", "valid_until"):
        if getattr(terms, moment).tzinfo is None:
            yield moment, "has no offset"
            return
    if not terms.valid_from < terms.valid_until:
        yield "valid_until", "is not after `valid_from`"
    if not 1 <= len(set(terms.classes)) == len(terms.classes) <= len(DATA_CLASSES):
        yield "classes", "are none, or name one twice"
    lines = [("name", terms.name, 200), ("legal_basis", terms.legal_basis, 1000)]
    lines += [("purposes", each, 1000) for each in terms.purposes]
    lines += [("languages", each, 3) for each in (*terms.languages, terms.prevailing_language)]
    for each in terms.approvals:
        lines += [("approvals", each.authority, 200), ("approvals", each.number, 100)]
        lines += [("approvals", each.file_sha256, 64)]
        if each.agency not in agencies:
            yield "approvals", f"names {each.agency[:32]!r}, which is no party"
    for name, line, most in lines:
        if len(line) > most or hidden_in(line):
            yield name, f"is longer than {most} characters, or hides some"
    for name, items, most in (
        ("purposes", terms.purposes, 20),
        ("approvals", terms.approvals, 32),
        ("languages", terms.languages, 16),
    ):
        if len(items) > most:
            yield name, f"are more than {most}"
    for name, number, low, high in (
        ("precision_m", terms.precision_m, 0, 100_000),
        ("delay_s", terms.delay_s, 0, 7 * _DAY_S),
        ("answer_within_s", terms.answer_within_s, 10, _DAY_S),
        ("keep_days", 1 if terms.keep_days is None else terms.keep_days, 1, 3650),
        ("freshness_s", terms.freshness_s, 60, _DAY_S),
        ("hidden_after_s", hidden_after_s(terms), terms.freshness_s, 10 * _DAY_S),
    ):
        if not low <= number <= high:  # nor is it a number at all
            yield name, f"is none of {low} to {high}"
    if terms.hours is not None:
        yield from _hour_faults(terms.hours)
    if terms.corridor is not None:
        yield from _corridor_faults(terms.corridor)


def _hour_faults(hours: Hours) -> Iterator[tuple[str, str]]:
    try:
        zone(hours.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "hours.time_zone", "is no time zone"
    if not (0 <= hours.start < 1440 and 0 <= hours.end <= 1440):
        yield "hours", "are minutes of no day"
    if not 1 <= len(hours.days) <= 7:
        yield "hours.days", "are none"


def _corridor_faults(corridor: Corridor) -> Iterator[tuple[str, str]]:
    numbers = (corridor.km_from, corridor.km_to, corridor.from_river_m, corridor.from_border_m or 0)
    if len(corridor.river) > 100 or hidden_in(corridor.river):
        yield "corridor.river", "is no name of a river"
    if not all(isfinite(each) and 0 <= each <= 100_000 for each in numbers):
        yield "corridor", "has a number that is none"
    points = [point for ring in corridor.rings for point in ring]
    if not points or len(points) > MOST_POINTS or any(len(ring) < 4 for ring in corridor.rings):
        yield "corridor.rings", "are no area"
    if not all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in points):
        yield "corridor.rings", "are nowhere on Earth"
