"""Two sides in one node, each with officers in every role and something of everything.

Whatever one keeps is full of marks that stand nowhere else: `zqlao` and `zqthai` in every name,
note and address; and there are the ids and hashes of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image

from patrol.units.permissions import ACTS
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices
from tests.maps.servers.running import wait_until

WORDS: Final = {LAO: "lao", THAI: "thai"}
ROLES: Final = tuple(sorted(ACTS["see the picture"]))
NO_ID: Final = "0" * 31 + "e"
"""An id that nothing has."""

PLACES: Final = {LAO: (100.4141, 20.2705), THAI: (100.4069, 20.2617)}
FAR: Final = {LAO: (101.90, 20.90), THAI: (99.90, 20.10)}
PICTURE: Final = {LAO: (10, 90, 200), THAI: (200, 90, 10)}


class AsksAgain(httpx.AsyncHTTPTransport):
    """Asks again, as browsers do, what it asked on a connection that was just being closed.

    The server closes one that was idle for 5 s. On a busy machine so much may lie between the end
    of an answer and the next request, and both meet.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask once, and what changes nothing once more."""
        try:
            return await super().handle_async_request(request)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            if request.method != "GET":
                raise
            return await super().handle_async_request(request)


def stranger(offices: Offices, **headers: str) -> httpx.AsyncClient:
    """Return a client that leaves no connection idle for so long that the server closes it."""
    url = offices.server.url
    asks = AsksAgain(limits=httpx.Limits(keepalive_expiry=1.0))
    return httpx.AsyncClient(base_url=url, headers={"origin": url} | headers, transport=asks,
                             timeout=30)  # fmt: skip


class Side:
    """One agency: its officers and whatever it keeps.

    Attributes:
        agency: Its id.
        mark: What every word of it begins with.
        ids: Ids and hashes of what it keeps, by the name of a route's parameter.
        never: Marks that no agreement lets cross.
    """

    def __init__(self, offices: Offices, agency: str) -> None:
        self.offices, self.agency = offices, agency
        self.mark = f"zq{WORDS[agency]}"
        self.officers: dict[str, httpx.AsyncClient] = {}
        self.ids: dict[str, list[str]] = {}
        self.phones: dict[str, httpx.AsyncClient] = {}

    def keep(self, kind: str, id: str) -> str:
        """Note an id of its own."""
        self.ids.setdefault(kind, []).append(id)
        return id

    async def post(self, role: str, path: str, status: int = 201, **body: Any) -> Any:
        """Have an officer do something."""
        answer = await self.officers[role].post(path, json=body)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def boat(self, name: str, lon: float, lat: float, channel: str = "*") -> str:
        """Register a boat with its phone, and let it report; return its id.

        Its address is believed from `channel` alone.
        """
        call_sign = f"{self.mark}-{name}."  # the dot ends it, whatever a file writes after it
        unit = await self.post("admin", "/api/units", call_sign=call_sign, kind="boat",
                               note=f"{self.mark}-unitnote",
                               country="LA" if self.agency == LAO else "TH")  # fmt: skip
        self.keep("unit", unit["id"])
        start = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        address = f"position_json:{call_sign}"
        bound = await self.post("admin", "/api/assignments", address=address, unit=unit["id"],
                                start=start, channel=channel)  # fmt: skip
        self.keep("assignment", bound["id"])
        self.keep("address", address)
        await self.phone(name, lon, lat)
        return str(unit["id"])

    async def phone(self, name: str, lon: float, lat: float) -> None:
        """Have a phone of its own report from a place."""
        key = await self.offices.server.office.people.add_device(
            f"{self.mark}-{name}.", self.agency
        )
        self.phones[name] = stranger(self.offices, authorization=f"Bearer {key}")
        await self.sail(name, lon, lat)

    async def sail(self, name: str, lon: float, lat: float, **more: Any) -> None:
        """Let a boat report ten positions, up to now."""
        now = datetime.now(UTC)
        bodies = [
            {"id": f"{name}-{now.timestamp()}-{n}", "lon": lon + n * 1e-5, "lat": lat,
             "time": (now - timedelta(milliseconds=9 - n)).isoformat(), **more}
            for n in range(10)
        ]  # fmt: skip
        answer = await self.phones[name].post("/api/positions", json=bodies)
        assert answer.json()["rejected"] == [], answer.text

    def seen_in(self, content: bytes) -> set[str]:
        """Return the marks of this agency that stand in an answer."""
        answers = {
            word.decode() for word in re.findall(rb"%s-[a-z_]+" % self.mark.encode(), content)
        }
        answers |= {id for ids in self.ids.values() for id in ids if id.encode() in content}
        return answers

    async def photo(self, number: int) -> str:
        out = BytesIO()
        colour = tuple(part + number for part in PICTURE[self.agency])
        Image.new("RGB", (60, 40), colour).save(out, "JPEG")
        answer = await self.officers["commander"].post("/api/photos", content=out.getvalue())
        assert answer.status_code == 201, answer.text
        return self.keep("photo", answer.json()["photo"])

    async def settle_in(self) -> None:
        """Keep something of everything."""
        mark, now = self.mark, datetime.now(UTC)
        later: dict[str, Any] = {"starts_at": (now + timedelta(hours=2)).isoformat(),
                 "ends_at": (now + timedelta(hours=5)).isoformat()}  # fmt: skip
        lon, lat = PLACES[self.agency]
        boat = await self.boat("boat", lon, lat)
        await self.boat("far", *FAR[self.agency])
        await self.boat("elsewhere", lon, lat, channel="pier")
        await self.phone("loose", lon, lat)
        retired = await self.boat("retired", lon, lat)
        answer = await self.officers["admin"].patch(f"/api/units/{retired}", json={"retired": True})
        assert answer.status_code == 200, answer.text
        for use in ("patrol", "no_go"):
            wide = 0.002
            ring = [[lon - wide, lat - wide], [lon + wide, lat - wide], [lon + wide, lat + wide],
                    [lon - wide, lat + wide], [lon - wide, lat - wide]]  # fmt: skip
            if use == "no_go":
                ring = [[x + 0.02 * (1 if self.agency == LAO else -1), y] for x, y in ring]
            drawn = await self.post("planner", "/api/sectors", name=f"{mark}-{use}", use=use,
                                    note=f"{mark}-sectornote",
                                    polygon={"type": "Polygon", "coordinates": [ring]})  # fmt: skip
            self.keep("sector", drawn["sector"]["id"])
        plan = await self.post("planner", "/api/patrols", name=f"{mark}-own", note=f"{mark}-plan",
                               agencies=[self.agency], sectors=[self.ids["sector"][0]],
                               members=[{"unit": boat, "agency": self.agency}],
                               **later)  # fmt: skip
        path = f"/api/patrols/{self.keep('patrol', plan['id'])}"
        written = await self.officers["planner"].put(
            f"{path}/annex", json={"text": f"{mark}-annex"}
        )
        assert written.status_code == 200, written.text
        await self.post("planner", f"{path}/propose", 200)
        phrase = await self.post("planner", "/api/phrases", language="lo", text=f"{mark}-phrase",
                                 topic=f"{mark}-topic")  # fmt: skip
        self.keep("phrase", phrase["id"])
        shifts = [
            await self.post("planner", "/api/roster/shifts", office=f"{mark}-office",
                            officer=f"{mark}-officer", phone=f"{mark}-phone", radio=f"{mark}-radio",
                            note=f"{mark}-shift", starts_at=(now + start).isoformat(),
                            ends_at=(now + start + timedelta(hours=8)).isoformat())
            for start in (timedelta(hours=-1), timedelta(hours=7))
        ]  # fmt: skip
        for shift in shifts:
            self.keep("shift", shift["id"])
        first, second = shifts
        await self.post("planner", f"/api/roster/shifts/{first['id']}/begin", 200)
        over = await self.post("commander", "/api/roster/hand-overs", shift=first["id"],
                               relief=second["id"], note=f"{mark}-watch")  # fmt: skip
        self.keep("hand_over", over["id"])
        entry = await self.post("planner", "/api/watch-log", text=f"{mark}-logged")
        self.keep("entry", entry["id"])
        private = await self.post(
            "planner", "/api/agreements", agencies=[LAO, THAI],
            terms=terms(["positions"]) | {"name": f"{mark}-draft"},
        )  # fmt: skip
        self.keep("agreement", private["id"])
        await self.news()
        response = await self.officers["technician"].post(
            "/api/tokens", json={"name": f"{mark}-token"}
        )
        assert response.status_code in (201, 422), response.text

    async def news(self) -> None:
        """Keep something of everything that an agreement may let cross, now."""
        mark, now = self.mark, datetime.now(UTC)
        lon, lat = PLACES[self.agency]
        await self.sail("boat", lon, lat)
        await self.sail("far", *FAR[self.agency])
        for sector in self.ids["sector"]:
            answer = await self.officers["planner"].patch(
                f"/api/sectors/{sector}", json={"note": f"{mark}-sectornote {now}"}
            )
            assert answer.status_code == 200, answer.text
        answer = await self.officers["planner"].patch(
            f"/api/patrols/{self.ids['patrol'][0]}", json={"note": f"{mark}-plan {now}"}
        )
        assert answer.status_code == 200, answer.text
        photo = await self.photo(len(self.ids.get("photo", ())))
        target = await self.post(
            "commander", "/api/targets", what="vessel", name=f"{mark}-target",
            description=f"{mark}-looks", informants=[f"{mark}-never-informant"],
            witnesses=[f"{mark}-never-witness"], private_note=f"{mark}-never-note",
            photos=[photo], unit=self.ids["unit"][0],
            sighting={"lon": lon, "lat": lat, "note": f"{mark}-sighting",
                      "private_note": f"{mark}-never-sighting"},
        )  # fmt: skip
        self.keep("target", target["id"])
        self.keep("case", target["case"])
        made = await self.post(
            "commander", "/api/marks", name=f"{mark}-marked", remarks=f"{mark}-remarks",
            use="hazard", lon=lon, lat=lat,
        )  # fmt: skip
        self.keep("mark", made["id"])
        incident = await self.post(
            "commander", "/api/incidents", category="drugs", when=datetime.now(UTC).isoformat(),
            lon=lon, lat=lat, place_name=f"{mark}-place", narrative=f"{mark}-narrative",
            names=f"{mark}-never-name", informants=f"{mark}-never-told", photos=[photo],
            witnesses=f"{mark}-never-saw", victims=f"{mark}-never-victim",
            seizures=[{"what": f"{mark}-goods", "amount": 3, "unit": "kg"}],
        )  # fmt: skip
        self.keep("incident", incident["id"])
        await self.post("liaison", f"/api/incidents/{incident['id']}/confirm", 200, version=1)
        await self.post(  # nobody confirms it, so it stays here
            "commander", "/api/incidents", category="drugs", when=datetime.now(UTC).isoformat(),
            lon=lon, lat=lat, narrative=f"{mark}-never-unconfirmed",
        )  # fmt: skip
        given = await self.officers["planner"].put(
            f"/api/roster/shifts/{self.ids['shift'][0]}/contact",
            json={"name": f"{mark}-contact", "phone": f"{mark}-contactphone"},
        )
        assert given.status_code == 200, given.text
        self.keep("contact", given.json()["id"])
        await self.call()

    async def call(self) -> None:
        """Have a boat call for help, in an alert of its own."""
        lon, lat = PLACES[self.agency]
        known = {
            each["id"]
            for each in (await self.officers["commander"].get("/api/alerts")).json()
            if each["rule"] == "sos"
        }
        for id in known:  # one that is over by now is that
            path = f"/api/alerts/{id}/resolve"
            await self.officers["commander"].post(path, json={"note": "over"})
        await self.sail("boat", lon + 0.001, lat, distress=True, text=f"{self.mark}-words",
                        status=f"{self.mark}-status")  # fmt: skip
        async for _ in wait_until("the alert"):
            alerts = (await self.officers["commander"].get("/api/alerts")).json()
            new = [each for each in alerts if each["id"] not in known]
            if any((each["rule"], each["agency"]) == ("sos", self.agency) for each in new):
                break
        own = [each["id"] for each in alerts if each["agency"] == self.agency]
        self.ids["alert"] = own[:2]  # those that ring come first


def terms(classes: Iterable[str], **more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"name": "Joint", "purposes": ["safety of crews"], "classes": list(classes),
            "valid_from": (now - timedelta(hours=1)).isoformat(),
            "valid_until": (now + timedelta(days=30)).isoformat(), **more}  # fmt: skip


class Sides:
    """Both agencies.

    Attributes:
        lao: The node's first agency.
        thai: The other.
    """

    def __init__(self, offices: Offices) -> None:
        self.offices = offices
        self.lao, self.thai = Side(offices, LAO), Side(offices, THAI)

    @property
    def ways(self) -> tuple[tuple[Side, Side], ...]:
        """Who looks, at whom."""
        return ((self.lao, self.thai), (self.thai, self.lao))

    @asynccontextmanager
    async def agreed(self, classes: Iterable[str], **more: Any) -> AsyncIterator[str]:
        """Have an agreement in force, and news of both sides; yield its id, and end it."""
        agreement = await self.agree(classes, **more)
        try:
            await asyncio.gather(self.lao.news(), self.thai.news())
            yield agreement
        finally:
            path = f"/api/agreements/{agreement}/end"
            await self.lao.officers["liaison"].post(path, json={"reason": "over"})

    async def agree(self, classes: Iterable[str], **more: Any) -> str:
        """Have both sign an agreement; return its id."""
        body: dict[str, Any] = {"agencies": [LAO, THAI], "terms": terms(classes, **more)}
        drafted = await self.lao.post("liaison", "/api/agreements", **body)
        path = f"/api/agreements/{drafted['id']}"
        await self.lao.post("liaison", f"{path}/propose", 200)
        for side in (self.lao, self.thai):
            version = (await side.officers["liaison"].get(path)).json().get("version", 1)
            await side.post("liaison", f"{path}/sign", 200, version=version)
        return str(drafted["id"])


@asynccontextmanager
async def two_sides(folder: Path) -> AsyncIterator[Sides]:
    """Run a server on which both sides keep something of everything, with no agreement."""
    rules = [
        {"name": f"zq{word}-rule", "agency": agency, "role": "commander", "way": "radio",
         "to": [f"zq{word}-boat."]}
        for agency, word in WORDS.items()
    ]  # fmt: skip
    async with AsyncExitStack() as stack:
        offices = await stack.enter_async_context(two_offices(folder, delivery=rules))
        both = Sides(offices)
        for side in (both.lao, both.thai):
            for role in ROLES:
                name = f"{side.mark}.{role}"
                people = offices.server.office.people
                user = await people.add_user(name, role, side.agency, None)
                token = await people.link_for(user, minutes=5)
                client = stranger(offices)
                side.officers[role] = await stack.enter_async_context(client)
                answer = await client.post("/api/session/link", json={"token": token})
                assert answer.status_code == 200, answer.text
                client.auth = offices.server.signs_in_anew(name)
                side.keep("name", name)
            await side.settle_in()
            for phone in side.phones.values():
                stack.push_async_callback(phone.aclose)
        yield both
