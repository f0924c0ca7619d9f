"""Photos over HTTP: sent, kept bare, shown to who may see them, refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import ExifTags, Image

from patrol.incidents.photo import LONGEST_FILE
from patrol.units.accounts import User
from tests.fixtures.databases import reading
from tests.maps.servers.running import Running, running

OTHER = "th-ck"


@pytest_asyncio.fixture
async def crew(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with server.signed_in("crew") as client:
        yield client


def phone_photo(colour: str = "navy", kind: str = "JPEG", **more: Any) -> bytes:
    """Return a photo as a phone makes it: turned, with place and time."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Model] = "Kham's phone"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:11:24 09:30:15"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = "+07:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (20.0, 16.0, 12.0),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (100.0, 25.0, 48.0),
        }
    )
    out = BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, kind, exif=exif, **more)
    return out.getvalue()


async def test_the_cameras_own_file_is_stored_whole_and_served_to_nobody(
    server: Running, crew: httpx.AsyncClient, tmp_path: Path
) -> None:
    sent = phone_photo("teal")
    body = (await crew.post("/api/photos", content=sent)).json()
    assert body["original"] == hashlib.sha256(sent).hexdigest() != body["photo"]

    (told,) = (await crew.get(f"/api/photos/{body['photo']}/originals")).json()
    assert (told["sha256"], told["size"]) == (body["original"], len(sent))
    assert (told["lon"], told["lat"]) == (100.43, 20.27)
    assert told["taken_at"] == "2026-11-24T02:30:15Z"
    assert told["by"] == "crew"
    with reading(tmp_path / "joint-patrol.db") as opened:
        rows = [bytes(row[0]) for row in opened.execute("SELECT body FROM originals")]
    assert sent in rows
    # Neither by its own hash nor below the photo does any address give it out.
    for path in (f"/api/photos/{body['original']}", f"/api/photos/{body['photo']}/original"):
        assert (await crew.get(path)).status_code == 404
    assert (await crew.get(f"/api/photos/{body['original']}/originals")).status_code == 404
    async with server.signed_in("technician") as client:
        answer = await client.get(f"/api/photos/{body['photo']}/originals")
        assert answer.status_code == 403


async def test_a_photo_comes_back_without_metadata_and_its_place_is_shown_once(
    crew: httpx.AsyncClient, tmp_path: Path
) -> None:
    sent = phone_photo()
    answer = await crew.post("/api/photos", content=sent)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert (kept["lon"], kept["lat"]) == (100.43, 20.27)
    assert kept["taken_at"] == "2026-11-24T02:30:15Z"
    assert kept["taken_local"] == "2026-11-24T09:30:15"
    assert (kept["width_px"], kept["height_px"]) == (40, 60)
    assert answer.headers["cache-control"] == "no-store"

    response = await crew.get(f"/api/photos/{kept['photo']}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert len(response.content) == kept["size"]
    assert b"Kham" not in response.content
    image = Image.open(BytesIO(response.content))
    assert image.size == (40, 60)
    assert not image.getexif()

    again = await crew.post("/api/photos", content=sent)
    assert again.json() == kept
    # nothing of the place is in what is shown
    with reading(tmp_path / "joint-patrol.db") as opened:
        (body,) = [bytes(row[0]) for row in opened.execute("SELECT body FROM photos")]
    assert b"Kham's phone" not in body


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b""),
        ("photo.jpg", b"GIF89a" + bytes(100)),
        ("photo.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        ("photo.jpg", phone_photo()[:700]),
        ("photo.webp", phone_photo(kind="WEBP")[:60]),
    ],
)
async def test_what_is_no_photo_is_refused_whatever_it_is_called(
    crew: httpx.AsyncClient, name: str, content: bytes
) -> None:
    for media_type in ("image/jpeg", "text/html", None):
        headers = {} if media_type is None else {"content-type": media_type}
        answer = await crew.post(
            "/api/photos", params={"name": name}, content=content, headers=headers
        )
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_photo")


async def test_a_png_that_is_called_a_jpeg_is_a_photo(crew: httpx.AsyncClient) -> None:
    answer = await crew.post(
        "/api/photos", content=phone_photo(kind="PNG"), headers={"content-type": "image/jpeg"}
    )
    assert answer.status_code == 201


async def test_a_body_too_long_is_refused_unread(crew: httpx.AsyncClient) -> None:
    largest = phone_photo() + bytes(LONGEST_FILE)
    answer = await crew.post("/api/photos", content=largest[:LONGEST_FILE])
    assert answer.status_code == 201, "what stands behind a picture is cut off"
    answer = await crew.post("/api/photos", content=largest)
    assert (answer.status_code, answer.json()["error"]) == (413, "body_too_long")


async def test_who_may_not_keep_photos_is_refused_before_the_body_is_read(
    server: Running,
) -> None:
    async with server.signed_in("observer") as client:
        answer = await client.post("/api/photos", content=phone_photo())
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    async with server.stranger(origin=server.url) as client:
        answer = await client.post("/api/photos", content=phone_photo())
        assert answer.status_code == 401


async def test_many_photos_at_once_are_all_stored(crew: httpx.AsyncClient) -> None:
    colours = ("red", "green", "blue", "white", "black", "navy")
    answers = await asyncio.gather(
        *(crew.post("/api/photos", content=phone_photo(colour)) for colour in colours)
    )
    assert [answer.status_code for answer in answers] == [201] * len(colours)
    assert len({answer.json()["photo"] for answer in answers}) == len(colours)


@pytest.mark.parametrize("name", ["0" * 64, "x", "..%2f..%2fetc%2fpasswd", "%00", "A" * 64])
async def test_a_photo_that_is_none_is_not_found(crew: httpx.AsyncClient, name: str) -> None:
    assert (await crew.get(f"/api/photos/{name}")).status_code == 404


async def test_another_agency_does_not_see_it_without_an_agreement(tmp_path: Path) -> None:
    agencies = [
        {"id": "joint", "name": "Houay Xai", "country": "LA"},
        {"id": OTHER, "name": "Chiang Khong", "country": "TH"},
    ]
    async with running(tmp_path, agencies=agencies) as server:
        async with server.signed_in("crew") as crew:
            kept = (await crew.post("/api/photos", content=phone_photo())).json()["photo"]
            told = {"category": "drugs", "when": "2026-11-24", "photos": [kept]}
            answer = await crew.post("/api/incidents", json=told)
            assert answer.status_code == 201, answer.text
        await server.office.people.add_user("malee", "commander", OTHER, None)
        found = await server.office.people.user("malee")
        assert found is not None
        assert isinstance(found[0], User)
        token = await server.office.people.link_for(found[0], minutes=5)
        async with server.stranger(origin=server.url) as malee:
            signed_in = await malee.post("/api/session/link", json={"token": token})
            assert signed_in.status_code == 200
            assert (await malee.get(f"/api/photos/{kept}")).status_code == 404
            told = {"category": "drugs", "when": "2026-11-24", "photos": [kept]}
            assert (await malee.post("/api/incidents", json=told)).status_code == 404
            assert (await malee.get("/api/incidents")).json() == []
