"""Line breaks: where a line may end in Lao, Khmer and Burmese, which put no space between words.

A browser finds words of these by its dictionaries, and paper's layout engine (Pango) has one for
Thai alone. So a zero-width space is put between syllables, which every reader takes as a lawful
break. Rules: Unicode Standard 16.0, chapter 16 (order of Khmer, Lao and Myanmar letters).
"""

from __future__ import annotations

import re
from typing import Final

BREAK: Final = "\u200b"

# Burmese: before a letter that is not stacked below (U+1039), nor killed (U+103A), nor stacks.
_BURMESE: Final = re.compile(
    r"(?<=[\u1000-\u109f])(?<!\u1039)(?=[\u1000-\u102a\u103f](?!\u103a|\u1039))"
)
# Khmer: before a letter that is no subscript (after U+17D2) and does not end a syllable.
_KHMER: Final = re.compile(
    r"(?<=[\u17b6-\u17d1])(?<!\u17d2)(?=[\u1780-\u17b3](?:[\u17d2\u17b6-\u17d1]|[\u1780-\u17b3]))"
)
# Lao: before a vowel that is written first, and before a letter with a vowel or tone after a tone
# mark or a vowel that ends a syllable.
_LAO: Final = re.compile(
    r"(?<=[\u0e81-\u0ede])(?=[\u0ec0-\u0ec4])"
    r"|(?<=[\u0eb0\u0eb2\u0eb3\u0ec6])"
    r"(?=[\u0e81-\u0eae](?:[\u0eb0-\u0ebd\u0ec8-\u0ecd]|[\u0e81-\u0eae]))"
)


def breakable(text: str) -> str:
    """Return `text` with breaks between syllables of these scripts.

    >>> breakable("Naga 1"), breakable("ကင်းလှည့်").count(BREAK) > 0
    ('Naga 1', True)
    """
    for pattern in (_BURMESE, _KHMER, _LAO):
        text = pattern.sub(BREAK, text)
    return text
