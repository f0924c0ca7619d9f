"""What may change while viewers look on does; what is wrong changes nothing and is told."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import ssl
from dataclasses import replace
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from structlog.testing import capture_logs

from maps.app.uvicorn_server import serve
from maps.http.listen_address import listen
from maps.node.reload import Reload
from maps.settings.settings import Settings, settings_of
from maps.settings.settings_tables import WebSettings
from tests.fixtures.certificates import self_signed
from tests.fixtures.patience import PATIENCE_S, until
from tests.fixtures.plugin_packages import on_the_path, write_package
from tests.fixtures.ports import free_port
from tests.maps.servers.running import Running, running

AIS = b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C\r\n"
SQUARE = '{"type": "Point", "coordinates": [100.4, 20.27]}'


def channel(name: str, port: int) -> dict[str, object]:
    return {"name": name, "url": f"udp://127.0.0.1:{port}", "protocols": ["ais"]}


def told(now: Settings, folder: Path, **tables: object) -> Settings:
    """Return the same settings with the channels, layers and pages of some tables."""
    new = settings_of(tables, source="patrol.toml", folder=folder)
    return replace(now, channels=new.channels, layers=new.layers, web=new.web)


async def heard(server: Running, port: int, name: str) -> None:
    """Speak to a port until the channel has heard it."""
    with socket.socket(type=socket.SOCK_DGRAM) as radio:

        def is_heard() -> bool:
            radio.sendto(AIS, ("127.0.0.1", port))
            return server.office.channels[name].health().frames > 0

        await until(is_heard, every_s=0.02)


async def test_channels_and_layers_change_and_no_viewer_is_lost(tmp_path: Path) -> None:
    pier, tower, bridge = free_port(), free_port(), free_port()
    async with running(tmp_path, channels=[channel("pier", pier), channel("tower", tower)]) as node:
        await heard(node, pier, "pier")
        untouched = node.office.channels["pier"]
        (tmp_path / "depots.geojson").write_text(SQUARE)
        new = [
            told(
                node.office.settings,
                tmp_path,
                channels=[channel("pier", pier), channel("tower", bridge)],
                layers={"add": {"depots": {"file": "depots.geojson"}}},
                web={"port": 0, "session_hours": 3},
            )
        ]
        reload = Reload(node.office.settings, lambda: new[0], lambda: node.office)
        async with node.signed_in("technician") as client, node.live(client) as viewer:
            with capture_logs() as logs:
                assert await reload()
            assert logs == [
                {
                    "event": "reloaded",
                    "log_level": "info",
                    "channels": ["tower"],
                    "needs_a_start": ["web"],
                }
            ]
            assert node.office.channels["pier"] is untouched
            await heard(node, bridge, "tower")
            layers = {each["name"] for each in (await client.get("/api/layers")).json()}
            assert "depots" in layers
            new[0] = told(node.office.settings, tmp_path, channels=[channel("pier", pier)])
            assert await reload()
            assert list(node.office.channels) == ["pier"]
            async with asyncio.timeout(PATIENCE_S):  # the viewer that was there is told
                while True:
                    frame = await viewer.frame()
                    states = {each["name"]: each["state"] for each in frame.get("channels", ())}
                    if states.get("tower") == "stopped":
                        break


async def test_a_package_that_is_allowed_now_works_at_once_and_one_that_is_not_is_named(
    tmp_path: Path,
) -> None:
    source = """
        from maps.reports import Report

        async def make(request):
            return None

        REPORT = Report(make=make, about="time", formats=("html",), act="see tracks")
    """
    packages = tmp_path / "packages"
    packages.mkdir()
    write_package(
        packages, "late-one", source, {"joint_patrol.reports": {"late": "late_one:REPORT"}}
    )
    with on_the_path(packages):
        async with running(tmp_path) as node, node.signed_in("commander") as client:

            async def reports() -> set[str]:
                return {each["name"] for each in (await client.get("/api/reports")).json()}

            assert "late" not in await reports()
            before = node.office.settings
            for allowed, later in ((("late-one",), []), ((), ["plugins"])):
                plugins = {"allowed": list(allowed)}
                new = settings_of({"plugins": plugins}, source="patrol.toml", folder=tmp_path)
                after = replace(before, plugins=new.plugins)
                with capture_logs() as logs:
                    assert await Reload(before, partial(replace, after), lambda: node.office)()
                assert [each["needs_a_start"] for each in logs if "needs_a_start" in each] == [
                    later
                ]
                assert "late" in await reports()
                before = after


async def test_wrong_settings_change_nothing_and_are_reported(tmp_path: Path) -> None:
    port = free_port()
    async with running(tmp_path, channels=[channel("pier", port)]) as node:
        before = node.office.channels["pier"]
        bad = told(
            node.office.settings,
            tmp_path,
            channels=[channel("tower", port)],
            layers={"add": {"depots": {"file": "absent.geojson"}}},
        )

        def read() -> Settings:
            return settings_of({"nodes": {}}, source="patrol.toml", folder=tmp_path)

        for reading, words in ((lambda: bad, "absent.geojson"), (read, "patrol.toml: nodes")):
            with capture_logs() as logs:
                assert not await Reload(node.office.settings, reading, lambda: node.office)()
            ((event, fault),) = [(each["event"], each["fault"]) for each in logs]
            assert event == "reload_refused"
            assert words in fault
        assert node.office.channels == {"pier": before}
        await heard(node, port, "pier")


async def test_at_sighup_who_comes_is_shown_the_new_certificate_and_who_is_there_stays(
    tmp_path: Path,
) -> None:
    made = []
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        made.append(self_signed(tmp_path / name, alternative="IP:127.0.0.1"))
    path = tmp_path / "certificate.pem"

    def put(which: Path) -> None:
        path.write_bytes(which.read_bytes())
        path.with_name("key.pem").write_bytes(which.with_name("key.pem").read_bytes())

    put(made[0])
    web = WebSettings(port=0, tls_certificate=path, tls_key=path.with_name("key.pem"))
    settings = replace(settings_of({}, source="patrol.toml", folder=tmp_path), web=web)
    app, bound = FastAPI(), listen(web)
    app.state.failed = None
    at = bound.getsockname()[:2]
    ready, reloaded = asyncio.Event(), asyncio.Event()
    reload = Reload(settings, lambda: settings, lambda: None)

    async def noted() -> bool:
        good = await reload()
        asyncio.get_running_loop().call_soon(reloaded.set)
        return good

    serving = asyncio.create_task(serve(app, web, bound, ready=ready.set, reload=noted))
    try:
        await ready.wait()
        there = await connected(at, made[0])
        assert await asked(there)
        for certificate, put_there in ((made[1], made[1]), (made[1], tmp_path / "none")):
            if put_there.exists():
                put(put_there)
            else:
                path.write_text("no certificate")
            reloaded.clear()
            os.kill(os.getpid(), signal.SIGHUP)
            async with asyncio.timeout(PATIENCE_S):
                await reloaded.wait()
            assert await asked(there), "who was there goes on"
            for expected, is_shown in ((certificate, True), (made[0], False)):
                try:
                    come = await connected(at, expected)
                except ssl.SSLCertVerificationError:
                    assert not is_shown
                else:
                    assert is_shown
                    assert await asked(come)
                    await close(come)
        await close(there)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected(at: tuple[str, int], certificate: Path) -> Connection:
    trust = ssl.create_default_context(cafile=str(certificate))
    return await asyncio.open_connection(*at, ssl=trust)


async def asked(connection: Connection) -> bool:
    """Return whether a request is answered."""
    reader, writer = connection
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    await reader.readexactly(int(length[1]))
    return head.startswith(b"HTTP/1.1 404")


async def close(connection: Connection) -> None:
    connection[1].close()
    await asyncio.gather(connection[1].wait_closed(), return_exceptions=True)
