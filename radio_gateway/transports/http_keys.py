"""Keys: which device a web request comes from, and for whom it may speak.

A channel's `secrets_file` holds one line a device, `"boat-3" = "key"`. A device signs in with HTTP
Basic (name and key), with its key as Bearer token, or with it in `X-Outbound-Auth-Token`, which
Garmin's servers send. It speaks for itself and nobody else. A name that ends with `*` stands for a
service that speaks for many: `"3004*" = "key"` for every device whose name begins with 3004.

Sources: RFC 7617 (Basic), RFC 6750 2.1 (Bearer).
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from radio_gateway.errors.errors import SettingsError
from radio_gateway.parsing.msgspec_decoders import json_decoder
from radio_gateway.transports.http_request import HttpRequest

SHORTEST_KEY = 12  # characters; who may try keys all day must not find one
LONGEST_NAME = 64
_NAMES_SHOWN = 3
_LONGEST_BODY = 65_536  # read for a name
_FIELDS = ("device", "deviceid", "device_id", "id", "imei")  # where reports name who sends them
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_UNKNOWN = hashlib.sha256(b"").digest()


class Keys:
    """The devices that may speak on a link.

    Args:
        keys: Key of each device.

    Raises:
        SettingsError: If a key is too short.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        for name, key in keys.items():
            if len(key) < SHORTEST_KEY:
                fault = f"the key of {name!r} has fewer than {SHORTEST_KEY} characters"
                raise SettingsError("secrets_file", fault)
        self._digests = {name: _digest(key) for name, key in keys.items()}

    def owner_of(self, headers: Mapping[str, str]) -> str | None:
        """Return whose key a request shows; None when it shows none that is good.

        Takes as long for a wrong key as for a right one.
        """
        name, key = credentials(headers)
        shown_digest = _digest(key)
        if name is not None:
            right = hmac.compare_digest(self._digests.get(name, _UNKNOWN), shown_digest)
            return name if right and name in self._digests else None
        found = None
        for each, digest in self._digests.items():
            if hmac.compare_digest(digest, shown_digest):
                found = each
        return found

    def names(self, request: HttpRequest) -> tuple[str, ...]:
        """Return what a request without a good key calls itself, for people: user, then device.

        A name that is a key, sent in its place, is not returned.
        """
        found: dict[str, None] = {}
        for name in _names(request):
            printable = "".join(each if each.isprintable() else "?" for each in name[:LONGEST_NAME])
            if not printable.strip():
                continue
            is_key = any(self._is_key(part) for part in (name, *name.split("/")[:2]))
            found["(a key in place of a name)" if is_key else printable] = None
        return tuple(found)[:_NAMES_SHOWN]

    def _is_key(self, text: str) -> bool:
        digest = _digest(text)
        return any(hmac.compare_digest(digest, each) for each in self._digests.values())

    def speaks_for(self, name: str, headers: Mapping[str, str]) -> tuple[str, ...]:
        """Return the devices that `name` may speak for, its own name first.

        OwnTracks calls a sender `user/device`. A key of `jane` is good for the phones of jane
        that have no key of their own; the app says in `X-Limit-D` which of them it is.
        """
        if "/" in name or name.endswith("*"):
            return (name,)
        second = headers.get("x-limit-d", "")
        device = f"{name}/{second if _PLAIN.fullmatch(second) else 'phone'}"
        return (name,) if device in self._digests else (name, device)


def claimed(headers: Mapping[str, str]) -> str | None:
    """Return the OwnTracks `user/device` that a request without a key says it comes from."""
    user = headers.get("x-limit-u") or credentials(headers)[0] or ""
    device = headers.get("x-limit-d", "phone")
    if "/" in user:
        user, _, device = user.partition("/")
    if _PLAIN.fullmatch(user) and _PLAIN.fullmatch(device):
        return f"{user}/{device}"
    return None


def credentials(headers: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the name, where one is given, and the key of a request; empty when it shows none."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return None, rest.strip()
    if scheme.lower() == "basic":
        try:
            name, colon, key = b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):  # UnicodeDecodeError too
            return "", ""
        return (name, key) if colon else ("", "")
    return None, headers.get("x-outbound-auth-token", "")


class _Body(msgspec.Struct):
    """Where a JSON report may name who sends it."""

    device: Any = None
    deviceid: Any = None
    device_id: Any = None
    id: Any = None
    imei: Any = None
    topic: Any = None


def _names(request: HttpRequest) -> Iterator[str]:
    """Yield what a request calls itself: user signed in, OwnTracks' names, OsmAnd's, JSON's."""
    headers = request.headers
    yield credentials(headers)[0] or ""
    if "x-limit-u" in headers:
        yield claimed(headers) or headers["x-limit-u"]
    yield from _in_query(request.target.partition("?")[2])
    body = request.body
    if not body or len(body) > _LONGEST_BODY:
        return
    try:
        content = json_decoder(_Body).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from _in_query(body[:1024].decode("latin-1"))
        return
    if isinstance(content.topic, str):
        yield content.topic.removeprefix("owntracks/").removeprefix("joint-patrol/v1/position/")
    for field in _FIELDS:
        value = getattr(content, field)
        # `id` of our own JSON is the message's
        if isinstance(value, str) and not (field == "id" and content.device):
            yield value


def _in_query(query: str) -> Iterator[str]:
    try:
        fields = parse_qs(query, max_num_fields=50)
    except ValueError:
        return
    for field in _FIELDS:
        yield from fields.get(field, ())[:1]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
