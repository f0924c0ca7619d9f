"""What parties do with an agreement: each act takes a version and returns the next one. Pure.

Whether an act may be done says `patrol.agreements.agreement.LIFECYCLE`; what it changes follows
from the party's word alone, which is added to those that are there
(`patrol.agreements.agreement_status`).
The windows of event time open with the last signature or the last resumption, all of them but
lifelines that it does not name close with any suspension, and signing changed terms begins anew
without those of the old terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from patrol.agreements.agreement import LIFECYCLE, Agreement, EarlierConsents, Terms
from patrol.agreements.agreement_status import AgreementStatus, agreement_status
from patrol.agreements.agreement_text import text_after, text_of
from patrol.agreements.agreement_word import AgreementWord
from patrol.documents.document import new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.signatures.key_signature import KeySignature
from patrol.signatures.officer_act import ActName, OfficerAct, terms_digest
from patrol.units.data_classes import LIFELINES, DataClass

MOST_WINDOWS: Final = 4000
"""Stretches that one agreement keeps; of more, it must be signed anew."""

MOST_WORDS: Final = 1000
"""Words about one text; of more, it must be signed anew. It may be suspended and ended always."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, and for which party.

    Attributes:
        agency: The party.
        name: The user's name; empty for the watch itself.
        key: The signature of the officer's own key under the act; None: of none.
    """

    agency: str
    name: str = ""
    key: KeySignature | None = None


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the past that a party consents to, afterwards.

    Attributes:
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC; not after the present.
        classes: Of which classes.
    """

    start: datetime
    end: datetime
    classes: tuple[DataClass, ...]


def officer_act(
    agreement: Agreement,
    act: ActName | Literal["propose"],
    agency: str,
    *,
    terms: Terms | None = None,
    office: str = "",
    reason: str = "",
    also: Sequence[DataClass] = (),
    backfill: Backfill | None = None,
) -> OfficerAct:
    """Return an act of a party as it is signed with an officer's own key.

    Args:
        agreement: As it is before the act.
        act: What is done.
        agency: The party that acts.
        terms: New ones, of a change.
        office: In which office, of a signature.
        reason: Why.
        also: Lifelines that a suspension withholds too.
        backfill: Stretch of the past that is opened.
    """
    text = text_of(agreement) if terms is None else text_after(agreement, terms)
    is_new = text.number != agreement.text_number  # its words are counted anew
    return OfficerAct(
        act=act,
        agreement=agreement.id,
        agencies=agreement.agencies,
        agency=agency,
        terms_sha256=terms_digest(text.terms),
        terms_version=agreement.terms_version,
        office=office,
        reason=reason,
        withheld_lifelines=_agreed_classes(agreement, also),
        start=None if backfill is None else backfill.start,
        end=None if backfill is None else backfill.end,
        classes=() if backfill is None else backfill.classes,
        text_sha256=text.sha256,
        counter=1 + (0 if is_new else sum(each.party == agency for each in agreement.words)),
    )


def draft(
    terms: Terms, agencies: Sequence[str], *, at: datetime, who: Party, origin: str
) -> Agreement:
    """Return a first version.

    Raises:
        Conflict: If there are not two parties, or the terms contradict themselves.
    """
    parties = tuple(dict.fromkeys(agencies))
    if len(parties) < 2:
        raise Conflict("an agreement has two parties at least")
    if who.agency not in parties:
        raise Conflict(f"{who.agency}, which drafts it, is none of its parties")
    _check(terms, parties, at)
    return Agreement(
        id=new_id(),
        agency=who.agency,
        at=at,
        by=who.name,
        by_agency=who.agency,
        origin=origin,
        agencies=parties,
        terms=terms,
    )


def change(
    agreement: Agreement, terms: Terms, *, at: datetime, who: Party, reason: str = ""
) -> Agreement:
    """Return it with other terms. Once it was proposed all must sign again, and nothing crosses
    until they have.

    Raises:
        IllegalStep: If it is over.
        Conflict: If the terms contradict themselves or are the same.
    """
    _check(terms, agreement.agencies, at)
    if terms == agreement.terms:
        raise Conflict("these are its terms already")
    content = officer_act(agreement, "change", who.agency, terms=terms, reason=reason)
    text = text_after(agreement, terms)
    changes: dict[str, Any] = {
        "terms": terms,
        "terms_version": agreement.version + 1,
        "text_number": text.number,
        "replaced_text": text.replaces,
    }
    if agreement.proposed_at is None:  # nobody else has read it: no word to anybody
        _check_step(agreement, who, content)
        return _revised(agreement, at=at, who=who, reason=reason, key=who.key, **changes)
    return _with_word(agreement, content, at=at, who=who, key=who.key, **changes)


def propose(agreement: Agreement, *, at: datetime, who: Party) -> Agreement:
    """Return a draft put before the other parties.

    Raises:
        IllegalStep: If it is no draft.
        Conflict: If its time is over already.
    """
    _check(agreement.terms, agreement.agencies, at)
    content = officer_act(agreement, "propose", who.agency)
    return _with_word(agreement, content, at=at, who=who, reason=agreement.reason, proposed_at=at)


def sign(agreement: Agreement, *, at: datetime, who: Party, office: str = "") -> Agreement:
    """Return it signed by a party; in force with the last signature.

    Raises:
        IllegalStep: If it does not wait for signatures.
        Conflict: If the party signed it already, or its time is over.
    """
    LIFECYCLE.next_state(agreement.state, "sign")
    if who.agency not in agreement.unsigned:
        raise Conflict(f"{who.agency} has signed it already")
    _check(agreement.terms, agreement.agencies, at)
    content = officer_act(agreement, "sign", who.agency, office=office)
    return _with_word(agreement, content, at=at, who=who, reason=agreement.reason)


def suspend(
    agreement: Agreement,
    *,
    at: datetime,
    who: Party,
    reason: str,
    also: Sequence[DataClass] = (),
) -> Agreement:
    """Return it without a party's consent: nothing crosses from `at` on, to or from anybody, but
    the lifelines that the terms name and `also` does not.

    Raises:
        IllegalStep: If it is not in force.
        Conflict: If the party withholds its consent already, or `also` names what is no lifeline.
    """
    LIFECYCLE.next_state(agreement.state, "suspend")
    if not _has_consented(agreement, who.agency):
        raise Conflict(f"{who.agency} withholds its consent already")
    if not LIFELINES.issuperset(also):
        raise Conflict(f"a suspension is of all but {' and '.join(sorted(LIFELINES))} anyhow")
    content = officer_act(agreement, "suspend", who.agency, reason=reason, also=also)
    return _with_word(agreement, content, at=at, who=who)


def resume(
    agreement: Agreement,
    *,
    at: datetime,
    who: Party,
    reason: str = "",
    backfill: Backfill | None = None,
) -> Agreement:
    """Return it with a party's consent again; in force once no other withholds its own.

    What was made meanwhile does not cross, but for the party's own records of `backfill`.

    Raises:
        IllegalStep: If it is not suspended.
        Conflict: If the party consents already, or the backfill is not of the past.
    """
    LIFECYCLE.next_state(agreement.state, "resume")
    if _has_consented(agreement, who.agency):
        by = ", ".join(each.agency for each in agreement.withheld)
        raise Conflict(f"{who.agency} consents already; suspended by {by}")
    content = officer_act(agreement, "resume", who.agency, reason=reason, backfill=backfill)
    if backfill is not None:
        _check_backfill(agreement, backfill, at)
    return _bounded(_with_word(agreement, content, at=at, who=who))


def backfill(
    agreement: Agreement, backfill: Backfill, *, at: datetime, who: Party, reason: str = ""
) -> Agreement:
    """Return it with a party's consent to a stretch of its own past.

    Raises:
        IllegalStep: If it is neither in force nor suspended.
        Conflict: If the stretch is none, not of the past, or of a class that is not in the terms.
    """
    LIFECYCLE.next_state(agreement.state, "backfill")
    content = officer_act(agreement, "backfill", who.agency, reason=reason, backfill=backfill)
    _check_backfill(agreement, backfill, at)
    return _bounded(_with_word(agreement, content, at=at, who=who, key=who.key))


def end(agreement: Agreement, *, at: datetime, who: Party, reason: str = "") -> Agreement:
    """Return it ended for good by a party.

    Raises:
        IllegalStep: If it is over already.
    """
    content = officer_act(agreement, "end", who.agency, reason=reason)
    return _with_word(agreement, content, at=at, who=who, key=who.key)


def expire(agreement: Agreement, *, at: datetime) -> Agreement:
    """Return it expired: its time is over.

    Raises:
        IllegalStep: If it is over already.
        Conflict: If its time is not over.
    """
    LIFECYCLE.next_state(agreement.state, "expire")
    if at < agreement.terms.valid_until:
        raise Conflict("its time is not over")
    over = _with_earlier(agreement)
    return _revised(
        over,
        at=at,
        who=Party(agency=""),
        reason="its time is over",
        before_words=over.before_words,
        **status_fields(status_of(over, over_at=at)),
    )


def time_is_over(open_documents: OpenDocuments, now: datetime) -> Filing:
    """Return the agreements whose time is over, expired; a duty of the document service's."""
    return Filing(
        documents=tuple(
            expire(each, at=now)
            for each in open_documents.all(Agreement)
            if each.terms.valid_until <= now
        ),
        act="expire agreement",
    )


def status_of(agreement: Agreement, *, over_at: datetime | None = None) -> AgreementStatus:
    """Return what the words of an agreement come to.

    Args:
        agreement: Any version of one whose words are kept.
        over_at: The present, if its time may be over by then; None: that is not asked.
    """
    return agreement_status(
        (text_of(agreement),), agreement.words, earlier=agreement.before_words, over_at=over_at
    )


def _with_word(
    agreement: Agreement,
    content: OfficerAct,
    *,
    at: datetime,
    who: Party,
    key: KeySignature | None = None,
    reason: str | None = None,
    **changes: Any,
) -> Agreement:
    """Return the next version, with a party's word and what follows from it."""
    _check_step(agreement, who, content)
    word = AgreementWord(content=content, at=at, by=who.name, key=who.key)
    if content.act == "change":  # words about another text say nothing about this one
        begun = msgspec.structs.replace(agreement, words=(), before_words=None, **changes)
    else:
        begun = msgspec.structs.replace(_with_earlier(agreement), **changes)
    spoken = msgspec.structs.replace(begun, words=(*begun.words, word))
    return _revised(
        spoken,
        at=at,
        who=who,
        reason=content.reason if reason is None else reason,
        key=key,
        **status_fields(status_of(spoken)),
    )


def _with_earlier(agreement: Agreement) -> Agreement:
    """Return an agreement that was proposed before words were kept as one that has words."""
    if agreement.proposed_at is None or agreement.words or agreement.before_words is not None:
        return agreement
    return msgspec.structs.replace(
        agreement,
        before_words=EarlierConsents(
            at=agreement.at,
            signatures=agreement.signatures,
            consents=agreement.consents,
            windows=agreement.windows,
        ),
    )


def status_fields(status: AgreementStatus) -> dict[str, Any]:
    return {
        "state": status.state,
        "signatures": status.signatures,
        "consents": status.consents,
        "windows": status.windows,
        "ended_by": status.ended_by,
    }


def _revised(
    agreement: Agreement,
    *,
    at: datetime,
    who: Party,
    key: KeySignature | None = None,
    **changes: Any,
) -> Agreement:
    return revise(agreement, at=at, by=who.name, by_agency=who.agency, key=key, **changes)


def _check_step(agreement: Agreement, who: Party, content: OfficerAct) -> None:
    """Refuse an act that may not be done now, or under which a key signed another: the agreement
    was changed meanwhile.
    """
    LIFECYCLE.next_state(agreement.state, content.act)
    if who.key is not None and who.key.text != content.text:
        raise Conflict("it was changed since you signed: read it again", code="changed_meanwhile")


def _has_consented(agreement: Agreement, agency: str) -> bool:
    return any(each.agency == agency and each.is_given for each in agreement.consents)


def _agreed_classes(agreement: Agreement, also: Sequence[DataClass]) -> tuple[DataClass, ...]:
    return tuple(each for each in agreement.terms.classes if each in also)


def _check_backfill(agreement: Agreement, backfill: Backfill, at: datetime) -> None:
    if not backfill.classes:
        raise Conflict("a backfill names the data classes it is of")
    if not backfill.start < backfill.end:
        raise Conflict("a backfill begins before it ends")
    if backfill.end > at:
        raise Conflict("a backfill is of the past")
    for data_class in backfill.classes:
        if data_class not in agreement.terms.classes:
            raise Conflict(f"{data_class} are not in the terms")


def _bounded(agreement: Agreement) -> Agreement:
    if len(agreement.windows) > MOST_WINDOWS or len(agreement.words) > MOST_WORDS:
        raise Conflict("it has been suspended and resumed too often: sign it anew")
    return agreement


def _check(terms: Terms, agencies: Sequence[str], at: datetime) -> None:
    if not terms.classes:
        raise Conflict("it names no data class: nothing would cross")
    if not terms.valid_from < terms.valid_until:
        raise Conflict("it ends before it begins")
    if terms.valid_until <= at:
        raise Conflict("its time is over already")
    corridor = terms.corridor
    if corridor is not None and not corridor.rings:
        raise Conflict("its corridor has no area")
    for approval in terms.approvals:
        if approval.agency not in agencies:
            raise Conflict(f"{approval.agency}, for which it is approved, is none of its parties")
