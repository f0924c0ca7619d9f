"""A feed that cannot know by addresses whether a channel hears its server asks the server."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.maps.feeds.test_feeds import boat, desk, feed
from tests.maps.servers.running import running


@pytest.mark.parametrize("is_one", [True, False])
async def test_a_client_of_a_server_is_sent_back_there_only_where_no_channel_receives_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_one: bool
) -> None:
    within = timedelta(seconds=5) if is_one else timedelta(seconds=0.5)
    monkeypatch.setattr("maps.feeds.writers.cot_writer.ECHO_WITHIN", within)
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    ears: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            queue.put_nowait(line)
            for ear in ears if is_one else ():
                ear.write(line)
        writer.close()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ears.append(writer)
        await reader.read()
        writer.close()

    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as into,
        await asyncio.start_server(listen, "127.0.0.1", 0) as out,
        asyncio.timeout(60),
    ):
        port = into.sockets[0].getsockname()[1]
        channel = {
            "name": "same",
            "url": f"tcp://127.0.0.1:{out.sockets[0].getsockname()[1]}",
            "protocols": ["cot"],
        }
        waits = feed("tak", f"tcp://127.0.0.1:{port}", "cot")
        async with running(tmp_path, feeds=[waits], channels=[channel]) as server:
            assert b".hello" in await queue.get()
            own = await boat(server, "OWN")
            client = await boat(server, "CLIENT")
            await desk(server).registry.assign(address="cot:ANDROID-1", unit=client.id)
            lines = [await queue.get()]
            while not any(b"OWN" in line for line in lines):
                lines.append(await queue.get())
            if is_one:
                await desk(server).registry.plot(own.id, lon=100.42, lat=20.28)
                while b"100.42" not in lines[-1]:
                    lines.append(await queue.get())
            else:
                while not any(b'uid="ANDROID-1"' in line for line in lines):
                    lines.append(await queue.get())
        about_client = [line for line in lines if b'uid="ANDROID-1"' in line]
        assert bool(about_client) != is_one
