"""How lines, areas and places of a printed map look: one table for SVG and for folium.

Colours of sides are those of the live map (Okabe and Ito 2008, safe for colour-blind readers); each
mark carries its letters as well, for a copy in black and white.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

SIDES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LA": "#0072b2",
        "TH": "#c77f00",  # E69F00 darkened: thin lines on white paper
        "MM": "#009e73",
        "CN": "#d55e00",
        "VN": "#8a8000",
        "KH": "#b0608f",
    }
)
UNKNOWN_SIDE: Final = "#5c6670"


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """How something is drawn.

    Attributes:
        colour: Of the line.
        width: Of the line, points.
        dash: Lengths of dashes and gaps, as SVG has them; empty for an unbroken line.
        fill: Colour of an area; empty for none.
        opacity: Of that.
        mark: Form of a place.
        size: Of its mark, points.
        bold: Its label is bold.
    """

    colour: str
    width: float = 1.0
    dash: str = ""
    fill: str = ""
    opacity: float = 0.0
    mark: str = "dot"
    size: float = 3.0
    bold: bool = False


LOOKS: Final[Mapping[str, Looks]] = MappingProxyType(
    {
        "land": Looks(colour="#d9d4c7", width=0.5, fill="#f7f4ec", opacity=1.0),
        "river_area": Looks(colour="#9cc4de", width=0.3, fill="#cfe3f0", opacity=1.0),
        "river": Looks(colour="#7fb2d6", width=2.2),
        "stream": Looks(colour="#a9cbe2", width=0.8),
        "border": Looks(colour="#4a4a4a", width=1.3, dash="6 3 1.5 3"),
        "sector": Looks(colour="#3b3b8f", width=1.4, fill="#3b3b8f", opacity=0.08, bold=True),
        "kept_out": Looks(
            colour="#a3123a", width=1.4, dash="4 2", fill="#a3123a", opacity=0.14, bold=True
        ),
        "cell_1": Looks(colour="none", width=0, fill="#d5e4bd", opacity=0.85),
        "cell_2": Looks(colour="none", width=0, fill="#9cc48d", opacity=0.85),
        "cell_3": Looks(colour="none", width=0, fill="#4f9a6d", opacity=0.85),
        "cell_4": Looks(colour="none", width=0, fill="#1c6650", opacity=0.85),
        "track": Looks(colour=UNKNOWN_SIDE, width=1.6),
        "km": Looks(colour="#4d7fa3", width=1.0, mark="tick", size=2.0),
        "place": Looks(colour="#555555", width=0.8, fill="#ffffff", mark="dot", size=1.8),
        "blo": Looks(
            colour="#222222", width=1.0, fill="#ffffff", mark="house", size=5.0, bold=True
        ),
        "crossing": Looks(colour="#222222", width=1.0, fill="#ffffff", mark="bridge", size=3.6),
        "meeting": Looks(
            colour="#7a0050", width=1.4, fill="#ffffff", mark="star", size=6.0, bold=True
        ),
        "base": Looks(colour="#222222", width=1.0, fill="#ffffff", mark="square", size=3.5),
        # By speed, wider as it grows: for who cannot tell the colours apart.
        "speed_0": Looks(colour="#5c6670", width=2.0),
        "speed_1": Looks(colour="#0072b2", width=2.6),
        "speed_2": Looks(colour="#00735c", width=3.2),
        "speed_3": Looks(colour="#a34700", width=3.8),
        "speed_4": Looks(colour="#a3123a", width=4.4),
        "fix": Looks(colour="#222222", width=0.6, fill="#ffffff", size=1.4),
        "time": Looks(colour="#222222", width=1.0, fill="#222222", size=2.2),
        "end": Looks(
            colour="#222222", width=1.4, fill="#222222", mark="square", size=5.0, bold=True
        ),
        "start": Looks(colour="#222222", width=1.2, fill="#ffffff", mark="dot", size=3.5),
        "unit": Looks(
            colour="#222222", width=1.0, fill="#222222", mark="square", size=4.0, bold=True
        ),
        "alert": Looks(colour="#d1003f", width=1.6, fill="#ffffff", mark="ring", size=4.0),
        "incident": Looks(colour="#222222", width=1.2, fill="#f5c400", mark="diamond", size=4.5),
        "target": Looks(colour="#222222", width=1.2, fill="#ffffff", mark="diamond", size=4.5),
    }
)
"""By style."""


def side_colour(country: str | None) -> str:
    """Return the colour of a side."""
    return SIDES.get(country or "", UNKNOWN_SIDE)
