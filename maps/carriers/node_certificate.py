"""Node certificate: what this node shows counterparts in TLS, and how theirs are checked.

A node makes its key (P-256) and a certificate that signs itself. Nobody vouches for it but the card
that it stands on: a counterpart trusts that one certificate and no other. So names and dates in it
play no part: it is good for all time (RFC 5280, 4.1.2.5), since a node without a battery clock must
be reached too, and it can sign no other certificate.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from maps.errors.errors import BadCertificate
from patrol.signatures.private_file import make_private_file, read_private_file

_BEGINS: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ENDS: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def read_or_make_certificate(file: Path, *, node: str) -> bytes:
    """Return the certificate in a file, DER; make it and its key if there is no such file.

    Args:
        file: PEM of key and certificate.
        node: The node, for people who look at the certificate.

    Raises:
        SigningKeyError: If others may read it.
        BadCertificate: If it holds no certificate.
        OSError: If it cannot be read or made.
    """
    # with cryptography: only where there is somebody to speak to
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    from maps.tls.local_ca import (
        certificate_der,
        certificate_pem,
        key_pem,
        new_key,
        read_certificate,
    )

    if not file.exists():
        key = new_key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node[:64])])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_BEGINS)
            .not_valid_after(_ENDS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        make_private_file(file, key_pem(key) + certificate_pem(certificate))
    return certificate_der(read_certificate(read_private_file(file)))


def listening_context(file: Path, counterparts: Iterable[bytes]) -> ssl.SSLContext:
    """Return the TLS of a listener that takes these counterparts and nobody else.

    Args:
        file: Our own key and certificate.
        counterparts: Their certificates, DER.

    Raises:
        BadCertificate: If a certificate cannot be used.
        OSError: If the file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # who comes back shows the certificate again: it may be revoked by then
    return _pinned(context, file, counterparts)


def dialing_context(file: Path, counterpart: bytes) -> ssl.SSLContext:
    """Return the TLS of a connection to one counterpart, by whatever name it is reached.

    Raises:
        BadCertificate: If its certificate cannot be used.
        OSError: If the file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # that one certificate is trusted: a name would say no more
    return _pinned(context, file, [counterpart])


def _pinned(context: ssl.SSLContext, file: Path, certificates: Iterable[bytes]) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(file)
    trusted = b"".join(certificates)
    if trusted:
        try:
            context.load_verify_locations(cadata=trusted)
        except (ssl.SSLError, ValueError) as error:
            raise BadCertificate(f"a counterpart's certificate cannot be used: {error}") from None
    return context
