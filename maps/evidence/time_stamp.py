"""Time stamp: a service's signed word that a head of the journal was there at a time (RFC 3161).

The request holds the SHA-256 of the head's file and a nonce, and no word of the head. The answer is
kept as it came (DER), so that anybody can check it: `openssl ts -verify -data FILE.json -in
FILE.tsr -CAfile CA.pem`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from patrol.errors.errors import AuditError
from radio_gateway.tls.client_context import trusting

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from maps.settings.settings_tables import AuditSettings

WITHIN_S: Final = 20.0
LONGEST: Final = 64 * 1024
"""Bytes of an answer: a token with a chain of certificates has some 5,000."""

_CERTIFICATES: Final = 0xA0  # [0], of SignedData (RFC 5652, 5.1)
_ASKED: Final = "application/timestamp-query"
_ANSWERED: Final = "application/timestamp-reply"


class TimeStamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a service said.

    Attributes:
        at: The time that it gave, aware UTC.
        by: Whose certificate signed it: the subject's name.
    """

    at: datetime
    by: str


class TimeStampService:
    """Asks a service for time stamps, and checks what it answered.

    Args:
        url: Where; `http:` will do, since the answer is signed.
        authority: File with the certificates that the service's must descend from, PEM.

    Raises:
        AuditError: If there are none in the file.
        OSError: If it cannot be read.
    """

    def __init__(self, url: str, authority: Path) -> None:
        self.url = url
        self._authorities = authorities(authority)

    def stamp(self, content: bytes) -> tuple[bytes, TimeStamp]:
        """Return the answer for `content` as it came, and what it says.

        Raises:
            AuditError: If the service gave none, or none that holds.
        """
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = TimestampRequestBuilder(content, HashAlgorithm.SHA256).build()
        answer = self._post(bytes(request.as_bytes()))
        return answer, self.check(answer, content, nonce=request.nonce)

    def check(self, answer: bytes, content: bytes, *, nonce: int | None = None) -> TimeStamp:
        """Return what an answer says of `content`.

        Args:
            answer: As it came, DER.
            content: What was stamped.
            nonce: Of the request; None: it is not known any more.

        Raises:
            AuditError: If it is of something else, altered, or signed by somebody else.
        """
        from rfc3161_client import VerifierBuilder, decode_timestamp_response

        try:
            decoded = decode_timestamp_response(_in_order(answer))
            builder = VerifierBuilder(roots=[*self._authorities], nonce=nonce)
            builder.build().verify_message(decoded, content)
            at: datetime = decoded.tst_info.gen_time
            return TimeStamp(at=at.astimezone(UTC), by=_signer(decoded.signed_data.certificates))
        except Exception as error:  # noqa: BLE001 - bytes of a stranger: the libraries raise many
            raise AuditError(f"no time stamp that holds: {error}") from None

    def _post(self, body: bytes) -> bytes:
        import httpx

        until = time.monotonic() + WITHIN_S
        answer = bytearray()
        try:
            with (
                httpx.Client(
                    timeout=WITHIN_S, trust_env=False, follow_redirects=False, verify=trusting(None)
                ) as client,
                client.stream(
                    "POST", self.url, content=body, headers={"Content-Type": _ASKED}
                ) as got,
            ):
                kind = got.headers.get("content-type", "").partition(";")[0].strip()
                if got.status_code != httpx.codes.OK or kind != _ANSWERED:
                    raise AuditError(
                        f"the time stamp service answered {got.status_code} {kind or 'nothing'}"
                    )
                for some in got.iter_bytes():
                    answer += some
                    if len(answer) > LONGEST or time.monotonic() > until:
                        raise AuditError("the time stamp service does not end its answer")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise AuditError(
                f"the time stamp service cannot be reached: {error or type(error).__name__}"
            ) from None
        return bytes(answer)


def time_stamps(audit: AuditSettings) -> Callable[[], TimeStampService] | None:
    """Return what makes the service that the settings name; None: they name none."""
    url, authority = audit.timestamp_url, audit.timestamp_ca
    if url is None or authority is None:
        return None
    return lambda: TimeStampService(url, authority)


def authorities(file: Path) -> list[Certificate]:
    """Return the certificates in a file, PEM.

    Raises:
        AuditError: If there are none.
        OSError: If it cannot be read.
    """
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(file.read_bytes())
    except ValueError:
        raise AuditError(f"{file}: no certificates (PEM)") from None


def _in_order(answer: bytes) -> bytes:
    """Return an answer with its certificates in the order of their bytes, as DER has a set.

    OpenSSL sends them as they come, and no signature covers them.

    Raises:
        ValueError: If it is no answer with a token.
    """
    try:
        response = _parts(answer, 0, len(answer))[0]
        token = _parts(answer, response.content, response.end)[1]
        content = _parts(answer, token.content, token.end)[1]
        signed = _parts(answer, content.content, content.end)[0]
        fields = _parts(answer, signed.content, signed.end)
        for field in fields:
            if field.tag == _CERTIFICATES:
                parts = _parts(answer, field.content, field.end)
                each = sorted(answer[part.begin : part.end] for part in parts)
                return answer[: field.content] + b"".join(each) + answer[field.end :]
    except IndexError:
        raise ValueError("it holds no token: the service refused, or it is cut off") from None
    return answer


class _Part(NamedTuple):
    """A part of DER (X.690): its tag, where it begins, where its content begins and ends."""

    tag: int
    begin: int
    content: int
    end: int


def _parts(der: bytes, at: int, end: int) -> list[_Part]:
    """Return the parts one after the other; raises IndexError where they are cut off."""
    found: list[_Part] = []
    while at < end:
        length, content = der[at + 1], at + 2
        if length & 0x80:
            content += length & 0x7F
            length = int.from_bytes(der[at + 2 : content], "big")
        if content + length > end:
            raise IndexError
        found.append(_Part(der[at], at, content, content + length))
        at = content + length
    return found


def _signer(certificates: set[bytes]) -> str:
    """Return the subject of the certificate that may stamp times, of those in an answer."""
    from cryptography.x509 import (
        ExtendedKeyUsage,
        ExtensionNotFound,
        load_der_x509_certificate,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID

    for each in certificates:
        found = load_der_x509_certificate(each)
        try:
            usage = found.extensions.get_extension_for_class(ExtendedKeyUsage).value
        except ExtensionNotFound:
            continue
        if ExtendedKeyUsageOID.TIME_STAMPING in usage:
            return found.subject.rfc4514_string()
    return "?"
