"""Words of canned phrases, as the server says them: to radios, in mails and in reports."""

from __future__ import annotations

from collections.abc import Sequence

from maps.language.scripts import ALL_SCRIPTS
from maps.language.wording import words_of
from patrol.messages.message import Route
from patrol.messages.phrase_codes import in_short
from patrol.units.accounts import Language


def phrase_words(code: str, language: Language) -> str | None:
    """Return the words of a phrase; None for no code of ours.

    >>> phrase_words("stop_the_boat", "en"), phrase_words("no such", "en")
    ('Stop the boat', None)
    """
    return words_of(language).get(f"phrase.{code}")


def radio_words(code: str, language: Language, routes: Sequence[Route]) -> str:
    """Return a phrase for a radio: its number, then its words.

    The number is read by whatever this program listens with; the words are for who looks at the
    radio, in English where it shows ASCII only.

    Args:
        code: The phrase.
        language: What those on the radio read.
        routes: Ways to the radio, the one first that it goes.
    """
    way = next((each.address for each in routes if "text" in each.takes), "")
    script_language = language if way.partition(":")[0] in ALL_SCRIPTS else "en"
    return f"{in_short(code)} {phrase_words(code, script_language)}"
