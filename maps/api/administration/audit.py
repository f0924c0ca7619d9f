"""Audit: an agency's own lines of the journal, for its administrators and observers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import APIRouter, Query, Request, Response

from maps.accounts.credentials.qr import QrCode, qr_code
from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.api.responses.times import Moment
from maps.evidence.evidence_export import Notary
from maps.evidence.head_folder import HeadFolder
from maps.evidence.time_stamp import TimeStamp, TimeStampService
from patrol.audit.signed_head import FORMAT, SignedHead, signed_head
from patrol.desks.incidents.audit import MOST_LINES, JournalLine, JournalPage
from patrol.errors.errors import AuditError

router = APIRouter(prefix="/api/audit", tags=["audit"])

_log = structlog.get_logger(__name__)


class SignedEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's end, signed, to be kept where nobody reaches it who reaches the store.

    Attributes:
        head: The signed head; a file with it as JSON is what `audit verify --head` takes.
        qr: The same as a QR code, to be printed or photographed.
        in_folder: Whether it was put into the folder of heads; None: the node has none.
        time_stamp: When a service of the site says that it was there, and who signed that.
        is_stamp_late: There is such a service, and it has not answered yet; it is asked again.
    """

    head: SignedHead
    qr: QrCode
    in_folder: bool | None
    time_stamp: TimeStamp | None = None
    is_stamp_late: bool = False


_PAGE = JournalPage(
    lines=(
        JournalLine(
            seq=4711,
            at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
            act="change unit",
            actor="somchai",
            agency="la-hx",
            subject="unit:9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
            detail={"call_sign": "Naga 2"},
            origin="hx",
            previous="3684f62c1627a6bd0e16027f09924a2fe13e60e5a0912f3dce0e69c91677eb57",
            hash="f12b4688aec49ee2cc4bae4acb5e6c9328c6e4606fec98dede2dc900437dcbfd",
        ),
    ),
    before=4711,
)


@router.get("", responses=answers(JournalPage, _PAGE, 403, 422))
async def read_journal(
    desk: DeskHere,
    before: Annotated[
        int | None, Query(ge=1, le=2**62, description="Only lines with smaller numbers.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 100,
    since: Annotated[Moment | None, Query(description="Written then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Written before then.")] = None,
    act: Annotated[str | None, Query(max_length=100, description="Only this act.")] = None,
    actor: Annotated[str | None, Query(max_length=100, description="Only by this user.")] = None,
    subject: Annotated[
        str | None,
        Query(
            max_length=300,
            description="Only on this, `kind:id`; `kind:` for all of a kind.",
            examples=["unit:"],
        ),
    ] = None,
) -> Response:
    """Return lines of the journal on behalf of the caller's agency, newest first.

    Administrators and observers only. `before` of the answer is what to ask for next; it is absent
    at the beginning of the journal. Other agencies' lines stand in between and are never answered.
    """
    page = await desk.audit.page(
        before=before,
        limit=limit,
        since=since,
        until=until,
        act=act,
        actor=actor,
        subject=subject,
    )
    return answer(page)


_END: Final = SignedEnd(
    head=SignedHead(
        format=FORMAT,
        node="hx",
        seq=4711,
        hash="f12b4688aec49ee2cc4bae4acb5e6c9328c6e4606fec98dede2dc900437dcbfd",
        signed_at="2026-11-24T02:30:00.000000Z",
        public_key="4Zk1pY3U0rTYuTSV0Vv5PSlX3zSgNmZ8mYg2XHkxqvM=",
        signature="kx0c…==",
    ),
    qr=QrCode(svg="<svg/>", png="data:image/png;base64,"),
    in_folder=True,
    time_stamp=TimeStamp(at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC), by="CN=Ministry clock"),
)


@router.post("/head", responses=answers(SignedEnd, _END, 403, 503))
async def sign_head(request: Request, desk: DeskHere) -> Response:
    """Sign the journal's end now, of all agencies of this node, and return it with its QR code.

    Administrators and observers only. It goes into the folder of heads too, where the node has one,
    and gets a time stamp there, where the site has a service for that (RFC 3161); the journal notes
    that it was signed.
    """
    notary: Notary = request.app.state.notary
    folder: HeadFolder | None = request.app.state.head_folder
    seq, last = await desk.audit.end()
    key = await asyncio.to_thread(notary.key)
    now = datetime.now(UTC)
    head = signed_head(key, node=notary.node, seq=seq, last=last, at=now)
    in_folder: bool | None = None
    stamp: TimeStamp | None = None
    is_late = False
    if folder is not None:
        try:
            file = await asyncio.to_thread(folder.put_more, head, now)
            in_folder = True
            stamp, is_late = await asyncio.to_thread(
                _stamped, folder, file, request.app.state.time_stamps
            )
        except OSError as error:
            _log.warning("a head is not in its folder", fault=error.strerror)
            in_folder = False
    await desk.audit.note("sign head of the journal", subject="journal:head", detail={"seq": seq})
    code = qr_code(msgspec.json.encode(head).decode())
    signed = SignedEnd(
        head=head, qr=code, in_folder=in_folder, time_stamp=stamp, is_stamp_late=is_late
    )
    return answer(signed)


def _stamped(
    folder: HeadFolder, file: Path, service: Callable[[], TimeStampService] | None
) -> tuple[TimeStamp | None, bool]:
    """Return a head's time stamp, and whether it has none though there is a service."""
    if service is None:
        return None, False
    try:
        return folder.stamp(file, service()), False
    except (AuditError, OSError) as error:
        _log.warning("a head of the journal has no time stamp yet", fault=str(error))
        return None, True
