"""Pairing: how an office of the demo that has a node of its own meets the other one.

It says on standard output who it is and shows its card, and reads the other's card from standard
input, a line each (`maps.demo.two_nodes`).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from maps.demo.office import DemoOffice
from patrol.counterparts.card import card_text, read_card
from patrol.desks.desk import Desk
from patrol.units.accounts import User
from patrol.units.units import Role

LONGEST_LINE: Final = 256 * 1024


class OfficeReady(msgspec.Struct, frozen=True, kw_only=True):
    """What an office says when it is open.

    Attributes:
        address: Where its pages are.
        lines: Its people's links.
        card: Its card, as text.
    """

    address: str
    lines: list[str]
    card: str


class OfficePaired(msgspec.Struct, frozen=True, kw_only=True):
    """What an office says when it has confirmed the other.

    Attributes:
        digits: Those that its people compared.
    """

    digits: str


async def meet(
    desk_of: Callable[[User], Desk], office: DemoOffice, *, address: str, lines: list[str]
) -> None:
    """Show this node's card, read in the other's, and confirm it as two persons.

    What a folder that is taken up again has confirmed is left alone.

    Args:
        desk_of: Returns a user's desk.
        office: Whose people they are.
        address: Where the office's pages are.
        lines: Its people's links.
    """

    def desk(role: Role) -> Desk:
        return desk_of(User(name=f"{office.prefix}{role}", role=role, agency=office.agencies[0]))

    first, second = desk("liaison").counterparts, desk("commander").counterparts
    card = card_text(await first.own_card())
    _say(OfficeReady(address=address, lines=lines, card=card))
    other = read_card((await _line()).decode())
    known = await first.all()
    found = next((each for each in known if each.card.node == other.card.node), None)
    if found is None:
        found = await first.add(other)
    digits = await first.digits(found.id)
    if found.state != "confirmed":
        await first.compare(found.id, digits=digits)
        await second.confirm(found.id)
    _say(OfficePaired(digits=digits))


def _say(word: msgspec.Struct) -> None:
    sys.stdout.write(f"{msgspec.json.encode(word).decode()}\n")
    sys.stdout.flush()


async def _line() -> bytes:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        return await reader.readline()
    finally:
        transport.close()
