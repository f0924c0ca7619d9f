"""The everyday event: what a TAK client says of itself, as nearly all events are.

Printable ASCII, attributes in double quotes, a point, and a detail of empty elements: that much one
match can tell to be well-formed, and cut into attributes without a parser's call for every element.
Elements that a client repeats with each event (contact, group, device) are cut once and remembered.
Whatever is not everyday in any way is left to `xml.read_event`. Both give the same.

Source: as for `xml`.
"""

from __future__ import annotations

import re
from typing import Final

_SPACE: Final = r"[ \t\r\n]*"
# Values without `"`, `<` and `&`: no entity, and nothing that XML would change or refuse.
_ATTRIBUTES: Final = r"""((?: [A-Za-z_][A-Za-z0-9_.-]*="[ !#-%'-;=-~]*")*)"""
_EVENT = re.compile(
    rf"<event{_ATTRIBUTES} ?>{_SPACE}<point{_ATTRIBUTES} ?/>{_SPACE}"
    rf"(?:<detail>(.*)</detail>{_SPACE})?</event>",
    re.DOTALL,
)
# The same in the order in which TAK clients write it, cut at once.
_VALUE: Final = r"([ !#-%'-;=-~]*)"
_IN_ORDER = re.compile(
    rf'<event version="{_VALUE}" uid="{_VALUE}" type="{_VALUE}"(?: how="{_VALUE}")?'
    rf' time="{_VALUE}" start="{_VALUE}" stale="{_VALUE}"(?: how="{_VALUE}")? ?>{_SPACE}'
    rf'<point lat="{_VALUE}" lon="{_VALUE}" hae="{_VALUE}" ce="{_VALUE}" le="{_VALUE}" ?/>{_SPACE}'
    rf"(?:<detail>(.*)</detail>{_SPACE})?</event>",
    re.DOTALL,
)
_ELEMENT = re.compile(rf"([A-Za-z_][A-Za-z0-9_.-]*){_ATTRIBUTES} ?/>{_SPACE}")
_ATTRIBUTE = re.compile(r' ([^ =]+)="([^"]*)"')

_MAX_CHARACTERS: Final = 4000
_REMEMBERED: Final = 8192  # elements; of 1,000 devices with some each
_LONGEST_REMEMBERED: Final = 200  # characters; long ones would fill the memory, and are rare

Attributes = dict[str, str]
_elements: dict[str, tuple[str, Attributes]] = {}


def cut_everyday(
    payload: bytes,
) -> tuple[Attributes, Attributes, list[tuple[str, Attributes]]] | None:
    """Cut an everyday event into attributes.

    Args:
        payload: One event.

    Returns:
        The attributes of `event` and `point` as far as they matter, and the elements of `detail` in
        order, each a name and attributes that are shared and must not be changed; None when it is
        anything else.
    """
    if len(payload) > _MAX_CHARACTERS or not payload.isascii():
        return None
    text = payload.decode("ascii")
    match = _IN_ORDER.fullmatch(text)
    event: Attributes | None
    point: Attributes | None
    if match is not None:
        _, uid, type_, how, time, _, stale, how_late, *place, inside = match.groups()
        if how is not None and how_late is not None:
            return None
        event = {"uid": uid, "type": type_, "how": how or how_late or ""}
        event["time"], event["stale"] = time, stale
        lat, lon, hae, ce, le = place
        point = {"lat": lat, "lon": lon, "hae": hae, "ce": ce, "le": le}
    else:
        match = _EVENT.fullmatch(text)
        if match is None:
            return None
        of_event, of_point, inside = match.groups()
        event, point = _read(of_event), _read(of_point)
        if event is None or point is None:
            return None
    elements: list[tuple[str, Attributes]] = []
    if inside:
        before, *pieces = inside.split("<")
        if before.strip(" \t\r\n"):
            return None
        for piece in pieces:
            known = _elements.get(piece) or _element(piece)
            if known is None:
                return None
            elements.append(known)
    return event, point, elements


def _element(piece: str) -> tuple[str, Attributes] | None:
    """Read what stands behind a `<`; None when it is no empty element."""
    match = _ELEMENT.fullmatch(piece)
    if match is None:
        return None
    attributes = _read(match[2])
    if attributes is None:
        return None
    made = match[1], attributes
    # A track is another one in every event.
    if match[1] != "track" and len(piece) <= _LONGEST_REMEMBERED:
        if len(_elements) >= _REMEMBERED:
            _elements.clear()
        _elements[piece] = made
    return made


def _read(text: str) -> Attributes | None:
    """Return attributes; None where one stands twice, which no XML may."""
    pairs = _ATTRIBUTE.findall(text)
    attributes: Attributes = dict(pairs)
    return attributes if len(attributes) == len(pairs) else None
