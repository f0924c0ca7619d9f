"""HoldingsDesk: search of an agency's holdings about a person or thing, for its administrators.

Whoever asks says for what: a request of the person concerned, an order of a court, a mistake to be
found. The journal has what was asked, why, and how much was found, before anything is answered.
"""

from __future__ import annotations

from typing import Final

from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict
from patrol.holdings.mention import SEARCH, Mentions
from patrol.store.records import holdings
from radio_gateway.messages.printable_text import check_printable

SHORTEST: Final = 3
"""Characters to look for: fewer stand everywhere."""

LONGEST: Final = 200
SHORTEST_PURPOSE: Final = 5
LONGEST_PURPOSE: Final = 500


class HoldingsDesk:
    """What one user may look for in everything that the user's agency holds.

    Args:
        access: What the user may read, see and file.
    """

    def __init__(self, access: DocumentAccess) -> None:
        self._access = access

    async def search(self, words: str, *, purpose: str) -> Mentions:
        """Return the agency's records on a name, call sign, number or device id.

        Args:
            words: What to look for, `SHORTEST` to `LONGEST` characters.
            purpose: Why, for the journal.

        Raises:
            Forbidden: If the role may not.
            Conflict: If the words or the purpose are too short or too long.
            HiddenText: If they hold what nobody sees.
            StoreError: If the store cannot be read, or the journal refuses to note it.
        """
        self._access.may(SEARCH)
        words, purpose = check_search(words, purpose)
        found = await self._access.read(holdings.search, self._access.user.agency, words)
        note = search_note(self._access.user.name, self._access.user.agency, words, purpose, found)
        await self._access.journal.note(note)
        return found


def check_search(words: str, purpose: str) -> tuple[str, str]:
    """Return words and purpose of a search, stripped of spaces.

    Raises:
        Conflict: If either is too short or too long.
        HiddenText: If they hold what nobody sees.
    """
    check_printable(words=words, purpose=purpose)
    words, purpose = words.strip(), purpose.strip()
    if not SHORTEST <= len(words) <= LONGEST:
        raise Conflict(f"look for {SHORTEST} to {LONGEST} characters")
    if not SHORTEST_PURPOSE <= len(purpose) <= LONGEST_PURPOSE:
        raise Conflict(f"a purpose has {SHORTEST_PURPOSE} to {LONGEST_PURPOSE} characters")
    return words, purpose


def search_note(actor: str, agency: str, words: str, purpose: str, found: Mentions) -> Note:
    """Return the journal entry of a search."""
    counts: dict[str, int] = {}
    for each in found.mentions:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return Note(
        act=SEARCH,
        actor=actor,
        agency=agency,
        subject="holdings:",
        detail={"words": words, "purpose": purpose, "found": counts},
    )
