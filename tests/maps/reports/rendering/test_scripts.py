"""All seven scripts on paper and on pages: drawn, shaped, broken where lines may end."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime

import pytest

from maps.reports.document.document import (
    Bars,
    Column,
    Facts,
    Plate,
    ReportDocument,
    Section,
    Series,
    Shape,
    Strip,
    StripCell,
    Table,
    Words,
)
from maps.reports.jobs.render import rendered
from maps.reports.rendering.fonts import faces
from maps.reports.rendering.html_page import html_page
from maps.reports.rendering.svg_charts import bars_svg, strip_svg
from maps.reports.rendering.svg_map import map_svg
from maps.reports.rendering.xlsx import workbook_of
from maps.typesetting.line_breaks import BREAK, breakable
from maps.typesetting.pdf_worker import not_drawn, refuse_url
from tests.fixtures import needs

SCRIPTS = {
    "en": "Joint patrol on the Mekong",
    "th": "การลาดตระเวนร่วมตามลำน้ำโขง",
    "lo": "ການລາດຕະເວນຮ່ວມຕາມລຳແມ່ນ້ຳຂອງ",
    "my": "မဲခေါင်မြစ်တစ်လျှောက် ပူးတွဲကင်းလှည့်ခြင်း",
    "km": "ការល្បាតរួមគ្នាតាមដងទន្លេមេគង្គ",
    "vi": "Tuần tra chung trên sông Mê Kông",
    "zh-Hans": "湄公河联合巡逻",
}


def document(language: str, words: str) -> ReportDocument:
    """Return a document that is full of some words."""
    plate = Plate(
        title=words,
        box=(100.3, 20.2, 100.5, 20.4),
        shapes=(
            Shape(form="area", style="sector", label=words,
                  lines=(((100.35, 20.25), (100.45, 20.25), (100.4, 20.35), (100.35, 20.25)),)),
            Shape(form="point", style="blo", label=words, lines=(((100.4, 20.3),),)),
        ),
    )  # fmt: skip
    table = Table(
        columns=tuple(Column(words, 1 if n == 1 else None) for n in range(5)),
        rows=((words, 12.5, words, words, words),),
    )
    bars = Bars(title=words, unit="km", labels=(words,), series=(Series(name=words, values=(3,)),))
    return ReportDocument(
        report="test", language=language, title=words, subtitle=words, facts=((words, words),),
        sections=(Section(title=words, blocks=(
            Words(text=words * 6), Facts(pairs=((words, words),)), table, bars, plate)),),
        made_line=words,
    )  # fmt: skip


@pytest.mark.system
@pytest.mark.parametrize("language", SCRIPTS)
async def test_a_pdf_in_each_script_is_one_page_with_its_words(language: str) -> None:
    pdftotext = shutil.which("pdftotext")
    made = await rendered(document(language, SCRIPTS[language]), "pdf", at=datetime.now(UTC))
    assert made.content.startswith(b"%PDF")
    assert made.name.startswith("test-")
    if pdftotext is None:
        return
    text = await asyncio.to_thread(_words_of, pdftotext, made.content)
    # Shapes that stand for several letters are not all told apart again.
    letters = set(SCRIPTS[language])
    assert len(letters & set(text)) > 0.7 * len(letters)
    assert "\ufffd" not in text


def test_only_the_fonts_that_are_needed_are_inside() -> None:
    needs.web_client()
    latin, thai = faces("Mekong"), faces("Mekong ลำน้ำโขง")
    assert latin.count("@font-face") == 2
    assert thai.count("@font-face") == 4
    assert "url(data:font/woff2;base64," in thai
    assert "http" not in thai
    page = html_page(document("km", SCRIPTS["km"]))
    assert len(page) < 250_000


def test_syllables_may_end_a_line_and_words_stay_what_they_are() -> None:
    for language in ("lo", "my", "km"):
        words = SCRIPTS[language]
        broken = breakable(words)
        assert broken.count(BREAK) >= 2, language
        assert broken.replace(BREAK, "") == words
        parts = broken.split(BREAK)
        # No part begins with what belongs to the letter before it.
        marks = "\u1039\u103a\u102b\u102c\u17d2\u17b6\u0eb0\u0eb2\u0ec8\u0ecd"
        assert not any(part[:1] in marks for part in parts if part), parts
    assert breakable(SCRIPTS["th"]) == SCRIPTS["th"], "paper's engine knows Thai words itself"


@pytest.mark.system
def test_a_character_that_no_font_draws_is_reported_and_fails_nothing() -> None:
    needs.program("fc-list")
    assert not_drawn("Mekong ก ລ 12 km²") == set()
    rare = "\U0001f6a4\u1bd0"  # a boat, and a letter of Batak
    page = html_page(document("en", rare))
    done = subprocess.run(
        [sys.executable, "-m", "maps.typesetting.pdf_worker"],
        input=page.encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(b"%PDF")
    answers = [json.loads(line) for line in done.stderr.decode().splitlines() if line[:1] == "{"]
    missing = {letter for each in answers for letter in each["letters"]}
    assert missing == not_drawn(rare)


def test_the_worker_fetches_nothing() -> None:
    for url in ("http://127.0.0.1/x.css", "file:///etc/passwd", "ftp://x/y"):
        with pytest.raises(ValueError, match="may not load"):
            refuse_url(url)


def test_drawings_escape_words_and_leave_out_labels_without_room() -> None:
    evil = '<script>alert("x")</script>'
    base = Shape(form="point", style="blo", label=evil, lines=(((100.4, 20.3),),))
    plate = Plate(title=evil, box=(100.3, 20.2, 100.5, 20.4), shapes=(base,) * 30)
    drawn = map_svg(plate)
    assert "<script" not in drawn
    assert 2 <= drawn.count("<text") < 40, "thirty labels at one place do not all fit"
    bars = Bars(title=evil, unit="", labels=(evil,), series=(Series(name=evil, values=(1,)),))
    assert "<script" not in bars_svg(bars)
    cells = (StripCell(0, 1, 0), StripCell(1, 2, 4))
    strip = Strip(title=evil, unit=evil, cells=cells, legend=("",) * 5, marks=((1, evil),))
    assert "<script" not in strip_svg(strip)
    assert strip_svg(Strip(title="", unit="", cells=(), legend=())) == ""


def test_a_workbook_keeps_what_looks_like_a_formula_as_text() -> None:
    made = workbook_of(document("en", "=1+1"))
    with zipfile.ZipFile(io.BytesIO(made)) as open_documents:
        assert "<f>" not in open_documents.read("xl/worksheets/sheet2.xml").decode()
        assert "=1+1" in open_documents.read("xl/sharedStrings.xml").decode()


def _words_of(program: str, pdf: bytes) -> str:
    return subprocess.run(
        [program, "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
