"""Envelope: what goes over the broker is sealed with the node's own key, in pieces.

A broker passes on; it does not vouch for anybody and keeps nothing to itself. What the processes
say to each other holds who is calling, passwords that are being changed and the whole picture: so
each piece is sealed (XChaCha20-Poly1305, RFC 8439 with the 192-bit nonce) and bound to its topic.
Who does not have the key can neither read nor make one, nor move one to another topic; what is
played again is known by the numbers inside.

A broker takes messages of some size only (Mosquitto as we ship it: 270,000 bytes).
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import msgspec
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _open,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _seal,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES as _NONCE_BYTES,
)
from nacl.exceptions import CryptoError

from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

PIECE_BYTES: Final = 200_000
MOST_PARTIAL: Final = 1000
MOST_PARTIAL_BYTES: Final = 128 * 1024 * 1024


class _Piece(msgspec.Struct, frozen=True, array_like=True):
    id: bytes
    index: int
    count: int
    data: bytes


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgpack_decoder(_Piece).decode


class Envelopes:
    """Seals and opens, with one key.

    Args:
        key: 32 bytes, secret.

    Attributes:
        strange: How many pieces came that were not sealed with this key for their topic.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._partial: OrderedDict[bytes, list[bytes]] = OrderedDict()
        self._partial_bytes = 0
        self.strange = 0

    def seal(self, body: bytes, *, topic: str) -> Iterator[bytes]:
        """Yield the messages that carry `body`, in order."""
        id, about = os.urandom(8), topic.encode()
        count = max(1, -(-len(body) // PIECE_BYTES))
        for index in range(count):
            data = body[index * PIECE_BYTES : (index + 1) * PIECE_BYTES]
            nonce = os.urandom(_NONCE_BYTES)
            piece = _pack(_Piece(id, index, count, data))
            yield nonce + _seal(piece, about, nonce, self._key)

    def open(self, message: bytes, *, topic: str) -> bytes | None:
        """Take one message; return the body that is whole with it, None while it is not."""
        nonce, sealed = message[:_NONCE_BYTES], message[_NONCE_BYTES:]
        try:
            piece = _unpack(_open(sealed, topic.encode(), nonce, self._key))
        except (CryptoError, msgspec.MsgspecError, ValueError, TypeError):
            self.strange += 1
            return None
        if piece.count == 1:
            return piece.data
        return self._joined(piece)

    def _joined(self, piece: _Piece) -> bytes | None:
        known = self._partial.get(piece.id)
        if known is None:
            if piece.index != 0:
                return None  # the rest of one that was given up
            known = self._partial[piece.id] = []
        elif piece.index != len(known):
            if piece.index > len(known):  # one is missing: the broker dropped it
                self._forget(piece.id)
            return None
        known.append(piece.data)
        self._partial_bytes += len(piece.data)
        if len(known) == piece.count:
            self._forget(piece.id)
            return b"".join(known)
        while len(self._partial) > MOST_PARTIAL or self._partial_bytes > MOST_PARTIAL_BYTES:
            self._forget(next(iter(self._partial)))
        return None

    def _forget(self, id: bytes) -> None:
        for data in self._partial.pop(id, ()):
            self._partial_bytes -= len(data)
