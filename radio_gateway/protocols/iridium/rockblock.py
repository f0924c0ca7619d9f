"""RockBLOCK: what an Iridium modem sent, as Ground Control (Rock Seven) posts it to us.

    POST, a form or a JSON object:
        imei  15 digits           momsn  number of the message      serial  of the RockBLOCK
        transmit_time             `21-10-31 10:41:50` or ISO 8601, UTC
        iridium_latitude, iridium_longitude, iridium_cep   where the network believes the modem to
                                  be, degrees, and how far off that may be, km
        data                      the payload in hex
        JWT                       the same, signed by Ground Control (RS256)
        lat, lon, alt, cog, at, battery, trigger   of Rock Seven's own trackers: a GPS fix

Answered with `OK` once it is stored; it is sent again else. The modem has the address that it has
through DirectIP, `iridium_sbd:` and its IMEI, and its payload is read as there (`payloads`).

The service has no key to sign in with. With the public key that Ground Control publishes as the
channel's `secret_file`, only what it signed is taken, whoever it comes from; without it, whoever
reaches the port is believed.

Source: Ground Control, "RockBLOCK web services: receiving MO messages via HTTP webhook"; Rock
Seven, "Push API"; RFC 7515, 7519 (JWT).
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import AHEAD
from radio_gateway.formats.tracker_report import TrackerReport
from radio_gateway.messages.distress_words import calls_for_help
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.iridium.payloads import payload_reports, payload_text

FRAMING = MessageFramer
MAX_BYTES = 16 * 1024
MAX_FIELDS = 60

_IMEI = re.compile(r"\d{15}", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{0,12})?", re.ASCII)
_FIELD = re.compile(rb"(?:^|&)(?:imei|momsn)=")
_CALLS = frozenset({"emergency", "alert", "panic"})

Fields = dict[str, str]


def speaks(frame: Frame) -> bool:
    """Return whether this looks like such a post."""
    payload = frame.payload
    if payload.lstrip()[:1] == b"{":
        return b'"momsn"' in payload and b'"imei"' in payload
    return _FIELD.search(payload[:4096]) is not None


def decoder(settings: DecoderSettings) -> RockblockDecoder:
    """Return a decoder; `settings.secret` is the public key of who signs."""
    return RockblockDecoder(settings)


class RockblockDecoder(SessionDecoder):
    """Decodes posts; keeps only the answers it owes."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._settings = settings

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one post.

        Returns:
            The message, then what its payload says.

        Raises:
            FrameError: `empty`, `too_long`, `too_many`, `json`, `bad_field`, `bad_imei`,
                `bad_number`, `bad_time`, `bad_hex`, `no_signature`, `bad_signature`, `lat_range`,
                `lon_range` or `null_island`.
        """
        payload = frame.payload
        fields = _fields(payload)
        imei = fields.get("imei", "")
        if not _IMEI.fullmatch(imei):
            raise FrameError("bad_imei", payload, f"imei {imei[:20]!r} has not 15 digits")
        if self._settings.secret is not None:
            _check_signature(fields, self._settings.secret, payload)
        message, content = self._message(imei, fields, frame)
        self._answers.append(b"OK")
        transmissions = [message]
        fix = self._fix(imei, fields, frame)
        if fix is not None:
            transmissions.append(
                msgspec.structs.replace(fix, duplicate_key=f"{message.duplicate_key}|fix")
            )
        return transmissions + payload_reports(content, message, self._settings)

    def _message(self, imei: str, fields: Fields, frame: Frame) -> tuple[Transmission, bytes]:
        payload = frame.payload
        momsn = fields.get("momsn", "")
        if not _WHOLE.fullmatch(momsn):
            raise FrameError("bad_number", payload, f"momsn {momsn[:20]!r} is no number")
        try:
            content = bytes.fromhex(fields.get("data", ""))
        except ValueError:
            raise FrameError("bad_hex", payload, "data is no hex") from None
        time = _time(fields.get("transmit_time", ""), payload)
        facts: dict[str, str | int | float | bool] = {"momsn": int(momsn)}
        if fields.get("serial", "").isdigit():
            facts["serial"] = int(fields["serial"][:9])
        flags: list[str] = []
        position = _estimate(fields, payload)
        if position is not None:
            facts["position_source"] = "iridium_network"
            flags.append("network_estimate")
        if time - frame.heard_at > AHEAD:
            flags.append("future_time")
        text = payload_text(content)
        if text is None and content:
            facts["payload_hex"] = content.hex()
        kind: Kind = "other" if content else "empty"
        if position is not None:
            kind = "position"
        elif text is not None:
            kind = "text"
        message = Transmission(
            protocol="iridium_sbd",
            kind=kind,
            heard_at=frame.heard_at,
            device=imei,
            position=position,
            device_time=time,
            text=text,
            flags=tuple(sorted(flags)),
            facts=facts,
            raw=payload,
            duplicate_key=f"{momsn}|{time.isoformat()}",
            duplicate_window_s=None,
            resent=frame.resent,
        )
        return message, content

    def _fix(self, imei: str, fields: Fields, frame: Frame) -> Transmission | None:
        """Return the fix that Rock Seven's own trackers send beside the network's estimate."""
        lat, lon = _number(fields, "lat", frame.payload), _number(fields, "lon", frame.payload)
        trigger = fields.get("trigger", "")
        distress = calls_for_help(trigger) or trigger.lower() in _CALLS
        if (lat is None or lon is None) and not distress:
            return None
        report = TrackerReport(device=imei, lat=lat, lon=lon, fix=True, distress=distress)
        report.course_deg = _number(fields, "cog", frame.payload)
        report.altitude_m = _number(fields, "alt", frame.payload)
        if fields.get("at"):
            report.time = _time(fields["at"], frame.payload)
        battery = _number(fields, "battery", frame.payload)
        if battery is not None and 0 <= battery <= 100:
            report.facts["battery_pct"] = battery
        if trigger:
            report.facts["alarm" if distress else "trigger"] = trigger[:40]
        return report.transmission("iridium_sbd", frame, live=self._settings.live)


def _fields(payload: bytes) -> Fields:
    if not payload.strip():
        raise FrameError("empty", payload)
    if len(payload) > MAX_BYTES:
        raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
    if payload.lstrip()[:1] == b"{":
        return _json_fields(payload)
    try:
        text = payload.decode("utf-8").strip()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise FrameError("bad_field", payload, "no UTF-8") from None
    except ValueError as fault:
        raise FrameError("too_many", payload, str(fault)) from None
    return dict(pairs)


def _json_fields(payload: bytes) -> Fields:
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise FrameError("json", payload, str(fault)) from None
    if not isinstance(message, dict) or len(message) > MAX_FIELDS:
        raise FrameError("bad_field", payload, f"no JSON object of at most {MAX_FIELDS} fields")
    return {name: _plain(value) for name, value in message.items()}


def _plain(value: Any) -> str:
    """Return a value as a form would have it."""
    if isinstance(value, bool) or value is None:
        return str(value or "").lower()
    if isinstance(value, int) and abs(value) < 1 << 63:
        return str(value)
    return f"{value:.9f}" if isinstance(value, float) else value if isinstance(value, str) else ""


def _time(value: str, payload: bytes) -> datetime:
    """Return a moment in either way of writing it, UTC."""
    try:
        if "T" not in value:
            return datetime.strptime(value, "%y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise FrameError("bad_time", payload, f"time {value[:40]!r}") from None


def _estimate(fields: Fields, payload: bytes) -> Position | None:
    """Return where the network believes the modem to be."""
    lat, lon = (_number(fields, f"iridium_{name}", payload) for name in ("latitude", "longitude"))
    radius_km = _number(fields, "iridium_cep", payload)
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return None
    check_place(lon=lon, lat=lat, payload=payload)
    accuracy_m = None if radius_km is None or radius_km < 0 else min(radius_km * 1000.0, 1e7)
    return Position(lon=lon, lat=lat, accuracy_m=accuracy_m)


def _number(fields: Fields, name: str, payload: bytes) -> float | None:
    value = fields.get(name, "").strip()
    if not value:
        return None
    if not _NUMBER.fullmatch(value):
        raise FrameError("bad_number", payload, f"{name} {value[:20]!r} is no number")
    return float(value)


def _check_signature(fields: Fields, key: str, payload: bytes) -> None:
    """Check that the sender of these fields signed them.

    Raises:
        FrameError: `no_signature` or `bad_signature`.
    """
    head, dot, rest = fields.get("JWT", "").partition(".")
    body, second, mark = rest.partition(".")
    if not dot or not second:
        raise FrameError("no_signature", payload, "no JWT")
    try:
        algorithm = msgspec.json.decode(_base64(head)).get("alg")
        claims = msgspec.json.decode(_base64(body))
        signature = _base64(mark)
    except (msgspec.DecodeError, ValueError, AttributeError, RecursionError):
        raise FrameError("bad_signature", payload, "no JWT that can be read") from None
    if algorithm != "RS256" or not isinstance(claims, dict):
        raise FrameError("bad_signature", payload, "not signed with RS256")
    if not _is_signed(f"{head}.{body}".encode(), signature, key):
        raise FrameError("bad_signature", payload, "the JWT is not signed by the channel's key")
    for name in _SIGNED:
        claim = _plain(claims.get(name))
        if name in fields and not _same(name, claim, fields[name], payload):
            raise FrameError("bad_signature", payload, f"{name} is not what was signed")


_TIMES = ("transmit_time", "at")
_SIGNED = (
    *("imei", "momsn", "data", "lat", "lon", "trigger", *_TIMES),
    *("iridium_latitude", "iridium_longitude", "iridium_cep"),
)


def _same(name: str, claim: str, field: str, payload: bytes) -> bool:
    """Return whether a claim and a field say the same; numbers and times in several ways."""
    if name in _TIMES and claim and field:
        return _time(claim, payload) == _time(field, payload)
    if name != "data" and _NUMBER.fullmatch(claim) and _NUMBER.fullmatch(field):
        return float(claim) == float(field)
    return claim == field


def _base64(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError) as fault:
        raise ValueError("no base64") from fault


def _is_signed(signed: bytes, signature: bytes, key: str) -> bool:
    try:
        public = load_pem_public_key(key.encode())
        if not isinstance(public, rsa.RSAPublicKey):
            return False
        public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
