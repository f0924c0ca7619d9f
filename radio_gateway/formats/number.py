"""Numbers in the keys by which a message is known again."""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode


def show_number(number: float) -> str:
    """Return the fewest digits that stand for `number` alone: what `repr` does, five times as fast.

    >>> show_number(100.40205666666667), show_number(-0.0), show_number(1e-07)
    ('100.40205666666667', '-0.0', '1e-07')
    """
    # beyond, each writes exponents in a way of its own
    if 0.001 <= number < 1e9 or -1e9 < number <= -0.001:
        return _encode(number).decode()
    return repr(number)
