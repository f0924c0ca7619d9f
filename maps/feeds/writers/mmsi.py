"""MMSI: the number under which a unit goes out by AIS.

A boat that is heard by AIS keeps its own, so that a chartplotter which hears it, too, shows one
boat. Every other unit gets a number made from its id, the same at every start: 80 and seven more
digits.

Why 80: numbers that begin with 8 are those of handheld radios with DSC and GNSS, 8MIDxxxxx, where
MID are the three digits of a country, which begin with 2 to 7. So 80xxxxxxx has the form of a
handheld's number and belongs to no country: it can never be a stranger's, whom somebody would then
call, and chartplotters (OpenCPN among them) show it as an ordinary vessel. Never used: 970, 972,
974 (search and rescue transmitter, man overboard, emergency beacon) and all other 97, which raise
an alarm; 98 (a ship's boat, whose static data means its mother ship), 99 (buoys and lights), 111
(aircraft), 00 and 0 (coast stations and groups). A call for help is told in words instead
(message 14): an imitated beacon would bring rescuers who look for one.

Source: ITU-R M.585-9, annex 1 and 2; ITU-R M.1371-5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

_OWN = re.compile(r"ais:([2-7]\d{8}|8[2-7]\d{7})")
_MADE_FROM, _MADE = 800_000_000, 10_000_000


def own_mmsi(addresses: Iterable[str]) -> int | None:
    """Return the MMSI of a ship or handheld among radio addresses, the lowest of several.

    >>> own_mmsi(("kenwood:100:1001", "ais:970123456", "ais:574123456"))
    574123456
    """
    found = [match[1] for address in addresses if (match := _OWN.fullmatch(address))]
    return min(map(int, found), default=None)


def mmsi_of(id: str, *, attempt: int = 0) -> int:
    """Return the number made from a unit's id, 800000000 to 809999999.

    Args:
        id: The unit's id.
        attempt: Another for the case that a number is taken.
    """
    made = blake2b(f"{attempt}/{id}".encode(), digest_size=8).digest()
    return _MADE_FROM + int.from_bytes(made, "big") % _MADE


def is_made(mmsi: int) -> bool:
    """Return whether an MMSI is one that `mmsi_of` makes."""
    return _MADE_FROM <= mmsi < _MADE_FROM + _MADE


class MmsiNumbers:
    """The MMSI of each unit of a feed; no two have the same."""

    def __init__(self) -> None:
        self._by_id: dict[str, int] = {}
        self._owners: dict[int, str] = {}

    def of(self, id: str, addresses: Iterable[str]) -> int:
        """Return the MMSI of a unit or radio.

        Args:
            id: Its id.
            addresses: Its radio addresses.
        """
        own = own_mmsi(addresses)
        known = self._by_id.get(id)
        if known is not None and (known == own or (own is None and known // _MADE == 80)):
            return known
        self.forget(id)
        attempt = 0
        number = mmsi_of(id) if own is None else own
        while self._owners.setdefault(number, id) != id:
            number = mmsi_of(id, attempt=attempt)
            attempt += 1
        self._by_id[id] = number
        return number

    def forget(self, id: str) -> None:
        """Give the number of a unit that is told no more back."""
        number = self._by_id.pop(id, None)
        if number is not None:
            del self._owners[number]
