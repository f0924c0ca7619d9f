"""Receivers for tests: an HTTP server that keeps what is posted, and alerts that a watch files."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fixtures.patience import until

LOCAL = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass
class Post:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpReceiver:
    """An HTTP server on loopback.

    Attributes:
        answers: What to answer, first to last; 204 when there is none left.
        posts: What came.
        hold: Awaited before each answer, where there is one.
    """

    answers: list[bytes] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    hold: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.posts.append(Post(head[0].split()[1], headers, body))
            if self.hold is not None:
                await self.hold(writer)
            writer.write(self.answers.pop(0) if self.answers else answer(204))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def until(self, count: int, seconds: float = 15) -> list[Post]:
        """Return what came once it is `count` posts."""
        await until(lambda: len(self.posts) >= count, f"{count} posts", within_s=seconds)
        return self.posts


def answer(status: int, *headers: str) -> bytes:
    """Return an answer without a body."""
    lines = [f"HTTP/1.1 {status} X", *headers, "content-length: 0", "connection: close", "", ""]
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def receiving(
    *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpReceiver]:
    """Run an HTTP receiver while inside."""
    receiver = HttpReceiver()
    server = await asyncio.start_server(receiver.serve, host, port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


@dataclass(frozen=True)
class Certificate:
    """A certificate that nobody else signed."""

    file: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """Return how a server shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        """Return how a client trusts it."""
        return ssl.create_default_context(cafile=str(self.file))


def certificate(folder: Path, name: str) -> Certificate:
    """Make a certificate for a name or address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    try:
        other: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        other = x509.DNSName(name)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    found.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return found
