"""Unishox2: the short texts that Meshtastic nodes compress in TAK packets of version 1.

A bit stream after one bit of magic. A code is a vertical one, a place in one of three sets of
characters; the vertical code 0 opens a switch to another set, named by a horizontal code. Capitals
are small letters behind a switch; other scripts are deltas from the code point before; what was
there already is a length and a distance; numbers, hexadecimal digits and bytes have counts. The
last bits say that it ends; some are lost where a node cut the text at a zero byte, and then the
text ends there too.

Only the standard preset is read, the one that nodes use.

Source: A. Ramanathan, "Unishox: a hybrid encoder for short Unicode strings" (2019); the codes and
sets of its version 2 as published.
"""

from __future__ import annotations

from typing import Final

_ALPHA, _SYMBOL, _NUMBER, _BACK, _DELTA = range(5)
_SETS: Final = (
    "\0 etaoinsrlcdhupmbgwfyvkqjxz",
    "\"{}_<>:\n\0[]\\;'\t@*&?!^|\r~`\0\0\0",
    "\0,.01925-/34678() =+$%#\0\0\0\0\0",
)
_VERTICAL_BITS: Final = (2, 3, 3, 4, 4, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 7, 7, *(8,) * 10)
_HORIZONTAL: Final = {"00": _ALPHA, "01": _SYMBOL, "10": _NUMBER, "110": _BACK, "111": _DELTA}
_SEQUENCES: Final = ('": "', '": ', "</", '="', '":"', "://")
_TEMPLATES: Final = ("tfff-of-tfTtf:rf:rf.fffZ", "tfff-of-tf", "(fff) fff-ffff", "tf:rf:rf")
_TEMPLATE_BITS: Final = {"f": 4, "F": 4, "r": 3, "t": 2, "o": 1}
_COUNT_BITS: Final = (2, 4, 7, 11, 16)
_DELTA_BITS: Final = (6, 12, 14, 16, 21)
_LEAST_REPEAT: Final = 5
_MAGIC_BITS: Final = 1


def _vertical_codes() -> dict[str, int]:
    """Return the vertical codes by their bits: each is the next free one of its length."""
    codes: dict[str, int] = {}
    at = 0
    for number, bits in enumerate(_VERTICAL_BITS):
        codes[f"{at >> 8 - bits:0{bits}b}"] = number
        at += 1 << 8 - bits
    return codes


_VERTICAL: Final = _vertical_codes()


class _EndError(Exception):
    """The bits are used up, or say nothing more."""


def decompress(data: bytes, *, most: int = 400) -> str:
    """Return a text of which `most` bytes are read at most; what is no UTF-8 in it as U+FFFD.

    >>> decompress(bytes.fromhex("864fb497"))
    'Naga'
    """
    reader = _Reader(data, most)
    try:
        while len(reader.out) < most:
            reader.read_one()
    except _EndError:
        pass
    return reader.out[:most].decode("utf-8", "replace")


class _Reader:
    def __init__(self, data: bytes, most: int) -> None:
        self.out = bytearray()
        self._most = most
        self._bits = "".join(f"{byte:08b}" for byte in data)
        self._at = _MAGIC_BITS
        self._state = self._set = _ALPHA
        self._capitals = False
        self._code_point = 0

    def read_one(self) -> None:
        """Read up to the next character or switch.

        Raises:
            _EndError: At the end.
        """
        if _DELTA in (self._state, self._set):
            if self._state != _DELTA:
                self._set = self._state
            if self._read_delta():
                return
        else:
            self._set = self._state
        capital = self._capitals
        vertical = self._code(_VERTICAL)
        if vertical == 0 and self._set != _SYMBOL:
            number_at_once = self._set == _NUMBER and self._state == _DELTA
            if not number_at_once:
                self._set = self._code(_HORIZONTAL)
            if self._set == _ALPHA:
                if self._state != _ALPHA:
                    self._state = _ALPHA
                    return
                if self._capitals:
                    self._capitals = False
                    return
                vertical = self._code(_VERTICAL)
                if vertical == 0:
                    self._set = self._code(_HORIZONTAL)
                    if self._set == _ALPHA:
                        self._capitals = True
                        return
                capital = True
            elif self._set == _BACK:
                self._repeat()
                return
            elif self._set == _DELTA:
                return
            else:
                if not number_at_once:
                    vertical = self._code(_VERTICAL)
                if self._set == _NUMBER and vertical == 0:
                    self._read_number()
                    self._back_to_delta()
                    return
        if capital and vertical == 1:
            self._set = self._state = _DELTA
            return
        self._put(vertical, capital=capital)
        self._back_to_delta()

    def _back_to_delta(self) -> None:
        if self._state == _DELTA:
            self._set = _DELTA

    def _put(self, vertical: int, *, capital: bool) -> None:
        """Write what a vertical code stands for in the present set."""
        if self._set > _NUMBER:
            raise _EndError
        character = _SETS[self._set][vertical]
        if character.islower():
            self._state = _ALPHA
            self.out += (character.upper() if capital else character).encode()
        elif character != "\0":
            if character.isdigit():
                self._state = _NUMBER
            self.out += character.encode()
        elif vertical == 8:
            self.out += b"\r\n"
        elif self._set == _NUMBER and vertical == 26:
            if not self.out:
                raise _EndError
            self.out += self.out[-1:] * min(self._count() + 4, self._most)
        elif self._set == _SYMBOL and vertical > 24:
            self.out += _SEQUENCES[vertical - 25].encode()
        elif self._set == _NUMBER and 22 < vertical < 26:
            self.out += _SEQUENCES[vertical - 20].encode()
        else:
            raise _EndError

    def _read_delta(self) -> bool:
        """Read a code point, or a code of that state; return whether nothing follows from it."""
        step = self._steps(5)
        if step < 5:
            negative = self._number(1)
            far = self._number(_DELTA_BITS[step]) + sum(1 << bits for bits in _DELTA_BITS[:step])
            self._code_point += -far if negative else far
            try:
                self.out += chr(self._code_point).encode()
            except (ValueError, OverflowError, UnicodeEncodeError):
                raise _EndError from None
            return self._set == self._state == _DELTA
        special = self._steps(4)
        if special != 1:
            self.out += b" ,.\n"[max(special - 1, 0) : max(special, 1)]
            return True
        self._set = self._code(_HORIZONTAL)
        if self._set in (_DELTA, _ALPHA):
            self._state = self._set
            return True
        if self._set == _BACK:
            self._repeat()
            self._set = self._state
            return True
        return False

    def _repeat(self) -> None:
        length = self._count() + _LEAST_REPEAT
        back = self._count() + _LEAST_REPEAT - 1
        start = len(self.out) - back
        if start < 0:
            raise _EndError
        for at in range(start, start + min(length, self._most)):
            if at >= len(self.out):
                raise _EndError
            self.out.append(self.out[at])

    def _read_number(self) -> None:
        """Read a date or the like, hexadecimal digits, a UUID or bytes."""
        step = self._steps(5)
        if step == 0:
            kind = self._steps(4)
            if kind == len(_TEMPLATES):
                raise _EndError
            template = _TEMPLATES[kind]
            for sign in template[: max(len(template) - self._count(), 0)]:
                bits = _TEMPLATE_BITS.get(sign)
                text = sign if bits is None else f"{self._number(bits):x}"
                self.out += (text if sign == "f" else text.upper()).encode()
        elif step == 5:
            for _ in range(min(self._count(), self._most)):
                self.out.append(self._number(8))
        else:
            uuid = step in (2, 4)
            for at in range(32 if uuid else min(self._count(), self._most)):
                if uuid and at in (8, 12, 16, 20):
                    self.out += b"-"
                self.out += f"{self._number(4):{'x' if step < 3 else 'X'}}".encode()

    def _code(self, codes: dict[str, int]) -> int:
        for bits in range(2, 9):
            found = codes.get(self._bits[self._at : self._at + bits])
            if found is not None and self._at + bits <= len(self._bits):
                self._at += bits
                return found
        raise _EndError

    def _steps(self, most: int) -> int:
        """Return how many ones stand before a zero, which ends fewer than `most`."""
        for steps in range(most):
            if not self._number(1):
                return steps
        return most

    def _count(self) -> int:
        step = self._steps(4)
        return self._number(_COUNT_BITS[step]) + sum(1 << bits for bits in _COUNT_BITS[:step])

    def _number(self, bits: int) -> int:
        digits = self._bits[self._at : self._at + bits]
        if len(digits) < bits:
            raise _EndError
        self._at += bits
        return int(digits, 2)
