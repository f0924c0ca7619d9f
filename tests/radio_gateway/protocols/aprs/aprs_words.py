"""Writes APRS positions for tests, by the standard and not by our decoder."""

from __future__ import annotations

from gis.position.position import Position


def written_out(*, lon: float, lat: float, symbol: str = "/>") -> bytes:
    """Return a position written out: a hundredth of a minute is as fine as it gets."""
    north, east = ("N" if lat >= 0 else "S"), ("E" if lon >= 0 else "W")
    lat_100, lon_100 = round(abs(lat) * 6000), round(abs(lon) * 6000)
    return (
        f"{lat_100 // 6000:02}{lat_100 % 6000 / 100:05.2f}{north}{symbol[0]}"
        f"{lon_100 // 6000:03}{lon_100 % 6000 / 100:05.2f}{east}{symbol[1]}"
    ).encode()


def base91(number: int, digits: int) -> bytes:
    """Return a number as so many digits of base 91."""
    out = b""
    for _ in range(digits):
        number, digit = divmod(number, 91)
        out = bytes([digit + 33]) + out
    return out


def compressed(*, lon: float, lat: float, tail: bytes = b"  !", symbol: str = "/>") -> bytes:
    """Return a compressed position; `tail` is the three bytes `cst`."""
    y = base91(round(380926 * (90 - lat)), 4)
    x = base91(round(190463 * (180 + lon)), 4)
    return symbol[:1].encode() + y + x + symbol[1:].encode() + tail


def mic_e(
    *,
    lon: float,
    lat: float,
    bits: str = "111",
    custom: bool = False,
    speed_kn: int = 0,
    course_deg: int = 0,
    symbol: str = "/>",
    hidden: int = 0,
) -> tuple[str, bytes]:
    """Return destination and information field of a Mic-E position."""
    lat_100, lon_100 = round(abs(lat) * 6000), round(abs(lon) * 6000)
    digits = f"{lat_100 // 6000:02}{lat_100 % 6000:04}"
    degrees, minutes, hundredths = lon_100 // 6000, lon_100 % 6000 // 100, lon_100 % 100
    ones = [bit == "1" for bit in bits]
    ones += [lat >= 0, degrees >= 100 or degrees < 10, lon < 0]
    destination = ""
    for at, (digit, one) in enumerate(zip(digits, ones, strict=True)):
        as_custom = custom and at < 3
        if at >= 6 - hidden:
            destination += ("K" if as_custom else "Z") if one else "L"
        elif one:
            destination += chr(ord("A" if as_custom else "P") + int(digit))
        else:
            destination += digit
    if degrees < 10:
        degree_byte = degrees + 90
    elif degrees < 100:
        degree_byte = degrees
    elif degrees < 110:
        degree_byte = degrees - 20
    else:
        degree_byte = degrees - 100
    minute_byte = minutes + 60 if minutes < 10 else minutes
    tens, units = divmod(speed_kn, 10)
    hundreds, rest = divmod(course_deg, 100)
    numbers = (
        *(degree_byte, minute_byte, hundredths),
        *(tens + 80 if speed_kn < 200 else tens, units * 10 + hundreds + 4, rest),
    )
    info = b"`" + bytes(number + 28 for number in numbers)
    return destination, info + (symbol[1] + symbol[0]).encode()


def ax25(
    source: str, destination: str, relays: tuple[str, ...], info: bytes, *, control: int = 0x03
) -> bytes:
    """Return an AX.25 frame; a relay with `*` has repeated it."""
    names = (destination, source, *relays)
    out = b""
    for number, name in enumerate(names):
        call, _, ssid = name.rstrip("*").partition("-")
        flags = 0x60 | int(ssid or 0) << 1 | (0x80 if name.endswith("*") else 0)
        flags |= 1 if number == len(names) - 1 else 0
        out += bytes(ord(character) << 1 for character in call.ljust(6)) + bytes([flags])
    return out + bytes([control, 0xF0]) + info


def near(lon: float, lat: float, *, within_deg: float) -> object:
    """Return what equals a place not further away than that."""
    return _Near(lon, lat, within_deg)


class _Near:
    def __init__(self, lon: float, lat: float, within_deg: float) -> None:
        self.lon, self.lat, self.within_deg = lon, lat, within_deg

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Position):
            return False
        away = max(abs(other.lon - self.lon), abs(other.lat - self.lat))
        return away <= self.within_deg

    def __hash__(self) -> int:
        return hash((self.lon, self.lat))

    def __repr__(self) -> str:
        return f"lon {self.lon}, lat {self.lat}, within {self.within_deg} degrees"
