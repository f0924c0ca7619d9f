"""MBXML: the binary XML that MOTOTRBO radios put their location documents in.

    document   identifier (one byte), uintvar length of what follows; an even identifier is followed
               by a table of constants (uintvar length, bytes); then elements
    element    one byte says which; what follows has no length of its own, so that nothing behind
               an unknown element can be read
    uintvar    seven bits a byte, high ones first, top bit set while more follow
    ufloatvar  uintvar, then the fraction: a uintvar of so many 128ths (of 128 squared where it
               has two bytes, and so on)
    sfloatvar  the same with a sign: bit 6 of the first byte
    opaque     uintvar length, bytes
    info-time  40 bits: year 14, month 4, day 5, hour 5, minute 6, second 6

Source: facts from the published samples and readers of LRRP (Moto.Net; the samples of ok-dmrlib's
tests; lrrpdec); Motorola's own document is not public.
"""

from __future__ import annotations

from datetime import UTC, datetime

MAX_UINTVAR_BYTES = 5  # 32 bits


class MbxmlError(ValueError):
    """Bytes that are no document.

    Args:
        reason: Short fixed word.
        detail: What exactly is wrong.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


class Reader:
    """Reads values one after the other.

    Args:
        data: The bytes.

    Attributes:
        at: Where the next value begins.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self.at

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes.

        Raises:
            MbxmlError: `truncated`; so do all the other readers.
        """
        if count > self.left:
            raise MbxmlError("truncated", f"{count} bytes wanted, {self.left} left")
        self.at += count
        return self._data[self.at - count : self.at]

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def uintvar(self) -> int:
        """Return an unsigned number.

        >>> Reader(bytes.fromhex("8337")).uintvar()
        439
        """
        value = 0
        for _ in range(MAX_UINTVAR_BYTES):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise MbxmlError("bad_number", "a number of more than 32 bits")

    def ufloatvar(self) -> float:
        """Return an unsigned number with a fraction.

        >>> Reader(bytes.fromhex("833760")).ufloatvar()
        439.75
        """
        whole = self.uintvar()
        start = self.at
        fraction = self.uintvar()
        return float(whole + fraction / 128.0 ** (self.at - start))

    def sign_bit(self) -> bool:
        """Return whether the sign bit of the number that comes next is set."""
        return self.left > 0 and bool(self._data[self.at] & 0x40)

    def sfloatvar(self) -> float:
        """Return a signed number with a fraction.

        >>> Reader(bytes.fromhex("4140")).sfloatvar()
        -1.5
        """
        if not self.sign_bit():
            return self.ufloatvar()
        start = self.at
        self.uintvar()
        sign = float(1 << (7 * (self.at - start) - 1))
        self.at = start
        return sign - self.ufloatvar()

    def opaque(self) -> bytes:
        """Return bytes that have their length before them."""
        return self.take(self.uintvar())

    def info_time(self) -> datetime | None:
        """Return a time, aware UTC; None when it is none (all zero bits: not set)."""
        bits = int.from_bytes(self.take(5), "big")
        try:
            return datetime(
                bits >> 26,
                bits >> 22 & 0xF,
                bits >> 17 & 0x1F,
                bits >> 12 & 0x1F,
                bits >> 6 & 0x3F,
                bits & 0x3F,
                tzinfo=UTC,
            )
        except ValueError:
            return None


def write_uintvar(value: int) -> bytes:
    """Return an unsigned number.

    >>> write_uintvar(439).hex()
    '8337'
    """
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))
