"""Every report in every format, of a joint patrol on a real server: opened, looked into, read."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from maps.reports import REPORTS
from maps.reports.jobs.render import ReportFile, rendered
from tests.browser.alone import browser as browser
from tests.fixtures import needs
from tests.fixtures.background_loop import run_in_background_loop
from tests.maps.reports.story import joint_patrol

Files = dict[tuple[str, str], ReportFile]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return every report in every format but PDF."""
    needs.web_client()
    return run_in_background_loop(
        _files(tmp_path_factory.mktemp("reports"), ("html", "map", "xlsx"))
    )


@pytest.fixture(scope="module")
def pdfs(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return every report as PDF, for which Pango must be on the machine."""
    needs.web_client()
    return run_in_background_loop(_files(tmp_path_factory.mktemp("pdfs"), ("pdf",)))


async def _files(folder: Path, formats: Collection[str]) -> Files:
    made: Files = {}
    async with joint_patrol(folder) as story:
        for name, report in REPORTS.items():
            if report.about == "patrol":
                report_request = story.asked()
            else:
                report_request = story.asked(start=story.start, end=story.end, patrol="")
            document = await report.make(report_request)
            for kind in set(report.formats).intersection(formats):
                made[name, kind] = await rendered(document, kind, at=datetime.now(UTC))
    return made


def text_of(files: Files, name: str) -> str:
    """Return the words of a report's page."""
    page = files[name, "html"].content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<body>")[2]))


def test_a_debrief_tells_the_night(files: Files) -> None:
    text = text_of(files, "patrol-debrief")
    for words in ("Night watch", "Naga 1", "Naga 2", "Khong 1", "Asia/Vientiane", "Lao PDR",
                  "Houay Xai reach", "Black boat", "Accepted", "SOS", "42 s", "10 min",
                  "methamphetamine: more than 12.5 kg", "Sandbank", "Came at"):  # fmt: skip
        assert words in text, words
    assert re.search(r"\d\d:\d\d \+07 to .* UTC to ", text), "the range, local and UTC"
    silence = re.search(r"Naga 2 \S+ \S+ \+07 \S+ \S+ \+07 (\d+) min", text)
    assert silence is not None
    assert 40 <= int(silence[1]) <= 42, "the forty minutes without a word"
    assert "SECRET-INFORMANT" not in text


def test_a_briefing_has_what_crews_need(files: Files) -> None:
    text = text_of(files, "briefing")
    for words in ("Naga 1", "test:Naga 1", "Chiang Khong police leads", "Meeting Sandbank",
                  "1 h 0 min", "Rapids", "No-go", "Working channel", "Signed", "Thai"):  # fmt: skip
        assert words in text, words
    assert "test:Khong 1" not in text, "the other side's radio addresses never cross"


def test_coverage_tells_each_kilometre_and_what_nobody_saw(files: Files) -> None:
    text = text_of(files, "coverage")
    assert "Houay Xai reach" in text
    assert re.search(r"\d+\.\d km of \d+\.0 km were seen", text)
    page = files["coverage", "html"].content.decode()
    assert page.count('class="chart"') == 2, "two bands along the river"


def test_a_pack_has_charts_and_answer_times(files: Files) -> None:
    text = text_of(files, "monthly")
    for words in ("Median time to an answer", "2 min", "Drugs", "methamphetamine",
                  "Chiang Khong police"):  # fmt: skip
        assert words in text, words


@pytest.mark.browser
@pytest.mark.parametrize("name", list(REPORTS))
@pytest.mark.parametrize("kind", ["html", "map"])
def test_a_page_opens_from_a_file_and_asks_the_network_for_nothing(
    files: Files, tmp_path: Path, browser: Browser, name: str, kind: str
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(files[name, kind].content)
    context = browser.new_context(viewport={"width": 900, "height": 900}, offline=True)
    page = context.new_page()
    texts: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: texts.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.goto(file.as_uri())
    drawn = ".leaflet-container path" if kind == "map" else "svg.map path"
    page.wait_for_selector(drawn, state="attached")
    page.evaluate("document.fonts.ready.then(() => null)")
    wide = page.evaluate("document.documentElement.scrollWidth")
    fonts = page.evaluate("[...document.fonts].filter((f) => f.status === 'loaded').length")
    context.close()
    assert [url for url in texts if not url.startswith(("file:", "data:"))] == []
    assert faults == []
    assert wide <= 900, "nothing runs over the edge"
    assert fonts > 0, "its own fonts are used"


@pytest.mark.system
@pytest.mark.parametrize("name", list(REPORTS))
def test_a_pdf_has_pages_fonts_and_no_link(pdfs: Files, name: str) -> None:
    content = pdfs[name, "pdf"].content
    plain = content + b"".join(_streams(content))
    assert re.search(rb"/Type\s*/Page\b", plain)
    assert b"Report-Latin" in plain or b"NotoSans" in plain or b"Noto-Sans" in plain
    for word in (b"/URI", b"/Launch", b"/JavaScript", b"/GoToR", b"/Annots", b"/EmbeddedFile"):
        assert word not in plain, word
    assert len(content) < 1_500_000


@pytest.mark.parametrize("name", [name for name in REPORTS if "xlsx" in REPORTS[name].formats])
def test_a_workbook_holds_numbers_no_formula_and_no_link(files: Files, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(files[name, "xlsx"].content)) as open_documents:
        sheets = [
            each for each in open_documents.namelist() if each.startswith("xl/worksheets/sheet")
        ]
        assert len(sheets) >= 3
        cells = "".join(open_documents.read(each).decode() for each in sheets)
        assert "<f>" not in cells
        assert re.search(r"<c r=\"\w+\" s=\"\d+\"><v>\d", cells), "numbers are numbers"
        for each in open_documents.namelist():
            text = open_documents.read(each).decode(errors="replace")
            assert "<hyperlink " not in text, each
            assert 'TargetMode="External"' not in text, each
            assert "externalLink" not in text, each
        if name == "patrol-debrief":
            shared = open_documents.read("xl/sharedStrings.xml").decode()
            assert "=HYPERLINK(" in shared, "written as it was typed, as a text"


def _streams(content: bytes) -> list[bytes]:
    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return found
