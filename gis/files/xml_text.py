"""Text of XML files: escaped, without the characters that XML 1.0 has no way to hold.

Source: XML 1.0 (Fifth Edition), production 2 (Char).
"""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

_NO_CHAR: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: object) -> str:
    """Return a value as text of an element or attribute.

    >>> text('Naga <1> & "ຫ້ວຍຊາຍ"\\x00')
    'Naga &lt;1&gt; &amp; &quot;ຫ້ວຍຊາຍ&quot;'
    """
    return escape(_NO_CHAR.sub("", str(value)), {'"': "&quot;"})


def element(name: str, value: object) -> str:
    """Return an element with text; nothing for None or an empty text.

    >>> element("name", "Naga 1"), element("desc", None)
    ('<name>Naga 1</name>', '')
    """
    return "" if value is None or value == "" else f"<{name}>{text(value)}</{name}>"


def number(value: float, decimals: int) -> str:
    """Return a number without an exponent and without trailing zeros.

    >>> number(100.41, 7), number(-0.0, 7), number(12.0, 2)
    ('100.41', '0', '12')
    """
    digits = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if digits in ("-0", "") else digits
