"""Kenwood: one frame between STX and ETX, or one `xE` status message, in; what it says out.

    STX I1 1004002 1004002 ETX        FleetSync: 100:4002 keys its transmitter; I0: lets it go
    STX gI1 U03001 U03001 ETX         NEXEDGE: the same
    STX D 2001814 ETX                 FleetSync: selective call, 200:1814
    STX 0 ETX, STX 1 ETX              our message was taken; the target did not answer
    xE 000000101 000000999 0002       status 2 of 00000101 to 00000999
    xE U00001205 U00001500 001202     how six digits divide is not documented: kept as they are

A FleetSync identifier is fleet (3 digits) and unit (4); a NEXEDGE one is U and 5 or 8 digits, or
nine digits on sets that speak dPMR or DMR. `xE` may stand without STX and ETX.

Source: what operators of NCSSAR radiolog and of a Finnish NEXEDGE tracker logged, and the samples
of ksync; Kenwood publishes nothing.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.fields import Facts


class FrameContent(NamedTuple):
    """What a frame says.

    Attributes:
        kind: `ack` (an answer to us), `ptt_id`, `selcall` or `status`.
        device: Who said it; None for an answer to us.
        status: Digits of the status code.
        facts: Further fields.
    """

    kind: Literal["ack", "ptt_id", "selcall", "status"]
    device: str | None
    status: str | None
    facts: Facts


_FLEETSYNC_KEY = re.compile(r"I([01])(\d{3})(\d{4})(?:(\d{3})(\d{4}))?", re.ASCII)
_NEXEDGE_KEY = re.compile(
    r"gI([01])(?:(U\d{8})(U\d{8})?|(U\d{5})(U\d{5})?|(\d{9})(\d{9})?)", re.ASCII
)
_SELCALL = re.compile(r"D(\d{3})(\d{4})(?:(\d{3})(\d{4}))?", re.ASCII)
_STATUS = re.compile(r"xE(?:(U\d{8})(U\d{8})|(U\d{5})(U\d{5})|(\d{9})(\d{9}))(\d{2,8})", re.ASCII)
_PHASES = {"1": "bot", "0": "eot"}
_PLAIN_STATUS = 4  # digits of a status that is a number and nothing else


def read_frame(payload: bytes) -> FrameContent:
    """Read a frame.

    Args:
        payload: From STX to ETX, or from `xE` on.

    Raises:
        FrameError: `no_etx`, `control_byte`, or `unknown_frame` for what we know no meaning of.
    """
    body = payload
    if payload[:1] == b"\x02":
        if payload[-1:] != b"\x03":
            raise FrameError("no_etx", payload, "the frame was cut short")
        body = payload[1:-1]
    try:
        text = body.decode("ascii").strip()
    except UnicodeDecodeError as fault:
        raise FrameError("control_byte", payload, f"byte {fault.start} is not ASCII") from None
    if text in ("0", "1"):
        return FrameContent("ack", None, None, {"ok": text == "0"})
    if match := _FLEETSYNC_KEY.fullmatch(text):
        phase, *ids = match.groups()
        return _key(phase, *_fleetsync(ids))
    if match := _NEXEDGE_KEY.fullmatch(text):
        phase, *ids = match.groups()
        found = [radio_number(each) for each in ids if each is not None]
        return _key(phase, found[0], found[1] if len(found) > 1 else None)
    if match := _SELCALL.fullmatch(text):
        device, other = _fleetsync(match.groups())
        facts: Facts = {"phase": "selcall"}
        if other is not None and other != device:
            facts["to"] = other
        return FrameContent("selcall", device, None, facts)
    if match := _STATUS.fullmatch(text):
        *ids, digits = match.groups()
        source, to = (each for each in ids if each is not None)
        facts = {"to": radio_number(_eight(to))}
        if len(digits) != _PLAIN_STATUS:
            facts["status_raw"] = digits
        return FrameContent("status", radio_number(_eight(source)), digits, facts)
    raise FrameError("unknown_frame", payload, f"no known frame: {text[:40]!r}")


def radio_number(identifier: str) -> str:
    """Return the one way we write an identifier that is digits only.

    Sets print dPMR and DMR numbers with zeros before them, in some messages more than in others.
    A number of seven or more digits is a DMR one, known without zeros; shorter ones are known by
    all nine digits.

    >>> radio_number("004332199"), radio_number("000000101"), radio_number("U00001205")
    ('4332199', '000000101', 'U00001205')
    """
    if not identifier.isdigit():
        return identifier
    number = identifier.lstrip("0")
    return number if len(number) >= 7 else identifier


def _eight(identifier: str) -> str:
    """Return the eight digits that a status message means by nine: the first is a kind of call."""
    return identifier[1:] if identifier.isdigit() else identifier


def _fleetsync(ids: list[str] | tuple[str, ...]) -> tuple[str, str | None]:
    fleet, unit, other_fleet, other_unit = ids
    other = None if other_fleet is None else f"{other_fleet}:{other_unit}"
    return f"{fleet}:{unit}", other


def _key(phase: str, device: str, other: str | None) -> FrameContent:
    facts: Facts = {"phase": _PHASES[phase]}
    if other is not None and other != device:  # mostly the same identifier stands there twice
        facts["to"] = other
    return FrameContent("ptt_id", device, None, facts)
