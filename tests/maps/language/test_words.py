"""The words of all seven languages: complete, with the same places, and translated."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from maps.app.error_answers import ERRORS
from maps.language import untranslated as awaiting
from maps.language.wording import FOLDER, Wording, words_of
from patrol.alarms.rules import RULES
from patrol.units.accounts import LANGUAGES
from patrol.units.permissions import ACTS
from tests.maps.notifications.text.spoken_text import (
    ALLOWED,
    modules_that_speak,
    spoken,
    spoken_in_template,
)

MAPS = FOLDER.parent
PARTS = sorted(path.stem for path in (FOLDER / "en").glob("*.json"))
OTHERS = [each for each in LANGUAGES if each != "en"]
PLACE = re.compile(r"\{\w+\}")
SCRIPTS = {
    "th": r"[\u0e00-\u0e7f]",
    "lo": r"[\u0e80-\u0eff]",
    "my": r"[\u1000-\u109f]",
    "km": r"[\u1780-\u17ff]",
    "zh": r"[\u4e00-\u9fff]",
}
# Names, units and formats that stay as they are, in whole texts.
SAME_EVERYWHERE = re.compile(
    r"(?:\{\w+\}|[\d\s.,:;/·+±×°%()“”\-–→—?~|]|UTC|SOS|QR|km²|km/h|km|kg|kn|dBm|dB|min|m|s|h|d|MB|kB|GB|nm"
    r"|MGRS|DMS|GPX|KML|GeoPackage|GeoJSON|GeoParquet|QGIS|ATAK|AIS|PDF|XLSX|HTML|CSV|ID|PIN|GPS"
    r"|Wi-Fi|TLS|MQTT|Android|iOS|iPhone|iPad|Windows|Firefox|Chrome|Safari|SHA-256|BLO|VHF|UHF|kHz|MHz"
    r"|Joint Patrol|Esc|Enter|Ctrl|Alt|Shift|HX|CK|n/a|OK|WFS|OGC|API|TCP|UDP|HTTP|Excel|folium"
    r"|OpenStreetMap|Google Earth|RTF|TOTP|e-mail|Mekong|Ruak|Myanmar|RSSI|SNR|Km|X|A–Z)*"
)


def words(language: str, part: str) -> dict[str, str]:
    path = FOLDER / language / f"{part}.json"
    assert path.is_file(), f"{language} has no {part}.json"

    def once(pairs: list[tuple[str, str]]) -> dict[str, str]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"{path.name}: a key stands twice"
        return dict(pairs)

    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)
    return found


def expected(language: str, english: dict[str, str]) -> set[str]:
    """Only English has a form of its own for one."""
    return {key for key in english if language == "en" or not key.endswith("#one")}


def test_a_key_lives_in_one_part() -> None:
    home: dict[str, str] = {}
    for part in PARTS:
        for key in words("en", part):
            assert home.setdefault(key, part) == part, f"{key} stands in {home[key]} and {part}"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("part", PARTS)
def test_no_key_is_missing_and_none_is_left_over(language: str, part: str) -> None:
    wanted, found = expected(language, words("en", part)), set(words(language, part))
    assert sorted(wanted - found) == [], "missing"
    assert sorted(found - wanted) == [], "left over"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("part", PARTS)
def test_places_for_values_are_the_same(language: str, part: str) -> None:
    english = words("en", part)
    for key, text in words(language, part).items():
        assert set(PLACE.findall(text)) == set(PLACE.findall(english[key])), key


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("part", PARTS)
def test_every_text_is_translated_or_has_nothing_to_translate(language: str, part: str) -> None:
    english = words("en", part)
    for key, text in words(language, part).items():
        if SAME_EVERYWHERE.fullmatch(english[key]):
            continue
        assert text.strip(), key
        assert text != english[key], f"{key} is English still: {text}"
        if language in SCRIPTS:
            assert re.search(SCRIPTS[language], text), f"{key} is not in its script: {text}"


@pytest.mark.parametrize("language", OTHERS)
def test_no_script_of_a_neighbour_strays_in(language: str) -> None:
    for part in PARTS:
        for key, text in words(language, part).items():
            for other, script in SCRIPTS.items():
                if other != language:
                    assert not re.search(script, text), f"{part} {key}: {other} in {text}"


def test_what_no_native_reader_has_read_is_in_one_list() -> None:
    listed = tomllib.loads(awaiting.LIST.read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(OTHERS)
    for language, parts in listed.items():
        assert set(parts) <= set(PARTS), language
        for part, keys in parts.items():
            unknown = set(keys) - {"*"} - set(words(language, part))
            assert not unknown, f"{language} {part}: {unknown}"
        assert len(list(awaiting.waiting(language))) > 0


def test_wording_speaks_every_language() -> None:
    for language in LANGUAGES:
        assert words_of(language)
        assert Wording(language).text("age.minutes", n=3)
    with pytest.raises(KeyError):
        Wording("en").text("no.such.key")
    with pytest.raises(ValueError, match="no words in 'xx'"):
        words_of("xx")


def test_the_web_client_asks_for_no_key_that_is_not_there() -> None:
    """TypeScript checks whole keys; this looks at those put together at run time."""
    known = {key.split("#")[0] for part in PARTS for key in words("en", part)}
    web = Path(FOLDER.parent, "web", "src")
    for path in sorted([*web.rglob("*.ts"), *web.rglob("*.tsx")]):
        for stem in re.findall(r"\b(?:t|wordsIfAny)\(\s*`([\w.-]+\.)\$\{", path.read_text("utf-8")):
            assert any(key.startswith(stem) for key in known), f"{path.name}: {stem}…"


def test_every_rule_of_an_alert_has_a_name() -> None:
    known = words("en", "alerts")
    assert [name for name in RULES if f"rule.{name}" not in known] == []


def _raised(path: Path) -> str:
    """Return what a module raises, each on a line of its own."""
    tree = ast.parse(path.read_text("utf-8"))
    return "\n".join(ast.unparse(each) for each in ast.walk(tree) if isinstance(each, ast.Raise))


def test_a_fault_with_a_code_has_words_and_so_has_every_sort_of_fault() -> None:
    known = words("en", "common")
    codes = {
        code
        for package in (MAPS, MAPS.parent / "patrol")
        for path in package.rglob("*.py")
        if "node_modules" not in path.parts
        for code in re.findall(r"\bConflict\(.*\bcode='(\w+)'", _raised(path))
    }
    assert len(codes) > 10
    # What a page has words of its own for: who is signed in, and what that person may do.
    by_status = {slug for status, slug in ERRORS.values() if status in (401, 403)}
    # Programs meet these, pages do not.
    others = {"provider_down", "not_built"}
    sorts = {slug for _, slug in ERRORS.values()} - by_status - others
    assert sorted(each for each in codes | sorts if f"fault.{each}" not in known) == []


@pytest.mark.parametrize(
    "path", modules_that_speak(MAPS), ids=lambda path: str(path.relative_to(MAPS))
)
def test_what_the_server_says_to_people_stands_in_no_module(path: Path) -> None:
    allowed = ALLOWED.get(str(path.relative_to(MAPS)), frozenset()) | set(ACTS)
    found = [each for each in spoken(path.read_text("utf-8")) if each[1] not in allowed]
    assert found == [], "texts for people belong into maps/words"


def test_no_template_of_a_report_has_words_of_its_own() -> None:
    templates = sorted((MAPS / "reports").rglob("*.html"))
    assert templates
    for path in templates:
        assert spoken_in_template(path.read_text("utf-8")) == [], path.name


def test_a_text_that_is_planted_is_found() -> None:
    planted = '''
"""A module that says something."""
log = None
KEY = "report.title"
def say(name):
    """Say it."""
    log.info("nothing happened here")
    if not name:
        raise ValueError("there is no name")
    lines = ["<p class='x y'>", f"Dear {name}, good morning"]
    return lines + ["An alert came in", "ແຈ້ງເຕືອນ"]
'''
    assert [text for _, text in spoken(planted)] == [
        "Dear %, good morning",
        "An alert came in",
        "ແຈ້ງເຕືອນ",
    ]
    template = '<h1 title="Sent today">{{ title }}</h1>{# a note #}<p>Dear reader</p>'
    assert spoken_in_template(template) == ["Sent today", "Dear reader"]
