"""What a stranger or a faithless counterpart sends is refused, named, and costs nobody anything."""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from msgspec.structs import replace

from maps.carriers.message_list import LONGEST_MESSAGE, MOST_ENVELOPES
from maps.carriers.node_certificate import dialing_context
from patrol.exchange.envelope import MAX_INFLATED_BYTES
from tests.maps.carriers.offices import Office, until
from tests.maps.carriers.raw_peer import RawPeer, refusal


class Scene(NamedTuple):
    """An office that listens, a counterpart that it knows, and the peer that speaks for that."""

    ck: Office
    hx: Office
    peer: RawPeer


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    async with ck.running():
        ck.knows(hx.card())
        await until(ck.links.health)
        async with RawPeer(hx, ck) as peer:
            await peer.meet()
            yield Scene(ck, hx, peer)


async def test_a_stranger_gets_no_further_than_the_handshake(scene: Scene, tmp_path: Path) -> None:
    stranger = Office(tmp_path, "stranger", listens=False)
    stranger.card()
    async with RawPeer(stranger, scene.ck) as peer:
        with pytest.raises(httpx.HTTPError):
            await peer.post_body(b"")
    plain = ssl.create_default_context()
    plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE
    async with httpx.AsyncClient(verify=plain, trust_env=False) as client:
        with pytest.raises(httpx.HTTPError):
            await client.post(f"https://127.0.0.1:{scene.ck.port}/envelopes", content=b"")
    assert scene.ck.health().refused == 0


async def test_a_hello_without_our_session_changes_nothing(scene: Scene) -> None:
    assert scene.ck.health().last_word_at is None
    await scene.peer.post(scene.peer.hello())
    assert scene.ck.health().last_word_at is not None


async def test_an_envelope_is_taken_once(scene: Scene) -> None:
    note = scene.peer.sealed("note", b"one")
    assert await scene.peer.post(note) == (200, [])
    status, (answer,) = await scene.peer.post(note)
    assert (status, refusal(answer).code, refusal(answer).sequence) == (200, "replay", 2)
    assert "came before" in refusal(answer).reason
    assert scene.ck.notes.taken == [("hx", b"one")]
    assert scene.ck.health().refused == 1


async def test_what_was_recorded_before_a_restart_is_refused(scene: Scene, tmp_path: Path) -> None:
    note = scene.peer.sealed("note", b"one")
    again = Office(tmp_path, "ck")
    async with again.running():
        again.knows(scene.hx.card())
        await until(again.links.health)
        async with RawPeer(scene.hx, again) as peer:
            _, (refused, hello) = await peer.post(note)
    assert refusal(refused).code == "session"
    assert hello.kind == "hello"
    assert again.notes.taken == []


@pytest.mark.parametrize("field", ["from_node", "to_node"])
async def test_an_envelope_for_another_is_refused(scene: Scene, field: str) -> None:
    made = replace(
        scene.peer.session.envelope("note", b"x", scene.ck.card().at), **{field: "vientiane"}
    )
    _, (answer,) = await scene.peer.post(scene.peer.seal(made))
    assert refusal(answer).code == "not_for_us"
    assert "'vientiane'" in refusal(answer).reason
    assert scene.ck.notes.taken == []


async def test_the_signature_must_be_of_whose_certificate_it_is(
    scene: Scene, tmp_path: Path
) -> None:
    third = Office(tmp_path, "third", listens=False)
    scene.ck.knows(scene.hx.card(), third.card())
    await until(lambda: len(scene.ck.links.health()) == 2)
    async with RawPeer(scene.hx, scene.ck, key=third.key) as peer:
        status, answers = await peer.post(peer.hello())
    assert (status, answers) == (200, [])
    (found,) = (each for each in scene.ck.links.health() if each.node == "hx")
    assert found.refused_last == "an envelope is not signed by the key on the card of hx"


async def test_a_deflate_bomb_is_not_inflated(scene: Scene) -> None:
    bomb = scene.peer.sealed("note", bytes(MAX_INFLATED_BYTES))
    assert len(bomb) < 10_000
    await scene.peer.post(scene.peer.hello())
    _, (answer,) = await scene.peer.post(bomb)
    assert refusal(answer).code == "too_large"
    unsigned = bytes(64) + zlib.compress(bytes(MAX_INFLATED_BYTES))
    _, (answer,) = await scene.peer.post(unsigned)
    assert refusal(answer).code == "signature"
    assert scene.ck.notes.taken == []


async def test_bodies_are_bounded(scene: Scene) -> None:
    answer = await scene.peer.post_body(bytes(LONGEST_MESSAGE + 1))
    assert answer.status_code == 413
    answer = await scene.peer.post_body(b"no list")
    assert (answer.status_code, answer.text[:12]) == (400, "no list of e")
    many = [scene.peer.hello() for _ in range(MOST_ENVELOPES + 1)]
    assert (await scene.peer.post(*many))[0] == 400
    found = scene.ck.health()
    assert found.refused == 3
    assert found.refused_last == "a request is no list of envelopes: 1025 envelopes, 1024 at most"


async def test_who_is_not_stored_for_learns_nothing_of_our_store(scene: Scene) -> None:
    _, (answer,) = await scene.peer.post(scene.peer.sealed("note", b"full"))
    assert (refusal(answer).code, refusal(answer).reason) == (
        "not_stored",
        "not stored now: it is to come again",
    )
    assert scene.ck.health().refused == 1
    assert scene.ck.health().refused_last == "not stored: 10.0.0.4, user patrol: disk full"


async def test_one_bad_body_costs_no_other(scene: Scene) -> None:
    peer = scene.peer
    _, answers = await peer.post(
        peer.sealed("note", b"one"),
        peer.sealed("note", b"bad"),
        peer.sealed("unheard", b""),
        peer.sealed("hello", b"?"),
        peer.sealed("refusal", b"?"),
        peer.sealed("note", b"two"),
    )
    told = [refusal(each) for each in answers]
    assert [(each.sequence, each.code) for each in told] == [
        (3, "refused"),
        (4, "kind"),
        (5, "unreadable"),
    ]
    assert told[0].reason == "note is bad"
    assert [body for _, body in scene.ck.notes.taken] == [b"one", b"two"]


async def test_a_slow_head_is_ended(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maps.http.connection_limits.SILENT_S", 0.3)
    trusted = b64decode(scene.ck.card().tls_certificate)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", scene.ck.port, ssl=dialing_context(scene.hx.tls_file, trusted)
    )
    writer.write(b"POST /envelopes HTTP/1.1\r\nhost: ck\r\nx: ")
    with pytest.raises((ConnectionError, ssl.SSLError, asyncio.IncompleteReadError)):
        async with asyncio.timeout(15):
            await reader.readexactly(1)
    writer.close()


async def test_one_counterpart_has_few_connections(scene: Scene) -> None:
    trusted = b64decode(scene.ck.card().tls_certificate)
    context = dialing_context(scene.hx.tls_file, trusted)
    held = [
        await asyncio.open_connection("127.0.0.1", scene.ck.port, ssl=context) for _ in range(20)
    ]
    await scene.peer.post(scene.peer.hello())
    listener = scene.ck.links.listener
    assert listener is not None
    await until(lambda: listener.connections <= 4)
    for _, writer in held:
        writer.close()


async def test_who_is_silent_in_the_handshake_keeps_nobody_out(scene: Scene) -> None:
    held = [socket.create_connection(("127.0.0.1", scene.ck.port)) for _ in range(100)]
    assert (await scene.peer.post(scene.peer.hello()))[0] == 200
    for each in held:
        each.close()
