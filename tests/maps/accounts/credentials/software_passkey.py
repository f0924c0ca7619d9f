"""A passkey of a device that is made of software: it signs what it is told to, right or wrong."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class SoftwarePasskey:
    """One ES256 key (RFC 9053, 2.1), with the formats of WebAuthn Level 2, 6.1 and 6.5.

    Args:
        rp_id: Name that it believes to be asked by.
        origin: Address that it believes to stand in the browser.
    """

    def __init__(self, rp_id: str, origin: str) -> None:
        self.rp_id, self.origin = rp_id, origin
        self.flags = PRESENT | VERIFIED
        self.uses = 0
        self.id = secrets.token_bytes(16)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def made(self, options: dict[str, Any]) -> dict[str, str]:
        """Return what a browser tells of a passkey that it made."""
        point = self._key.public_key().public_numbers()
        x, y = (each.to_bytes(32, "big") for each in (point.x, point.y))
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        about = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        data = self._data(ATTESTED) + about
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._told(self._client("webauthn.create", options), attestation=attestation)

    def used(self, options: dict[str, Any]) -> dict[str, str]:
        """Return what a browser tells of a passkey that it used."""
        self.uses += 1
        client, data = self._client("webauthn.get", options), self._data()
        signature = self._key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._told(client, authenticator_data=data, signature=signature)

    def _data(self, more: int = 0) -> bytes:
        name = sha256(self.rp_id.encode()).digest()
        return name + bytes([self.flags | more]) + self.uses.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        body = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(body).encode()

    def _told(self, client: bytes, **parts: bytes) -> dict[str, str]:
        whole = {"credential": self.id, "client_data": client, **parts}
        return {name: text_of(part) for name, part in whole.items()}
