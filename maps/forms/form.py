"""Form: what people write: the body of a request, a table of settings; no text in it hides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, ValidationInfo, field_validator

from radio_gateway.messages.printable_text import hidden_in

_SECRET: Final = frozenset({"password", "present", "new", "code", "token"})
"""Fields that nobody is shown: a pass phrase holds what its owner types."""


def check_field_text(value: Any, info: ValidationInfo) -> Any:
    """Return a field's value.

    Raises:
        ValueError: If a text in it holds what cannot be shown to people; names the character.
    """
    if info.field_name in _SECRET:
        return value
    texts: Iterable[object] = ()
    if isinstance(value, str):
        texts = (value,)
    elif isinstance(value, list | tuple | set | frozenset | dict):
        texts = value.values() if isinstance(value, dict) else value
    for text in texts:
        fault = hidden_in(text) if isinstance(text, str) else None
        if fault is not None:
            raise ValueError(f"holds a character that cannot be shown: {fault}")
    return value


class Form(BaseModel):
    """A body, or a part of one. No text in it holds what cannot be shown."""

    _is_shown = field_validator("*")(check_field_text)
