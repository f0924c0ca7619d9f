"""Find a radio by its address, device id, MMSI or call sign.

Only what the user may know of is found, suggested or told; of the rest not more than that there is
something.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from difflib import get_close_matches
from typing import Final

import msgspec
from sqlalchemy import Connection

from patrol.errors.errors import NotFound
from patrol.inquiry.findings import CloseName, InquiryFindings
from patrol.inquiry.inquiry import Inquiry, inquire
from patrol.live.live_picture import LivePicture
from patrol.picture.picture import Picture
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.receptions import receptions
from patrol.store.store import StoreReader
from patrol.units.units import Unit
from patrol.units.wire import UnitState
from radio_gateway.health.health import KEY_REASONS, RejectedFrame
from radio_gateway.messages.address_family import families_of

MESSAGES: Final = 50
"""Newest messages of the radio that are looked at."""

CLOSE_AT_MOST: Final = 5
_ALIKE: Final = 0.75  # of 1; one digit of nine wrong is 0.89, two swapped 0.89
_HEX_AT_LEAST: Final = 6  # shorter ones stand in any frame by chance


def mentions(address: str, frames: Sequence[RejectedFrame]) -> tuple[RejectedFrame, ...]:
    """Return the frames that name a radio, newest first: as text, or as bytes in either order.

    Args:
        address: Radio address or device id.
        frames: In any order.
    """
    device = address.partition(":")[2] or address
    device = device.lstrip("!@").casefold()
    if not device:
        return ()
    digits = device if len(device) >= _HEX_AT_LEAST and _is_hex(device) else None
    backwards = bytes.fromhex(digits)[::-1].hex() if digits and len(digits) % 2 == 0 else None

    # of a sender without a good key there is only what it calls itself
    itself = re.compile(rf"(?<![\w./-]){re.escape(device)}(?![\w/-])")

    def names(frame: RejectedFrame) -> bool:
        if frame.reason in KEY_REASONS:
            return itself.search(frame.detail.casefold()) is not None
        text = frame.payload.decode("latin-1").casefold()
        if device in text or device in (frame.topic or "").casefold():
            return True
        written = frame.payload.hex()
        return any(each is not None and each in written for each in (digits, backwards))

    return tuple(sorted(filter(names, frames), key=lambda frame: frame.heard_at, reverse=True))


def alike(query: str, names: Sequence[CloseName]) -> tuple[CloseName, ...]:
    """Return the names most like `query`: by address, by device alone, or by what people say.

    First those that end in it: `1001` is often all that is written on `kenwood:100:1001`.
    """
    end = re.compile(rf"(?<=[\W_]){re.escape(query)}$", re.IGNORECASE)
    ending = [each for each in names if query and end.search(each.address)]
    by_word: dict[str, CloseName] = {}
    for each in names:
        device = each.address.partition(":")[2]
        for word in (each.address, device, each.name or ""):
            if abs(len(word) - len(query)) <= 2:
                by_word.setdefault(word.casefold(), each)
    words = get_close_matches(query.casefold(), by_word, n=2 * CLOSE_AT_MOST, cutoff=_ALIKE)
    found = dict.fromkeys(sorted(ending, key=lambda each: each.address))
    found |= dict.fromkeys(by_word[word] for word in words if word != query.casefold())
    return tuple(found)[:CLOSE_AT_MOST]


class _Found:
    """What was meant."""

    def __init__(
        self,
        address: str | None = None,
        unit: Unit | None = None,
        *,
        others: tuple[CloseName, ...] = (),
        hidden: bool = False,
    ) -> None:
        self.address, self.unit = address, unit
        self.others, self.hidden = others, hidden


class RadioSearch:
    """Finds a radio for one user, and what became of its messages at every hop.

    Args:
        picture: Units, radios and channels.
        live: What is stored and known now.
        read: `Store.read`.
        now: Clock, aware UTC.
        policy: What the user may see.
    """

    def __init__(
        self,
        *,
        picture: Picture,
        live: LivePicture,
        read: StoreReader,
        now: Callable[[], datetime],
        policy: ViewPolicy,
    ) -> None:
        self._picture, self._live, self._read = picture, live, read
        self._now, self._policy = now, policy

    async def inquire(
        self, words: str, rejected: Callable[[str], Sequence[RejectedFrame]] | None
    ) -> Inquiry:
        """Follow what `words` means through every hop.

        Args:
            words: Address, device id, MMSI or call sign.
            rejected: Returns the last frames a channel rejected, oldest first; None if the user may
                not see them.

        Raises:
            StoreError: If the records cannot be read.
        """
        words, picture = words.strip(), self._picture
        found = await self._find(words)
        address = found.address or words
        frames = None if rejected is None else mentions(address, self._all_rejected(rejected))
        known = InquiryFindings(
            query=words,
            now=self._now(),
            address=found.address,
            unit=found.unit,
            units=picture.units,
            channels=tuple(picture.channels[name] for name in sorted(picture.channels)),
            hidden=found.hidden,
            others=found.others,
            rejected=frames,
        )
        if found.others or found.hidden:
            return inquire(known)
        return inquire(await self._with_records(known))

    # -- inside

    async def _find(self, words: str) -> _Found:
        """Return the best match: an address, else a name, else a device of any protocol."""
        word = words.casefold()
        addresses = {each.address.casefold(): each.address for each in self._known_addresses()}
        if word in addresses:
            return self._judged(addresses[word])
        matches = [
            unit for unit in self._picture.units.values() if unit.call_sign.casefold() == word
        ]
        matches = [unit for unit in matches if self._passes(unit.agency, known=True)]
        if matches:
            matches.sort(key=lambda unit: unit.retired_at is not None)  # in service first
            return await self._of_unit(matches[0])
        matching = [
            each
            for each in self._known_addresses()
            if word in (each.address.partition(":")[2].casefold(), (each.name or "").casefold())
        ]
        if not matching:
            stored = await self._read(_stored_among, self._spellings(words))
            matching = [CloseName(address=address) for address in stored]
        visible = self._visible(matching)
        if len(visible) > 1:
            return _Found(others=tuple(visible[: 2 * CLOSE_AT_MOST]))
        if matching:
            return self._judged((visible or matching)[0].address)
        return _Found(words if ":" in words else None)

    def _known_addresses(self) -> list[CloseName]:
        """Return every address that is known, of radios and assignments; hidden ones too."""
        found = {
            contact.id: CloseName(
                address=contact.id,
                name=contact.call_sign if contact.call_sign != contact.id else None,
            )
            for contact in self._picture.contacts.values()
            if contact.unit is None and contact.heard_at is not None
        }
        for each in self._picture.assignments.values():
            unit = self._picture.units.get(each.unit)
            name = unit.call_sign if unit and self._passes(unit.agency, known=True) else None
            found[each.address] = CloseName(address=each.address, name=name)
        return list(found.values())

    def _visible(self, some: Sequence[CloseName]) -> list[CloseName]:
        return [each for each in some if not self._judged(each.address).hidden]

    def _judged(self, address: str) -> _Found:
        """Return the address with the unit it stands, stood or will stand for."""
        now = self._now()
        assignments = self._picture.assignments_of(address)
        current = self._picture.unit_at(address, now) or (assignments[-1] if assignments else None)
        if current is None:
            contact = self._picture.contacts.get(address)
            owner = self._picture.owner_of_radio(address) if contact is None else contact.agency
            return _Found(address, hidden=not self._passes(owner, known=False))
        unit = self._picture.units.get(current.unit)
        agency = current.agency if unit is None else unit.agency
        return _Found(address, unit, hidden=not self._passes(agency, known=True))

    async def _of_unit(self, unit: Unit) -> _Found:
        """Return the radio of a unit; of several the one last heard."""
        mine = [each for each in self._picture.assignments.values() if each.unit == unit.id]
        now = self._now()
        held = [
            each.address for each in mine if each.start <= now and (not each.end or now < each.end)
        ]
        if not held:
            return _Found(None if unit.retired_at is None or not mine else mine[-1].address, unit)
        newest = await self._read(_last_heard, held)
        return _Found(newest, unit)

    def _spellings(self, device: str) -> list[str]:
        """Return the addresses a device id may have, by the protocols there are."""
        if ":" in device:
            return [device]
        families = {
            family
            for channel in self._picture.channels.values()
            for protocol in channel.protocols
            for family in families_of(protocol)
        }
        families |= {each.address.partition(":")[0] for each in self._known_addresses()}
        return [f"{family}:{device}" for family in sorted(families)]

    def _passes(self, agency: str, *, known: bool) -> bool:
        return self._policy.passes(agency=agency, known=known)

    async def _with_records(self, known: InquiryFindings) -> InquiryFindings:
        """Return the findings with the address's receptions and its present assignment."""
        picture, address = self._picture, known.address
        state: UnitState | None = None
        values: dict[str, object] = {}
        if address is not None:
            taken = picture.address_taken(address)
            messages = await self._read(receptions.latest, address, self._policy, taken, MESSAGES)
            elsewhere = tuple(
                (contact.id.removeprefix(f"{address}@"), contact.heard_at)
                for contact in picture.contacts.values()
                if contact.id.startswith(f"{address}@") and contact.heard_at is not None
            )
            values = {
                "messages": tuple(messages),
                "elsewhere": elsewhere,
                "assignments": picture.assignments_of(address),
            }
        at_present = None if address is None else picture.unit_at(address, known.now)
        subject = at_present.unit if at_present is not None else address
        if subject is None and known.unit is not None:
            subject = known.unit.id
        if subject is not None:
            with suppress(NotFound):
                state = self._live.state(subject)
        if not values.get("messages") and not values.get("elsewhere"):
            names = self._visible(self._known_addresses())
            values["close"] = await asyncio.to_thread(alike, known.query, names)
        return msgspec.structs.replace(known, **values, state=state)

    def _all_rejected(
        self, rejected: Callable[[str], Sequence[RejectedFrame]]
    ) -> list[RejectedFrame]:
        found: list[RejectedFrame] = []
        for name in self._picture.channels:
            with suppress(NotFound):  # of the store, which is no link
                found += rejected(name)
        return found


def _stored_among(connection: Connection, addresses: Sequence[str]) -> list[str]:
    return [each for each in addresses if receptions.first_time(connection, each) is not None]


def _last_heard(connection: Connection, addresses: Sequence[str]) -> str:
    newest = {each: receptions.last_time(connection, each) for each in addresses}
    return max(addresses, key=lambda each: at.timestamp() if (at := newest[each]) else 0.0)


def _is_hex(text: str) -> bool:
    return all(letter in "0123456789abcdef" for letter in text)
