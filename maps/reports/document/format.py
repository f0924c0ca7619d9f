"""Format: how every report writes times, spans, agencies and numbers."""

from __future__ import annotations

from datetime import UTC, datetime

from gis.address.address import Address
from maps.language.wording import Wording
from maps.reports.document.document import number
from maps.reports.document.request import ReportRequest, Site


def span(words: Wording, start: datetime, end: datetime) -> str:
    """Return from when to when, in local time and in UTC.

    >>> from zoneinfo import ZoneInfo
    >>> words = Wording(zone=ZoneInfo("Asia/Vientiane"))
    >>> start = datetime(2026, 11, 24, 11, tzinfo=UTC)
    >>> print(span(words, start, datetime(2026, 11, 24, 23, tzinfo=UTC)))
    2026-11-24 18:00 +07 to 2026-11-25 06:00 +07
    2026-11-24 11:00 UTC to 2026-11-24 23:00 UTC
    """
    local = words.text("report.span", start=words.moment(start), end=words.moment(end))
    utc = words.text("report.span", start=in_utc(words, start), end=in_utc(words, end))
    return f"{local}\n{utc}"


def in_utc(words: Wording, moment: datetime) -> str:
    """Return day and time in UTC, in the reader's calendar."""
    plain = Wording(words.language, calendar=words.calendar)
    return f"{plain.day(moment)} {moment.astimezone(UTC):%H:%M} UTC"


def moment(words: Wording, at: datetime | None) -> str:
    """Return a local time with its offset; nothing for none."""
    return "" if at is None else words.moment(at)


def local_and_utc(words: Wording, at: datetime) -> str:
    """Return a moment in local time and, behind it, in UTC."""
    return f"{words.moment(at)} ({at.astimezone(UTC):%H:%M} UTC)"


def duration(words: Wording, seconds: float | None) -> str:
    """Return how long something took; nothing where that is not known.

    >>> duration(Wording(), 42), duration(Wording(), 754), duration(Wording(), 7500)
    ('42 s', '13 min', '2 h 5 min')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return words.text("age.seconds", number=round(max(seconds, 0)))
    minutes = round(seconds / 60)
    if minutes < 60:
        return words.text("age.minutes", number=minutes)
    return words.text("age.hours", h=minutes // 60, m=minutes % 60)


def agency(site: Site, id: str) -> str:
    """Return an agency's name; its id where this node does not know it."""
    found = site.agencies.get(id)
    return id if found is None else found.name


def country_of(site: Site, id: str) -> str | None:
    """Return an agency's side, ISO 3166-1 alpha-2; None for several or none."""
    found = site.agencies.get(id)
    return None if found is None else found.country


def country(words: Wording, code: str | None) -> str:
    """Return a country's name."""
    return words.text_if_any(f"country.{code or 'unknown'}") or str(code)


def km_span(words: Wording, low: float, high: float) -> str:
    """Return a stretch of river kilometres."""
    return words.text("report.km_span", low=number(low, 1), high=number(high, 1))


def coordinates(lon: float, lat: float) -> str:
    """Return a place in decimal degrees, latitude first as people write it."""
    return f"{lat:.5f}, {lon:.5f}"


def place(words: Wording, address: Address | None) -> str:
    """Return a river address in the reader's words; nothing where none is known."""
    if address is None or address.river is None or address.km is None:
        return ""
    if address.river == "Mekong":
        river = words.text("river.km", km=number(address.km, 1))
    else:
        river = words.text("river.other", name=address.river, km=number(address.km, 1))
    bank = words.text(f"bank.{address.bank or 'unsure'}")
    return f"{river}, {bank}"


def address_at(request: ReportRequest, lon: float | None, lat: float | None) -> str:
    """Return the river address of a place in the reader's words, else its coordinates."""
    if lon is None or lat is None:
        return ""
    [(_, found)] = request.site.land.describe([lon], [lat], [None])
    return place(request.words, found) or coordinates(lon, lat)


def made_line(request: ReportRequest, now: datetime) -> str:
    """Return when and where the report was made, with its time zone."""
    return request.words.text(
        "report.made",
        time=request.words.moment(now),
        utc=f"{now.astimezone(UTC):%H:%M}",
        node=request.site.node,
        zone=str(request.words.zone),
    )
