"""Names of places by language, told from GeoNames' alternate names by their script.

GeoNames' city list gives alternate names without a language. Five of our languages have a script
of their own, so the script tells the language; for Vietnamese only places in Viet Nam count.
Nothing is translated or spelt out: a name that is not in the source is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

LANGUAGES = ("en", "th", "lo", "my", "km", "vi", "zh")
LOCAL_LANGUAGE = {"CN": "zh", "KH": "km", "LA": "lo", "MM": "my", "TH": "th", "VN": "vi"}

# Unicode blocks. Shan, Mon and Karen letters (U+1050 up) are not Burmese; kana is Japanese.
SCRIPTS = {
    "th": re.compile(r"[\u0e00-\u0e7f ]+"),
    "lo": re.compile(r"[\u0e80-\u0eff ]+"),
    "my": re.compile(r"[\u1000-\u104f ]+"),
    "km": re.compile(r"[\u1780-\u17ff ]+"),
    "zh": re.compile(r"[\u4e00-\u9fff]+"),
}
# A name with a word for province or district may be that of the area round the town: left out.
AREAS = {
    "th": ("จังหวัด", "อำเภอ", "ตำบล", "แขวง", "ที่ว่าการ"),
    "lo": ("ແຂວງ", "ປະເທດ"),
    "my": ("ခရိုင်", "နယ်", "ဍုံ"),  # the last is Mon for "town"
    "km": ("ខេត្ត", "ស្រុក", "ឃុំ"),
    "zh": ("省", "县", "府", "州"),
}
# Words for town or village before or after the name: the name without them goes first.
TOWNS = {
    "th": ("เมือง", "เทศบาล", "กรุง"),
    "lo": ("ເມືອງ", "ບ້ານ"),
    "my": ("မြို့",),
    "km": ("ក្រុង", "ភូមិ"),
    "zh": ("市", "镇"),
}


def by_language(alternates: Iterable[str]) -> dict[str, str]:
    """Return the name to show per language, of those whose script tells the language.

    The list also holds names that lost their vowel and tone marks on the way (as search indexes
    do): such a one is left out beside its full form. Of several, one without a word for "town"
    goes first, then the shorter, then the first in code point order. Chinese is kept only in
    simplified characters.

    >>> by_language(["Chiang Khong", "เชียงของ", "อำเภอเชียงของ", "ວຽງຈນ", "ວຽງຈັນ", "永珍", "万象"])
    {'th': 'เชียงของ', 'lo': 'ວຽງຈັນ', 'zh': '万象'}
    """
    every = sorted(set(alternates))
    bare = {_without_marks(name) for name in every if _without_marks(name) != name}
    found: dict[str, list[str]] = {}
    for name in every:
        for language, script in SCRIPTS.items():
            if script.fullmatch(name) and name not in bare and _is_town(name, language):
                found.setdefault(language, []).append(name)
    return {code: min(found[code], key=_rank(code)) for code in SCRIPTS if code in found}


def _is_town(name: str, language: str) -> bool:
    if any(word in name for word in AREAS[language]):
        return False
    before = language in ("th", "lo", "km")  # where the word for "town" stands
    bare = name
    for word in TOWNS[language]:
        bare = bare.removeprefix(word) if before else bare.removesuffix(word)
    if any(word in bare for word in TOWNS[language]):
        return False
    return language != "zh" or _simplified(name)


def _rank(language: str) -> Callable[[str], tuple[bool, int, str]]:
    return lambda name: (any(word in name for word in TOWNS[language]), len(name), name)


def _without_marks(name: str) -> str:
    return "".join(letter for letter in name if unicodedata.category(letter) != "Mn")


def _simplified(name: str) -> bool:
    try:
        name.encode("gb2312")  # the character set of simplified Chinese
    except UnicodeEncodeError:
        return False
    return True
