"""An authority that an office made itself is trusted, whichever Python runs this."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from maps.feeds.settings import FeedSettings
from maps.settings.internal_settings import InternalSettings
from radio_gateway.tls.client_context import trusting
from tests.fixtures import needs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority that does not say what its key is for, and a server of it, `localhost`."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "server.ext").write_text(
        "subjectAltName=DNS:localhost\nauthorityKeyIdentifier=none\n"
    )
    (folder / "plain.cnf").write_text(
        "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=CA:TRUE\n"
    )
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    new, sign = f"req -config plain.cnf {key}", "-CA ca.crt -CAkey ca.key -CAcreateserial -days 2"
    for command in (
        f"{new} -x509 -extensions ca -subj /CN=Old -days 2 -keyout ca.key -out ca.crt",
        f"{new} -subj /CN=localhost -keyout server.key -out server.csr",
        f"x509 -req -in server.csr {sign} -extfile server.ext -out server.crt",
    ):
        words = [needs.program("openssl"), *command.split()]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def as_of_python_3_13(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts are as strict as Python makes them since 3.13, whichever runs this."""
    make = ssl.create_default_context

    def strict(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = make(*args, **kwargs)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)


def greet(folder: Path, client: ssl.SSLContext, name: str = "localhost") -> None:
    """Shake hands with the server; what the client finds wrong with it is raised."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.crt", folder / "server.key")
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs:
            server.wrap_socket(theirs, server_side=True).close()

    with ThreadPoolExecutor(1) as pool, ours:
        served = pool.submit(serve)
        try:
            client.wrap_socket(ours, server_hostname=name).close()
        finally:
            ours.close()
            served.exception(10)


_WAYS: dict[str, Callable[[Path], ssl.SSLContext | None]] = {
    "any client": trusting,
    "the processes of a node": lambda file: InternalSettings(
        url="mqtts://localhost:8883", ca_file=file
    ).tls_context(),
    "a feed": lambda file: FeedSettings(
        name="tak",
        url="tcp://localhost:8089",
        speaks="cot",
        agency="a",
        role="commander",
        ca_file=file,
    ).tls(),
}


@pytest.mark.usefixtures("as_of_python_3_13")
@pytest.mark.parametrize("way", _WAYS)
def test_an_authority_that_the_settings_name_need_not_say_what_its_key_is_for(
    folder: Path, way: str
) -> None:
    refuses = ssl.create_default_context(cafile=folder / "ca.crt")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"key usage|Key Identifier"):
        greet(folder, refuses)
    context = _WAYS[way](folder / "ca.crt")
    assert context is not None
    greet(folder, context)


@pytest.mark.usefixtures("as_of_python_3_13")
def test_name_and_authority_are_checked_all_the_same(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for 'elsewhere'"):
        greet(folder, trusting(folder / "ca.crt"), "elsewhere")
    other = tmp_path / "other.crt"
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other.key"
    words = f"req -x509 {key} -subj /CN=Other -days 2 -out other.crt".split()
    subprocess.run(
        [needs.program("openssl"), *words], cwd=tmp_path, check=True, capture_output=True
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        greet(folder, trusting(other))


def test_what_the_machine_trusts_is_as_strict_as_its_python_has_it() -> None:
    assert trusting(None).verify_flags == ssl.create_default_context().verify_flags
    assert trusting(None).verify_mode is ssl.CERT_REQUIRED
    assert trusting(None).minimum_version is ssl.TLSVersion.TLSv1_2
