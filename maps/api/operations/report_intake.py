"""Report intake: reports of a crew's phone; positions and SOS calls first, then the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from msgspec.structs import replace

from gis.errors.errors import PositionError
from maps.accounts.sessions.access import Caller
from maps.api.operations.crew_forms import (
    AnyReport,
    BadReport,
    CheckInReport,
    IncidentReport,
    PatrolStep,
    PositionReport,
    SightingReport,
    SosCancelReport,
    SosReport,
    TextReadReport,
    TextReport,
    raw,
    read_report,
)
from maps.language.wording import words_of
from patrol.desks.desk import Desk
from patrol.desks.watch_room.crews import CrewDesk
from patrol.documents.transaction import PhoneReceipt
from patrol.errors.errors import (
    AlreadyTaken,
    Conflict,
    FieldKeyError,
    Forbidden,
    NoFieldKey,
    NotFound,
    StoreError,
)
from patrol.filing.crew_reports import transmission_of
from radio_gateway.clock.clock import utc_now
from radio_gateway.messages.transmission import Transmission

log = structlog.get_logger(__name__)

ONLY_REPORTS: Final = frozenset({"position", "sos", "sos_cancel"})
"""What a key may send that only reports."""


class RefusedReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A report that was refused; sending it again as it is will not help.

    Attributes:
        id: The report's id, as far as it could be read.
        error: Short fixed word.
        message: What is wrong, for people.
        field: Field at fault, where it is one.
    """

    id: str
    error: str
    message: str
    field: str | None = None


class ReportsOutcome(msgspec.Struct, frozen=True, kw_only=True, rename={"stored": "taken"}):
    """What became of the reports.

    Attributes:
        stored: Ids of those that are on disk now, or were before.
        refused: The others.
    """

    stored: list[str]
    refused: list[RefusedReport]


class _NoUnit(Conflict):
    """Who reports speaks for no unit, which nobody at the phone can mend."""


class _NoPhoto(Exception):
    """A report names a photo that has not come yet."""


class _Unstorable(Exception):
    """A report that the store can never take: sent again and again it would hold up all others."""


_WORDS: Final[Mapping[type[Exception], str]] = {
    BadReport: "bad_field",
    Forbidden: "forbidden",
    NotFound: "not_found",
    Conflict: "conflict",
    _NoUnit: "no_unit",
    PositionError: "bad_position",
    _NoPhoto: "photo_missing",
    _Unstorable: "unstorable",
    NoFieldKey: "no_field_key",
    FieldKeyError: "no_field_key",
}


class ReportIntake:
    """Takes the reports of one request.

    Args:
        desk: Of who sends them.
        crew: What that crew does.
        caller: Who sends them, and with what right.
    """

    def __init__(self, desk: Desk, crew: CrewDesk, caller: Caller) -> None:
        self._desk, self._crew, self._caller = desk, crew, caller
        self._now = utc_now()
        self._photos: Mapping[str, PhoneReceipt] = {}

    async def take(self, reports: Sequence[dict[str, Any]]) -> ReportsOutcome:
        """Take reports; what is named as taken is on disk when this returns.

        Raises:
            StoreError: If the store refuses now; what went through is known when it comes again.
        """
        took = ReportsOutcome(stored=[], refused=[])
        pending: list[tuple[AnyReport, dict[str, Any]]] = []
        known = await self._crew.receipts([_id(each) for each in reports])
        for each in reports:
            try:
                if _id(each) in known:
                    took.stored.append(_id(each))
                else:
                    pending.append((self._allowed(read_report(each)), each))
            except (BadReport, Forbidden) as error:
                took.refused.append(_refused(_id(each), error))
        self._photos = await self._crew.receipts(
            [
                f"photo:{photo}"
                for report, _ in pending
                if isinstance(report, IncidentReport | SightingReport)
                for photo in report.photos
            ]
        )
        receipts = await self._receive(pending, took)
        for report, _ in pending:
            if isinstance(report, PositionReport | SosReport | SosCancelReport | TextReport):
                continue
            receipt = self._crew.receipt_for(report.id, report.kind)
            try:
                receipts.append(replace(receipt, result_id=await self._do(report, receipt)))
            except AlreadyTaken:  # by another request, meanwhile
                pass
            except tuple(_WORDS) as error:
                took.refused.append(_refused(report.id, error))
                continue
            except StoreError as error:
                if error.transient:
                    raise
                log.error("crew_report_unstorable", id=report.id, fault=str(error))
                never = _Unstorable("the office cannot store it as it is")
                took.refused.append(_refused(report.id, never))
                continue
            took.stored.append(report.id)
        if receipts:
            await self._crew.note(receipts)
        return msgspec.structs.replace(took, stored=list(dict.fromkeys(took.stored)))

    # -- inside

    def _allowed(self, report: AnyReport) -> AnyReport:
        """Return a report that the caller's key or token may send.

        Raises:
            Forbidden: If it may only report positions and calls for help.
        """
        scopes = self._caller.scopes
        only_reports = scopes is not None and "write:patrols" not in scopes
        if only_reports and report.kind not in ONLY_REPORTS:
            raise Forbidden(f"send {report.kind}", "key that only reports")
        return report

    async def _receive(
        self, pending: Sequence[tuple[AnyReport, dict[str, Any]]], took: ReportsOutcome
    ) -> list[PhoneReceipt]:
        """Take in what a radio would say, all of it in one batch; return the receipts for it."""
        transmissions: list[Transmission] = []
        receipts = []
        for report, came in pending:
            try:
                transmission = self._transmission(report, raw(came))
            except BadReport as error:
                took.refused.append(_refused(report.id, error))
                continue
            if transmission is not None:
                transmissions.append(transmission)
                receipts.append(self._crew.receipt_for(report.id, report.kind))
        if transmissions:
            await self._crew.take(transmissions, source=self._caller.source)
            took.stored.extend(each.id for each in receipts)
        return receipts

    def _transmission(self, report: AnyReport, came: bytes) -> Transmission | None:
        """Return a report as a radio would say it; None for one that no radio says."""
        common: dict[str, Any] = {
            "id": report.id,
            "device": self._crew.device,
            "at": report.at,
            "heard_at": self._now,
            "raw": came,
        }
        match report:
            case PositionReport():
                return transmission_of(
                    "position",
                    position=report.position,
                    battery_pct=report.battery_pct,
                    **common,
                )
            case SosReport():
                return transmission_of(
                    "sos",
                    position=report.position,
                    battery_pct=report.battery_pct,
                    text=report.text or None,
                    **common,
                )
            case SosCancelReport():
                return transmission_of("sos_cancel", text=report.text or None, **common)
            case TextReport():
                return transmission_of("text", text=_words(report), phrase=report.phrase, **common)
        return None

    async def _do(self, report: AnyReport, receipt: PhoneReceipt) -> str:
        """Do what a report says that no radio says; return the id of what it made.

        Raises:
            PatrolError: If that cannot be.
        """
        match report:
            case CheckInReport():
                patrols = self._desk.patrols
                patrols.receipt = receipt
                # No later than now: the phone's clock may be ahead by a little.
                at = min(report.at, self._now)
                await patrols.check_in(report.patrol, unit=self._own_unit(), at=at)
            case PatrolStep():
                patrols = self._desk.patrols
                patrols.receipt = receipt
                if report.kind == "patrol_start":
                    await patrols.start(report.patrol)
                else:
                    await patrols.end(report.patrol, reason=report.note)
            case TextReadReport():
                await self._crew.read_text(report.text_id)
            case IncidentReport():
                details = report.as_details() | {"photos": self._hashes(report.photos)}
                for name in ("kind", "at", "id"):
                    details.pop(name, None)
                incidents = self._desk.incidents
                incidents.receipt = receipt
                return (await incidents.log(id=report.id, **details)).id
            case SightingReport():
                return await self._note_sighting(report, receipt)
        return ""

    async def _note_sighting(self, report: SightingReport, receipt: PhoneReceipt) -> str:
        targets, photos = self._desk.targets, self._hashes(report.photos)
        sighting = report.sighting.sighting(min(report.at, self._now))
        if sighting.unit is None:
            sighting = replace(sighting, unit=self._crew.unit)
        if report.target is not None:
            for each in photos:  # again without harm: a target has each once
                await targets.add_photo(report.target, each)
            targets.receipt = receipt
            note = report.sighting.private_note
            return (await targets.add_sighting(report.target, sighting, private_note=note)).id
        if report.what is None or not report.name:
            raise BadReport("a new target needs what it is and a name", "name")
        details = report.model_dump(
            include={"description", "patrol", "informants", "witnesses", "private_note"}
        )
        targets.receipt = receipt
        made = await targets.open(
            what=report.what,
            name=report.name,
            sighting=sighting,
            sighting_note=report.sighting.private_note,
            unit=report.unit or self._crew.unit,
            photos=photos,
            **details,
        )
        return made.id

    def _own_unit(self) -> str:
        unit = self._crew.unit
        if unit is None:
            raise _NoUnit("this phone speaks for no unit")
        return unit

    def _hashes(self, ids: Sequence[str]) -> tuple[str, ...]:
        missing = [each for each in ids if f"photo:{each}" not in self._photos]
        if missing:
            raise _NoPhoto(f"photo {missing[0]} has not come: send it first")
        return tuple(dict.fromkeys(self._photos[f"photo:{each}"].result_id for each in ids))


def _words(report: TextReport) -> str:
    """Return the words of a text; those of a phrase in English, for who has no page."""
    if report.phrase is not None:
        words = words_of("en").get(f"phrase.{report.phrase}")
        if words is None:
            raise BadReport(f"no phrase {report.phrase!r}", "phrase")
        return words
    if not (report.text or "").strip():
        raise BadReport("a text needs words or a phrase", "text")
    return report.text or ""


def _id(report: Mapping[str, Any]) -> str:
    id = report.get("id")
    return id[:64] if isinstance(id, str) else ""


def _refused(id: str, error: Exception) -> RefusedReport:
    slug = next(_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS)
    return RefusedReport(id=id, error=slug, message=str(error), field=getattr(error, "field", None))
