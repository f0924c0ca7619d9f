"""Answers: JSON of our structs, and how OpenAPI is told what they look like.

The structs that the live stream sends are answered as they stand (msgspec, times RFC 3339 with
`Z`), so there is one description of each thing; OpenAPI takes its schemas from the structs too,
when somebody reads it: most servers are never asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec
from fastapi import Response

SCHEMAS: Final = "#/components/schemas/{name}"
_encode = msgspec.json.Encoder().encode
_described: list[Any] = []
_untold: list[tuple[dict[str, Any], Any, Any, str]] = []  # answers without content so far


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a request.

    Attributes:
        error: Short fixed word for programs.
        message: What is wrong, for people.
        field: Field at fault, where it is one.
        code: Short fixed word of a fault that pages have words of their own for, in every language.
        values: What stands in the places of those words.
    """

    error: str
    message: str
    field: str | None = None
    code: str | None = None
    values: dict[str, str] = {}


_PROBLEMS: Final[dict[int, tuple[str, Problem]]] = {
    400: (
        "The request cannot be understood",
        Problem(error="bad_request", message="latitude 100.4 is outside -90 to 90", field="lat"),
    ),
    401: ("Not signed in", Problem(error="not_signed_in", message="sign in first")),
    403: (
        "The caller's role does not allow it",
        Problem(error="forbidden", message="a crew may not clear distress"),
    ),
    404: ("No such thing", Problem(error="not_found", message="no unit 'u-404'")),
    409: (
        "It contradicts what is so",
        Problem(error="conflict", message="ais:574123456 stands for another unit then"),
    ),
    411: (
        "The body does not name its length",
        Problem(error="length_required", message="a body must name its Content-Length"),
    ),
    413: (
        "The body is too long",
        Problem(error="body_too_long", message="a body has at most 1000000 bytes"),
    ),
    421: (
        "The Host is none of this server's names",
        Problem(error="wrong_host", message="this server does not answer to that name"),
    ),
    422: (
        "A field is missing or wrong",
        Problem(error="bad_field", message="Field required", field="call_sign"),
    ),
    429: (
        "Too many failed tries, or changes, of one caller",
        Problem(error="too_many_tries", message="too many failed tries: wait 8 s"),
    ),
    503: (
        "Busy, or the store or channel is down; try again",
        Problem(error="store_down", message="the store cannot be written"),
    ),
}


def answer(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return `value` as JSON."""
    return Response(_encode(value), status, headers, media_type="application/json")


def answers(
    kind: Any,
    example: Any,
    *problems: int,
    status: int = 200,
    description: str = "OK",
    media_type: str = "application/json",
) -> dict[int | str, dict[str, Any]]:
    """Describe what a route answers, for `responses=`; `fill_in_contents` completes it.

    Args:
        kind: Struct or type of the good answer; None for an answer without content.
        example: Example of it.
        *problems: Status codes of refusals, beside 401, which every route may give.
        status: Status of the good answer.
        description: What the good answer is.
        media_type: Its media type.
    """
    described: dict[int | str, dict[str, Any]] = {status: {"description": description}}
    if kind is not None:
        _described.append(kind)
        _untold.append((described[status], kind, example, media_type))
    return described | refusals(401, *problems)


def fill_in_contents() -> None:
    """Put schema and example of what routes answer into what `answers` returned."""
    while _untold:
        answered, kind, example, media_type = _untold.pop()
        (schema,), _ = msgspec.json.schema_components([kind], ref_template=SCHEMAS)
        content = {"schema": schema, "example": msgspec.to_builtins(example)}
        answered["content"] = {media_type: content}


def described(kind: type[msgspec.Struct]) -> str:
    """Add a struct to the schemas and return the name it has there."""
    _described.append(kind)
    return kind.__name__


def refusals(*problems: int) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals of a route, for `responses=`."""
    return {status: _refusal(status) for status in problems}


@cache
def _refusal(status: int) -> dict[str, Any]:
    """Return one refusal, the same for all routes; nobody changes it."""
    description, example = _PROBLEMS[status]
    schema = {"$ref": SCHEMAS.format(name="Problem")}
    content = {"schema": schema, "example": msgspec.to_builtins(example)}
    return {"description": description, "content": {"application/json": content}}


def schemas() -> dict[str, Any]:
    """Return the schemas of every struct that a route was said to answer, by name.

    Descriptions are the classes' docstrings; fields have in them the names that are sent.
    """
    kinds = [Problem, *_described]
    _, components = msgspec.json.schema_components(kinds, ref_template=SCHEMAS)
    for struct in _structs_of(kinds):
        schema = components[struct.__name__]
        for field in msgspec.structs.fields(struct):
            if field.name != field.encode_name and "description" in schema:
                schema["description"] = re.sub(
                    rf"^( +){field.name}: ",
                    rf"\1{field.encode_name}: ",
                    schema["description"],
                    flags=re.MULTILINE,
                )
    return complete_required(kinds, components)


def complete_required(kinds: Sequence[Any], components: dict[str, Any]) -> dict[str, Any]:
    """Return schemas in which a field that is always sent is required, though it has a default.

    Args:
        kinds: Types that are sent.
        components: The schemas of msgspec of them, by name; it takes what has a default for
            something that may be missing, as it may in what is received.
    """
    sent = {
        struct.__name__: [
            field.encode_name
            for field in msgspec.structs.fields(struct)
            if field.default is not msgspec.UNSET
        ]
        for struct in _structs_of(kinds)
        if not struct.__struct_config__.omit_defaults
    }
    return {
        name: schema
        | {
            "required": [
                field
                for field in schema["properties"]
                if field in sent[name] or field in schema["required"]
            ]
        }
        if name in sent
        else schema
        for name, schema in components.items()
    }


def _structs_of(kinds: Sequence[Any]) -> set[type[msgspec.Struct]]:
    """Return the structs that `kinds` are, or are made of."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(kinds))
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, msgspec.inspect.StructType):
            if kind.cls not in found:
                found.add(kind.cls)
                waiting += [field.type for field in kind.fields]
        elif isinstance(kind, msgspec.inspect.Type):
            for field in msgspec.structs.fields(kind):
                part = getattr(kind, field.name)
                waiting += part if isinstance(part, tuple) else [part]
    return found


def printable(received: bytes) -> str:
    """Return bytes as ASCII; a dot for what cannot be printed.

    >>> printable(b"$GPRMC\\r\\n")
    '$GPRMC..'
    """
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in received)
