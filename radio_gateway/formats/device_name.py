"""Names of devices as senders choose them: what cannot be shown to people is refused."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from radio_gateway.messages.printable_text import hidden_in

_LONGEST_REMEMBERED: Final = 200  # characters; what is longer would fill the memory


def is_device_name(text: str) -> bool:
    """Return whether `text` may name a device: something to see, and nothing that hides.

    >>> is_device_name("ANDROID-1"), is_device_name("ເຮືອ 3"), is_device_name("boat\\x00")
    (True, True, False)
    """
    return _is_printable(text) if len(text) > _LONGEST_REMEMBERED else _remembered(text)


def _is_printable(text: str) -> bool:
    return bool(text.strip()) and hidden_in(text, lines=False) is None


_remembered = lru_cache(4096)(_is_printable)  # asked of each message, and devices are few
