"""Signatures under agreements, proved again from the stored versions alone.

Of each act that an officer's own key signed (`patrol.signatures`) it is asked whether that key
signed this text, at the office's name and after finger, face or PIN, and whether the text says what
the version says: this agreement, these terms, this party, reason and stretch. What stands on a
session alone is counted apart: nothing but the journal proves it.

Of a version that has words it is also asked whether its state, signatures, consents and windows are
what the words come to. Drafts have none, nor have versions from before words were kept: there
the signatures stand beside what they are of.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from maps.accounts.credentials.assertion import assertion_json, check_assertion
from maps.accounts.credentials.passkeys import GOOD_FOR, issued_at
from maps.errors.errors import SignInRefused
from patrol.agreements.agreement import Agreement, Consent, PartySignature
from patrol.agreements.agreement_text import text_of
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.lifecycle import officer_act, status_of
from patrol.documents.document import kind_of
from patrol.signatures.key_signature import KeySignature
from patrol.signatures.officer_act import ActName, OfficerAct, challenge_of, terms_digest
from patrol.store.records import documents
from radio_gateway.parsing.msgspec_decoders import json_decoder

_WAIT: Final = timedelta(minutes=2)  # an act may wait so long for its turn


class SignatureProof(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of the signatures under agreements.

    Attributes:
        by_key: Acts that an officer's own key signed, all of which were proved but `faults`.
        by_session: Signatures, suspensions, resumptions and ends that stand on a session alone.
        faults: What is wrong, in words that name the agreement, its version and the party.
    """

    by_key: int
    by_session: int
    faults: tuple[str, ...]


def prove_signatures(connection: Connection) -> SignatureProof:
    """Read every version of every agreement and prove the signatures under it."""
    keys, sessions, faults = 0, 0, list[str]()
    counted: set[tuple[str, ActName, str, datetime]] = set()
    for version in documents.all_versions(connection, kind_of(Agreement)):
        if not isinstance(version, Agreement):
            continue
        where = f"agreement {version.id} version {version.version}"
        if version.words and not _is_what_words_say(version):
            faults.append(f"{where}: it is not what the parties' words come to")
        for act, agency, at, key in _acts(version):
            one = (version.id, act, agency, at)
            if one not in counted:  # it stands in each version after that, too
                counted.add(one)
                keys, sessions = keys + (key is not None), sessions + (key is None)
            if key is None:
                continue
            fault = signature_fault(version, act, agency, at, key)
            if fault is not None:
                faults.append(f"{where}: {act} of {agency}: {fault}")
    return SignatureProof(by_key=keys, by_session=sessions, faults=tuple(faults))


def _is_what_words_say(version: Agreement) -> bool:
    status = status_of(version, over_at=version.at if version.state == "expired" else None)
    return all(
        getattr(version, name) == getattr(status, name)
        for name in ("state", "signatures", "consents", "windows", "ended_by")
    )


def signature_fault(
    version: Agreement, act: ActName, agency: str, at: datetime, key: KeySignature
) -> str | None:
    """Return what is wrong with a key's signature in a version of an agreement; None if nothing.

    Args:
        version: Where it stands.
        act: What the version says was done.
        agency: By which party.
        at: When, aware UTC.
        key: The signature.
    """
    fault = _assertion_fault(key, at)
    if fault is not None:
        return fault
    act_signed = json_decoder(OfficerAct).decode(key.text)
    if version.words:
        is_recorded = any(
            (each.content, each.at) == (act_signed, at) and _is_about(each.content, version)
            for each in version.words
        )
    else:
        is_recorded = act_signed == _recorded(version, act, agency, act_signed)
    return None if is_recorded else f"the key signed something else: {key.text}"


def word_key_fault(word: AgreementWord) -> str | None:
    """Return what is wrong with the signature of a word's key; None if nothing, or it has none."""
    if word.key is None:
        return None
    if word.key.text != word.content.text:
        return "the key signed something else"
    return _assertion_fault(word.key, word.at)


def _assertion_fault(key: KeySignature, at: datetime) -> str | None:
    """Return why a key did not sign its text at a moment; None if it did."""
    try:
        check_assertion(
            assertion_json(
                credential=key.credential,
                client_data=key.client_data,
                authenticator_data=key.authenticator_data,
                signature=key.signature,
            ),
            challenge=challenge_of(key.text, key.nonce),
            rp_id=key.rp_id,
            origin=key.origin,
            public_key=key.public_key,
        )
        json_decoder(OfficerAct).decode(key.text)
        age = at - issued_at(key.nonce)
    except (SignInRefused, ValueError) as error:
        return str(error)
    if not timedelta() <= age <= GOOD_FOR + _WAIT:
        return "it was asked for at another time"
    return None


def _is_about(content: OfficerAct, version: Agreement) -> bool:
    if (content.agreement, content.agencies) != (version.id, version.agencies):
        return False
    if content.act == "end":
        return True  # of the agreement, whatever text it names
    text = text_of(version)
    return (content.text_sha256, content.terms_sha256) == (text.sha256, terms_digest(text.terms))


def _acts(version: Agreement) -> Iterator[tuple[ActName, str, datetime, KeySignature | None]]:
    """Yield the acts that made a version, or none where it is one that nobody signs."""
    if version.words:
        for each in version.words:
            if each.content.act != "propose":
                yield each.content.act, each.party, each.at, each.key
        return
    signature: PartySignature
    for signature in version.signatures:
        if signature.at == version.at or signature.key is not None:
            yield "sign", signature.agency, signature.at, signature.key
    word: Consent
    for word in version.consents:
        if any(word.at == each.at for each in version.signatures):
            continue  # the consent of a signature
        if word.at == version.at or word.key is not None:
            yield ("resume" if word.is_given else "suspend"), word.agency, word.at, word.key
    if version.key is not None or version.ended_by:
        yield _own_act(version), version.by_agency, version.at, version.key


def _own_act(version: Agreement) -> ActName:
    if version.ended_by:
        return "end"
    return "change" if version.terms_version == version.version else "backfill"


def _recorded(version: Agreement, act: ActName, agency: str, signed: OfficerAct) -> OfficerAct:
    """Return the act as the version tells it; what it does not tell, as it was signed."""
    office, reason, also = "", version.reason, signed.withheld_lifelines
    if act == "sign":
        office = next((each.office for each in version.signatures if each.agency == agency), "")
        reason = ""
    elif act in ("suspend", "resume"):
        word = next(each for each in version.consents if each.agency == agency)
        reason, also = word.reason, word.withheld_lifelines
    recorded = officer_act(version, act, agency, office=office, reason=reason, also=also)
    found = msgspec.structs.replace(
        recorded,
        text_sha256=recorded.text_sha256 if signed.text_sha256 else "",
        counter=signed.counter,
        terms_version=signed.terms_version if act == "change" else version.terms_version,
    )
    opened = any(
        (each.agency, each.start, each.end, each.backfill)
        == (agency, signed.start, signed.end, True)
        for each in version.windows
    )
    if act in ("resume", "backfill") and opened:
        return msgspec.structs.replace(
            found, start=signed.start, end=signed.end, classes=signed.classes
        )
    return found
