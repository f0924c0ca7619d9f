"""Words: what a message says to people, in a mail, a notification or over a radio.

They are the reader's: language, calendar and local time are the `Wording`'s. What radios and people
wrote (call signs, places) is made one line and cut before it goes into any of them: nothing of it
can become a header, a second message or a terminal's escape.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from maps.language.place_words import place_words, short_place_words
from maps.language.wording import Wording
from maps.notifications.text.messages import Notification, VisibleAlert
from patrol.alarms.rules.no_go import unseen_until
from patrol.alerts.alert import Alert
from patrol.units.accounts import User
from radio_gateway.messages.printable_text import cleaned

LONGEST_RADIO_TEXT: Final = 67
"""Characters of a message in APRS, the shortest that a radio of ours takes."""

MOST_LINES: Final = 50
"""Alerts that a mail lists; of further ones it says how many there are."""

MOST_TITLES: Final = 5
"""Alerts that a notification names."""

_BETWEEN: Final = " · "
_LONGEST_WORD: Final = 100
_IN_ASCII: Final = str.maketrans({"\u202f": " ", "\u00b7": ",", "\u00b1": "+-"})


def wording_of(user: User, zone: ZoneInfo) -> Wording:
    """Return in whose words a message to a user is written; English where none were chosen."""
    return Wording(user.language or "en", calendar=user.calendar, zone=zone)


def one_line(text: str, longest: int = _LONGEST_WORD) -> str:
    r"""Return text as one printable line.

    >>> one_line("Boat 3\r\nBcc: all@x.example"), one_line("x" * 9, 5)
    ('Boat 3 Bcc: all@x.example', 'xxxx…')
    """
    clean = " ".join(cleaned(text, " ").split())
    # Python's own headers decode what looks like an encoded word (RFC 2047), line ends and all.
    clean = clean.replace("=?", "= ?")
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def rule_words(alert: Alert, wording: Wording) -> str:
    """Return what an alert's rule says, with its names where it tells them; its name if unknown."""
    facts = {name: one_line(str(value)) for name, value in alert.facts.items()}
    if "country" in facts:
        country = facts["country"]
        facts["country"] = wording.text_if_any(f"country.{country}") or country
    until = unseen_until(alert)
    if until is not None:
        facts |= {"after": wording.clock(alert.raised_at), "before": wording.clock(until)}
    return (
        wording.text_if_complete(f"rule.{alert.rule}.told", **facts)
        or wording.text_if_any(f"rule.{alert.rule}")
        or one_line(alert.rule.replace("_", " "))
    )


def subject_text(visible: VisibleAlert, wording: Wording) -> str:
    """Return what an alert is about: severity, call sign and rule."""
    alert = visible.alert
    name = one_line(visible.call_sign)
    severity = wording.text(f"letter.severity.{alert.severity}")
    if alert.rule == alert.severity:
        return wording.text("letter.sos_unit", name=name) if name else severity
    rule = rule_words(alert, wording)
    if not name:
        return wording.text("letter.what", severity=severity, rule=rule)
    return wording.text("letter.what_unit", severity=severity, name=name, rule=rule)


def place_text(visible: VisibleAlert, wording: Wording) -> str:
    """Return where it is: river address and coordinates; empty if that is not told."""
    alert = visible.alert
    words = [] if visible.address is None else place_words(visible.address, wording)
    if not words and alert.place:
        words = [one_line(alert.place)]
    if alert.lon is not None and alert.lat is not None:
        words.append(f"{alert.lat:.5f}, {alert.lon:.5f}")
    return _BETWEEN.join(words)


def when(moment: datetime, wording: Wording) -> str:
    """Return a time in local time and in UTC.

    >>> from datetime import UTC
    >>> vientiane = Wording("en", zone=ZoneInfo("Asia/Vientiane"))
    >>> when(datetime(2026, 11, 24, 20, 30, tzinfo=UTC), vientiane)
    '2026-11-25 03:30 +07 (20:30 UTC)'
    """
    utc = f"{moment.astimezone(UTC):%H:%M}"
    return wording.text("letter.when", local=wording.moment(moment), utc=utc)


def state_text(visible: VisibleAlert, wording: Wording) -> str:
    """Return how it stands now."""
    alert = visible.alert
    values = {"name": one_line(alert.acknowledged_by)} if alert.acknowledged_by else {}
    for name, moment in (
        ("time", alert.acknowledged_at),
        ("until", alert.shelved_until),
        ("gone", alert.returned_at),
    ):
        if moment is not None:
            values[name] = wording.moment(moment)
    # What does not cross to another agency (who, until when) is not told to it.
    return (
        wording.text_if_complete(f"alert.state.{alert.state}", **values)
        or wording.text_if_complete(f"alert.state.{alert.state}_there", **values)
        or wording.text(f"letter.state.{alert.state}")
    )


def title(message: Notification, wording: Wording) -> str:
    """Return what a message is about, in one line."""
    if message.is_test:
        return wording.text("letter.subject_test")
    if message.ended:
        return wording.text("letter.subject_ended")
    if message.account:
        return wording.text("letter.subject_account")
    first = subject_text(message.alerts[0], wording)
    if message.count == 1:
        return first
    return wording.text("letter.subject_many", n=message.count, what=first)


def subject(message: Notification, wording: Wording, *, node: str) -> str:
    """Return the same after the node's name."""
    return f"[{one_line(node)}] {title(message, wording)}"


def text(message: Notification, wording: Wording, *, node: str, link: str | None) -> str:
    """Return a message as plain text of a mail.

    Args:
        message: What it tells.
        wording: Its reader's.
        node: Name of this node for people.
        link: How people open the page, without a slash at its end; None: it says nothing of it.
    """
    lines: list[str] = []
    if message.is_test:
        sent = _line("sent", when(message.at, wording), wording)
        lines += [wording.text("letter.test"), "", sent]
    elif message.count == 1:
        lines += _full_text(message.alerts[0], wording, link)
    else:
        lines += [wording.text("letter.many", n=message.count), ""]
        for each in message.alerts[:MOST_LINES]:
            since = wording.text("alert.since", time=when(each.alert.raised_at, wording))
            parts = [
                subject_text(each, wording),
                place_text(each, wording),
                since,
                state_text(each, wording),
            ]
            lines.append("- " + _BETWEEN.join(part for part in parts if part))
        more = message.count - min(MOST_LINES, len(message.alerts))
        lines += ["- " + wording.text("letter.more", n=more)] if more else []
        lines += ["", _line("page", f"{link}/", wording)] if link else []
    lines += [
        "",
        wording.text("letter.from", node=one_line(node), agency=one_line(message.agency)),
    ]
    return "\n".join(lines) + "\n"


def short(message: Notification, wording: Wording) -> str:
    """Return a message as the few words under a notification's title."""
    if message.is_test:
        return _line("sent", when(message.at, wording), wording)
    if message.ended:
        return wording.text("letter.ended")
    if message.account:
        return wording.text("letter.account")
    if message.count > 1:
        return "\n".join(subject_text(each, wording) for each in message.alerts[:MOST_TITLES])
    alert = message.alerts[0]
    since = wording.text("alert.since", time=when(alert.alert.raised_at, wording))
    return "\n".join(
        part for part in (place_text(alert, wording), since, state_text(alert, wording)) if part
    )


def radio_text(
    message: Notification,
    wording: Wording,
    longest: int = LONGEST_RADIO_TEXT,
    *,
    ascii_only: bool = True,
) -> str:
    """Return a message as words to a radio, short enough for it.

    Args:
        message: What it tells.
        wording: Its reader's.
        longest: Most characters.
        ascii_only: The radio shows no other letters: it is told in English.
    """
    if ascii_only and wording.language != "en":
        wording = Wording("en", calendar=wording.calendar, zone=wording.zone)
    words = wording.text("letter.radio_test") if message.is_test else _to_radio(message, wording)
    if ascii_only:
        words = words.translate(_IN_ASCII).encode("ascii", "replace").decode()
    # APRS keeps these three for itself.
    return re.sub(r"[|~{]", "-", words)[:longest].rstrip()


def _to_radio(message: Notification, wording: Wording) -> str:
    visible = message.alerts[0]
    alert = visible.alert
    head = subject_text(visible, wording)
    if message.count > 1:
        head = wording.text("letter.radio_many", n=message.count, what=head)
    local = alert.raised_at.astimezone(wording.zone)
    words = [head, f"{local:%H:%M}L"]
    place = [] if visible.address is None else short_place_words(visible.address, wording)
    if place:
        words.append(" ".join(place))
    elif alert.place:
        words.append(one_line(alert.place))
    elif alert.lat is not None and alert.lon is not None:
        words.append(f"{alert.lat:.4f} {alert.lon:.4f}")
    return " ".join(words)


def _full_text(visible: VisibleAlert, wording: Wording, link: str | None) -> list[str]:
    alert = visible.alert
    severity = wording.text(f"letter.severity.{alert.severity}")
    rule = rule_words(alert, wording)
    is_same = alert.rule == alert.severity
    labels = [
        (
            "alert",
            severity if is_same else wording.text("letter.what", severity=severity, rule=rule),
        ),
        ("unit", one_line(visible.call_sign)),
        ("where", place_text(visible, wording)),
        ("since", when(alert.raised_at, wording)),
        ("state", state_text(visible, wording)),
        ("stage", wording.text("letter.stage_text", number=alert.level) if alert.level else ""),
        ("agency", one_line(alert.agency)),
        ("page", f"{link}/?alert={alert.id}" if link else ""),
    ]
    return [_line(name, words, wording) for name, words in labels if words]


def _line(name: str, words: str, wording: Wording) -> str:
    return wording.text("letter.line", label=wording.text(f"letter.{name}"), text=words)
