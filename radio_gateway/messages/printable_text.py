"""Printable text: text for people without invisible, control or direction characters.

A call sign that holds a mark of writing direction reads as another boat's; a NUL ends a line in one
program and a record in the next, and PostgreSQL keeps none. So no text that people are shown holds
control characters, marks of direction or invisible tags, on whatever way it comes. What people type
is refused, which they can mend; what radios and files bring is cleaned, for nobody can.

What writing needs stays: joiners and the space without width, by which Khmer, Burmese, Lao and Thai
are broken into lines.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final, TypeVar

import msgspec

from radio_gateway.errors.errors import HiddenCharacter

T = TypeVar("T")

_BREAKS: Final = "\t\n"
_SET: Final = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for tab and line feed
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction (Unicode UAX #9)
    r"\u2028\u2029"  # line and paragraph separators
    r"\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible
    r"\ud800-\udfff"  # halves of characters
)
_HIDDEN: Final = re.compile(f"[{_SET}]")
_ANY: Final = re.compile(f"[{_SET}{_BREAKS}]")
_WRITTEN: Final = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def hidden_in(text: str, *, lines: bool = True) -> str | None:
    r"""Return the name of the first character that may stand in no text for people; None for none.

    Args:
        text: The text.
        lines: Whether it may have several lines, and tabs.

    >>> hidden_in("Naga\u202e 1"), hidden_in("Naga\n1", lines=False), hidden_in("ເຮືອ 3")
    ('U+202E RIGHT-TO-LEFT OVERRIDE', 'U+000A', None)
    """
    if text.isprintable():
        return None
    found = (_HIDDEN if lines else _ANY).search(text)
    return None if found is None else _code_point_name(found[0])


def check_printable(**texts: str) -> None:
    """Raise unless all texts, by the names of their fields, can be shown on one line.

    Raises:
        HiddenCharacter: For the first that cannot.
    """
    for field, text in texts.items():
        fault = hidden_in(text, lines=False)
        if fault is not None:
            raise HiddenCharacter(field, fault)


def escaped(text: str) -> str:
    r"""Return a text with what cannot be shown written out: what differs stays different.

    >>> escaped("boat\u202e"), escaped("b\0\n"), escaped("b" + chr(0xDC80))
    ('boat\\u202e', 'b\\0\\n', 'b\\udc80')
    """
    if text.isprintable():
        return text
    return _ANY.sub(lambda found: _WRITTEN.get(found[0]) or f"\\u{ord(found[0]):04x}", text)


def cleaned(text: str, instead: str = "") -> str:
    r"""Return a text without what cannot be shown; line breaks and tabs stay.

    Args:
        text: The text.
        instead: What stands in place of each.

    >>> cleaned("sunk\x00 barge\u202e\n2 m deep\r\n")
    'sunk barge\n2 m deep\n'
    """
    return text if text.isprintable() else _HIDDEN.sub(instead, text)


def cleaned_values(value: Any) -> Any:
    r"""Return JSON values with all texts in them cleaned.

    >>> cleaned_values({"name": "pier\u200f", "at": [1, 2], "more": [{"x": "a\x00"}]})
    {'name': 'pier', 'at': [1, 2], 'more': [{'x': 'a'}]}
    """
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, dict):
        return {name: cleaned_values(each) for name, each in value.items()}
    if isinstance(value, list) and value and not isinstance(value[0], int | float):
        return [cleaned_values(each) for each in value]
    return value


def escaped_struct(struct: T) -> T:
    r"""Return a msgspec struct with all texts in it, however deep, written out; bytes stay.

    >>> class Link(msgspec.Struct):
    ...     fault: str
    ...     errors: dict[str, int]
    >>> escaped_struct(Link("no\u202e broker", {"bad\0": 1}))
    Link(fault='no\\u202e broker', errors={'bad\\0': 1})
    """
    found: T = _escaped_value(struct)
    return found


def _escaped_value(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, msgspec.Struct):
        fields = {
            name: _escaped_value(each) for name, each in msgspec.structs.asdict(value).items()
        }
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, dict):
        return {_escaped_value(name): _escaped_value(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(_escaped_value, value))
    return value


def _code_point_name(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()
