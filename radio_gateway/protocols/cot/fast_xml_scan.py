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

SPACE: Final = r"[ \t\r\n]*"
# Values without `"`, `<` and `&`: no entity, and nothing that XML would change or refuse.
_ATTRIBUTES: Final = r"""((?: [A-Za-z_][A-Za-z0-9_.-]*="[ !#-%'-;=-~]*")*)"""
_EVENT = re.compile(
    rf"<event{_ATTRIBUTES} ?>{SPACE}<point{_ATTRIBUTES} ?/>{SPACE}"
    rf"(?:<detail>(.*)</detail>{SPACE})?</event>",
    re.DOTALL,
)
_ELEMENT = re.compile(rf"([A-Za-z_][A-Za-z0-9_.-]*){_ATTRIBUTES} ?/>{SPACE}")
_ATTRIBUTE = re.compile(r' ([^ =]+)="([^"]*)"')

MAX_CHARACTERS: Final = 4000
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
    if len(payload) > MAX_CHARACTERS or not payload.isascii():
        return None
    match = _EVENT.fullmatch(payload.decode("ascii"))
    if match is None:
        return None
    event, point = _read(match[1]), _read(match[2])
    elements = cut_elements(match[3] or "")
    if event is None or point is None or elements is None:
        return None
    return event, point, elements


def cut_elements(text: str) -> list[tuple[str, Attributes]] | None:
    """Cut empty elements, one behind the other, each into a name and attributes that are shared.

    Returns:
        None when `text` holds anything else.
    """
    elements: list[tuple[str, Attributes]] = []
    before, *pieces = text.split("<")
    if before.strip(" \t\r\n"):
        return None
    for piece in pieces:
        known = _elements.get(piece) or _element(piece)
        if known is None:
            return None
        elements.append(known)
    return elements


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
