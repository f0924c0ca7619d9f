"""Errors of the `radio_gateway` package; all carry the data that caused them."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence

MAX_DETAIL = 500
_USUAL = {
    "empty": "there is nothing in it",
    "missing_lat": "it says no latitude",
    "missing_lon": "it says no longitude",
    "no_type": "it does not say what it is",
    "no_uid": "it does not say who sends it",
    "no_point": "it has no place for a position",
    "no_event": "it holds no event",
}


class GatewayError(Exception):
    """Base of every error that the gateway raises on purpose."""


class HiddenCharacter(GatewayError):
    """A text for people that holds what cannot be shown to them.

    Args:
        field: Which text.
        name: The character's.
    """

    def __init__(self, field: str, name: str) -> None:
        self.field, self.name = field, name
        super().__init__(f"{field} holds a character that cannot be shown: {name}")


class FrameError(GatewayError):
    """One frame that cannot be understood; the rest of the stream is not touched.

    Args:
        reason: Short fixed word for counting, for example `bad_checksum`.
        payload: The bytes of the frame.
        detail: What exactly is wrong, for the technician; the first `MAX_DETAIL` characters of it.
            Some reasons say all there is to say: these are put in a sentence when it is left out.
    """

    def __init__(self, reason: str, payload: bytes, detail: str = "") -> None:
        detail = detail[:MAX_DETAIL] or _USUAL.get(reason, "")
        self.reason, self.payload, self.detail = reason, payload, detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class LinkError(GatewayError):
    """A link that could not be opened or broke; the channel will try again.

    Args:
        url: The channel's URL, without secrets.
        fault: What happened.
    """

    def __init__(self, url: str, fault: str) -> None:
        self.url, self.fault = url, fault
        super().__init__(f"{url}: {fault}")


class RefusedError(LinkError):
    """The link stands, and the other side does not take this message."""


class GoneError(LinkError):
    """The link stands, and the one radio that is meant is not connected to it now."""


class SettingsError(GatewayError):
    """A setting that cannot be used; names the file and field.

    Args:
        where: File and field, for example `patrol.toml: channels[1].url`.
        fault: What is wrong with it.
    """

    def __init__(self, where: str, fault: str) -> None:
        self.where, self.fault = where, fault
        super().__init__(f"{where}: {fault}")


class SettingsErrors(SettingsError):
    """Several settings that cannot be used; `where` and `fault` are those of the first.

    Args:
        errors: Each of them, at least one.
    """

    def __init__(self, errors: Sequence[SettingsError]) -> None:
        self.errors = tuple(errors)
        super().__init__(errors[0].where, errors[0].fault)
        self.args = ("\n".join(map(str, errors)),)

    def __str__(self) -> str:
        """Return one line for each."""
        return "\n".join(map(str, self.errors))


def fault_of(error: Exception) -> str:
    """Return what the system says went wrong, without the addresses some libraries put first.

    >>> fault_of(OSError(111, "Connect call failed ('127.0.0.1', 1)"))
    'Connection refused'
    """
    # names that cannot be resolved have numbers of their own (EAI_…), below zero; TLS has some too
    number = getattr(error, "errno", None)
    if number is not None and number > 0 and not isinstance(error, ssl.SSLError):
        return os.strerror(number)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
