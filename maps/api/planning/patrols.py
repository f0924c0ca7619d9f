"""Patrols: planned, signed by each agency, run; what is in their way, and what they did."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from gis.tracks.coverage import Coverage
from gis.tracks.effort import Amount, Effort
from maps.accounts.sessions.access import DeskHere
from maps.api.planning.patrol_forms import (
    SECTOR,
    UNIT,
    AnnexForm,
    CheckInForm,
    NewPatrol,
    PatrolChange,
    PlanCheck,
    ReasonForm,
    SignatureForm,
)
from maps.api.responses.responses import SCHEMAS, answer, answers, described
from maps.api.responses.times import Moment
from maps.errors.errors import BadRequest
from maps.http.compressed_body import large_answer
from maps.surveys.coverage_and_effort import CoverageReport, EffortReport, Survey, UnitEffort
from maps.surveys.patrol_surveys import (
    PatrolCoverage,
    PatrolEffort,
    SectorCoverage,
    coverage_of,
    effort_of,
)
from patrol.desks.planning.patrols import MOST_PATROLS
from patrol.desks.planning.plan import PlanRefused
from patrol.patrols.patrol import Member, Patrol, PatrolState, Seal, Signature
from patrol.patrols.plan import PlanConflict

router = APIRouter(prefix="/api/patrols", tags=["patrols"])

_START: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_PATROL: Final = Patrol(
    id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    agency="la-hx",
    at=_START - timedelta(hours=3),
    origin="hx",
    version=3,
    by="somchai",
    by_agency="la-hx",
    name="Night watch",
    agencies=("la-hx", "th-ck"),
    lead="la-hx",
    starts_at=_START,
    ends_at=_START + timedelta(hours=6),
    state="proposed",
    members=(Member(unit=UNIT, agency="la-hx", crew=4),),
    sectors=(SECTOR,),
    check_in_interval_s=1800.0,
    signatures=(
        Signature(
            agency="la-hx",
            at=_START - timedelta(hours=3),
            revision=1,
            sha256="3f0a" * 16,
            by="somchai",
        ),
    ),
)
_SEAL: Final = Seal(revision=1, sha256="3f0a" * 16, unsigned=("th-ck",))
_CONFLICT: Final = PlanConflict(
    code="two_patrols",
    severity="error",
    words="Naga 1 is in patrol Day watch, which is ready, "
    "from 2026-11-24 12:00 UTC to 2026-11-24 13:00 UTC",
    unit=UNIT,
    other="7e9f1c2d3b4a0d9b7c1e5f3a4d2c8b6a",
    starts_at=_START,
    ends_at=_START + timedelta(hours=1),
)
_AMOUNTS: Final = Effort(
    km=41.7,
    hours=5.9,
    gap_hours=0.3,
    positions=2120,
    sides={"LA": Amount(km=3.1, hours=1.2), "unsure": Amount(km=38.6, hours=4.7)},
    unsure_between={"LA/TH": Amount(km=38.6, hours=4.7)},
)
_EFFORT: Final = PatrolEffort(
    patrol=_PATROL.id,
    by_agency={"la-hx": _AMOUNTS},
    report=EffortReport(
        start=_START,
        end=_START + timedelta(hours=6),
        units=[UnitEffort(unit=UNIT, call_sign="Naga 1", country="LA", effort=_AMOUNTS)],
        by_country={"LA": _AMOUNTS},
        total=_AMOUNTS,
    ),
    unseen=1,
)
_COVERAGE: Final = PatrolCoverage(
    patrol=_PATROL.id,
    sectors=[
        SectorCoverage(
            sector=SECTOR,
            name="Islands",
            side="la-hx",
            report=CoverageReport(
                start=_START,
                end=_START + timedelta(hours=6),
                radius_m=500.0,
                units=[UNIT],
                seen=Coverage(
                    whole=4.6,
                    seen=3.9,
                    share=0.85,
                    first=_START + timedelta(minutes=12),
                    last=_START + timedelta(hours=5),
                    seen_hours=2.2,
                    unit_hours=2.9,
                ),
            ),
        )
    ],
)


class PatrolRefused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why something cannot be done with a patrol.

    Attributes:
        error: Short fixed word for programs: `plan_conflicts`, or `conflict` for anything else.
        message: The same for people.
        field: Field at fault, where it is one.
        conflicts: All that is wrong with the plan, errors first.
    """

    error: str
    message: str
    field: str | None = None
    conflicts: tuple[PlanConflict, ...] = ()


_CONFLICTING: Final[dict[int | str, dict[str, Any]]] = {
    409: {
        "description": "The plan has errors, or the order contradicts what is so",
        "content": {
            "application/json": {
                "schema": {"$ref": SCHEMAS.format(name=described(PatrolRefused))},
                "example": msgspec.to_builtins(
                    PatrolRefused(
                        error="plan_conflicts",
                        message=_CONFLICT.words,
                        conflicts=(_CONFLICT,),
                    )
                ),
            }
        },
    }
}
_DONE: Final = answers(Patrol, _PATROL, 403, 404, 409)
_DONE_WITH_BODY: Final = answers(Patrol, _PATROL, 403, 404, 409, 422)


@router.get("", responses=answers(list[Patrol], [_PATROL], 403, 422))
async def list_patrols(
    desk: DeskHere,
    state: Annotated[PatrolState | None, Query(description="Only those in this state.")] = None,
) -> Response:
    """Return the patrols that are not over and that the caller may see, by their start."""
    return answer(desk.patrols.all(state=state))


@router.get("/past", responses=answers(list[Patrol], [_PATROL], 403, 422))
async def list_past_patrols(
    desk: DeskHere,
    start: Annotated[Moment, Query(examples=["2026-11-01T00:00:00Z"])],
    end: Annotated[Moment, Query(examples=["2026-12-01T00:00:00Z"])],
    limit: Annotated[int, Query(ge=1, le=MOST_PATROLS)] = 100,
) -> Response:
    """Return the patrols that ended or were cancelled from `start` to `end`, newest first."""
    return answer(await desk.patrols.past(since=start, until=end, limit=limit))


@router.post("", status_code=201, responses=answers(Patrol, _PATROL, 403, 409, 422, status=201))
async def draft_patrol(new: NewPatrol, desk: DeskHere) -> Response:
    """Draft a patrol of the caller's agency; nobody else sees it until it is proposed.

    `GET /api/patrols/{patrol}/conflicts` tells what is in its way.
    """
    return answer(await desk.patrols.draft(**new.content()), status=201)


@router.post("/check", responses=answers(list[PlanConflict], [_CONFLICT], 400, 403, 404, 422))
async def check_plan(plan: PlanCheck, desk: DeskHere) -> Response:
    """Return everything that would be wrong with a plan, before it is saved: nothing is kept.

    As `GET /api/patrols/{patrol}/conflicts` would say it afterwards. Without `patrol` it is of one
    that is to be drafted, and needs `starts_at` and `ends_at`.
    """
    content = plan.content()
    if plan.patrol is None:
        for name in ("starts_at", "ends_at"):
            if name not in content:
                raise BadRequest("is needed for a patrol that is not drafted yet", field=name)
    return answer(await desk.plans.check(content, id=plan.patrol))


@router.get("/{patrol}", responses=answers(Patrol, _PATROL, 403, 404))
async def read_patrol(patrol: str, desk: DeskHere) -> Response:
    """Return one patrol, over or not, as far as the caller may see it.

    The annexes and officers' names of other agencies are never in it; while it is suspended neither
    are their units, check-ins and signatures.
    """
    return answer(await desk.patrols.one(patrol))


@router.get("/{patrol}/versions", responses=answers(list[Patrol], [_PATROL], 403, 404))
async def list_versions(patrol: str, desk: DeskHere) -> Response:
    """Return every version of a patrol that the caller may see, oldest first."""
    return answer(await desk.patrols.versions(patrol))


@router.get("/{patrol}/seal", responses=answers(Seal, _SEAL, 403, 404))
async def read_seal(patrol: str, desk: DeskHere) -> Response:
    """Return what a signature stands for now: the content's revision and SHA-256, and who lacks.

    The SHA-256 is of the whole content, which every party that reads it out compares.
    """
    return answer(await desk.patrols.seal(patrol))


@router.get("/{patrol}/conflicts", responses=answers(list[PlanConflict], [_CONFLICT], 403, 404))
async def list_conflicts(patrol: str, desk: DeskHere) -> Response:
    """Return everything that is wrong with a plan now: who, when, where; errors first.

    Errors keep it from being proposed and signed, warnings do not. Each agency is told what it may
    know: a counterpart's own plans are looked at when that one signs.
    """
    return answer(await desk.plans.conflicts(patrol))


@router.patch("/{patrol}", responses=_DONE_WITH_BODY)
async def change_patrol(patrol: str, change: PatrolChange, desk: DeskHere) -> Response:
    """Change a plan before it is under way, by any of its agencies; every signature becomes void.

    With `revision`, it is refused with 409 when somebody else was faster.
    """
    done = desk.patrols.change(
        patrol, change.content(), revision=change.revision, reason=change.reason
    )
    return answer(await done)


@router.post("/{patrol}/propose", responses=answers(Patrol, _PATROL, 403, 404) | _CONFLICTING)
async def propose_patrol(patrol: str, desk: DeskHere) -> Response:
    """Show a draft to all its agencies for their signatures; refused while the plan has errors."""
    return await _planned(desk.patrols.propose(patrol))


@router.post("/{patrol}/sign", responses=answers(Patrol, _PATROL, 403, 404, 422) | _CONFLICTING)
async def sign_patrol(patrol: str, signing: SignatureForm, desk: DeskHere) -> Response:
    """Sign the content that was read, for the caller's agency; the last signature completes it.

    Refused while the plan has errors, as the caller's agency sees them.
    """
    return await _planned(desk.patrols.sign(patrol, revision=signing.revision))


@router.post("/{patrol}/withdraw", responses=_DONE_WITH_BODY)
async def withdraw_signature(patrol: str, why: ReasonForm, desk: DeskHere) -> Response:
    """Take the signature of the caller's agency back, before it is under way."""
    return answer(await desk.patrols.withdraw(patrol, reason=why.reason))


@router.put("/{patrol}/annex", responses=_DONE_WITH_BODY)
async def write_annex(patrol: str, annex: AnnexForm, desk: DeskHere) -> Response:
    """Write what the caller's agency keeps with a patrol for itself alone; empty takes it out."""
    return answer(await desk.patrols.write_annex(patrol, annex.text))


@router.post("/{patrol}/ready", responses=_DONE)
async def mark_patrol_ready(patrol: str, desk: DeskHere) -> Response:
    """Say that crews are briefed and boats are fit."""
    return answer(await desk.patrols.ready(patrol))


@router.post("/{patrol}/start", responses=_DONE)
async def start_patrol(patrol: str, desk: DeskHere) -> Response:
    """Begin a patrol that is ready."""
    return answer(await desk.patrols.start(patrol))


@router.post("/{patrol}/check-ins", responses=_DONE_WITH_BODY)
async def record_check_in(patrol: str, form: CheckInForm, desk: DeskHere) -> Response:
    """Note that a unit of the caller's agency said it is well."""
    return answer(await desk.patrols.check_in(patrol, unit=form.unit, note=form.note, at=form.at))


@router.post("/{patrol}/end", responses=_DONE_WITH_BODY)
async def end_patrol(patrol: str, why: ReasonForm, desk: DeskHere) -> Response:
    """End a patrol that is under way; any of its agencies may."""
    return answer(await desk.patrols.end(patrol, reason=why.reason))


@router.post("/{patrol}/cancel", responses=_DONE_WITH_BODY)
async def cancel_patrol(patrol: str, why: ReasonForm, desk: DeskHere) -> Response:
    """Call off a patrol of the caller's agency before it began."""
    return answer(await desk.patrols.cancel(patrol, reason=why.reason))


@router.get("/{patrol}/effort", responses=answers(PatrolEffort, _EFFORT, 400, 403, 404, 409))
async def read_effort(patrol: str, request: Request, desk: DeskHere) -> Response:
    """Return how far a patrol's units went and how long they were out, by agency and by side.

    From its start to its end, or until now. Of units whose tracks the caller may see; `unseen`
    counts the others. What the numbers mean: `GET /api/effort`.
    """
    survey: Survey = request.app.state.survey
    effort = await effort_of(survey, desk, await desk.patrols.one(patrol))
    return await large_answer(request, lambda: effort)


@router.get(
    "/{patrol}/coverage", responses=answers(PatrolCoverage, _COVERAGE, 400, 403, 404, 409, 422)
)
async def read_coverage(
    patrol: str,
    request: Request,
    desk: DeskHere,
    radius_m: Annotated[float, Query(ge=10, le=20_000, description="How far a unit sees.")] = 500.0,
) -> Response:
    """Return how much of its sectors a patrol saw, by each agency's units and by all together.

    From its start to its end, or until now. What the numbers mean: `GET /api/coverage`.
    """
    survey: Survey = request.app.state.survey
    known = await desk.patrols.one(patrol)
    coverage = await coverage_of(survey, desk, known, radius_m=radius_m)
    return await large_answer(request, lambda: coverage)


async def _planned(doing: Awaitable[Patrol]) -> Response:
    try:
        return answer(await doing)
    except PlanRefused as refused:
        refusal = PatrolRefused(
            error="plan_conflicts", message=str(refused), conflicts=refused.conflicts
        )
        return answer(refusal, status=409)
