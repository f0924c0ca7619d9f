"""Two whole nodes with no link at all: files alone carry an agreement and a hand-off across."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest_asyncio

from patrol.store.journal import journal
from patrol.targets.custody import Ledger, standing
from tests.maps.node.paired_nodes import confirm
from tests.maps.node.test_hand_off_across import HOMES
from tests.maps.servers.running import Running, running

AGENCIES: Final = {"hx": "la-hx", "ck": "th-ck"}


class Office:
    """One office: its server, and an officer who is signed in."""

    def __init__(self, name: str, server: Running, client: httpx.AsyncClient) -> None:
        self.name, self.server, self.client = name, server, client
        self.counterpart = ""

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def write(self, **body: Any) -> tuple[str, bytes]:
        """Write a file for the other."""
        await self.server.office.counterpart_statements.look()  # what its clock does each 2 s
        made = await self.post(f"/api/counterparts/{self.counterpart}/files", **body)
        assert made["next"] is None
        return made["name"], b64decode(made["content"])

    async def read(self, name: str, file: bytes) -> httpx.Response:
        return await self.client.post(
            "/api/counterparts/files", params={"name": name}, content=file
        )


@asynccontextmanager
async def open_office(folder: Path, name: str) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            running(
                folder,
                roles=(),
                node={"id": name, "name": f"BLO {name}"},
                agencies=[{"id": AGENCIES[name], "name": f"police {name}"}],
            )
        )
        for role in ("commander", "observer"):
            await server.office.people.add_user(role, role, AGENCIES[name], None)
        client = await stack.enter_async_context(server.signed_in("commander"))
        yield Office(name, server, client)


class Offices:
    """Both, who have confirmed each other and have nothing between them but a stick."""

    def __init__(self, hx: Office, ck: Office) -> None:
        self.hx, self.ck = hx, ck

    def __iter__(self) -> Any:
        return iter((self.hx, self.ck))

    async def bring(self, *, to: Office) -> Any:
        """Carry a file to an office; return what it says of it."""
        sender = self.hx if to is self.ck else self.ck
        answer = await to.read(*await sender.write())
        assert answer.status_code == 200, answer.text
        report = answer.json()
        assert (report["faults"], report["refused"], report["missing_from"]) == ([], [], 0)
        return report

    async def agree(self) -> str:
        now = datetime.now(UTC)
        terms = {
            "name": "Hand-over of suspects",
            "purposes": ["hand-over of suspects"],
            "classes": ["targets", "positions"],
            "valid_from": (now - timedelta(hours=1)).isoformat(),
            "valid_until": (now + timedelta(days=30)).isoformat(),
        }
        drafted = await self.hx.post(
            "/api/agreements", 201, agencies=["la-hx", "th-ck"], terms=terms
        )
        path = f"/api/agreements/{drafted['id']}"
        sent = await self.hx.post(f"{path}/propose")
        await self.hx.post(f"{path}/sign", version=sent["version"], office="BLO Houay Xai")
        await self.bring(to=self.ck)
        read = await self.ck.get(path)
        assert [each["agency"] for each in read["signatures"]] == ["la-hx"]
        await self.ck.post(f"{path}/sign", version=read["version"], office="BLO Chiang Khong")
        await self.bring(to=self.hx)
        for office in self:
            assert (await office.get(path))["state"] == "active"
        return path

    async def custodian(self, case: str) -> str:
        ledgers = {}
        for office in self:
            entries = await office.server.office.watch.store.read(journal.page)
            ledgers[office.name] = Ledger(entries)
        state = standing(case, ledgers, HOMES)
        assert state.is_sound
        return state.custodian


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    for name in AGENCIES:
        (tmp_path / name).mkdir()
    async with (
        open_office(tmp_path / "hx", "hx") as hx,
        open_office(tmp_path / "ck", "ck") as ck,
    ):
        hx.counterpart = await confirm(hx.server.office, ck.server.office)
        ck.counterpart = await confirm(ck.server.office, hx.server.office)
        yield Offices(hx, ck)


async def test_an_agreement_is_signed_and_a_target_handed_over_by_files_alone(
    offices: Offices,
) -> None:
    hx, ck = offices
    await offices.agree()
    for office in offices:
        assert await office.get("/api/counterpart-links") != []
        assert not any(each["is_open"] for each in await office.get("/api/counterpart-links"))
    seen = {"lon": 100.41, "lat": 20.27, "accuracy_m": 30.0}
    target = await hx.post("/api/targets", 201, what="vessel", name="grey boat", sighting=seen)
    made = await hx.post("/api/hand-offs", 201, target=target["id"], to="th-ck", note="old pier")
    await offices.bring(to=ck)
    (offer,) = await ck.get("/api/hand-offs")
    assert (offer["name"], offer["note"]) == ("grey boat", "old pier")
    await ck.post(f"/api/hand-offs/{offer['id']}/accept", term=offer["term"])
    await offices.bring(to=hx)
    await offices.bring(to=ck)
    await offices.bring(to=hx)
    for office in offices:
        assert (await office.get(f"/api/hand-offs/{made['id']}"))["state"] == "taken"
        health = await office.get(f"/api/counterparts/{office.counterpart}/statements")
        assert health["fork"] == ""
    assert await offices.custodian(offer["case"]) == "th-ck"
    health = await ck.get(f"/api/counterparts/{ck.counterpart}/statements")
    assert health["receipted"] > 0


async def test_both_journals_say_who_wrote_and_read_which_file(offices: Offices) -> None:
    hx, ck = offices
    name, file = await hx.write()
    report = (await ck.read(name, file)).json()
    assert report["new"] == report["statements"] > 0
    again = (await ck.read(name, file)).json()
    assert (again["new"], again["held"]) == (0, report["held"])
    for office, act in ((hx, "write file for counterpart"), (ck, "read file of counterpart")):
        entries = await office.server.office.watch.store.read(journal.page)
        found = [each for each in entries if each.act == act]
        assert found
        assert {each.actor for each in found} == {"commander"}
        assert {each.subject for each in found} == {f"counterpart:{office.counterpart}"}


async def test_who_may_not_gets_nothing_and_a_bad_file_names_itself_and_the_place(
    offices: Offices,
) -> None:
    hx, ck = offices
    name, file = await hx.write()
    async with ck.server.signed_in("observer") as client:
        answer = await client.post("/api/counterparts/files", params={"name": name}, content=file)
        assert answer.status_code == 403
        answer = await client.post(f"/api/counterparts/{ck.counterpart}/files", json={})
        assert answer.status_code == 403
    for body, code, place in (
        (b"", "no_file", ""),
        (b"a photo", "no_file", ""),
        (file[:-9], "cut_off", f"after byte {len(file) - 9}"),
        (file[:-9] + bytes(9), "altered", f"after byte {file.index(b'}') + 2}"),
        (file + bytes(3 << 20), "", ""),
    ):
        answer = await ck.read(name, body)
        if not code:
            assert answer.status_code == 413
            continue
        problem = answer.json()
        assert (answer.status_code, problem["error"]) == (422, "bad_counterpart_file")
        assert (problem["code"], problem["values"]["place"]) == (code, place)
        assert problem["message"].startswith(f"{name}: ")
    answer = await hx.read(name, file)
    assert "it is for ck, and this node is hx" in answer.json()["message"]
    await ck.post(f"/api/counterparts/{ck.counterpart}/revoke", reason="stolen")
    answer = await ck.read(name, file)
    assert (answer.status_code, answer.json()["code"]) == (422, "stranger")
    answer = await ck.client.post(f"/api/counterparts/{ck.counterpart}/files", json={})
    assert answer.status_code == 404
    health = await hx.get(f"/api/counterparts/{hx.counterpart}/statements")
    assert health["waiting"] == health["sent"]


async def test_a_new_epoch_begins_once_for_who_saw_the_old_one_and_a_head_is_told_at_once(
    offices: Offices,
) -> None:
    hx, ck = offices
    path = f"/api/counterparts/{hx.counterpart}/statements"
    before = (await hx.get(path))["sent"]
    assert (await hx.post(f"{path}/head"))["sent"] == before + 1
    assert (await hx.post(f"{path}/restart", epoch=1))["epoch"] == 2
    refused = await hx.post(f"{path}/restart", 409, epoch=1)
    assert "have epoch 2 by now, and not 1" in refused["message"]
    report = (await ck.read(*await hx.write())).json()
    assert {each["reason"] for each in report["faults"]} == {"`epoch` is 2, and 1 here"}
    await ck.post(f"/api/counterparts/{ck.counterpart}/statements/restart", epoch=1)
    await offices.bring(to=ck)
    await offices.bring(to=hx)
    await ck.post(f"/api/counterparts/{ck.counterpart}/revoke", reason="stolen")
    await ck.post(f"/api/counterparts/{ck.counterpart}/statements/restart", 404, epoch=2)
    await ck.post(f"/api/counterparts/{ck.counterpart}/statements/head", 404)
