"""Sealed file: signed envelopes for a counterpart in a file, which a stick or a mail carries.

Layout: one line of text, `JOINT-PATROL-FILE-1 ` and a JSON object (`FileHead`), a line feed; then
a sealed box for the receiver's key (`patrol.signatures.sealed_box`). In the box are the SHA-256 of
the first line, 32 bytes, and the envelopes, a list in MessagePack. The first line says in the clear
from whom, for whom and when, so that people can sort files, and faults can be named; nothing rests
on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from patrol.counterparts.card import fingerprint
from patrol.errors.errors import BadCounterpartFile
from patrol.signatures.sealed_box import OVERHEAD_BYTES, BoxNotOpened, seal_box
from patrol.signatures.signing_key import SigningKey
from radio_gateway.messages.printable_text import cleaned
from radio_gateway.parsing.msgspec_decoders import json_decoder, msgpack_decoder

LARGEST_FILE: Final = 2 * 1024 * 1024
"""Most bytes of one file: any mail takes it."""

MOST_FILE_ENVELOPES: Final = 256
"""Envelopes of one file."""

ENDING: Final = ".jointpatrol"

_BEGINNING: Final = b"JOINT-PATROL-FILE-1 "
_LONGEST_HEAD: Final = 1024
_DIGEST_BYTES: Final = 32


class FileHead(msgspec.Struct, frozen=True, kw_only=True):
    """What the first line of a file says, which anybody can read.

    Attributes:
        from_node: Who wrote it.
        to_node: For whom.
        made_at: When, by the writer's clock, aware UTC.
        from_key: The writer's public key, base64.
        to_key: The receiver's public key, for which it is sealed, base64.
        bytes: Bytes that follow the line.
    """

    from_node: str
    to_node: str
    made_at: datetime
    from_key: str
    to_key: str
    bytes: int


def write_file(head: FileHead, messages: Sequence[bytes]) -> bytes:
    """Return a file of sealed envelopes.

    Args:
        head: From whom and for whom; its `bytes` are worked out here.
        messages: The envelopes, signed.

    Raises:
        ValueError: If `to_key` is no key.
    """
    packed = _encode_list(messages)
    size = _DIGEST_BYTES + len(packed) + OVERHEAD_BYTES
    line = _BEGINNING + _encode_head(msgspec.structs.replace(head, bytes=size)) + b"\n"
    return line + seal_box(sha256(line).digest() + packed, public=head.to_key)


def read_head(file: bytes, *, name: str) -> FileHead:
    """Return what the first line of a file says.

    Args:
        file: All of it.
        name: Its name, for what is said of a fault.

    Raises:
        BadCounterpartFile: If it is no such file, or not all of it is there.
    """
    if len(file) > LARGEST_FILE:
        fault = f"it has {len(file)} bytes, and {LARGEST_FILE} is the most"
        raise BadCounterpartFile(name, "", fault, code="too_large")
    line, feed, _ = file[:_LONGEST_HEAD].partition(b"\n")
    if not line.startswith(_BEGINNING):
        fault = f"it does not begin with {_BEGINNING.decode().strip()}: no counterpart wrote it"
        raise BadCounterpartFile(name, "", fault, code="no_file")
    try:
        head = json_decoder(FileHead).decode(line.removeprefix(_BEGINNING) if feed else b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        fault = f"it was altered or cut off: {error}"
        raise BadCounterpartFile(name, "its first line", fault, code="altered") from None
    if head.made_at.tzinfo is None:
        fault = "`made_at` has no offset"
        raise BadCounterpartFile(name, "its first line", fault, code="altered")
    there = len(file) - len(line) - 1
    if there < head.bytes:
        fault = f"it is cut off: {there} of {head.bytes} bytes are there; copy it again, whole"
        raise BadCounterpartFile(name, f"after byte {len(file)}", fault, code="cut_off")
    if there > head.bytes:
        fault = f"it was altered: {there - head.bytes} bytes too many; copy it again"
        place = f"after byte {len(line) + 1 + head.bytes}"
        raise BadCounterpartFile(name, place, fault, code="altered")
    return head


def open_file(file: bytes, key: SigningKey, *, name: str) -> list[bytes]:
    """Return the signed envelopes of a file whose first line was read.

    Args:
        file: All of it.
        key: This node's.
        name: Its name, for what is said of a fault.

    Raises:
        BadCounterpartFile: If it is sealed for another key, was altered, or holds something else.
    """
    head = read_head(file, name=name)
    if head.to_key != key.public:
        fault = (
            f"it is sealed for the key {_short(head.to_key)}, and this node's is"
            f" {_short(key.public)}: {_shown(head.from_node)} has an old card of this node; hand it"
            " the new one, and have the file written again"
        )
        raise BadCounterpartFile(name, "its first line", fault, code="old_card")
    line = file[: file.index(b"\n") + 1]
    try:
        content = key.open_box(file[len(line) :])
    except BoxNotOpened:
        fault = "it was altered on its way: copy it again, or have it written again"
        raise BadCounterpartFile(name, f"after byte {len(line)}", fault, code="altered") from None
    if content[:_DIGEST_BYTES] != sha256(line).digest():
        fault = "it is not the one that the file was written with"
        raise BadCounterpartFile(name, "its first line", fault, code="altered")
    try:
        messages: list[bytes] = _decode_list(content[_DIGEST_BYTES:])
    except (msgspec.DecodeError, RecursionError) as error:
        fault = f"no list of envelopes: {error}"
        raise BadCounterpartFile(name, "in the seal", fault, code="unreadable") from None
    if len(messages) > MOST_FILE_ENVELOPES:
        fault = f"it holds {len(messages)} envelopes, and {MOST_FILE_ENVELOPES} is the most"
        raise BadCounterpartFile(name, "in the seal", fault, code="too_large")
    return messages


def _short(key: str) -> str:
    """Return the first half of a fingerprint, as it is told apart on a screen."""
    try:
        return fingerprint(key)[:19] + " …"
    except ValueError:
        return "?"


def _shown(node: str) -> str:
    return cleaned(node[:64])


_encode_head: Final = msgspec.json.Encoder().encode
_encode_list: Final = msgspec.msgpack.Encoder().encode
_decode_list: Final = msgpack_decoder(list[bytes]).decode
