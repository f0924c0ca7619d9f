"""Layers and pages: compressed, not sent again, replaced by a site's own."""

from __future__ import annotations

import json
from pathlib import Path

from maps.web_client import built_pages as pages
from tests.maps.servers.running import Running, running


async def test_layers_are_listed_with_source_licence_and_error(server: Running) -> None:
    async with server.signed_in() as client:
        answers = {each["name"]: each for each in (await client.get("/api/layers")).json()}
        assert {"countries", "borders", "mekong", "river_km", "blos", "crossings"} <= set(answers)
        assert all(each["title"] and each["licence"] for each in answers.values())
        offices = await client.get("/api/layers/blos")
        assert offices.headers["content-type"] == "application/geo+json"
        assert offices.headers["content-encoding"] == "gzip"
        about = {
            each["properties"]["id"]: each["properties"] for each in offices.json()["features"]
        }
        assert len(about) == 70
        away = {id: (about[id]["river"], about[id]["dist_border_m"]) for id in ("TH-MST", "TH-RNG")}
        assert away == {"TH-MST": ("Moei", 5940), "TH-RNG": ("Kraburi (Pakchan) estuary", 6430)}
        again = await client.get(
            "/api/layers/blos", headers={"if-none-match": offices.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        plain = await client.get("/api/layers/blos", headers={"accept-encoding": "identity"})
        assert plain.json() == offices.json()
        assert (await client.get("/api/layers/atlantis")).status_code == 404


async def test_a_site_adds_a_layer_of_its_own(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [100.4, 20.2]}
    feature = {"type": "Feature", "geometry": point, "properties": {"name": "pier"}}
    file = tmp_path / "piers.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    about = {"file": "piers.geojson", "title": "Our piers", "error_m": 20, "licence": "ours"}
    async with (
        running(tmp_path, layers={"add": {"piers": about, "docks": "piers.geojson"}}) as server,
        server.signed_in() as client,
    ):
        answers = {each["name"]: each for each in (await client.get("/api/layers")).json()}
        assert answers["piers"]["title"] == "Our piers"
        assert (answers["piers"]["error_m"], answers["piers"]["licence"]) == (20, "ours")
        assert answers["docks"]["source"] == "piers.geojson"
        piers = (await client.get("/api/layers/piers")).json()
        assert piers["features"][0]["properties"]["name"] == "pier"


async def test_pages_are_served_and_a_stranger_is_sent_to_sign_in(
    server: Running, tmp_path: Path
) -> None:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>commander</p>")
    (folder / "sign-in.html").write_text("<p>sign in</p>")
    (folder / "assets" / "main-1a2b.js").write_text("let a = 1;" * 500)
    (folder / ".digest").write_text("x")
    (tmp_path / "outside.txt").write_text("secret")
    served = pages.Pages(folder)
    async with server.stranger() as client:
        server.app.state.pages = served
        home = await client.get("/")
        assert (home.status_code, home.headers["location"]) == (303, "/sign-in")
        assert (await client.get("/sign-in")).text == "<p>sign in</p>"
        script = await client.get("/assets/main-1a2b.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-encoding"] == "gzip"
        for path in ("/../outside.txt", "/%2e%2e/outside.txt", "/.digest", "/assets", "/none.js"):
            assert (await client.get(path)).status_code == 404, path
    async with server.signed_in() as client:
        assert (await client.get("/")).text == "<p>commander</p>"


async def test_a_client_that_is_not_built_is_reported_in_words(
    server: Running, tmp_path: Path
) -> None:
    server.app.state.pages = pages.Pages(tmp_path / "none")
    async with server.stranger() as client:
        answer = await client.get("/sign-in")
    assert answer.status_code == 503
    assert "maps.webbuild" in answer.text
