"""What parties do with an agreement: each act takes a version and returns the next one. Pure.

Nothing changes its state but `patrol.agreements.agreement.LIFECYCLE`. The windows of event time
follow from the acts alone: they open with the last signature or the last resumption, all of them
but lifelines that it does not name close with any suspension, and signing changed terms begins anew
without those of the old terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final

import msgspec

from patrol.agreements.agreement import LIFECYCLE, Agreement, Consent, PartySignature, Terms, Window
from patrol.documents.document import new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.signatures.key_signature import KeySignature
from patrol.signatures.officer_act import ActName, OfficerAct, terms_digest
from patrol.units.data_classes import LIFELINES, DataClass

MOST_WINDOWS: Final = 4000
"""Stretches that one agreement keeps; of more, it must be signed anew."""


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
    act: ActName,
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
    return OfficerAct(
        act=act,
        agreement=agreement.id,
        agencies=agreement.agencies,
        agency=agency,
        terms_sha256=terms_digest(agreement.terms if terms is None else terms),
        terms_version=agreement.terms_version,
        office=office,
        reason=reason,
        withheld_lifelines=_agreed_classes(agreement, also),
        start=None if backfill is None else backfill.start,
        end=None if backfill is None else backfill.end,
        classes=() if backfill is None else backfill.classes,
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
    _check(terms, at)
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
    _check(terms, at)
    if terms == agreement.terms:
        raise Conflict("these are its terms already")
    _check_key(who, officer_act(agreement, "change", who.agency, terms=terms, reason=reason))
    return _after(
        agreement,
        "change",
        at=at,
        who=who,
        key=who.key,
        terms=terms,
        terms_version=agreement.version + 1,
        signatures=(),
        consents=(),
        windows=(),
        reason=reason,
    )


def propose(agreement: Agreement, *, at: datetime, who: Party) -> Agreement:
    """Return a draft put before the other parties.

    Raises:
        IllegalStep: If it is no draft.
        Conflict: If its time is over already.
    """
    _check(agreement.terms, at)
    return _after(agreement, "propose", at=at, who=who, proposed_at=at)


def sign(agreement: Agreement, *, at: datetime, who: Party, office: str = "") -> Agreement:
    """Return it signed by a party; in force with the last signature.

    Raises:
        IllegalStep: If it does not wait for signatures.
        Conflict: If the party signed it already, or its time is over.
    """
    LIFECYCLE.next_state(agreement.state, "sign")
    if who.agency not in agreement.unsigned:
        raise Conflict(f"{who.agency} has signed it already")
    _check(agreement.terms, at)
    _check_key(who, officer_act(agreement, "sign", who.agency, office=office))
    last = len(agreement.unsigned) == 1
    changes: dict[str, Any] = {
        "signatures": (
            *agreement.signatures,
            PartySignature(agency=who.agency, at=at, office=office, by=who.name, key=who.key),
        ),
        "consents": (
            *agreement.consents,
            Consent(agency=who.agency, is_given=True, at=at, by=who.name),
        ),
    }
    if last:
        changes["windows"] = _opened((), agreement, max(at, agreement.terms.valid_from))
    return _after(agreement, "sign last" if last else "sign", at=at, who=who, **changes)


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
    _check_key(who, officer_act(agreement, "suspend", who.agency, reason=reason, also=also))
    return _after(
        agreement,
        "suspend",
        at=at,
        who=who,
        consents=_with_consent(agreement, who, given=False, at=at, reason=reason, also=also),
        windows=_closed(agreement.windows, at, but=LIFELINES.difference(also)),
        reason=reason,
    )


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
    _check_key(who, officer_act(agreement, "resume", who.agency, reason=reason, backfill=backfill))
    others = [each for each in agreement.withheld if each.agency != who.agency]
    last = not others
    windows = agreement.windows
    if backfill is not None:
        windows = _backfilled(agreement, windows, backfill, at=at, who=who)
    closed = {each for other in others for each in other.withheld_lifelines}
    if not last:
        closed |= set(agreement.terms.classes) - LIFELINES
    opens = max(at, agreement.terms.valid_from)
    windows = (*windows, *_opened(windows, agreement, opens, but=closed))
    _bound(windows)
    return _after(
        agreement,
        "resume last" if last else "resume",
        at=at,
        who=who,
        consents=_with_consent(agreement, who, given=True, at=at, reason=reason),
        windows=windows,
        reason=reason,
    )


def backfill(
    agreement: Agreement, backfill: Backfill, *, at: datetime, who: Party, reason: str = ""
) -> Agreement:
    """Return it with a party's consent to a stretch of its own past.

    Raises:
        IllegalStep: If it is neither in force nor suspended.
        Conflict: If the stretch is none, not of the past, or of a class that is not in the terms.
    """
    LIFECYCLE.next_state(agreement.state, "backfill")
    _check_key(
        who, officer_act(agreement, "backfill", who.agency, reason=reason, backfill=backfill)
    )
    windows = _backfilled(agreement, agreement.windows, backfill, at=at, who=who)
    _bound(windows)
    return _after(
        agreement, "backfill", at=at, who=who, key=who.key, windows=windows, reason=reason
    )


def end(agreement: Agreement, *, at: datetime, who: Party, reason: str = "") -> Agreement:
    """Return it ended for good by a party.

    Raises:
        IllegalStep: If it is over already.
    """
    _check_key(who, officer_act(agreement, "end", who.agency, reason=reason))
    return _after(
        agreement,
        "end",
        at=at,
        who=who,
        key=who.key,
        windows=_closed(agreement.windows, at),
        ended_by=who.agency,
        reason=reason,
    )


def expire(agreement: Agreement, *, at: datetime) -> Agreement:
    """Return it expired: its time is over.

    Raises:
        IllegalStep: If it is over already.
        Conflict: If its time is not over.
    """
    LIFECYCLE.next_state(agreement.state, "expire")
    if at < agreement.terms.valid_until:
        raise Conflict("its time is not over")
    return _after(
        agreement,
        "expire",
        at=at,
        who=Party(agency=""),
        windows=_closed(agreement.windows, agreement.terms.valid_until),
        reason="its time is over",
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


def _after(
    agreement: Agreement,
    act: str,
    *,
    at: datetime,
    who: Party,
    key: KeySignature | None = None,
    **changes: Any,
) -> Agreement:
    state = LIFECYCLE.next_state(agreement.state, act)
    return revise(
        agreement, at=at, by=who.name, by_agency=who.agency, state=state, key=key, **changes
    )


def _check_key(who: Party, act: OfficerAct) -> None:
    """Refuse an act under which a key signed another: the agreement was changed meanwhile."""
    if who.key is not None and who.key.text != act.text:
        raise Conflict("it was changed since you signed: read it again", code="changed_meanwhile")


def _has_consented(agreement: Agreement, agency: str) -> bool:
    return any(each.agency == agency and each.is_given for each in agreement.consents)


def _with_consent(
    agreement: Agreement,
    who: Party,
    *,
    given: bool,
    at: datetime,
    reason: str,
    also: Sequence[DataClass] = (),
) -> tuple[Consent, ...]:
    word = Consent(
        agency=who.agency,
        is_given=given,
        at=at,
        reason=reason,
        by=who.name,
        withheld_lifelines=_agreed_classes(agreement, also),
        key=who.key,
    )
    return tuple(word if each.agency == who.agency else each for each in agreement.consents)


def _agreed_classes(agreement: Agreement, also: Sequence[DataClass]) -> tuple[DataClass, ...]:
    return tuple(each for each in agreement.terms.classes if each in also)


def _opened(
    windows: Iterable[Window],
    agreement: Agreement,
    start: datetime,
    *,
    but: AbstractSet[DataClass] = frozenset(),
) -> tuple[Window, ...]:
    """Return windows of all classes but these that begin then, where none is open."""
    open_ = {(each.agency, each.data_class) for each in windows if each.end is None}
    return tuple(
        Window(agency=agency, data_class=data_class, start=start)
        for agency in agreement.agencies
        for data_class in agreement.terms.classes
        if data_class not in but and (agency, data_class) not in open_
    )


def _closed(
    windows: Iterable[Window], end: datetime, *, but: AbstractSet[DataClass] = frozenset()
) -> tuple[Window, ...]:
    """Return the windows of all classes but these closed at `end`; those that would have begun
    later never were.
    """
    return tuple(
        each
        if each.end is not None or each.data_class in but
        else msgspec.structs.replace(each, end=end)
        for each in windows
        if each.end is not None or each.data_class in but or each.start < end
    )


def _backfilled(
    agreement: Agreement,
    windows: tuple[Window, ...],
    backfill: Backfill,
    *,
    at: datetime,
    who: Party,
) -> tuple[Window, ...]:
    if not backfill.classes:
        raise Conflict("a backfill names the data classes it is of")
    if not backfill.start < backfill.end:
        raise Conflict("a backfill begins before it ends")
    if backfill.end > at:
        raise Conflict("a backfill is of the past")
    for data_class in backfill.classes:
        if data_class not in agreement.terms.classes:
            raise Conflict(f"{data_class} are not in the terms")
    return (
        *windows,
        *(
            Window(
                agency=who.agency,
                data_class=data_class,
                start=backfill.start,
                end=backfill.end,
                backfill=True,
            )
            for data_class in dict.fromkeys(backfill.classes)
        ),
    )


def _bound(windows: Sequence[Window]) -> None:
    if len(windows) > MOST_WINDOWS:
        raise Conflict("it has been suspended and resumed too often: sign it anew")


def _check(terms: Terms, at: datetime) -> None:
    if not terms.classes:
        raise Conflict("it names no data class: nothing would cross")
    if not terms.valid_from < terms.valid_until:
        raise Conflict("it ends before it begins")
    if terms.valid_until <= at:
        raise Conflict("its time is over already")
    corridor = terms.corridor
    if corridor is not None and not corridor.rings:
        raise Conflict("its corridor has no area")
