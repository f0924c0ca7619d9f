"""Numbers: how coordinates stand in the keys by which a message is known again."""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode


def show_place(lon: float, lat: float) -> str:
    """Return two coordinates as `repr` shows them, with the fewest digits, in a fifth of its time.

    >>> show_place(100.40205666666667, -0.0), show_place(-0.5, 1e-07)
    ('100.40205666666667|-0.0', '-0.5|1e-07')
    """
    # beyond, each writes exponents in a way of its own
    if 0.001 <= abs(lon) < 1e9 and 0.001 <= abs(lat) < 1e9:
        return f"{_encode(lon).decode()}|{_encode(lat).decode()}"
    return f"{lon}|{lat}"
