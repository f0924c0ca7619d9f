"""A folium map as one file that asks the network for nothing.

folium writes links to its JavaScript on public servers. A briefing that leaves the system must open
on a machine with no network, so each link is replaced by the file that the build of the web client
brought along; a link we have no file for is an error, never a request.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from maps.errors.errors import NotBuilt
from maps.web_client.build_id import FOLDER

if TYPE_CHECKING:
    import folium

BROUGHT: Final = FOLDER / "folium"
"""Where the build puts Leaflet and jQuery."""

_FILES: Final = {"leaflet.js": "leaflet.js", "leaflet.css": "leaflet.css"}
"""By the last part of the link, ignoring its version: the file that replaces it."""

_DROPPED: Final = ("bootstrap", "fontawesome", "all.min.css", "awesome", "glyphicons", "jquery")
"""What folium links by habit and our maps do not use."""

_SCRIPT = re.compile(r'<script src="(?P<url>https?://[^"]+)"></script>')
_STYLE = re.compile(r'<link rel="stylesheet" href="(?P<url>https?://[^"]+)"\s*/?>')


_LIVE: Final[Mapping[int, str]] = {ord(each): f"&#{ord(each)};" for each in "{}`$\\"}
"""What is markup to a template or a script, and no markup to HTML."""


def inert(text: str) -> str:
    """Return words as HTML that means nothing else wherever folium puts it.

    folium makes templates of all that it is given, and puts tooltips between backticks of a script:
    a call sign must neither be run by this server nor by the reader's browser.

    >>> inert("Naga 1"), inert("<{{ 7 * 7 }}`")
    ('Naga 1', '&lt;&#123;&#123; 7 * 7 &#125;&#125;&#96;')
    """
    return html.escape(text).translate(_LIVE)


def blank_map(*, lon: float, lat: float, zoom: int) -> folium.Map:
    """Return a map without tiles, centred on `lon`, `lat` (degrees)."""
    import folium  # and all it draws with: only such pages need it

    page = folium.Map(location=[lat, lon], zoom_start=zoom, tiles=None, control_scale=True)
    page.options["maxZoom"] = 18
    page.options["attributionControl"] = False
    return page


def self_contained(page: folium.Map) -> str:
    """Return the HTML of `page` with everything it needs inside.

    Raises:
        NotBuilt: If the web client, which brings Leaflet, has not been built.
        ValueError: If the map links something we have no file for.
    """
    made = page.get_root().render()
    made = _SCRIPT.sub(lambda found: _inline(found["url"], "script"), made)
    return _STYLE.sub(lambda found: _inline(found["url"], "style"), made)


def _inline(url: str, tag: str) -> str:
    name = url.rsplit("/", 1)[-1]
    if name in _FILES:
        file = BROUGHT / _FILES[name]
        if not file.is_file():
            raise NotBuilt
        text = file.read_text(encoding="utf-8").replace("</script", "<\\/script")
        return f"<{tag}>{text}</{tag}>"
    if any(word in name for word in _DROPPED):
        return ""
    raise ValueError(f"a map page may not load {url}")
