"""Build id: which build of the web client this node has, as its pages say it themselves.

`vite-plugins/build-id.ts` writes it into each page that follows the live stream; the node tells it
with every snapshot, and a page that was loaded from another build offers to load anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

FOLDER: Final = Path(
    os.environ.get("JOINT_PATROL_STATIC") or Path(__file__).parent.parent / "static"
)
"""Where the client was built; whoever works on it may name another build by the variable."""

_META: Final = re.compile(r'<meta name="build" content="([0-9a-f]{16})"')


def build_id(folder: Path = FOLDER) -> str:
    """Return the build of the pages in `folder`; empty where none were built."""
    try:
        page = (folder / "index.html").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = _META.search(page)
    return "" if found is None else found[1]
