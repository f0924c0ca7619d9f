"""A map as SVG: what lies outside of it, stands still or has nothing to show."""

from __future__ import annotations

import re

from maps.reports.document.document import Key, Plate, Shape
from maps.reports.rendering.svg_map import WIDTH, key_svg, map_svg

BOX = (100.0, 20.0, 101.0, 20.5)


def drawn(*shapes: Shape) -> str:
    """Return a map without frame, scale and arrow, which all maps have."""
    empty, whole = (map_svg(Plate(title="A map", box=BOX, shapes=each)) for each in ((), shapes))
    for part in re.findall(r"<[^>]+>[^<]*", empty):
        whole = whole.replace(part, "", 1)
    return whole


def test_a_place_outside_of_the_map_is_not_drawn_and_has_no_words() -> None:
    away = Shape(form="point", style="blo", lines=(((90.0, 20.2),),), label="Far office")
    assert drawn(away) == ""
    here = Shape(form="point", style="blo", lines=(((100.5, 20.2),),), label="Houay Xai")
    assert drawn(here).count("Houay Xai") == 2, "the words, and their halo"


def test_who_stood_still_is_a_dot_and_who_was_nowhere_is_nothing() -> None:
    still = Shape(form="line", style="track", lines=(((100.5, 20.2), (100.5, 20.2)),))
    assert re.search(r'<path d="M[\d.]+ [\d.]+l0.1 0"', drawn(still))
    assert drawn(Shape(form="line", style="track", lines=((),))) == ""


def test_words_keep_inside_of_the_map_and_off_each_other() -> None:
    edge = Shape(form="point", style="blo", lines=(((100.98, 20.3),),), label="At the edge")
    west = re.search(r'<text x="([\d.]+)" y="[\d.]+"[^>]*>At the', drawn(edge))
    assert west is not None
    assert float(west[1]) < WIDTH - 40, "on its left"
    corner = Shape(form="point", style="blo", lines=(((100.999, 20.499),),), label="At the corner")
    assert "At the corner" not in drawn(corner), "none, rather than half of them"
    here = ((100.5, 20.2),)
    two = [Shape(form="point", style="blo", lines=(here,), label=name) for name in ("One", "Two")]
    at = {
        name: re.search(rf'<text x="([\d.]+)" y="([\d.]+)"[^>]*>{name}', drawn(*two))
        for name in ("One", "Two")
    }
    assert at["One"] is not None
    assert at["Two"] is not None
    assert at["One"].groups() != at["Two"].groups()


def test_an_area_without_a_filling_is_its_outline() -> None:
    assert 'fill="none"' in key_svg(Key(form="area", style="border", words="Border"))
    assert 'fill="#3b3b8f"' in key_svg(Key(form="area", style="sector", words="Sector"))
