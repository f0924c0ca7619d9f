"""Sectors: drawn and judged, changed in versions, retired; and where they lie."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from time import thread_time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.address.addresses import load_addresses
from patrol.documents_registry.document_kinds import decode, encode
from patrol.errors.errors import Conflict, Forbidden, NotFound
from patrol.patrols.patrol import Member
from patrol.sector_checks.drawing import MOST_POSITIONS, BadShape, RiverStretch, SectorShape, judge
from patrol.sectors.sector import Sector
from patrol.sectors.site_geography import Ground
from patrol.store.records import documents
from patrol.units.data_classes import DATA_CLASSES, marks
from tests.fixtures.examples import examples
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at

SQUARE = [[100.40, 20.28], [100.42, 20.28], [100.42, 20.30], [100.40, 20.30], [100.40, 20.28]]
REACH = RiverStretch(river="Mekong", km_from=2360.0, km_to=2350.0, width_m=2000.0)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground(load_addresses())


@pytest.fixture
async def land(tmp_path: Path, ground: Ground) -> AsyncIterator[Node]:
    """A node that knows rivers and borders."""
    node = Node(tmp_path / "patrol.db")
    node.watch.ground = ground
    await node.start()
    yield node
    await node.stop()


def square(*rings: list[list[float]]) -> SectorShape:
    """Return a polygon of rings, one square if none are given."""
    return SectorShape(polygon={"type": "Polygon", "coordinates": list(rings) or [SQUARE]})


def sector(**more: Any) -> Sector:
    """Return a sector as it is kept."""
    values: dict[str, Any] = {"id": "s1", "agency": AGENCY, "at": at(0), "name": "Islands"}
    return Sector(**(values | more))


async def test_a_sector_is_drawn_changed_in_versions_and_retired(land: Node) -> None:
    desk = land.desk("planner").sectors
    drawn = await desk.draw(name="Islands", shape=square(), note="shallow")
    assert (drawn.agency, drawn.version, drawn.use) == (AGENCY, 1, "patrol")
    assert drawn.geometry is not None
    assert [list(point) for point in drawn.geometry["coordinates"][0]] == SQUARE
    land.time = at(60)
    moved = await desk.change(
        drawn.id, version=1, shape=SectorShape(stretch=REACH), use="fishing_ban"
    )
    assert (moved.version, moved.polygon, moved.km_from, moved.km_to) == (2, None, 2350.0, 2360.0)
    assert (await desk.change(drawn.id, name="Islands")).version == 2, "nothing changed"
    with pytest.raises(Conflict, match="is at version 2: look at it again"):
        await desk.change(drawn.id, version=1, note="deep")
    land.time = at(120)
    gone = await desk.retire(drawn.id, version=2, reason="new map")
    assert gone.retired_at == at(120)
    assert desk.all() == []
    with pytest.raises(NotFound):
        await desk.change(drawn.id, note="again")
    sectors = await land.desk("crew").sectors.versions(drawn.id)
    assert [each.version for each in sectors] == [1, 2, 3]
    assert sectors[0] == drawn
    assert (await land.again()).desk("crew").sectors.all() == []
    assert (await land.desk("crew").sectors.one(drawn.id)).version == 3
    noted = await land.store.read(lambda c: documents.versions(c, "sector", drawn.id))
    assert [each.by for each in noted] == ["kham"] * 3


async def test_large_and_small_letters_of_a_name_can_be_put_right_and_make_no_second_name(
    land: Node,
) -> None:
    desk = land.desk("planner").sectors
    drawn = await desk.draw(name="north islands", shape=square())
    assert (await desk.change(drawn.id, name="North Islands")).name == "North Islands"
    other = await desk.draw(name="South", shape=square())
    with pytest.raises(Conflict, match="there is a sector North Islands already"):
        await desk.change(other.id, name="NORTH ISLANDS")


async def test_a_sector_is_its_agencys_alone_while_nothing_is_agreed(land: Node) -> None:
    drawn = await land.desk("planner").sectors.draw(name="Islands", shape=square())
    other = land.desk("commander", agency=OTHER).sectors
    assert other.all() == []
    for act in (other.one(drawn.id), other.versions(drawn.id), other.retire(drawn.id)):
        with pytest.raises(NotFound):
            await act
    for role in ("crew", "observer", "technician", "liaison"):
        with pytest.raises(Forbidden):
            await land.desk(role).sectors.draw(name="Mine", shape=square())
    # another agency may use the same name, one's own not twice
    await other.draw(name="Islands", shape=square())
    with pytest.raises(Conflict, match="there is a sector Islands already"):
        await land.desk("planner").sectors.draw(name="ISLANDS", shape=square())


async def test_a_sector_that_a_patrol_covers_is_not_retired(land: Node) -> None:
    drawn = await land.desk("planner").sectors.draw(name="Islands", shape=square())
    desk = land.desk().patrols
    patrol = await desk.draft(
        name="Night watch",
        starts_at=at(600),
        ends_at=at(7200),
        sectors=(drawn.id,),
        members=(Member(unit=await land.boat(), agency=AGENCY),),
    )
    with pytest.raises(Conflict, match="is covered by patrol Night watch"):
        await land.desk("planner").sectors.retire(drawn.id)
    await desk.cancel(patrol.id)
    assert (await land.desk("planner").sectors.retire(drawn.id)).is_closed


BAD: dict[str, tuple[SectorShape, str, bool]] = {
    "swapped": (square([[lat, lon] for lon, lat in SQUARE]), "swapped", True),
    "open": (square(SQUARE[:-1]), "not_closed", True),
    "bow tie": (
        square([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]),
        "self_crossing",
        True,
    ),
    "no place": (square([[500.0, 95.0], *SQUARE[1:-1], [500.0, 95.0]]), "out_of_range", False),
    "nothing": (square([]), "empty", False),
    "a point": (
        SectorShape(polygon={"type": "Point", "coordinates": [1, 2]}),
        "not_a_polygon",
        False,
    ),
    "two parts": (
        SectorShape(polygon={"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}),
        "several_parts",
        False,
    ),
    "too many": (square([[100.0, 20.0]] * (MOST_POSITIONS + 1)), "too_many_vertices", False),
    "both": (msgspec.structs.replace(square(), stretch=REACH), "empty", False),
    "neither": (SectorShape(), "empty", False),
    "other river": (
        SectorShape(stretch=msgspec.structs.replace(REACH, river="Nile")),
        "unknown_river",
        False,
    ),
    "beyond": (
        SectorShape(stretch=msgspec.structs.replace(REACH, km_from=9999.0)),
        "off_river",
        True,
    ),
    "narrow": (SectorShape(stretch=msgspec.structs.replace(REACH, width_m=1.0)), "sliver", True),
    "short": (
        SectorShape(stretch=msgspec.structs.replace(REACH, km_to=2360.0)),
        "too_small",
        False,
    ),
    "not a number": (
        SectorShape(stretch=msgspec.structs.replace(REACH, km_to=float("nan"))),
        "off_river",
        False,
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_shape_is_refused_with_its_fault_and_what_would_do(
    land: Node, ground: Ground, name: str
) -> None:
    shape, code, mendable = BAD[name]
    desk = land.desk("planner").sectors
    with pytest.raises(BadShape) as refused:
        await desk.draw(name="Islands", shape=shape)
    judged = refused.value.judged
    assert code in [fault.code for fault in judged.faults]
    assert str(refused.value), "it says what is wrong"
    assert desk.all() == []
    assert (judged.suggestion is not None) is mendable
    if judged.suggestion is not None:
        again, placed = judge(judged.suggestion, ground)
        several = (judged.suggestion.polygon or {}).get("type") == "MultiPolygon"
        assert several or (again.usable and placed is not None), again


NUMBERS = st.floats() | st.integers(-(10**400), 10**400) | st.just("x") | st.none()
RAW = st.recursive(
    NUMBERS | st.booleans() | st.dictionaries(st.text(max_size=2), NUMBERS, max_size=2),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=examples(300), deadline=None)
@given(raw=RAW, kind=st.sampled_from(["Polygon", "MultiPolygon", "Point", "", None]))
def test_whatever_comes_as_a_polygon_is_judged_and_never_fails(raw: Any, kind: Any) -> None:
    judged, placed = judge(SectorShape(polygon={"type": kind, "coordinates": raw}), Ground())
    assert judged.usable is (placed is not None)
    assert judged.usable or judged.faults


def test_a_scribble_is_rejected_at_once_and_nothing_is_made_of_it() -> None:
    chance = random.Random(4)
    ring = [[100.0 + chance.random(), 20.0 + chance.random()] for _ in range(MOST_POSITIONS - 1)]
    began = thread_time()
    judged, placed = judge(square([*ring, ring[0]]), Ground())
    assert thread_time() - began < 3.0, "it took minutes to untie once"
    assert "self_crossing" in [fault.code for fault in judged.faults]
    assert (judged.usable, judged.suggestion, placed) == (False, None, None)


def test_a_ground_without_layers_knows_polygons_and_nothing_else() -> None:
    bare = Ground()
    drawn = sector(polygon=(tuple((x, y) for x, y in SQUARE),))
    assert bare.area(drawn).shape.area == pytest.approx(2087 * 2214, rel=0.02)
    assert bare.countries(drawn) == {}
    assert bare.side(lon=100.4, lat=20.27) is None
    assert bare.chainage(lon=100.4, lat=20.27) is None


def test_a_stretch_lies_along_its_river_and_reaches_into_both_countries(ground: Ground) -> None:
    stretch = sector(river="Mekong", km_from=2350.0, km_to=2360.0, width_m=2000.0)
    area = ground.area(stretch)
    assert 18 < area.shape.area / 1e6 < 21
    assert ground.area(stretch) is area, "made once"
    reached = ground.countries(stretch)
    assert set(reached) == {"LA", "TH"}
    for country, deep in reached.items():
        side = ground.side(lon=deep.lon, lat=deep.lat)
        assert side is not None
        assert (side.country, side.sure) == (country, True)
        assert 300 < deep.border_m < 1300
    narrow = msgspec.structs.replace(stretch, version=2, width_m=200.0)
    assert ground.countries(narrow) == {}, "within the error of the line nothing is sure"


def test_every_field_says_whether_it_may_cross() -> None:
    assert None not in marks(Sector).values()
    assert sector(note="x").shared(frozenset(DATA_CLASSES)) is not None
    assert sector(note="x").shared(frozenset({"patrols"})) is None


def test_a_sector_comes_back_from_its_json_as_it_was() -> None:
    drawn = sector(name="ເກາະ", polygon=(tuple((x, y) for x, y in SQUARE),))
    assert decode("sector", encode(drawn)) == drawn
