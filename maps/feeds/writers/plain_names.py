"""Plain names: call signs in the few characters that AIS and NMEA can carry."""

from __future__ import annotations

import unicodedata

_AIS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -+/.:()#&'")
"""What a ship's name is written in here: all of it in AIS's six bits, none reserved in NMEA."""


def plain_name(call_sign: str, *, instead: str, most: int) -> str:
    """Return a call sign in capital ASCII letters, digits and a few signs.

    Accents are dropped and digits of any script become 0 to 9; a letter that ASCII has not is left
    out.

    Args:
        call_sign: The name.
        instead: What to say where nothing that tells units apart is left of it.
        most: Longest name, characters.

    >>> plain_name("hx-1 Bố", instead="UNIT", most=20)
    'HX-1 BO'
    >>> plain_name("เรือ ๗", instead="UNIT", most=20)
    'UNIT 7'
    >>> plain_name("ເຮືອ", instead="UNIT", most=20)
    'UNIT'
    """
    letters = []
    lost = False
    for sign in unicodedata.normalize("NFKD", call_sign).upper():
        digit = unicodedata.digit(sign, None)
        sign = sign if digit is None else str(digit)
        if sign in _AIS:
            letters.append(sign)
        elif unicodedata.category(sign)[0] == "L":
            lost = True
    name = " ".join("".join(letters).split())
    if lost and not any(sign.isalpha() for sign in name):
        name = f"{instead} {name}".strip()
    elif not any(sign.isalnum() for sign in name):
        name = instead
    return name[:most].strip()
