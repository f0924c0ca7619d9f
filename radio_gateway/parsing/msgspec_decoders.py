"""Decoders: what msgspec knows of a type is made whole before threads share it.

msgspec looks at a type when it is first decoded to, for which it runs Python and so lets other
threads go on, and what it has made by then is already there for them: one that decodes to the same
type meanwhile ends the process (a segmentation fault; seen with 0.22, two threads that
read the first documents of a store at once). So a type is decoded to through a decoder from here,
made by one thread at a time.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_making = threading.RLock()
_json: dict[Any, msgspec.json.Decoder[Any]] = {}
_msgpack: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


@overload
def json_decoder(kind: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def json_decoder(kind: Any) -> msgspec.json.Decoder[Any]: ...
def json_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder from JSON to `kind`, which threads may share.

    >>> json_decoder(tuple[int, ...]).decode(b"[1,2]")
    (1, 2)
    """
    made = _json.get(kind)
    if made is None:
        with _making:
            made = _json.setdefault(kind, msgspec.json.Decoder(kind))
    return made


@overload
def msgpack_decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]: ...
@overload
def msgpack_decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]: ...
def msgpack_decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """Return the decoder from MessagePack to `kind`, which threads may share."""
    made = _msgpack.get(kind)
    if made is None:
        with _making:
            made = _msgpack.setdefault(kind, msgspec.msgpack.Decoder(kind))
    return made


@overload
def converted(value: Any, kind: type[T]) -> T: ...
@overload
def converted(value: Any, kind: Any) -> Any: ...
def converted(value: Any, kind: Any) -> Any:
    """Return `value`, plain objects as a decoder without a type gives them, as `kind`.

    >>> converted(["1", "2"], tuple[str, ...])
    ('1', '2')

    Raises:
        msgspec.ValidationError: If it is none.
    """
    json_decoder(kind)  # the type is known as a whole now
    return msgspec.convert(value, kind)
