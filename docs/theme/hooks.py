"""Hooks of MkDocs: pages that lie beside the code join the site, and links keep leading to them.

A page names others by where they lie in the repository, as whoever reads it there needs it. What
is no page of the site (source text) is named without a link: the site is read without a network.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

ROOT: Final = Path(__file__).resolve().parents[2]

BESIDE_CODE: Final = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "deploy/mosquitto/README.md",
    "deploy/systemd/README.md",
    "gis/reference/NOTICES.md",
    "tests/README.md",
    "tests/benchmarks/README.md",
    "tests/captures/README.md",
    "tests/endurance/README.md",
    "tests/fuzz/README.md",
)
"""Pages of the repository that are part of the site, below `repository/`."""

LOOKED_UP: Final = re.compile(
    r"reference/(api|commands|settings)\.md|explanation/decisions\.md|repository/(CHANGELOG|tests/.*)\.md"
)
"""Pages that a search finds after the others: they name everything once."""

_LINK: Final = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages that lie beside the code."""
    for name in BESIDE_CODE:
        files.append(File.generated(config, f"repository/{name}", abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Let links lead to where the pages lie in the site, and searches to what explains first."""
    here = page.file.src_uri
    if LOOKED_UP.fullmatch(here):
        page.meta["search"] = {"boost": 0.3}
    at = here.removeprefix("repository/") if here.startswith("repository/") else f"docs/{here}"

    def led(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(at), target))
        if path in BESIDE_CODE:
            path = f"repository/{path}"
        elif path.startswith("docs/"):
            path = path.removeprefix("docs/")
        elif (ROOT / path).exists():
            return text
        return f"[{text}]({posixpath.relpath(path, posixpath.dirname(here) or '.')}{anchor})"

    return _LINK.sub(led, markdown)
