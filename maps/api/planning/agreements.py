"""Agreements: what is shared with other agencies, on which terms, and what crosses now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from maps.accounts.sessions.access import CallerHere, DeskHere
from maps.api.planning.agreement_forms import (
    AGREEMENT,
    LEASE,
    OPEN,
    AgreementReason,
    AgreementResumption,
    ChangedTerms,
    NewAgreement,
    NewBackfill,
    NewSignature,
    Suspension,
)
from maps.api.planning.agreement_keys import key_under
from maps.api.responses.responses import answer, answers
from patrol.agreements.agreement import Agreement
from patrol.sharing.consent_leases import LeaseHealth
from patrol.sharing.decisions import OpenClass

router = APIRouter(prefix="/api/agreements", tags=["agreements"])


@router.get("", responses=answers(list[Agreement], [AGREEMENT], 403, 422))
async def list_agreements(
    desk: DeskHere,
    closed: Annotated[bool, Query(description="Also those that are over.")] = False,
) -> Response:
    """Return the agreements that the caller's agency is a party to, newest first.

    `consents` says who suspended one, when and why. Names of the others' officers are left out.
    """
    return answer(await desk.agreements.all(closed=closed))


@router.post(
    "", status_code=201, responses=answers(Agreement, AGREEMENT, 403, 409, 422, status=201)
)
async def draft_agreement(new: NewAgreement, desk: DeskHere) -> Response:
    """Draft an agreement; nobody else sees it until it is proposed.

    The area of its corridor is drawn from the river and border as they are known now, and stays.
    """
    made = await desk.agreements.draft(new.terms.as_terms(), tuple(new.agencies))
    return answer(made, status=201)


@router.get("/open", responses=answers(list[OpenClass], [OPEN], 403))
async def list_open_agreements(desk: DeskHere) -> Response:
    """Return for every counterpart and data class whether it crosses now, both ways, or why not."""
    return answer(desk.agreements.open())


@router.get("/leases", responses=answers(list[LeaseHealth], [LEASE], 403))
async def list_consent_leases(desk: DeskHere) -> Response:
    """Return until when live data of parties on other nodes are shown, if those say nothing more.

    Their nodes say again and again that they consent: `stale` since the last word is older than
    agreed (`freshness_s`), `hidden` since it is older than `hidden_after_s`.
    """
    return answer(desk.agreements.leases())


@router.get("/{agreement}", responses=answers(Agreement, AGREEMENT, 403, 404))
async def read_agreement(agreement: str, desk: DeskHere) -> Response:
    """Return one agreement, over or not."""
    return answer(await desk.agreements.one(agreement))


@router.get("/{agreement}/versions", responses=answers(list[Agreement], [AGREEMENT], 403, 404))
async def list_versions(agreement: str, desk: DeskHere) -> Response:
    """Return every version of an agreement since it was proposed, oldest first."""
    return answer(await desk.agreements.versions(agreement))


@router.put("/{agreement}/terms", responses=answers(Agreement, AGREEMENT, 403, 404, 409, 422))
async def change_terms(
    agreement: str, change: ChangedTerms, desk: DeskHere, caller: CallerHere, request: Request
) -> Response:
    """Change the terms. Once it was proposed all sign again; nothing crosses until they have."""
    what = await key_under(
        change.passkey, "change", agreement, desk=desk, caller=caller, request=request,
        terms=change.terms.as_terms(), reason=change.reason,
    )  # fmt: skip
    return answer(await desk.agreements.change(agreement, **what))


@router.post("/{agreement}/propose", responses=answers(Agreement, AGREEMENT, 403, 404, 409))
async def propose_agreement(agreement: str, desk: DeskHere) -> Response:
    """Put a draft before the other parties."""
    return answer(await desk.agreements.propose(agreement))


@router.post("/{agreement}/sign", responses=answers(Agreement, AGREEMENT, 403, 404, 409, 422))
async def sign_agreement(
    agreement: str, signature: NewSignature, desk: DeskHere, caller: CallerHere, request: Request
) -> Response:
    """Sign for the caller's agency; with the last signature it is in force."""
    what = await key_under(
        signature.passkey, "sign", agreement, desk=desk, caller=caller, request=request,
        office=signature.office,
    )  # fmt: skip
    return answer(await desk.agreements.sign(agreement, version=signature.version, **what))


@router.post("/{agreement}/suspend", responses=answers(Agreement, AGREEMENT, 403, 404, 409, 422))
async def suspend_agreement(
    agreement: str, why: Suspension, desk: DeskHere, caller: CallerHere, request: Request
) -> Response:
    """Withhold the caller's consent: once answered, nothing crosses, to or from anybody.

    `distress` and `duty_contact`, where the terms name them, go on crossing unless `also` names
    them. Any party may, alone and at once. The others are told who, when and why.
    """
    what = await key_under(
        why.passkey, "suspend", agreement, desk=desk, caller=caller, request=request,
        reason=why.reason, also=tuple(why.also),
    )  # fmt: skip
    return answer(await desk.agreements.suspend(agreement, **what))


@router.post("/{agreement}/resume", responses=answers(Agreement, AGREEMENT, 403, 404, 409, 422))
async def resume_agreement(
    agreement: str,
    resumed: AgreementResumption,
    desk: DeskHere,
    caller: CallerHere,
    request: Request,
) -> Response:
    """Give the caller's consent again; it is in force once no party withholds its own.

    What was made meanwhile never crosses, but for the caller's own records of `backfill`.
    """
    what = await key_under(
        resumed.passkey, "resume", agreement, desk=desk, caller=caller, request=request,
        reason=resumed.reason,
        backfill=None if resumed.backfill is None else resumed.backfill.as_backfill(),
    )  # fmt: skip
    return answer(await desk.agreements.resume(agreement, **what))


@router.post("/{agreement}/backfill", responses=answers(Agreement, AGREEMENT, 403, 404, 409, 422))
async def backfill_agreement(
    agreement: str, new: NewBackfill, desk: DeskHere, caller: CallerHere, request: Request
) -> Response:
    """Consent to a stretch of the past of the caller's own records: exactly that crosses."""
    what = await key_under(
        new.passkey, "backfill", agreement, desk=desk, caller=caller, request=request,
        reason=new.reason, backfill=new.backfill.as_backfill(),
    )  # fmt: skip
    return answer(await desk.agreements.backfill(agreement, **what))


@router.post("/{agreement}/end", responses=answers(Agreement, AGREEMENT, 403, 404, 409, 422))
async def end_agreement(
    agreement: str, why: AgreementReason, desk: DeskHere, caller: CallerHere, request: Request
) -> Response:
    """End an agreement for good; any party may. A draft is thrown away."""
    what = await key_under(
        why.passkey, "end", agreement, desk=desk, caller=caller, request=request,
        reason=why.reason,
    )  # fmt: skip
    return answer(await desk.agreements.end(agreement, **what))
