"""Wording: what the server says to people, in the reader's language and calendar.

Mails, notifications, reports and printed maps take every word from `maps/words`, the same files
that the pages are built with (`maps.language.word_files`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from maps.language.word_files import Catalog, read_catalog
from patrol.units.accounts import LANGUAGES, Calendar, Language

BUDDHIST_YEARS: Final = 543
"""Years from the Gregorian to the Buddhist era as Thailand, Lao PDR and Cambodia count it."""

_PLACE: Final = re.compile(r"\{(\w+)\}")


class Wording:
    """The words of one reader.

    Args:
        language: What the reader reads.
        calendar: How the reader counts years.
        zone: Of the local times.
    """

    def __init__(
        self,
        language: Language = "en",
        *,
        calendar: Calendar = "gregorian",
        zone: ZoneInfo | None = None,
    ) -> None:
        self.language: Final = language
        self.calendar: Final = calendar
        self.zone: Final = zone or ZoneInfo("UTC")
        self._catalogs = (_catalog(language), _catalog("en"))

    @property
    def tag(self) -> str:
        """The language as HTML and PDF name it (BCP 47)."""
        return "zh-Hans" if self.language == "zh" else self.language

    def text(self, key: str, /, **values: str | float) -> str:
        """Return the words of `key`, each `{name}` replaced; `n` chooses the plural form.

        >>> Wording("en").text("letter.more", n=3), Wording("en").text("letter.more", n=1)
        ('and 3 more alerts', 'and 1 more alert')

        Raises:
            KeyError: If there is no such key: a mistake of the program, found by a test.
        """
        text = self._find(key, values.get("n"))
        if text is None:
            raise KeyError(key)
        return _PLACE.sub(lambda found: str(values.get(found[1], found[0])), text)

    def text_if_any(self, key: str, /, **values: str | float) -> str | None:
        """Return the same for a key that is made at run time; None if there is none."""
        try:
            return self.text(key, **values)
        except KeyError:
            return None

    def text_if_complete(self, key: str, /, **values: str | float) -> str | None:
        """Return the same; None also where a `{name}` of it has no value.

        >>> Wording("en").text_if_complete("age.ago")
        >>> Wording("en").text_if_complete("age.ago", age="{3}")
        '{3} ago'
        """
        text = self._find(key, values.get("n")) or ""
        if any(name not in values for name in _PLACE.findall(text)):
            return None
        return self.text_if_any(key, **values)

    def _find(self, key: str, count: str | float | None) -> str | None:
        for texts, plural_form in self._catalogs:
            text = texts.get(key)
            if isinstance(text, str):
                return text
            if text is not None:
                whole = isinstance(count, int | float) and count == int(count)
                return text[plural_form(int(count or 0)) if whole else -1]
        return None

    def day(self, moment: datetime) -> str:
        """Return the local day, in the reader's calendar.

        >>> from datetime import UTC
        >>> Wording().day(datetime(2026, 11, 24, 20, 30, tzinfo=UTC))
        '2026-11-24'
        """
        local = moment.astimezone(self.zone)
        if self.calendar == "gregorian":
            return f"{local:%Y-%m-%d}"
        return self.text("date.buddhist", date=f"{local.year + BUDDHIST_YEARS}-{local:%m-%d}")

    def moment(self, moment: datetime, *, seconds: bool = False) -> str:
        """Return the local day and time with its offset from UTC.

        >>> from datetime import UTC
        >>> zone = ZoneInfo("Asia/Vientiane")
        >>> Wording(zone=zone).moment(datetime(2026, 11, 24, 20, 30, tzinfo=UTC))
        '2026-11-25 03:30 +07'
        """
        local = moment.astimezone(self.zone)
        clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        offset = f"{local:%z}"
        return f"{self.day(moment)} {clock} {offset.removesuffix('00') or '+00'}"

    def clock(self, moment: datetime) -> str:
        """Return the local time of day, to the minute."""
        return f"{moment.astimezone(self.zone):%H:%M}"


def preferred(accepted: str) -> Language:
    """Return the first language of ours that a browser names (`Accept-Language`), else English.

    >>> preferred("th-TH,th;q=0.9,en;q=0.8"), preferred("fr, lo"), preferred("*")
    ('th', 'lo', 'en')
    """
    for each in accepted[:1000].split(","):
        tag = each.partition(";")[0].partition("-")[0].strip().lower()
        for known in LANGUAGES:
            if tag == known:
                return known
    return "en"


def read_words_anew() -> None:
    """Read every word as its files are now, for who is written to from now on.

    Raises:
        ValueError, OSError: If a file cannot be used; the words stay as they were.
    """
    for language in LANGUAGES:
        read_catalog(language)
    _catalog.cache_clear()
    words_of.cache_clear()


@cache
def _catalog(language: Language) -> Catalog:
    if language not in LANGUAGES:
        raise ValueError(f"no words in {language!r}: languages are {', '.join(LANGUAGES)}")
    return read_catalog(language)


@cache
def words_of(language: Language) -> Mapping[str, str]:
    """Return every text of a language that counts nothing, of all parts; in English what it lacks.

    Tests see that it lacks nothing; an alert must not wait for a word.

    Raises:
        ValueError: If it is none of ours.
    """
    texts = {**_catalog("en").texts, **_catalog(language).texts}
    return MappingProxyType({key: text for key, text in texts.items() if isinstance(text, str)})
