"""Keys and encryption of Meshtastic channels.

    key     base64 of 32 bytes: AES-256; of 16: AES-128; shorter ones are filled with zero bytes to
            the next of the two; of one byte n: 0 no encryption, else the well-known default key
            with n - 1 added to its last byte; of none: no encryption
    nonce   packet id (8 bytes, little-endian), number of the sender (4, little-endian), 4 zero
            bytes: the counter block at which AES-CTR starts
    hash    exclusive or of all bytes of the channel's name and of its key: the `channel` of an
            encrypted packet, by which a radio chooses the key to try

Nothing in it shows that a message is genuine or that the key was the right one.

Source: Meshtastic documentation, "Encryption" and "Channel configuration"; firmware `Channels.cpp`
and `CryptoEngine.cpp` for the order of the bytes.
"""

from __future__ import annotations

import binascii
from functools import lru_cache, reduce
from operator import xor

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from radio_gateway.decoding.decoder import DecoderSettings

# The key of every new radio, published with the firmware: it keeps nothing secret.
_DEFAULT_KEY = binascii.a2b_base64("1PG7OiApB1nwvP+rz05pAQ==")


@lru_cache(maxsize=64)
def key_of(secret: str) -> bytes:
    """Return the AES key that a channel's setting stands for; empty for no encryption.

    Args:
        secret: Base64 as apps show it (`AQ==` for the default key).

    Raises:
        ValueError: If it is no base64 or longer than 32 bytes; does not show it.

    >>> key_of("AQ==").hex()[-4:], key_of("Ag==").hex()[-4:], key_of("AA==")
    ('6901', '6902', b'')
    """
    try:
        key = binascii.a2b_base64(secret.strip(), strict_mode=True)
    except (ValueError, UnicodeError):
        raise ValueError("the channel's key is no base64") from None
    if len(key) > 32:
        raise ValueError(f"the channel's key has {len(key)} bytes, at most 32 can be")
    if len(key) > 1:
        return key.ljust(16 if len(key) <= 16 else 32, b"\0")
    if not key or key == b"\0":
        return b""
    return _DEFAULT_KEY[:-1] + bytes(((_DEFAULT_KEY[-1] + key[0] - 1) & 0xFF,))


def channel_key(settings: DecoderSettings, channel: str | None) -> bytes:
    """Return the key for what was said on a channel.

    The one named for it, else the one for all, else the default key.

    Args:
        settings: `secrets` by channel name, and `secret`.
        channel: Name of the channel, where the link tells it.

    Raises:
        ValueError: As for `key_of`.
    """
    secret = settings.secret if channel is None else settings.secrets.get(channel, settings.secret)
    return key_of("AQ==" if secret is None else secret)


def crypt(data: bytes, *, key: bytes, sender: int, packet_id: int) -> bytes:
    """Encrypt or, which is the same, decrypt a packet.

    Args:
        data: What the packet holds.
        key: 16 or 32 bytes; empty for no encryption.
        sender: Node number of the sender.
        packet_id: The packet's identifier.
    """
    if not key:
        return data
    nonce = packet_id.to_bytes(8, "little") + sender.to_bytes(4, "little") + bytes(4)
    context = Cipher(AES(key), CTR(nonce)).encryptor()
    return context.update(data) + context.finalize()


def channel_hash(name: str, key: bytes) -> int:
    """Return the `channel` of encrypted packets.

    >>> channel_hash("LongFast", key_of("AQ=="))
    8
    """
    return reduce(xor, name.encode() + key, 0)
