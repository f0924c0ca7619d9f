"""PushKey: the private key that tells push services who we are (VAPID).

It is made at the first use and kept in a file that only its owner may read. Browsers subscribe with
its public half; with another key they have to subscribe anew, so the file belongs into the backup.

Source: RFC 8292.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.senders.base64url import b64url

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

GOOD_FOR: Final = timedelta(hours=12)  # RFC 8292: no more than 24


class PushKey:
    """The key in `file`, read or made when it is first needed.

    Args:
        file: Where it is kept.
        contact: Whom a push service may write to, `mailto:` or `https:`.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        file: Path,
        *,
        contact: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._file, self._contact, self._now = file, contact, now
        self._key: ec.EllipticCurvePrivateKey | None = None

    def public(self) -> str:
        """Return the public key as browsers take it (`applicationServerKey`), base64url.

        Raises:
            TemporaryFailure: If the file cannot be used.
        """
        from cryptography.hazmat.primitives import serialization

        return b64url(
            self._read()
            .public_key()
            .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        )

    def authorization(self, endpoint: str) -> str:
        """Return the Authorization header for a post to `endpoint`.

        Raises:
            TemporaryFailure: If the file cannot be used.
            Undeliverable: If the endpoint has no origin that can be signed for.
        """
        from py_vapid import Vapid02, VapidException

        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((self._now() + GOOD_FOR).timestamp()),
            "sub": self._contact,
        }
        try:
            return str(Vapid02(self._read()).sign(claims)["Authorization"])
        except VapidException as error:
            raise Undeliverable(str(error)) from None

    def _read(self) -> ec.EllipticCurvePrivateKey:
        if self._key is None:
            self._key = _key_in(self._file)
        return self._key


def _key_in(file: Path) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        if not file.exists():
            _make(file)
        with file.open("rb") as opened:
            about = os.fstat(opened.fileno())
            if stat.S_IMODE(about.st_mode) & 0o077:
                raise TemporaryFailure(f"{file}: others may read it: chmod 600")
            held = opened.read(10_000)
    except OSError as error:
        raise TemporaryFailure(f"{file}: {error.strerror}") from None
    try:
        key = serialization.load_pem_private_key(held, password=None)
    except (ValueError, TypeError):
        raise TemporaryFailure(f"{file}: is no private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise TemporaryFailure(f"{file}: is no key on the curve P-256")
    return key


def _make(file: Path) -> None:
    """Make a key; whole in its file or not at all, and never readable by others."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(pem)
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):  # another process was quicker: its key is the one
            os.link(draft, file)
    finally:
        draft.unlink()
