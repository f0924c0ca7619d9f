"""Budgets of the pages: what a phone on a thin network must load before it sees anything.

Counted is what a page asks for by itself: scripts that it names or preloads and what they import at
once, chunks without which it stays empty, the map's worker, style sheets, and its words in the
language that has the most of them; gzipped, without fonts and pictures.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.fixtures import needs

CREW_KB: Final = 150
"""A crew's page, kilobytes of 1000 bytes, before fonts."""

COMMANDER_KB: Final = 600
"""The commander's page: what was measured, and a tenth more."""

OFFICE_KB: Final = 400
"""A page of an office without a map."""

WORDS: Final = {
    "crew.html": ("common", "phrases", "crew"),
    "index.html": ("common", "alerts", "commander"),
    "counterparts.html": ("common", "counterparts"),
}
"""Parts of the words that a page opens before it draws."""

_ASSET: Final = re.compile(r"""(?:src|href)="/(assets/[\w.-]+\.(?:js|css))\"""")
_IMPORT: Final = re.compile(r"""(?:import|from)\s*["'`]\./([\w.-]+\.js)["'`]""")
_LATER: Final = re.compile(r"""import\(\s*["'`]\./([\w.-]+\.js)["'`]""")
_WORDS: Final = re.compile(r"""words/(\w+)/([\w-]+)\.json".{0,40}?import\(["'`]\./([\w.-]+\.js)""")
_WORKER: Final = re.compile(r"""[\w-]*worker-[\w-]+\.js""")


@pytest.fixture(scope="module")
def static() -> Path:
    return needs.web_client()


def at_once(static: Path, page: str, *, later: str = "") -> set[str]:
    """Return the names of the scripts and style sheets that a page loads before it can be used.

    Args:
        static: Folder of the built client.
        page: Its file.
        later: Beginning of the names of chunks that are counted though they are loaded by
            `import()`: those without which the page is empty.
    """
    waiting = set(_ASSET.findall((static / page).read_text(encoding="utf-8")))
    assert waiting, f"{page} loads nothing"
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        if not name.endswith(".js"):
            continue
        text = (static / name).read_text(encoding="utf-8")
        more = {f"assets/{each}" for each in _IMPORT.findall(text)}
        if later:
            chunks = {f"assets/{each}" for each in _LATER.findall(text)}
            more |= {each for each in chunks if Path(each).name.startswith(later)}
        waiting |= more - found
    return found


def words(static: Path, page: str) -> set[str]:
    """Return the files of a page's words, in the language that has the most of them."""
    chunks: dict[str, set[str]] = {}
    for path in (static / "assets").glob("*.js"):
        for language, part, name in _WORDS.findall(path.read_text(encoding="utf-8")):
            if part in WORDS[page]:
                chunks.setdefault(language, set()).add(f"assets/{name}")
    assert chunks, "no words"
    return max(chunks.values(), key=lambda names: kilobytes(static, names))


def kilobytes(static: Path, names: set[str]) -> float:
    """Return what files weigh together, gzipped each."""
    return sum(len(gzip.compress((static / name).read_bytes(), 6)) for name in names) / 1000


def test_every_page_is_weighed(static: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for path in sorted(static.glob("*.html")):
            names = at_once(static, path.name)
            weight = kilobytes(static, names)
            sys.stdout.write(f"\n{path.name}: {weight:.1f} kB gz in {len(names)} files")
            assert weight > 1


def test_the_crews_page_is_light(static: Path) -> None:
    names = at_once(static, "crew.html", later="start-")
    assert any(Path(name).name.startswith("start-") for name in names), "its larger part"
    assert not any("maplibre" in name for name in names)
    assert kilobytes(static, names | words(static, "crew.html")) <= CREW_KB


def test_what_the_crews_page_keeps_for_no_network_is_bounded(static: Path) -> None:
    text = (static / "sw.js").read_text(encoding="utf-8")
    files = [each for each in re.findall(r"/assets/[\w.-]+", text) if not each.endswith(".woff2")]
    assert files
    assert kilobytes(static, {each.lstrip("/") for each in files}) <= 2 * CREW_KB


def test_the_commanders_page_keeps_its_budget(static: Path) -> None:
    names = at_once(static, "index.html")
    texts = [(static / name).read_text(encoding="utf-8") for name in names if name.endswith(".js")]
    workers = {f"assets/{each}" for text in texts for each in _WORKER.findall(text)}
    assert workers, "the map draws in a worker"
    assert kilobytes(static, names | workers | words(static, "index.html")) <= COMMANDER_KB


def test_the_page_of_counterparts_keeps_its_budget(static: Path) -> None:
    names = at_once(static, "counterparts.html")
    assert not any("decode" in name for name in names), "the reader of QR codes waits"
    assert kilobytes(static, names | words(static, "counterparts.html")) <= OFFICE_KB
