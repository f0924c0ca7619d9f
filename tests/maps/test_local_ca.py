"""A local authority: good for its own server only, for as long as phones take it, its key kept."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from maps import local_ca
from maps.api.trust import Trust
from maps.errors import BadCertificate
from maps.settings_tables import WebSettings
from maps.tls_checking import tls_warnings
from maps.tls_files import with_web
from maps.trusting import trust_app
from tests import needs
from tests.maps.running import running

HOSTS = ("blo.local", "10.0.0.5")


def joint_patrol(folder: Path, *words: str, passphrase: str | None = None) -> str:
    """Run `joint-patrol WORDS` and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "maps", *words, "--config", str(folder / "patrol.toml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
        | ({} if passphrase is None else {"JOINT_PATROL_CA_PASSPHRASE": passphrase}),
    )
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


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
        said = verified(tmp_path, authority, forged(authority, key, other))
        assert "permitted subtree violation" in said or "excluded subtree violation" in said, other
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
    said = joint_patrol(
        tmp_path, "tls", "init", *hosts, "--passphrase", "--write", passphrase="a long passphrase"
    )
    authority = (tls / "authority.pem").read_bytes()
    assert local_ca.fingerprint(local_ca.read_certificate(authority)) in said
    assert "http://blo.local:8080/trust" in said
    for name in ("authority.key", "server.key"):
        assert stat.S_IMODE((tls / name).stat().st_mode) == 0o600
    assert b"ENCRYPTED" in (tls / "authority.key").read_bytes()
    assert 'allowed_hosts = ["blo.local", "10.0.0.5"]' in (tmp_path / "patrol.toml").read_text()
    first = (tls / "server.pem").read_bytes()

    said = joint_patrol(tmp_path, "tls", "renew", passphrase="a long passphrase")
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


def test_a_certificate_that_ends_soon_or_is_for_others_is_told(tmp_path: Path) -> None:
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
    told = Trust(
        node="Houay Xai",
        port=8443,
        fingerprint=local_ca.fingerprint(authority),
        good_for=HOSTS,
        until=authority.not_valid_after_utc,
        der=local_ca.certificate_der(authority),
    )
    transport = httpx.ASGITransport(trust_app(told, HOSTS))
    async with httpx.AsyncClient(transport=transport, base_url="http://blo.local:8080") as client:
        found = await client.get("/api/trust/authority.crt")
        assert found.headers["content-type"] == "application/x-x509-ca-cert"
        assert x509.load_der_x509_certificate(found.content) == authority
        said = (await client.get("/api/trust")).json()
        assert said["address"] == "https://blo.local:8443"
        assert said["fingerprint"] == told.fingerprint
        assert "https://blo.local:8443" in found.headers["content-security-policy"]
        assert (await client.get("/")).headers["location"] == "/trust"
        for path in ("/sign-in", "/crew", "/api/session", "/index.html", "/assets/../index.html"):
            assert (await client.get(path)).status_code == 404, path
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 421


async def test_a_server_without_an_authority_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, roles=()) as server, server.stranger() as stranger:
        assert (await stranger.get("/api/trust")).status_code == 404
        assert (await stranger.get("/api/trust/authority.crt")).status_code == 404
