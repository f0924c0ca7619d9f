"""A transport of others: what it does wrong is a broken link of its own channel, and is named."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_plugins import allow_channel_plugins, plugin_lines
from radio_gateway.channels.channel_settings import ChannelSettings, read_channel
from radio_gateway.errors.errors import SettingsError
from radio_gateway.health.health import ChannelHealth
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Transmission
from radio_gateway.plugins import plugin as limits
from radio_gateway.plugins.plugins import PLUGINS
from radio_gateway.transports import TRANSPORTS
from tests.fixtures.plugin_packages import on_the_path, write_package

GROUP = "joint_patrol.transports"

# Reads one sentence, then does what its URL's host says.
ODD = """
    import asyncio, time
    from datetime import UTC, datetime
    from radio_gateway.links.transport import Chunk

    RMC = b"$GPRMC,023000.00,A,2016.20000,N,10024.60000,E,10.0,141.0,241126,,,A*6E\\r\\n"

    class OddLink:
        can_wait = is_local = reopens_when_silent = can_send = False
        is_stream = is_live = True
        fault = None

        def __init__(self, link):
            self.host = link.host
            self.reads = 0
            if self.host == "unmade":
                raise ValueError("on purpose")

        async def __aenter__(self):
            if self.host == "unopened":
                raise OSError("no such device")
            return self

        async def __aexit__(self, *_):
            pass

        async def read(self):
            self.reads += 1
            if self.reads > 1:
                if self.host == "raises":
                    raise ValueError("on purpose")
                if self.host == "ever":
                    while True:
                        pass
                if self.host == "junk":
                    return [b"bytes"]
                await asyncio.sleep(60)
            await asyncio.sleep(0.01)
            stored = None
            if self.host == "answers":
                def stored():
                    raise ValueError("when stored")
            return [Chunk(RMC, datetime.now(UTC), stored=stored)]

        async def send(self, data, **_):
            raise ValueError("on purpose")

        def now(self):
            return datetime.now(UTC)
"""


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    write_package(tmp_path, "odd-links", ODD, {GROUP: {"odd": "odd_links:OddLink"}})
    with on_the_path(tmp_path):
        yield tmp_path


def settings_of(host: str) -> ChannelSettings:
    table = {"name": "pier", "url": f"odd://{host}", "protocols": ["nmea0183"]}
    return read_channel(table, where="patrol.toml: channels[0]")


async def hear(host: str, state: str) -> tuple[list[Transmission], ChannelHealth]:
    """Return what is heard until the channel is in a state, and how it fares then."""
    inbox = Inbox()
    channel = Channel(settings_of(host), inbox, gateway="gw", boot="b")
    task = asyncio.create_task(channel.run())
    try:
        async with asyncio.timeout(20):
            while channel.health().state != state or (state == "open" and not len(inbox)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        health = channel.health()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    heard = await inbox.take() if len(inbox) else []
    for each in heard:
        if each.stored is not None:
            each.stored()
    return [each.transmission for each in heard], health


async def test_one_that_is_allowed_is_heard(packages: Path) -> None:
    with pytest.raises(SettingsError, match="'odd' is a plug-in of odd-links"):
        settings_of("well")
    allow_channel_plugins(("odd-links",))
    heard, health = await hear("well", "open")
    assert [each.protocol for each in heard] == ["nmea0183"]
    assert health.fault is None


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("unmade", "raised ValueError: on purpose"),
        ("unopened", "raised OSError: no such device"),
        ("raises", "raised ValueError: on purpose"),
        ("junk", "reads what is no list of Chunks"),
        ("ever", "was broken off"),
    ],
)
async def test_what_it_does_wrong_breaks_its_own_link_and_names_it(
    packages: Path, host: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMIT_S", 0.2)
    allow_channel_plugins(("odd-links",))
    _, health = await hear(host, "down")
    assert health.fault is not None
    assert "plug-in odd (odd-links 1.0): " in health.fault
    assert fault in health.fault


async def test_what_it_wants_to_know_of_a_message_harms_nobody(packages: Path) -> None:
    allow_channel_plugins(("odd-links",))
    heard, _ = await hear("answers", "open")
    assert len(heard) == 1
    assert "raised ValueError: when stored" in plugin_lines(())[0][0]


async def test_one_that_cannot_be_imported_leaves_its_channel_down(packages: Path) -> None:
    (packages / "odd_links.py").write_text("import no_such_module")
    allow_channel_plugins(("odd-links",))
    _, health = await hear("well", "down")
    assert "cannot be imported: ModuleNotFoundError" in str(health.fault)


def test_a_scheme_that_is_taken_stays_with_who_has_it(packages: Path) -> None:
    built_in = TRANSPORTS["tcp"]
    write_package(packages, "false-tcp", ODD, {GROUP: {"tcp": "false_tcp:OddLink"}})
    allow_channel_plugins(("false-tcp",))
    assert TRANSPORTS["tcp"] is built_in
    (refused,) = (each for each in PLUGINS.found() if each.name == "tcp")
    assert (refused.state, refused.fault) == ("refused", "there is another 'tcp', which stays")
