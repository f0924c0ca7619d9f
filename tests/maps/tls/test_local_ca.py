"""A local authority: good for its own server only, for as long as phones take it, its key kept."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import stat
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp, Receive, Scope, Send
from typer.testing import CliRunner

from maps.__main__ import app
from maps.api.accounts.trust import Trust
from maps.app.trust_page import trust_app
from maps.app.uvicorn_server import serving_beside
from maps.errors.errors import BadCertificate
from maps.http import plain_http as small_port
from maps.http.listen_address import listen
from maps.settings.settings_tables import WebSettings
from maps.tls import local_ca
from maps.tls.tls_checks import tls_warnings
from maps.tls.tls_files import with_web
from tests.fixtures import needs
from tests.fixtures.command_process import forked_run
from tests.maps.servers.running import running, wait_until

HOSTS = ("blo.local", "10.0.0.5")


def joint_patrol(folder: Path, *words: str, passphrase: str | None = None) -> str:
    """Run `joint-patrol WORDS` and return what it printed."""
    code, out, faults = forked_run(
        (*words, "--config", str(folder / "patrol.toml")),
        Path.cwd(),
        environment={"PATH": "/usr/bin"}
        | ({} if passphrase is None else {"JOINT_PATROL_CA_PASSPHRASE": passphrase}),
    )
    assert code == 0, f"{words}: {out}\n{faults}"
    return out


def verified(folder: Path, authority: x509.Certificate, server: x509.Certificate) -> str:
    """Return what openssl says of a server's certificate under an authority."""
    (folder / "a.pem").write_bytes(local_ca.certificate_pem(authority))
    (folder / "s.pem").write_bytes(local_ca.certificate_pem(server))
    words = ["verify", "-purpose", "sslserver", "-x509_strict", "-CAfile", "a.pem", "s.pem"]
    done = subprocess.run(
        [needs.program("openssl"), *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def forged(
    authority: x509.Certificate, key: local_ca.Key, host: x509.GeneralName
) -> x509.Certificate:
    """Return what a thief of the authority's key would make."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "thief")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )


@pytest.mark.parametrize("hosts", [HOSTS, HOSTS[:1], HOSTS[1:], ("2001:db8::5",)])
def test_a_server_certificate_is_trusted_and_short_enough(
    tmp_path: Path, hosts: tuple[str, ...]
) -> None:
    key, server_key = local_ca.new_key(), local_ca.new_key()
    authority = local_ca.make_authority("Houay Xai", hosts, key)
    server = local_ca.make_server_certificate(
        hosts, server_key.public_key(), authority=authority, authority_key=key
    )
    assert verified(tmp_path, authority, server).endswith("s.pem: OK\n")
    assert local_ca.hosts_of(server) == hosts
    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=397)
    assert server.not_valid_before_utc < datetime.now(UTC)
    assert local_ca.good_for(authority) == hosts


@pytest.mark.parametrize("hosts", [HOSTS, HOSTS[:1], HOSTS[1:]])
def test_who_steals_the_authoritys_key_stands_in_for_nobody_else(
    tmp_path: Path, hosts: tuple[str, ...]
) -> None:
    key = local_ca.new_key()
    authority = local_ca.make_authority("Houay Xai", hosts, key)
    others: list[x509.GeneralName] = [
        x509.DNSName("bank.example"),
        x509.DNSName("blo.local.example"),
        x509.IPAddress(ip_address("10.0.0.6")),
        x509.IPAddress(ip_address("2001:db8::1")),
    ]
    for other in others:
        text = verified(tmp_path, authority, forged(authority, key, other))
        assert "permitted subtree violation" in text or "excluded subtree violation" in text, other
    for host in ("bank.example", "10.0.0.6"):
        assert not local_ca.allows(authority, host)
        with pytest.raises(BadCertificate, match="not good for"):
            local_ca.make_server_certificate(
                (host,), key.public_key(), authority=authority, authority_key=key
            )


def test_another_authoritys_key_signs_nothing() -> None:
    key, other = local_ca.new_key(), local_ca.new_key()
    authority = local_ca.make_authority("Houay Xai", HOSTS, key)
    with pytest.raises(BadCertificate, match="not the authority's"):
        local_ca.make_server_certificate(
            HOSTS, key.public_key(), authority=authority, authority_key=other
        )


def test_a_server_certificate_does_not_outlast_the_authority() -> None:
    key = local_ca.new_key()
    now = datetime.now(UTC)
    authority = local_ca.make_authority("x", HOSTS, key, now=now - timedelta(days=3600))
    server = local_ca.make_server_certificate(
        HOSTS, key.public_key(), authority=authority, authority_key=key
    )
    assert server.not_valid_after_utc == authority.not_valid_after_utc


def test_keys_are_encrypted_by_a_passphrase() -> None:
    key = local_ca.new_key()
    pem = local_ca.key_pem(key, b"a long passphrase")
    assert local_ca.read_key(pem, b"a long passphrase").private_numbers() == key.private_numbers()
    for wrong in (None, b"another passphrase"):
        with pytest.raises(BadCertificate):
            local_ca.read_key(pem, wrong)
    with pytest.raises(BadCertificate):
        local_ca.read_key(b"nothing", None)
    with pytest.raises(BadCertificate):
        local_ca.make_authority("x", ["ບໍ່ມີ"], key)


def test_init_and_renew_on_the_command_line(tmp_path: Path) -> None:
    tls = tmp_path / "tls"
    hosts = [word for host in HOSTS for word in ("--host", host)]
    text = joint_patrol(
        tmp_path, "tls", "init", *hosts, "--passphrase", "--write", passphrase="a long passphrase"
    )
    authority = (tls / "authority.pem").read_bytes()
    assert local_ca.fingerprint(local_ca.read_certificate(authority)) in text
    assert "http://blo.local:8080/trust" in text
    for name in ("authority.key", "server.key"):
        assert stat.S_IMODE((tls / name).stat().st_mode) == 0o600
    assert b"ENCRYPTED" in (tls / "authority.key").read_bytes()
    assert 'allowed_hosts = ["blo.local", "10.0.0.5"]' in (tmp_path / "patrol.toml").read_text()
    first = (tls / "server.pem").read_bytes()

    text = joint_patrol(tmp_path, "tls", "renew", passphrase="a long passphrase")
    assert (tls / "authority.pem").read_bytes() == authority
    second = (tls / "server.pem").read_bytes()
    assert second != first
    assert local_ca.hosts_of(local_ca.read_certificate(second)) == HOSTS
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.pem", tls / "server.key")
    assert "blo.local, 10.0.0.5" in joint_patrol(tmp_path, "tls", "show")

    for words in (("tls", "init"), ("tls", "renew", "--host", "bank.example")):
        with pytest.raises(AssertionError, match=r"phones may trust|not good for"):
            joint_patrol(tmp_path, *words, passphrase="a long passphrase")
    with pytest.raises(AssertionError, match="cannot be read, or not by this passphrase"):
        joint_patrol(tmp_path, "tls", "renew", passphrase="a wrong passphrase")
    assert (tls / "server.pem").read_bytes() == second


def quickly(folder: Path, *words: str) -> str:
    """Do as `joint_patrol`, in this process."""
    done = CliRunner().invoke(app, [*words, "--config", str(folder / "patrol.toml")])
    assert done.exit_code == 0, f"{words}: {done.output}"
    return done.output


def is_whole(tls: Path) -> bool:
    """Return whether a folder holds an authority and a server's certificate that go together."""
    if not tls.exists():
        return False
    authority = local_ca.read_certificate((tls / "authority.pem").read_bytes())
    key = local_ca.read_key((tls / "authority.key").read_bytes())
    assert key.public_key() == authority.public_key()
    server = local_ca.read_certificate((tls / "server.pem").read_bytes())
    server.verify_directly_issued_by(authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.pem", tls / "server.key")
    return True


CONFIG = '[node]\nid = "hx"\nname = "HX"\n\n[[agencies]]\nid = "joint"\nname = "Joint"\n'


def killed_at_each_step(folder: Path, *words: str) -> list[Path]:
    """Run a command over copies of FOLDER/begin, killed a step later each time; return the copies,
    the last one of which it had time to finish.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.maps.tls.killed_while_making_tls", str(folder), *words],
        capture_output=True, text=True, timeout=120, check=False,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    runs = int(done.stdout)
    assert runs > 8, "it takes more steps than that"
    return [folder / str(number) for number in range(runs)]


HOST_WORDS = [word for host in HOSTS for word in ("--host", host)]


def test_an_init_that_is_killed_leaves_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "begin").mkdir()
    (tmp_path / "begin" / "patrol.toml").write_text(CONFIG)
    states: list[tuple[bool, bool]] = []
    runs = killed_at_each_step(tmp_path, "tls", "init", *HOST_WORDS, "--write")
    for run in runs:
        whole, text = is_whole(run / "tls"), (run / "patrol.toml").read_text()
        names = "tls_certificate" in text
        assert whole or not names, "a configuration names no files that are not there"
        assert text == CONFIG or names
        for left in run.rglob("*.key"):
            assert stat.S_IMODE(left.stat().st_mode) == 0o600
        states.append((whole, names))
    assert states == sorted(states)
    assert set(states) == {(False, False), (True, False), (True, True)}
    for run in (runs[0], runs[len(runs) // 2], runs[states.index((True, False))]):
        # said again, it comes to its end, and takes away what was left
        fingerprint = (run / "tls" / "authority.pem").read_bytes() if is_whole(run / "tls") else b""
        quickly(run, "tls", "init", *HOST_WORDS, "--write")
        assert is_whole(run / "tls")
        assert fingerprint in (run / "tls" / "authority.pem").read_bytes(), "the same authority"
        assert sorted(each.name for each in run.iterdir()) == ["patrol.toml", "tls"]
        text = (run / "patrol.toml").read_text()
        with pytest.raises(AssertionError, match="phones may trust"):
            quickly(run, "tls", "init", *HOST_WORDS, "--write", "--port", "9000")
        assert (run / "patrol.toml").read_text() == text


def test_a_new_authority_in_place_of_one_is_all_or_nothing_too(tmp_path: Path) -> None:
    begin = tmp_path / "begin"
    begin.mkdir()
    quickly(begin, "tls", "init", *HOST_WORDS, "--write")
    old = (begin / "tls" / "authority.pem").read_bytes()
    (begin / "tls" / "note.txt").write_text("ours")
    for run in killed_at_each_step(tmp_path, "tls", "init", *HOST_WORDS, "--write", "--force"):
        assert is_whole(run / "tls"), "the server can be started at any moment"
    assert (run / "tls" / "authority.pem").read_bytes() != old
    [aside] = run.glob("tls.before-*")
    assert (aside / "authority.pem").read_bytes() == old
    assert (aside / "note.txt").exists(), "nothing of people's is thrown away"


def test_an_init_puts_nothing_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    for name in ("server.key", "authority.key", "another.txt"):
        file = tmp_path / "tls" / name
        file.write_text("mine")
        with pytest.raises(AssertionError, match=r"phones may trust|not empty"):
            quickly(tmp_path, "tls", "init", *HOST_WORDS, "--write")
        assert file.read_text() == "mine"
        assert not (tmp_path / "patrol.toml").exists()
        file.unlink()
    (tmp_path / "patrol.toml").write_text(CONFIG + "[web]\nallowed_hosts = [\n  'b',\n]\n")
    with pytest.raises(AssertionError, match="by hand"):
        quickly(tmp_path, "tls", "init", *HOST_WORDS, "--write")
    assert not any((tmp_path / "tls").iterdir()), "nothing is made whose settings cannot be written"


def test_an_init_keeps_the_ports_and_the_address_that_were_chosen(tmp_path: Path) -> None:
    config = tmp_path / "patrol.toml"

    def web(*words: str) -> tuple[Any, Any, Any]:
        quickly(tmp_path, "tls", "init", *HOST_WORDS, "--write", *words)
        table = tomllib.loads(config.read_text())["web"]
        shutil.rmtree(tmp_path / "tls")
        return table["host"], table["port"], table["trust_port"]

    config.write_text(CONFIG + '[web]\nhost = "127.0.0.1"\nport = 8080\n')
    assert web() == ("0.0.0.0", 8443, 8080), "pages without TLS give way to the page of trust"
    assert web("--port", "9443", "--trust-port", "9080") == ("0.0.0.0", 9443, 9080)
    text = config.read_text().replace('"0.0.0.0"', '"10.0.0.5"')
    config.write_text(text)
    assert web() == ("10.0.0.5", 9443, 9080)
    assert web("--port", "443") == ("10.0.0.5", 443, 9080)


def test_settings_go_into_a_configuration_and_nothing_else_changes() -> None:
    table: dict[str, Any] = {"port": 8443, "allowed_hosts": ["a"]}
    text = '[node]\nid = "x"\n\n[web] # pages\nport = 1\nhost = "0.0.0.0"\n\n[store]\nurl = "sqlite:///a"\n'
    assert with_web(text, table) == (
        '[node]\nid = "x"\n\n[web] # pages\nport = 8443\nallowed_hosts = ["a"]\n'
        'host = "0.0.0.0"\n\n[store]\nurl = "sqlite:///a"\n'
    )
    assert with_web("", table).startswith("[web]\nport = 8443\n")
    with pytest.raises(BadCertificate, match="by hand"):
        with_web('[web]\nallowed_hosts = [\n  "b",\n]\n', table)
    with pytest.raises(BadCertificate, match="by hand"):
        with_web("web.port = 1\n", table)


def test_a_certificate_that_ends_soon_or_is_for_others_is_reported(tmp_path: Path) -> None:
    key = local_ca.new_key()
    authority = local_ca.make_authority("x", HOSTS, key)
    server = local_ca.make_server_certificate(
        HOSTS, key.public_key(), authority=authority, authority_key=key
    )
    path = tmp_path / "server.pem"
    path.write_bytes(local_ca.certificate_pem(server))
    web = WebSettings(tls_certificate=path, tls_key=path, allowed_hosts=HOSTS)
    assert list(tls_warnings(web)) == []
    soon = server.not_valid_after_utc - timedelta(days=3)
    assert ["ends in 3 days" in each for each in tls_warnings(web, now=soon)] == [True]
    other = web.model_copy(update={"allowed_hosts": ("other.local",)})
    assert ["not for other.local" in each for each in tls_warnings(other)] == [True]


async def test_the_port_without_tls_has_the_certificate_and_nothing_to_sign_in_to() -> None:
    key = local_ca.new_key()
    authority = local_ca.make_authority("Houay Xai", HOSTS, key)
    trust = Trust(
        node="Houay Xai",
        port=8443,
        fingerprint=local_ca.fingerprint(authority),
        good_for=HOSTS,
        until=authority.not_valid_after_utc,
        der=local_ca.certificate_der(authority),
    )
    transport = httpx.ASGITransport(trust_app(trust, HOSTS))
    async with httpx.AsyncClient(transport=transport, base_url="http://blo.local:8080") as client:
        found = await client.get("/api/trust/authority.crt")
        assert found.headers["content-type"] == "application/x-x509-ca-cert"
        assert x509.load_der_x509_certificate(found.content) == authority
        body = (await client.get("/api/trust")).json()
        assert body["address"] == "https://blo.local:8443"
        assert body["fingerprint"] == trust.fingerprint
        assert "https://blo.local:8443" in found.headers["content-security-policy"]
        assert (await client.get("/")).headers["location"] == "/trust"
        for path in ("/sign-in", "/crew", "/api/session", "/index.html", "/assets/../index.html"):
            assert (await client.get(path)).status_code == 404, path
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 421


@asynccontextmanager
async def trust_port(*, answers: ASGIApp | None = None) -> AsyncIterator[int]:
    """Serve the page that phones trust from as a node does; yield its port."""
    authority = local_ca.make_authority("Houay Xai", HOSTS, local_ca.new_key())
    trust = Trust(node="HX", port=8443, fingerprint="", good_for=HOSTS,
                 until=authority.not_valid_after_utc,
                 der=local_ca.certificate_der(authority))  # fmt: skip
    bound = listen(WebSettings(port=0))
    port = bound.getsockname()[1]
    async with serving_beside(answers or trust_app(trust, ["127.0.0.1"]), bound):
        async for _ in wait_until("the port"):
            with suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
        yield port


async def is_closed(reader: asyncio.StreamReader, within_s: float) -> bool:
    """Return whether the other side ends a connection in time, without a word."""
    try:
        async with asyncio.timeout(within_s):
            return await reader.read() == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


async def test_who_says_nothing_fills_no_trust_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_port, "IDLE_S", 60.0)  # none of them goes by itself
    async with trust_port() as port, AsyncExitStack() as stack:
        readers = []
        for number in range(small_port.MOST + 20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            if number % 2:  # half a request is none
                writer.write(b"GET / HTTP/1.1\r\nHost: ")
            readers.append(reader)
        for number in range(3):
            async with asyncio.timeout(20):
                page = await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/api/trust")
            assert page.status_code == 200, f"{number}: {page.text}"
        assert all([await is_closed(each, 10) for each in readers[:20]]), "the oldest made room"
        assert not await is_closed(readers[-1], 0.1), "the newest are left"


async def test_a_request_comes_in_time_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_port, "IDLE_S", 0.4)
    async with trust_port() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said: list[int] = []
        slowly = asyncio.create_task(byte_by_byte(writer, said))
        assert await is_closed(reader, 20), "a byte now and then holds it no longer"
        assert len(said) <= 40, "what can be said in two seconds"
        slowly.cancel()
        writer.close()
        monkeypatch.setattr(small_port, "IDLE_S", 1.5)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(8):  # one that asks again and again is no idle one
            writer.write(b"GET /api/trust HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            assert b"fingerprint" in await reader.readuntil(b"}")
            await asyncio.sleep(0.25)
        writer.close()


async def byte_by_byte(writer: asyncio.StreamWriter, said: list[int]) -> None:
    for each in b"GET / HTTP/1.1\r\nX: " + b"x" * 1000:
        writer.write(bytes([each]))
        said.append(each)
        await asyncio.sleep(0.05)


async def test_an_answer_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_port, "ANSWER_S", 0.5)
    left = asyncio.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            for _ in range(200):
                body = {"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True}
                await send(body)
        finally:
            left.set()

    async with trust_port(answers=large) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(20):
            await left.wait()
        writer.close()


async def test_a_server_without_an_authority_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, roles=()) as server, server.stranger() as stranger:
        assert (await stranger.get("/api/trust")).status_code == 404
        assert (await stranger.get("/api/trust/authority.crt")).status_code == 404
