"""The words of all seven languages: complete, with the same places, and translated."""

from __future__ import annotations

import ast
import gettext
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import polib
import pytest

from maps.app.error_answers import ERRORS
from maps.language import word_files
from maps.language.translations import state_of, text_of, update
from maps.language.word_files import FOLDER, parts, plural_rule, read_part, texts_of
from maps.language.wording import Wording, read_words_anew, words_of
from patrol.alarms.rules import RULES
from patrol.units.accounts import LANGUAGES
from patrol.units.permissions import ACTS
from tests.fixtures import needs
from tests.maps.notifications.text.spoken_text import (
    ALLOWED,
    modules_that_speak,
    spoken,
    spoken_in_template,
)

MAPS = FOLDER.parent
PARTS = parts()
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


@cache
def words(language: str, part: str) -> dict[str, tuple[str, ...]]:
    """Return the texts of a part by their keys, each with all its plural forms."""
    file = read_part(language, part)
    keys = [entry.msgctxt for entry in file]
    assert len(keys) == len(set(keys)), f"{language} {part}: a key stands twice"
    found = texts_of(file, english=language == "en")
    return {key: (text,) if isinstance(text, str) else text for key, text in found.items()}


def test_a_key_lives_in_one_part() -> None:
    home: dict[str, str] = {}
    for part in PARTS:
        for key in words("en", part):
            assert home.setdefault(key, part) == part, f"{key} stands in {home[key]} and {part}"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("part", PARTS)
def test_no_key_is_missing_and_none_is_left_over(language: str, part: str) -> None:
    wanted, found = set(words("en", part)), set(words(language, part))
    assert sorted(wanted - found) == [], "missing"
    assert sorted(found - wanted) == [], "left over"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("part", PARTS)
def test_places_for_values_are_the_same(language: str, part: str) -> None:
    english = words("en", part)
    for key, forms in words(language, part).items():
        for text in forms:
            assert set(PLACE.findall(text)) == set(PLACE.findall(english[key][-1])), key


@pytest.mark.parametrize("part", PARTS)
def test_what_counts_has_a_plural_and_nothing_else_has(part: str) -> None:
    for key, forms in words("en", part).items():
        assert (len(forms) == 2) == ("{n}" in forms[-1]), (
            f"{key}: name what counts nothing {{number}}"
        )
        allowed = set(PLACE.findall(forms[-1]))
        assert allowed - {"{n}"} <= set(PLACE.findall(forms[0])) <= allowed, key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_a_file_is_as_gettext_poedit_and_weblate_write_it(language: str, part: str) -> None:
    """Else whoever saves it there changes lines that nobody touched."""
    path = FOLDER / language / f"{part}.{'pot' if language == 'en' else 'po'}"
    written = path.read_text(encoding="utf-8")
    file = read_part(language, part)
    assert written == text_of(file)
    if language != "en":
        update(file, read_part("en", part))
        assert written == text_of(file), "run: python -m maps.language.translations update"
    for entry in file:
        assert ("python-brace-format" in entry.flags) == (
            "{" in f"{entry.msgid}{entry.msgid_plural}"
        ), entry.msgctxt


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_gettext_finds_no_fault_and_would_write_the_same(
    language: str, part: str, tmp_path: Path
) -> None:
    msgfmt = needs.program("msgfmt", hint="gettext")
    msgcat = needs.program("msgcat", hint="gettext")
    path = FOLDER / language / f"{part}.{'pot' if language == 'en' else 'po'}"
    command = [msgfmt, "--check", "-o", str(tmp_path / "x.mo"), str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    same = subprocess.run([msgcat, "--no-wrap", str(path)], capture_output=True, check=True)
    assert same.stdout == path.read_bytes()


def test_english_that_changes_waits_for_a_native_reader_again() -> None:
    english, lao = read_part("en", "crew"), read_part("lo", "crew")
    for entry in lao:
        entry.flags = [each for each in entry.flags if each != "fuzzy"]
    was, became, gone = lao[1].msgid, "Another word", lao[2].msgctxt
    assert {state_of(entry) for entry in lao} == {"read"}

    english[1].msgid = became
    del english[2]
    english.insert(
        0, polib.POEntry(msgctxt="crew.added", msgid="{n} boat", msgid_plural="{n} boats")
    )
    update(lao, english)

    assert [entry.msgctxt for entry in lao] == [entry.msgctxt for entry in english]
    assert gone not in {entry.msgctxt for entry in lao}
    states = {entry.msgctxt: state_of(entry) for entry in lao}
    assert states.pop("crew.added") == "new"
    changed = lao[2]
    assert states.pop(changed.msgctxt) == "changed"
    assert (changed.msgid, changed.previous_msgid) == (became, was)
    assert set(states.values()) == {"read"}
    assert lao[0].msgstr_plural == {0: ""}

    english[2].msgid = "A third word"
    update(lao, english)
    assert lao[2].previous_msgid == was, "what the native reader confirmed, not what came between"


def test_what_is_not_translated_is_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(FOLDER, tmp_path / "words")
    monkeypatch.setattr(word_files, "FOLDER", tmp_path / "words")
    path = tmp_path / "words" / "lo" / "letters.po"
    file = read_part("lo", "letters")
    for entry in file:
        entry.msgstr, entry.msgstr_plural = "", dict.fromkeys(entry.msgstr_plural, "")
    path.write_text(text_of(file), encoding="utf-8")

    word_files.compile_for_pages(tmp_path / "pages")
    pages = json.loads((tmp_path / "pages" / "lo" / "letters.json").read_text(encoding="utf-8"))
    assert pages["letter.more"] == "and {n} more alerts"
    read_words_anew()
    try:
        assert Wording("lo").text("letter.more", n=1) == "and 1 more alert"
        assert re.search(SCRIPTS["lo"], Wording("lo").text("age.minutes", number=3))
    finally:
        monkeypatch.undo()
        read_words_anew()
    assert Wording("lo").text("letter.more", n=1) != "and 1 more alert"


def test_a_plural_rule_of_more_forms_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of the languages needs it yet; the next one may."""
    shutil.copytree(FOLDER, tmp_path / "words")
    monkeypatch.setattr(word_files, "FOLDER", tmp_path / "words")
    path = tmp_path / "words" / "lo" / "sign-in.po"
    rule = "(n == 1 ? 0 : n >= 2 && n <= 4 ? 1 : 2)"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "nplurals=1; plural=0;", f"nplurals=3; plural={rule};"
        ),
        encoding="utf-8",
    )
    file = read_part("lo", "sign-in")
    assert [gettext.c2py(plural_rule(file))(n) for n in (1, 3, 5)] == [0, 1, 2]
    word_files.compile_for_pages(tmp_path / "pages")
    made = (tmp_path / "pages" / "plural-forms.ts").read_text(encoding="utf-8")
    assert f"lo: (n) => Number({rule})," in made
    file.metadata["Plural-Forms"] = "nplurals=2; plural=alert(n);"
    with pytest.raises(ValueError, match="plural"):
        plural_rule(file)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("part", PARTS)
def test_every_text_is_translated_or_has_nothing_to_translate(language: str, part: str) -> None:
    english = words("en", part)
    for key, forms in words(language, part).items():
        if SAME_EVERYWHERE.fullmatch(english[key][-1]):
            continue
        for text in forms:
            assert text.strip(), key
            assert text not in english[key], f"{key} is English still: {text}"
            if language in SCRIPTS:
                assert re.search(SCRIPTS[language], text), f"{key} is not in its script: {text}"


@pytest.mark.parametrize("language", OTHERS)
def test_no_script_of_a_neighbour_strays_in(language: str) -> None:
    for part in PARTS:
        for key, forms in words(language, part).items():
            for other, script in SCRIPTS.items():
                if other != language:
                    assert not re.search(script, "".join(forms)), f"{part} {key}: {other}"


def test_wording_speaks_every_language() -> None:
    for language in LANGUAGES:
        assert words_of(language)
        assert Wording(language).text("age.minutes", number=3)
    with pytest.raises(KeyError):
        Wording("en").text("no.such.key")
    with pytest.raises(ValueError, match="no words in 'xx'"):
        words_of("xx")


def test_the_web_client_asks_for_no_key_that_is_not_there() -> None:
    """TypeScript checks whole keys; this looks at those put together at run time."""
    known = {key for part in PARTS for key in words("en", part)}
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
