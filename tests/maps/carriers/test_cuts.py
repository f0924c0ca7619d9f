"""The link comes back after each cut and restart; a card that counts no longer ends it at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from maps.carriers.node_certificate import dialing_context
from radio_gateway.links.backoff import Backoff
from tests.maps.carriers.offices import Office, until


class Wire:
    """A proxy of TCP that can be cut.

    Attributes:
        port: Where it listens.
        bytes_passed: How many passed, both ways.
    """

    def __init__(self, to: Callable[[], int]) -> None:
        self.port = 0
        self.bytes_passed = 0
        self._to = to
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._is_cut = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Wire]:
        """Carry what comes, while inside."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.cut()
            server.close()

    def cut(self) -> None:
        """Reset all connections, and those that come."""
        self._is_cut = True
        for each in self._writers:
            each.transport.abort()
        self._writers.clear()

    def mend(self) -> None:
        """Carry again."""
        self._is_cut = False

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._to())
        self._writers += [writer, back]
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                self.bytes_passed += len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()


async def meet(ck: Office, hx: Office, *, port: int | None = None) -> None:
    """Have two offices meet."""
    ck.knows(hx.card())
    hx.knows(ck.card(port=port))
    await until(lambda: ck.links.health() and hx.links.health())
    await until(lambda: ck.health().clock and hx.health().clock)


async def test_a_cut_in_the_middle_is_told_and_mended(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    async with ck.running(), hx.running(), Wire(lambda: ck.port).open() as wire:
        await meet(ck, hx, port=wire.port)
        begun = len(hx.notes.begun)
        wire.cut()
        await until(lambda: not hx.health().is_open)
        assert hx.health().fault is not None
        assert hx.health().fault_since is not None
        assert len(hx.notes.begun) > begun  # what left may be lost: it is due again
        wire.mend()
        began = time.monotonic()
        await until(lambda: hx.health().is_open)
        print("reconnected after", time.monotonic() - began)
        assert hx.health().fault is None
        ck.say("hx", b"still there")
        hx.say("ck", b"so are we")
        await until(lambda: hx.notes.taken and ck.notes.taken)


async def test_either_side_starts_anew(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    async with ck.running():
        async with hx.running():
            await meet(ck, hx)
        again = Office(tmp_path, "hx", listens=False)
        async with again.running():
            again.knows(ck.card())
            await until(lambda: again.links.health() and again.health().clock)
            again.say("ck", b"anew")
            await until(lambda: ("hx", b"anew") in ck.notes.taken)
            hx = again
            port = ck.port
            anew = Office(tmp_path, "ck", port=port)
            anew.cards = ck.cards
            await ck.stop()
            async with anew.running():
                hx.say("ck", b"are you there?")
                await until(lambda: hx.health().is_open and anew.health().clock)
                hx.say("ck", b"and again")
                await until(lambda: ("hx", b"and again") in anew.notes.taken)


async def test_who_is_revoked_is_cut_off_at_once(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    async with ck.running(), hx.running():
        await meet(ck, hx)
        ck.knows()
        began = time.monotonic()
        listener = ck.links.listener
        assert listener is not None
        await until(lambda: not listener.connections)
        assert time.monotonic() - began < 1
        await until(lambda: (hx.health().fault or "").endswith("not know our card"))
        hx.say("ck", b"too late")
        await asyncio.sleep(1)
        assert ck.notes.taken == []
        ck.knows(hx.card())
        await until(lambda: ck.links.health() and ck.health().is_open)


async def test_who_revokes_dials_no_more(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    async with ck.running(), hx.running():
        await meet(ck, hx)
        listener = ck.links.listener
        assert listener is not None
        hx.knows()
        await until(lambda: not listener.connections)
        assert hx.links.health() == []


async def test_a_renewed_card_takes_the_place_of_the_old(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    renewed = Office(tmp_path / "new", "hx", listens=False)
    async with ck.running(), hx.running():
        await meet(ck, hx)
        ck.knows(renewed.card(number=2))
        await until(lambda: not hx.health().is_open)
        async with renewed.running():
            renewed.knows(ck.card())
            await until(lambda: renewed.links.health() and renewed.health().clock)
            renewed.say("ck", b"new key")
            await until(lambda: ("hx", b"new key") in ck.notes.taken)
        assert not hx.health().is_open


async def test_a_new_address_is_dialed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Backoff, "next_s", lambda self, *, lasted_s: 600.0)
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    async with ck.running(), hx.running():
        ck.knows(hx.card())
        hx.knows(ck.card(port=1))
        await until(lambda: hx.links.health() and hx.health().fault)
        assert hx.health().fault == "https://127.0.0.1:1: Connection refused"
        hx.knows(ck.card(number=2))
        await until(lambda: hx.health().is_open)


async def test_of_two_that_could_one_dials(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx")
    async with ck.running(), hx.running():
        await meet(ck, hx)
        await until(lambda: hx.health().direction == "listening")
        listener = ck.links.listener
        assert listener is not None
        ck.say("hx", b"one")
        hx.say("ck", b"two")
        await until(lambda: hx.notes.taken and ck.notes.taken)
        await asyncio.sleep(1)
        ck.say("hx", b"three")
        hx.say("ck", b"four")
        await until(lambda: len(hx.notes.taken) == len(ck.notes.taken) == 2)


async def test_a_private_address_is_dialed_only_where_it_is_listed(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False, networks=())
    async with ck.running(), hx.running():
        ck.knows(hx.card())
        hx.knows(ck.card())
        await until(lambda: hx.links.health() and hx.health().fault)
        assert hx.health().fault == (
            f"https://127.0.0.1:{ck.port}: 127.0.0.1 is at 127.0.0.1, where this server may not be"
            " sent: `counterparts.networks` lists private networks"
        )


def test_a_context_of_a_dialer_has_one_certificate(tmp_path: Path) -> None:
    ck = Office(tmp_path, "ck", listens=False)
    ck.card()
    from base64 import b64decode

    context = dialing_context(ck.tls_file, b64decode(ck.card().tls_certificate))
    assert len(context.get_ca_certs()) <= 1
    assert context.cert_store_stats()["x509"] == 1
