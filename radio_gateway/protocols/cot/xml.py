"""Reads a Cursor on Target event written as XML, with a parser that refuses what it need not know.

    <event version uid type time start stale how>
      <point lat lon hae ce le/>
      <detail> … </detail>
    </event>

No DTD and no entity beyond the five of XML; elements at most `MAX_DEPTH` deep and `MAX_ELEMENTS`
of them. Of what stands under `detail` the attributes of the known elements are read.

Source: MITRE, CoT base schema 2.0 (`Event.xsd`); XML 1.0 (5th edition).
"""

from __future__ import annotations

import math
from datetime import datetime
from xml.parsers import expat

from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.cot.cot_event import CotEvent
from radio_gateway.protocols.cot.detail import KNOWN
from radio_gateway.protocols.cot.event import MAX_TEXT
from radio_gateway.protocols.cot.framer import MAX_EVENT
from radio_gateway.protocols.cot.timestamp import read_with_text

MAX_DEPTH = 32
MAX_ELEMENTS = 4000

_TEXTS = frozenset({"remarks", "emergency"})


def read_event(payload: bytes) -> CotEvent:
    """Read one event.

    Raises:
        FrameError: `xml` when it is not well-formed or no event, `xml_dtd`, `xml_depth`,
            `too_long`. A coordinate or time that is none (`bad_number`, `bad_time`) is in `fault`.
    """
    if len(payload) > MAX_EVENT:
        raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_EVENT}")
    reader = _Reader(payload)
    reader.parse(payload)
    attributes, point = reader.event, reader.point
    event = CotEvent(
        uid=attributes.get("uid", "").strip(),
        type=attributes.get("type", "").strip(),
        how=attributes.get("how", "").strip(),
        flags=set(),
    )
    value = attributes.get("time")
    if value:
        event.time, event.time_text = _time(value, "time", event)
    value = attributes.get("stale")
    if value:
        event.stale, event.stale_text = _time(value, "stale", event)
    if point is not None:
        event.lon = _number(point, "lon", event)
        event.lat = _number(point, "lat", event)
        event.hae = _number(point, "hae", event)
        event.ce = _number(point, "ce", event)
        event.le = _number(point, "le", event)
    reader.fill(event)
    return event


def read_detail(fragment: str, event: CotEvent, payload: bytes) -> None:
    """Read what stands under `detail`, without that element, into `event` (TAK protocol).

    Raises:
        FrameError: As `read_event`.
    """
    reader = _Reader(payload, depth=1)
    reader.parse(b"<detail>" + fragment.encode() + b"</detail>")
    reader.fill(event)


class _Reader:
    """Takes the parser's calls for one document; `depth` elements are thought around it."""

    def __init__(self, payload: bytes, *, depth: int = 0) -> None:
        self.event: dict[str, str] = {}
        self.point: dict[str, str] | None = None
        self._payload = payload
        self._path: list[str] = ["event"] * depth
        self._elements = 0
        self._detail: dict[str, dict[str, str]] = {}
        self._texts: dict[str, list[str]] = {}
        self._maker: str | None = None
        self._links: list[str] = []
        self._ellipse: dict[str, str] = {}

    def parse(self, document: bytes) -> None:
        """Parse the document."""
        parser = expat.ParserCreate()
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.buffer_text = True
        try:
            parser.Parse(document, True)
        except (expat.ExpatError, LookupError, ValueError) as fault:
            # LookupError, ValueError: an encoding that Python does not know or cannot map
            raise FrameError("xml", self._payload, str(fault)) from None
        finally:
            # the handlers hold this object, which would live until a collection
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.CharacterDataHandler = parser.StartDoctypeDeclHandler = None
            parser.EntityDeclHandler = None

    def fill(self, event: CotEvent) -> None:
        """Write what stood under `detail` into `event`."""
        event.detail = event.detail | self._detail
        event.maker = self._maker or event.maker
        event.links, event.ellipse = self._links, self._ellipse
        for name, parts in self._texts.items():
            setattr(event, name, "".join(parts)[:MAX_TEXT].strip() or None)
        track = self._detail.get("track")
        if track is not None:
            event.speed = _loose_number(track.get("speed"), event)
            event.course = _loose_number(track.get("course"), event)

    def _refuse(self, *_: object) -> None:
        raise FrameError("xml_dtd", self._payload, "a document type is refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        path = self._path
        self._elements += 1
        if len(path) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise FrameError("xml_depth", self._payload, "too many elements")
        path.append(name)
        if len(path) == 1:
            if name != "event":
                raise FrameError("xml", self._payload, f"{name[:40]} is no event")
            self.event = attributes
        elif len(path) == 2:
            if name == "point" and self.point is None:
                self.point = attributes
        elif path[1] == "detail" and name in KNOWN:
            if len(path) == 3 or (name == "chatgrp" and path[2] == "__chat"):
                self._detail.setdefault(name, attributes)
            if name == "link" and len(path) == 3:
                if attributes.get("relation") == "p-p":
                    self._maker = self._maker or attributes.get("uid") or None
                elif "point" in attributes:
                    self._links.append(attributes["point"])
            if name in _TEXTS and len(path) == 3:
                self._texts.setdefault(name, [])
        elif path[1:] == ["detail", "shape", "ellipse"] and not self._ellipse:
            self._ellipse = attributes

    def _end(self, _: str) -> None:
        self._path.pop()

    def _text(self, text: str) -> None:
        if len(self._path) == 3 and self._path[2] in self._texts and self._path[1] == "detail":
            parts = self._texts[self._path[2]]
            if len(parts) < MAX_TEXT:
                parts.append(text)


def _time(text: str, name: str, event: CotEvent) -> tuple[datetime, str] | tuple[None, None]:
    """Return a time, and how it is shown; None when it is none."""
    found = read_with_text(text)
    if found is None:
        event.fault = event.fault or ("bad_time", f"{name} {text[:40]!r} is no time")
        return None, None
    return found


def _number(point: dict[str, str], name: str, event: CotEvent) -> float | None:
    """Return a number of the point; None when absent, or when it is none."""
    text = point.get(name)
    if text is None:
        return None
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        event.fault = event.fault or ("bad_number", f"{name} {text[:40]!r} is no number")
        return None
    return number


def _loose_number(text: str | None, event: CotEvent) -> float | None:
    """Return a number of the track; phones that know no course write words there."""
    if not text:
        return None
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        event.flags.add("bad_field")
        return None
    return number
