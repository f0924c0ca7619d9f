"""Service message: what a notification plug-in is given, and what it gives back.

A plug-in is a module, or any object, with `request(message, service)`: it returns the HTTP request
that hands one message to its service. Where a status of 2xx does not mean that the service took it,
`outcome(answer)` says what its answer means. Neither opens a connection: this node posts the
request to the address of the settings, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr

OptionValue = str | bool | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMessage:
    """One message to one receiver, in the receiver's words and of what it may see.

    Attributes:
        to: The receiver, as `to` of the rule of the settings has it: a telephone number, a chat.
        id: Globally unique; the same when it is tried again.
        title: What it is about, in one line.
        text: What it says, in a few lines.
        language: Of title and text, a BCP 47 tag.
        details: All of it, as a webhook is posted: `type`, `agency`, `alerts` with `severity`.
    """

    to: str
    id: str
    title: str
    text: str
    language: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationService:
    """The service as the settings have it, in the table `[notifications.NAME]`.

    Attributes:
        url: Where it takes requests.
        secret: Its key, token or password; None without one.
        options: What else it needs: the sender's number, the account.
    """

    url: str
    secret: SecretStr | None = None
    options: Mapping[str, OptionValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRequest:
    """What is posted to a service.

    Attributes:
        body: The body, at most 64 KiB.
        content_type: Its media type.
        headers: Further headers, such as `authorization`.
        path: What follows the address of the settings, from `/` or `?` on; empty for nothing.
    """

    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswer:
    """What a service answered.

    Attributes:
        status: The status of HTTP; never a redirect, which is not followed.
        headers: Its headers, found by any case of their names.
        body: The first 16 KiB of the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotificationPlugin(Protocol):
    """What the entry point of a notification plug-in names.

    `outcome(answer: ServiceAnswer) -> str` may stand beside `request`. It returns the id by which
    the message is found there, empty for none; it raises `Undeliverable` for what will never go
    through, `TemporaryFailure` for what may go through later. Without it 2xx means success.
    """

    def request(self, message: ServiceMessage, service: NotificationService) -> ServiceRequest:
        """Return the request that hands over a message.

        Raises:
            Undeliverable: If that receiver can never have it: it is no telephone number.
        """
