"""What a crew's phone reports and sees: one effect each, by its right, of its own agency only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from maps.api.operations.crew_forms import FORMS, MOST_REPORTS
from maps.http.security_headers import Guard
from maps.language.wording import words_of
from patrol.desks.incidents.incidents import IncidentDesk
from patrol.errors.errors import StoreError
from patrol.incidents.incident import Incident
from tests.maps.accounts.test_access_phones import as_user, code_for, unit_of
from tests.maps.api.operations.test_photos import phone_photo
from tests.maps.servers.running import Running, running, wait_until

HERE, THERE = "la-hx", "th-ck"
PLACE = {"lon": 100.4102, "lat": 20.2711}


def report(kind: str, **said: Any) -> dict[str, Any]:
    return {"id": uuid4().hex, "kind": kind, "at": datetime.now(UTC).isoformat(), **said}


async def send(client: httpx.AsyncClient, *reports: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/api/crew/reports", json={"reports": list(reports)})
    assert answer.status_code == 200, answer.text
    took: dict[str, Any] = answer.json()
    return took


async def taken(client: httpx.AsyncClient, *reports: dict[str, Any]) -> None:
    took = await send(client, *reports)
    assert took == {"taken": took["taken"], "refused": []}
    assert sorted(took["taken"]) == sorted({each["id"] for each in reports})


class Phone:
    """An enrolled phone: a browser with its key, and one with the key that only reports."""

    def __init__(
        self, body: dict[str, Any], browser: httpx.AsyncClient, locked: httpx.AsyncClient
    ) -> None:
        self.said, self.browser, self.locked = body, browser, locked


@asynccontextmanager
async def enrolled(
    server: Running, client: httpx.AsyncClient, unit: str | None, device: str = "naga-phone"
) -> AsyncIterator[Phone]:
    code = await code_for(client, device=device, unit=unit)
    async with server.stranger() as stranger:
        body = (await stranger.post("/api/enrolment", json={"code": code["code"]})).json()
    async with (
        server.stranger(authorization=f"Bearer {body['key']}") as browser,
        server.stranger(authorization=f"Bearer {body['reporting_key']}") as locked,
    ):
        yield Phone(body, browser, locked)


async def under_way(
    client: httpx.AsyncClient, unit: str, agency: str, **terms: Any
) -> dict[str, Any]:
    """Return a patrol of a unit that is ready; `terms` are those that are not the usual ones."""
    now = datetime.now(UTC)
    drafted = await client.post(
        "/api/patrols",
        json={
            "name": "Night watch",
            "starts_at": (now - timedelta(minutes=1)).isoformat(),
            "ends_at": (now + timedelta(hours=4)).isoformat(),
            "members": [{"unit": unit, "agency": agency, "crew": 4}],
            "check_in_interval_s": 1800,
            **terms,
        },
    )
    assert drafted.status_code == 201, drafted.text
    id = drafted.json()["id"]
    for step, body in (("propose", None), ("sign", {"revision": 1}), ("ready", None)):
        answer = await client.post(f"/api/patrols/{id}/{step}", json=body)
        assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_every_kind_is_taken_and_has_one_effect(server: Running) -> None:
    async with server.signed_in() as desk:
        unit = await unit_of(desk)
        patrol = (await under_way(desk, unit, "joint"))["id"]
        async with enrolled(server, desk, unit) as phone:
            photo = uuid4().hex
            body = phone_photo()
            for _ in range(2):
                response = await phone.browser.put(f"/api/crew/photos/{photo}", content=body)
                assert response.status_code == 204, response.text
            reports = [
                report("position", **PLACE, speed_mps=4.0, battery_pct=71),
                report("patrol_start", patrol=patrol),
                report("check_in", patrol=patrol),
                report("text", text="at the pier"),
                report(
                    "incident",
                    category="drugs",
                    when=datetime.now(UTC).isoformat(),
                    seizures=[{"what": "methamphetamine", "amount": 200, "unit": "tablets"}],
                    photos=[photo],
                ),
                report(
                    "sighting",
                    what="vessel",
                    name="grey boat",
                    sighting={**PLACE, "course_deg": 180, "speed_mps": 7},
                    photos=[photo],
                ),
            ]
            for _ in range(2):
                await taken(phone.browser, *reports)
            state = (await desk.get(f"/api/units/{unit}")).json()
            assert state["last"]["lon"] == PLACE["lon"]
            assert state["text"] == "at the pier"
            answer = (await desk.get(f"/api/patrols/{patrol}")).json()
            assert answer["state"] == "under way"
            assert len(answer["check_ins"]) == 1
            [incident] = (await desk.get("/api/incidents")).json()
            assert len(incident["photos"]) == 1
            assert (await desk.get(f"/api/photos/{incident['photos'][0]}")).status_code == 200
            [target] = (await desk.get("/api/targets")).json()
            assert target["photos"] == incident["photos"]
            assert target["unit"] == unit

            again = report(
                "sighting", target=target["id"], sighting={"lon": 100.411, "lat": 20.268}
            )
            end = report("patrol_end", patrol=patrol, note="fog")
            for _ in range(3):
                await taken(phone.browser, again, end)
            [target] = (await desk.get("/api/targets")).json()
            assert len(target["sightings"]) == 2
            # What is over is taken again and changes nothing.
            await taken(phone.browser, *reports)
            assert (await desk.get(f"/api/patrols/{patrol}")).json()["state"] == "ended"
            late = await send(phone.browser, report("check_in", patrol=patrol))
            assert [each["error"] for each in late["refused"]] == ["conflict"]


@pytest.mark.parametrize("any_message", [True, False])
async def test_a_crew_is_shown_whether_any_report_of_it_is_a_check_in(
    server: Running, any_message: bool
) -> None:
    async with server.signed_in() as desk:
        unit = await unit_of(desk)
        terms = {} if any_message else {"check_in_by_message": False}
        patrol = (await under_way(desk, unit, "joint", **terms))["id"]
        async with enrolled(server, desk, unit) as phone:
            await taken(phone.browser, report("patrol_start", patrol=patrol))
            [before] = (await phone.browser.get("/api/crew")).json()["patrols"]
            assert before["check_in_by_message"] is any_message
            await taken(phone.browser, report("text", text="at the pier"))
            [later] = (await phone.browser.get("/api/crew")).json()["patrols"]
            moved = later["next_check_in_at"] > before["next_check_in_at"]
            assert moved is any_message, "it is so as it is told"


async def test_a_bad_report_is_named_and_holds_up_no_other(server: Running) -> None:
    async with server.signed_in() as desk, enrolled(server, desk, None) as phone:
        good = report("text", text="all well")
        bad: list[tuple[dict[str, Any], str, str | None]] = [
            (report("position", lon=100.4), "bad_field", "lat"),
            (report("position", lon=400, lat=20), "bad_field", "lon"),
            (report("nonsense"), "bad_field", "kind"),
            (report("text"), "bad_field", "text"),
            (report("text", phrase="no_such_phrase"), "bad_field", "phrase"),
            (report("text", text="x" * 1001), "bad_field", "text"),
            (report("text", text="a", more=1), "bad_field", "more"),
            (report("check_in", patrol="nothing"), "no_unit", None),
            (report("patrol_start", patrol="nothing"), "not_found", None),
            (report("text_read", text_id="nothing"), "not_found", None),
            (report("sighting", sighting=PLACE), "bad_field", "name"),
            (
                report("incident", category="drugs", when="2026-11-01", photos=[uuid4().hex]),
                "photo_missing",
                None,
            ),
            ({"kind": "text", "text": "no id"}, "bad_field", "id"),
        ]
        took = await send(phone.browser, good, *(each for each, _, _ in bad))
        assert took["taken"] == [good["id"]]
        answers = {each["id"]: each for each in took["refused"]}
        for each, error, field in bad:
            answer = answers[each.get("id", "")]
            assert (answer["error"], answer.get("field")) == (error, field), (each, answer)
            assert answer["message"]


async def test_what_can_never_be_stored_holds_up_no_other(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.signed_in() as desk, enrolled(server, desk, None) as phone:
        stuck = report("incident", category="drugs", when="2026-11-01")
        whole = report("incident", category="timber", when="2026-11-01")
        log, now = IncidentDesk.log, True

        async def refusing(self: IncidentDesk, **told: Any) -> Incident:
            if told["category"] == "drugs":
                raise StoreError("IntegrityError: SECRET", transient=now)
            return await log(self, **told)

        monkeypatch.setattr(IncidentDesk, "log", refusing)
        answer = await phone.browser.post("/api/crew/reports", json={"reports": [stuck, whole]})
        assert answer.status_code == 503, "what may go later is tried again"
        now = False
        took = await send(phone.browser, stuck, whole)
        assert took["taken"] == [whole["id"]]
        assert [(each["id"], each["error"]) for each in took["refused"]] == [
            (stuck["id"], "unstorable")
        ]
        assert "SECRET" not in str(took)


async def test_bodies_are_bounded(server: Running) -> None:
    async with server.signed_in("crew") as crew:
        many = [report("text", text="x") for _ in range(MOST_REPORTS + 1)]
        bodies: list[Any] = [{"reports": []}, {"reports": many}, {"reports": [1]}, [], {}]
        for body in bodies:
            answer = await crew.post("/api/crew/reports", json=body)
            assert answer.status_code == 400, body
        answer = await crew.post("/api/crew/reports", content=b"{")
        assert answer.status_code == 400
        answer = await crew.put("/api/crew/photos/nothing", content=b"x")
        assert answer.status_code == 400
        answer = await crew.put(f"/api/crew/photos/{uuid4().hex}", content=b"no photo")
        assert answer.status_code == 422
        answer = await crew.put(f"/api/crew/photos/{uuid4().hex}", content=b"x" * 10_000_001)
        assert answer.status_code == 413
        answer = await crew.get("/api/crew/map", params={"lon": 1, "lat": 1, "radius_km": 500})
        assert answer.status_code == 422


async def test_a_photo_may_be_longer_than_other_bodies_and_nothing_beside_it() -> None:
    guard: Any = Guard(_taken, hosts=["x"], longest_body=10, longer_bodies={"/a/": 100, "/b": 50})
    most = {"/a/1": 100, "/a/": 100, "/a": 10, "/a/1/2": 10, "/b": 50, "/b/1": 10}
    asks = httpx.ASGITransport(guard)
    async with httpx.AsyncClient(transport=asks, base_url="http://x") as client:
        for path, size in most.items():
            fits, does_not = [
                await client.post(path, content=bytes(each)) for each in (size, size + 1)
            ]
            assert (fits.status_code, does_not.status_code) == (204, 413), path


async def _taken(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_the_reporting_key_reports_where_and_help_and_reads_nothing(server: Running) -> None:
    async with server.signed_in() as desk:
        unit = await unit_of(desk)
        async with enrolled(server, desk, unit) as phone:
            allowed = [report("position", **PLACE), report("sos"), report("sos_cancel")]
            await taken(phone.locked, *allowed)
            refused = [
                report("text", text="x"),
                report("check_in", patrol="p"),
                report("patrol_start", patrol="p"),
                report("text_read", text_id="t"),
                report("incident", category="drugs", when="2026-11-01"),
                report("sighting", what="vessel", name="x", sighting=PLACE),
            ]
            kinds = {each["kind"] for each in [*allowed, *refused]} | {"patrol_end"}
            assert kinds == set(FORMS)
            took = await send(phone.locked, *refused)
            assert took["taken"] == []
            assert {each["error"] for each in took["refused"]} == {"forbidden"}
            for method, path in (
                ("GET", "/api/crew"),
                ("GET", "/api/crew/map?lon=100.4&lat=20.3"),
                ("GET", "/api/units"),
                ("GET", "/api/session"),
                ("GET", "/api/incidents"),
                ("PUT", f"/api/crew/photos/{uuid4().hex}"),
            ):
                answer = await phone.locked.request(method, path)
                assert answer.status_code == 403, f"{method} {path}"
            # It is no cookie either, and goes with the phone's own key.
            async with server.stranger(cookie=f"jp_session={phone.said['reporting_key']}") as page:
                assert (await page.get("/api/crew")).status_code == 401
            async with server.signed_in("technician") as technician:
                revoked = await technician.delete("/api/devices/naga-phone")
                assert revoked.status_code == 204
            for client in (phone.locked, phone.browser):
                answer = await client.post(
                    "/api/crew/reports", json={"reports": [report("position", **PLACE)]}
                )
                assert answer.status_code == 401


async def test_a_token_that_only_reports_positions_logs_nothing(server: Running) -> None:
    async with server.signed_in("crew") as crew:
        made = await crew.post(
            "/api/tokens",
            json={"label": "tracker", "scopes": ["write:positions"], "days": 1},
        )
        assert made.status_code == 201, made.text
        async with server.stranger(authorization=f"Bearer {made.json()['token']}") as program:
            took = await send(
                program, report("position", **PLACE), report("text", text="not from here")
            )
            assert len(took["taken"]) == 1
            assert [each["error"] for each in took["refused"]] == ["forbidden"]


async def test_a_call_for_help_rings_latches_and_the_crews_word_does_not_end_it(
    server: Running,
) -> None:
    async with server.signed_in() as desk:
        unit = await unit_of(desk)
        async with enrolled(server, desk, unit) as phone:
            # Bad fields of it are left out: it is heard all the same.
            sos = report("sos", lon=100.41, lat=20.27, accuracy_m="?", text="engine on fire")
            sos["at"] = "yesterday"
            await taken(phone.locked, sos)
            state = (await desk.get(f"/api/units/{unit}")).json()
            assert state["distress"]
            assert state["text"] == "engine on fire"
            assert state["last"]["lat"] == 20.27
            [alert] = [
                each for each in (await desk.get("/api/alerts")).json() if each["rule"] == "sos"
            ]
            assert alert["unit"] == unit
            assert alert.get("state", "raised") == "raised"
            now = (await phone.browser.get("/api/crew")).json()
            assert now["unit"] == {
                "id": unit,
                "call_sign": "Naga 1",
                "kind": "boat",
                "distress": True,
            }
            await taken(phone.locked, report("sos_cancel", text="put out"))
            state = (await desk.get(f"/api/units/{unit}")).json()
            assert state["distress"]
            assert state["status"] == "sos_cancel"
            assert state["text"] == "put out"

            cleared = await desk.post(f"/api/units/{unit}/clear-distress", json={})
            assert cleared.status_code == 200, cleared.text
            # The same call again, by whichever key, is no new call.
            await taken(phone.locked, sos)
            await taken(phone.browser, sos)
            assert not (await desk.get(f"/api/units/{unit}")).json().get("distress")
            await taken(phone.locked, report("sos"))
            assert (await desk.get(f"/api/units/{unit}")).json()["distress"]
            assert (await desk.get(f"/api/units/{unit}")).json()["status"] == "sos"


async def test_a_text_reaches_the_phone_is_delivered_and_read(server: Running) -> None:
    async with server.signed_in() as desk:
        unit = await unit_of(desk)
        async with enrolled(server, desk, unit) as phone:
            [route] = (await desk.get("/api/orders/routes", params={"unit": unit})).json()
            assert route["channel"] == "phone"
            assert route["takes"] == ["text"]
            poll = await desk.post("/api/orders", json={"kind": "poll", "unit": unit})
            assert (poll.status_code, poll.json()["error"]) == (409, "cannot_send")

            async def order(text: str) -> str:
                sent = await desk.post(
                    "/api/orders", json={"kind": "text", "unit": unit, "text": text}
                )
                assert sent.status_code == 201, sent.text
                return str(sent.json()["id"])

            async def state(id: str) -> str:
                return str((await desk.get(f"/api/orders/{id}")).json()["state"])

            first, second = await order("return to the pier"), await order("never mind")
            assert await state(first) == "queued"
            assert (await desk.delete(f"/api/orders/{second}")).json()["state"] == "cancelled"
            [text] = (await phone.browser.get("/api/crew")).json()["texts"]
            assert (text["id"], text["text"], text["from"]) == (
                first,
                "return to the pier",
                "commander",
            )
            assert text["read_at"] is None
            assert await state(first) == "delivered"
            assert (await desk.delete(f"/api/orders/{first}")).status_code == 409

            async with enrolled(server, desk, None, device="other-phone") as other:
                assert (await other.browser.get("/api/crew")).json()["texts"] == []
                took = await send(other.browser, report("text_read", text_id=first))
                assert took["refused"][0]["error"] == "not_found"
            for _ in range(2):
                await taken(phone.browser, report("text_read", text_id=first))
            assert await state(first) == "read"
            [text] = (await phone.browser.get("/api/crew")).json()["texts"]
            assert text["read_at"]


async def test_a_phrase_is_sent_as_its_code_and_as_text(server: Running) -> None:
    code, words = next(
        (key.removeprefix("phrase."), text)
        for key, text in words_of("en").items()
        if key.startswith("phrase.")
    )
    async with server.signed_in() as desk:
        unit = await unit_of(desk)
        async with enrolled(server, desk, unit) as phone, server.live(desk) as live:
            await live.until("snapshot")
            now = (await phone.browser.get("/api/crew")).json()
            assert {"code": code} in now["phrases"]
            await taken(phone.browser, report("text", phrase=code))
            async for _ in wait_until("the stream tells it"):
                change = await live.until("change")
                answers = [each for each in change.get("units", ()) if each.get("phrase")]
                if answers:
                    break
            assert [(each["phrase"], each["text"]) for each in answers] == [(code, words)]
            await taken(phone.browser, report("text", text="own words"))
            state = (await desk.get(f"/api/units/{unit}")).json()
            assert state["text"] == "own words"
            assert "phrase" not in state


async def test_a_user_without_a_boat_is_no_stranger_is_written_to_and_becomes_a_unit(
    tmp_path: Path,
) -> None:
    agencies = [
        {"id": HERE, "name": "Houay Xai", "country": "LA"},
        {"id": THERE, "name": "Chiang Khong", "country": "TH"},
    ]
    async with running(tmp_path, roles=(), agencies=agencies) as server:
        for name, role in (("malee", "commander"), ("niran", "crew")):
            await server.office.people.add_user(name, role, THERE, None)  # type: ignore[arg-type]
        await server.office.people.add_user("somchai", "commander", HERE, None)
        async with (
            as_user(server, "malee") as office,
            as_user(server, "niran") as crew,
            as_user(server, "somchai") as across,
        ):
            await taken(crew, report("position", **PLACE), report("text", text="at the pier"))
            state = (await office.get("/api/units/position_json:niran")).json()
            assert (state["call_sign"], state["person"], state["known"]) == ("niran", True, False)
            assert (state["kind"], state["country"], state["agency"]) == ("handheld", "TH", THERE)
            assert state["text_at"] is not None
            assert (await across.get("/api/units/position_json:niran")).status_code == 404
            routes = {"unit": "position_json:niran"}
            assert (await across.get("/api/orders/routes", params=routes)).status_code == 404

            order = {"kind": "text", "unit": "position_json:niran", "text": "come to the office"}
            sent = (await office.post("/api/orders", json=order)).json()
            assert sent["channel"] == "phone"
            [text] = (await crew.get("/api/crew")).json()["texts"]
            assert text["text"] == "come to the office"
            delivered = (await office.get(f"/api/orders/{sent['id']}")).json()
            assert delivered["state"] == "delivered"

            await taken(crew, report("sos", text="help"))
            [alert] = (await office.get("/api/alerts")).json()
            assert alert["facts"]["call_sign"] == "niran"
            await office.post("/api/units/position_json:niran/clear-distress")
            unit = await unit_of(office, "niran")
            bound = {"address": "position_json:niran", "unit": unit}
            assert (await office.post("/api/assignments", json=bound)).status_code == 201
            assert (await crew.get("/api/crew")).json()["unit"]["id"] == unit
            assert (await office.get("/api/radios/unknown")).json() == []


async def test_a_text_that_no_phone_fetches_expires(server: Running) -> None:
    async with server.signed_in() as desk:
        unit = await unit_of(desk)
        async with enrolled(server, desk, unit) as phone:
            body = {"kind": "text", "unit": unit, "text": "soon", "expires_in_s": 1}
            id = (await desk.post("/api/orders", json=body)).json()["id"]
            async for _ in wait_until("it expires"):
                answer = (await desk.get(f"/api/orders/{id}")).json()
                if answer["state"] == "expired":
                    break
            assert (await phone.browser.get("/api/crew")).json()["texts"] == []


async def test_the_phone_is_sent_its_own_plans_only(tmp_path: Path) -> None:
    agencies = [
        {"id": HERE, "name": "Houay Xai", "country": "LA"},
        {"id": THERE, "name": "Chiang Khong", "country": "TH"},
    ]
    async with running(tmp_path, roles=(), agencies=agencies) as server:
        for agency in (HERE, THERE):
            await server.office.people.add_user(f"{agency}-commander", "commander", agency, None)
        async with (
            as_user(server, f"{HERE}-commander") as here,
            as_user(server, f"{THERE}-commander") as there,
        ):
            unit, theirs = await unit_of(here), await unit_of(there, "SECRET 1")
            own = await under_way(here, unit, HERE)
            await under_way(there, theirs, THERE)
            square = [[100.40, 20.26], [100.41, 20.26], [100.41, 20.27], [100.40, 20.26]]
            for client, name in ((here, "rapids"), (there, "SECRET rapids")):
                drawn = await client.post(
                    "/api/sectors",
                    json={
                        "name": name,
                        "use": "no_go",
                        "polygon": {"type": "Polygon", "coordinates": [square]},
                    },
                )
                assert drawn.status_code == 201, drawn.text
            incident = report("incident", category="drugs", when="2026-11-01")
            async with (
                enrolled(server, here, unit) as phone,
                enrolled(server, there, theirs, device="their-phone") as other,
            ):
                answer = await phone.browser.get("/api/crew")
                assert "SECRET" not in answer.text
                assert theirs not in answer.text
                now = answer.json()
                assert [each["id"] for each in now["patrols"]] == [own["id"]]
                assert now["patrols"][0]["units"] == [{"id": unit, "call_sign": "Naga 1"}]
                assert [each["name"] for each in now["sectors"]] == ["rapids"]
                assert now["agency"] == HERE
                assert now["device"] == "naga-phone"
                assert now["user"] is None

                # An id of one agency's report is free to the other, which learns nothing by it.
                await taken(phone.browser, incident)
                await taken(other.browser, incident)
                for client in (here, there):
                    assert len((await client.get("/api/incidents")).json()) == 1
                took = await send(
                    other.browser,
                    report("patrol_start", patrol=own["id"]),
                    report("sighting", target="x", sighting=PLACE),
                )
                assert {each["error"] for each in took["refused"]} == {"not_found"}


async def test_the_map_is_small_and_of_this_place(server: Running) -> None:
    async with server.signed_in("crew") as crew:
        answer = await crew.get("/api/crew/map", params={"lon": 100.41, "lat": 20.27})
        assert answer.status_code == 200
        body = answer.content
        assert 5_000 < len(body) <= 150_000
        layers = {each["properties"]["layer"] for each in answer.json()["features"]}
        assert {"mekong", "borders", "blos", "crossings", "river_km"} <= layers
        answers = [each["properties"] for each in answer.json()["features"]]
        blos = {each["name"]: each for each in answers if each["layer"] == "blos"}
        assert blos["Chiang Khong"]["name_th"] == "เชียงของ"  # for each reader of this phone
        again = await crew.get(
            "/api/crew/map",
            params={"lon": 100.41, "lat": 20.27},
            headers={"if-none-match": answer.headers["etag"]},
        )
        assert again.status_code == 304


async def test_maps_are_made_one_after_the_other(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = [0]
    most: list[int] = []

    class Slow:
        def around(self, **_where: float) -> bytes:
            at_once[0] += 1
            most.append(at_once[0])
            time.sleep(0.05)
            at_once[0] -= 1
            return b"{}"

    monkeypatch.setattr(server.app.state, "crew_map", Slow())
    async with server.signed_in("crew") as crew:
        asked = (
            crew.get("/api/crew/map", params={"lon": 100.0 + n, "lat": 20.0}) for n in range(4)
        )
        assert [each.status_code for each in await asyncio.gather(*asked)] == [200] * 4
    assert most == [1] * 4, "whoever asks for many maps holds up nobody else's work"


@pytest.mark.parametrize("role", ["planner", "liaison", "observer", "technician"])
async def test_who_is_no_crew_reports_nothing(server: Running, role: Any) -> None:
    async with server.signed_in(role) as client:
        answer = await client.post(
            "/api/crew/reports", json={"reports": [report("position", **PLACE)]}
        )
        assert answer.status_code == 403
        assert (await client.get("/api/crew")).status_code == 403
