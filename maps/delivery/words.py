"""Words: what a message says to people, in a mail, a notification or over a radio.

What radios and people wrote (call signs, places) is made one line and cut before it goes into any
of them: nothing of it can become a header, a second message or a terminal's escape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from maps.delivery.messages import Message, Told

LONGEST_RADIO_TEXT: Final = 67
"""Characters of a message in APRS, the shortest that a radio of ours takes."""

MOST_LINES: Final = 50
"""Alerts that a mail lists; of further ones it says how many there are."""

_LONGEST_WORD: Final = 100
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shelved_returned": "shelved, condition gone",
        "returned_unacknowledged": "condition gone, not acknowledged",
        "returned_acknowledged": "condition gone, acknowledged",
        "settled": "resolved while its condition is there",
        "withdrawn": "withdrawn: it never was so",
    }
)


def one_line(text: str, longest: int = _LONGEST_WORD) -> str:
    r"""Return text as one printable line.

    >>> one_line("Boat 3\r\nBcc: all@x.example"), one_line("x" * 9, 5)
    ('Boat 3 Bcc: all@x.example', 'xxxx…')
    """
    clean = " ".join(_UNPRINTABLE.sub(" ", text).split())
    # Python's own headers decode what looks like an encoded word (RFC 2047), line ends and all.
    clean = clean.replace("=?", "= ?")
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def what(told: Told) -> str:
    """Return what an alert is about: severity, rule and call sign."""
    alert = told.alert
    rule = one_line(alert.rule.replace("_", " "))
    name = one_line(told.call_sign)
    severity = alert.severity.upper()
    head = severity if rule.upper() == severity else f"{severity} {rule}"
    return f"{head}: {name}" if name else head


def where(told: Told) -> str:
    """Return where it is: river address and coordinates; empty if that is not told."""
    alert = told.alert
    words = [one_line(alert.place)] if alert.place else []
    if alert.lon is not None and alert.lat is not None:
        words.append(f"{alert.lat:.5f}, {alert.lon:.5f}")
    return "; ".join(words)


def when(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time in local time and in UTC.

    >>> from datetime import UTC
    >>> when(datetime(2026, 11, 24, 20, 30, tzinfo=UTC), ZoneInfo("Asia/Vientiane"))
    '25 Nov 2026 03:30 +07 (20:30 UTC)'
    """
    local = moment.astimezone(zone)
    return f"{local:%d %b %Y %H:%M %Z} ({moment:%H:%M} UTC)"


def state(told: Told) -> str:
    """Return how it stands now."""
    alert = told.alert
    words = _STATES.get(alert.state, alert.state)
    return f"{words}, escalated to stage {alert.level}" if alert.level else words


def subject(message: Message, node: str) -> str:
    """Return the title of a message."""
    if message.is_test:
        return f"[{one_line(node)}] Test: alerts reach you this way"
    first = what(message.told[0])
    if message.count == 1:
        return f"[{one_line(node)}] {first}"
    return f"[{one_line(node)}] {message.count} alerts, first {first}"


def text(message: Message, *, node: str, zone: ZoneInfo, link: str | None) -> str:
    """Return a message as plain text of a mail."""
    lines: list[str] = []
    if message.is_test:
        lines += [
            "This is a test: alerts reach you this way.",
            "",
            f"Sent: {when(message.at, zone)}",
        ]
    elif message.count == 1:
        lines += _whole(message.told[0], zone, link)
    else:
        lines += [f"{message.count} alerts, worst first:", ""]
        for each in message.told[:MOST_LINES]:
            place = where(each)
            lines.append(
                f"- {what(each)}{f', {place}' if place else ''},"
                f" since {when(each.alert.raised_at, zone)}; {state(each)}"
            )
        more = message.count - min(MOST_LINES, len(message.told))
        lines += [f"- and {more} more"] if more else []
        lines += ["", f"Page: {link}/"] if link else []
    lines += ["", f"{one_line(node)}, for {one_line(message.agency)}"]
    return "\n".join(lines) + "\n"


def short(message: Message, zone: ZoneInfo) -> str:
    """Return a message as the few words under a notification's title."""
    if message.is_test:
        return f"Sent {when(message.at, zone)}"
    if message.count > 1:
        return "; ".join(what(each) for each in message.told[:5])
    told = message.told[0]
    parts = [where(told), f"since {when(told.alert.raised_at, zone)}", state(told)]
    return "\n".join(part for part in parts if part)


def radio_text(message: Message, zone: ZoneInfo, longest: int = LONGEST_RADIO_TEXT) -> str:
    """Return a message as words to a radio: ASCII, and short enough for any."""
    if message.is_test:
        words = "TEST of alerts by radio"
    else:
        told = message.told[0]
        local = told.alert.raised_at.astimezone(zone)
        head = f"{what(told)} {local:%H:%M}L"
        head = f"{message.count} ALERTS {head}" if message.count > 1 else head
        place = one_line(told.alert.place)
        if not place and told.alert.lat is not None and told.alert.lon is not None:
            place = f"{told.alert.lat:.4f} {told.alert.lon:.4f}"
        words = f"{head} {place}" if place else head
    plain = words.encode("ascii", "replace").decode()
    # APRS keeps these three for itself.
    return re.sub(r"[|~{]", "-", plain)[:longest].rstrip()


def _whole(told: Told, zone: ZoneInfo, link: str | None) -> list[str]:
    alert = told.alert
    about = one_line(told.call_sign)
    place = where(told)
    named = [
        ("Alert", f"{alert.severity.upper()} {one_line(alert.rule.replace('_', ' '))}"),
        ("Unit", about),
        ("Where", place),
        ("Since", when(alert.raised_at, zone)),
        ("State", state(told)),
        ("Agency", one_line(alert.agency)),
        ("Page", f"{link}/?alert={alert.id}" if link else ""),
    ]
    return [f"{name + ':':<8}{words}" for name, words in named if words]
