"""Event tables: alerts, incidents and hand-offs as every report lists and draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from maps.language.wording import Wording
from maps.reports.document import format as formats
from maps.reports.document.document import Cell, Column, Shape, Table, number
from maps.reports.document.request import ReportRequest
from maps.reports.records.records import HandOffOutcome, acknowledged_s, resolved_s
from patrol.alerts.alert import Alert
from patrol.documents.document import Document
from patrol.errors.errors import Forbidden, NotFound
from patrol.incidents.incident import Incident

_FINEST: Final = 9  # decimals of an amount


def alert_table(request: ReportRequest, alerts: Sequence[Alert], names: Mapping[str, str]) -> Table:
    """Return alerts with how long it took to know of each and to resolve it.

    Args:
        request: The report.
        alerts: Oldest first.
        names: What units are called, by id.
    """
    words = request.words
    rows: list[tuple[Cell, ...]] = [
        (
            words.moment(each.raised_at),
            rule(words, each.rule),
            words.text(f"report.severity.{each.severity}"),
            names.get(each.unit or "", "") or _call_sign(request, each.unit),
            formats.address_at(request, each.lon, each.lat),
            formats.duration(words, acknowledged_s(each)),
            formats.duration(words, resolved_s(each)),
            words.text(f"report.alert.{each.state}"),
        )
        for each in alerts
    ]
    heads = ("raised", "alert", "severity", "unit", "where", "acknowledged_after",
             "resolved_after", "state")  # fmt: skip
    return Table(
        columns=tuple(Column(words.text(f"report.{each}")) for each in heads),
        rows=tuple(rows),
        empty=words.text("report.no_alerts"),
    )


def incident_table(request: ReportRequest, incidents: Sequence[Incident]) -> Table:
    """Return incidents with what was seized."""
    words, site = request.words, request.site
    rows: list[tuple[Cell, ...]] = [
        (
            when(words, each),
            category(words, each.category),
            each.place_name or formats.address_at(request, each.lon, each.lat) or each.place,
            "\n".join(formats.agency(site, credit.agency) for credit in each.credited),
            "\n".join(seized(words, s.what, s.amount, s.unit, s.at_least) for s in each.seizures),
            sum(some.count for some in each.arrested),
            words.text(f"report.incident.{each.state}"),
        )
        for each in incidents
    ]
    columns = (
        Column(words.text("report.when")),
        Column(words.text("report.category")),
        Column(words.text("report.where")),
        Column(words.text("report.agencies")),
        Column(words.text("report.seized")),
        Column(words.text("report.arrested"), 0),
        Column(words.text("report.state")),
    )
    return Table(columns=columns, rows=tuple(rows), empty=words.text("report.no_incidents"))


def hand_off_table(
    request: ReportRequest, hand_offs: Sequence[HandOffOutcome], *, sheet: str = ""
) -> Table:
    """Return hand-offs with how long the other side took to answer.

    Args:
        request: The report.
        hand_offs: Oldest first.
        sheet: Short name of its sheet in a workbook; empty: its section's.
    """
    words, site = request.words, request.site
    rows: list[tuple[Cell, ...]] = [
        (
            words.moment(each.hand_off.offered_at),
            each.hand_off.name or words.text("report.a_target"),
            formats.agency(site, each.hand_off.agency),
            formats.agency(site, each.hand_off.to_agency),
            formats.address_at(request, each.hand_off.lon, each.hand_off.lat),
            words.text(f"report.answer.{each.answer}"),
            formats.duration(words, each.response_s),
        )
        for each in hand_offs
    ]
    heads = ("offered", "target", "from_agency", "to_agency", "where", "answer", "answered_after")
    return Table(
        columns=tuple(Column(words.text(f"report.{each}")) for each in heads),
        rows=tuple(rows),
        empty=words.text("report.no_hand_offs"),
        sheet=sheet,
    )


def shapes_of(
    request: ReportRequest,
    alerts: Sequence[Alert],
    incidents: Sequence[Incident],
    hand_offs: Sequence[HandOffOutcome],
) -> list[Shape]:
    """Return where these were."""
    words = request.words
    found: list[Shape] = []
    for each in hand_offs:
        made = each.hand_off
        label = words.text("report.hand_off_told", name=made.name or words.text("report.a_target"))
        found += _point(made, "target", f"{label} {words.clock(made.offered_at)}")
    for alert in alerts:
        label = f"{rule(words, alert.rule)} {words.clock(alert.raised_at)}"
        found += _point(alert, "alert", label)
    for incident in incidents:
        label = f"{category(words, incident.category)} {when(words, incident)}"
        found += _point(incident, "incident", label)
    return found


def rule(words: Wording, name: str) -> str:
    """Return what an alert's rule is called."""
    return words.text_if_any(f"rule.{name}") or name.replace("_", " ")


def category(words: Wording, name: str) -> str:
    """Return what a category of incidents is called."""
    return words.text(f"category.{name}")


def seized(words: Wording, what: str, amount: float, unit: str, at_least: bool) -> str:
    """Return what was seized and how much of it."""
    # As exactly as it was told: a third of a gram, told in kilograms, is not nothing.
    exact = (each for each in range(_FINEST) if amount == round(amount, each))
    text = number(amount, next(exact, _FINEST))
    key = "report.seized_at_least" if at_least else "report.seized_exactly"
    return words.text(key, what=what, amount=text, unit=words.text(f"report.amount.{unit}"))


def when(words: Wording, incident: Incident) -> str:
    """Return when something happened, as exactly as it is known."""
    if incident.precision == "minute":
        return words.moment(incident.happened_at)
    # A day, month or year is that of the calendar on the spot already.
    plain = Wording(words.language, calendar=words.calendar).day(incident.happened_at)
    return words.text(f"report.known_to.{incident.precision}", day=plain)


def _point(document: Document, style: str, label: str) -> list[Shape]:
    lon, lat = getattr(document, "lon", None), getattr(document, "lat", None)
    if lon is None or lat is None:
        return []
    return [Shape(form="point", style=style, lines=(((lon, lat),),), tooltip=label)]


def _call_sign(request: ReportRequest, unit: str | None) -> str:
    if unit is None:
        return ""
    try:
        return request.desk.visible.unit(unit).call_sign
    except (NotFound, Forbidden):
        return unit if ":" in unit else ""
