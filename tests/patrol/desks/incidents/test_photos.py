"""PhotoDesk: a photo is kept once, its agency's own, and so many a day."""

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from PIL import Image

from patrol.errors.errors import BadPhoto, Conflict, Forbidden, NotFound
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, START, Node, at


def picture(colour: str = "navy") -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


async def test_a_photo_is_kept_once_and_only_its_agency_sees_it(node: Node) -> None:
    crew = node.desk("crew")
    photo = await crew.photos.add(picture())
    assert await crew.photos.add(picture()) == photo
    assert node.rows("SELECT agency, origin, width_px, height_px, by FROM photos")[0][:] == (
        AGENCY, NODE, 40, 30, "kham",
    )  # fmt: skip
    assert len(node.rows("SELECT 1 FROM photos")) == 1
    assert [(row["act"], row["subject"]) for row in node.rows("SELECT * FROM journal")] == [
        ("keep photo", f"photo:{photo.sha256}"),
        ("keep original", f"photo:{photo.sha256}"),
    ]
    assert await node.desk("observer").photos.body(photo.sha256) == photo.body
    for wrong in ("0" * 64, photo.sha256.upper(), "x", ""):
        with pytest.raises(NotFound):
            await crew.photos.body(wrong)
    with pytest.raises(Forbidden):
        await node.desk("technician").photos.body(photo.sha256)
    with pytest.raises(Forbidden):
        await node.desk("observer").photos.add(picture())
    await crew.incidents.log(
        category="drugs", happened_at=START, precision="day", photos=(photo.sha256,)
    )
    with pytest.raises(NotFound):
        await node.desk(agency=OTHER).photos.body(photo.sha256)


async def test_an_agency_keeps_only_so_many_photos_a_day(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.desks.incidents.photos.MOST_A_DAY", 2)
    crew = node.desk("crew").photos
    await crew.add(picture("red"))
    await crew.add(picture("green"))
    with pytest.raises(Conflict, match="a day"):
        await crew.add(picture("blue"))
    await node.desk("crew", agency=OTHER).photos.add(picture("blue"))
    node.time = at(25 * 3600)
    await crew.add(picture("blue"))


async def test_an_original_is_its_agencys_and_taken_out_by_few(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew, file = node.desk("crew").photos, picture("olive")
    photo = await crew.add(file)
    (about,) = await crew.originals(photo.sha256)
    assert (about.sha256, about.size) == (hashlib.sha256(file).hexdigest(), len(file))
    assert await node.desk("commander").photos.original(about) == file
    for role in ("crew", "planner", "admin", "observer"):
        with pytest.raises(Forbidden):
            await node.desk(role).photos.original(about)
    with pytest.raises(NotFound):
        await node.desk("commander", agency=OTHER).photos.original(about)
    with pytest.raises(NotFound):
        await node.desk("commander", agency=OTHER).photos.originals(photo.sha256)
    with pytest.raises(BadPhoto):
        await crew.add_original(photo.sha256, b"no picture")
    # Too much of late: the photo is taken all the same, and the journal says what is missing.
    monkeypatch.setattr("patrol.desks.incidents.photos.MOST_ORIGINALS_A_DAY", len(file))
    other = await crew.add(picture("red"))
    assert await crew.originals(other.sha256) == []
    assert not await crew.add_original(other.sha256, picture("red"))
    (row, _) = node.rows("SELECT * FROM journal WHERE act = 'leave out original'")
    assert row["subject"] == f"photo:{other.sha256}"
