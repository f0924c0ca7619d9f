"""Service plug-ins: puts the ways of others to notify people beside those that are built in.

A plug-in makes a request and reads the answer; it sends nothing. What it makes is held to the
address of the settings, and bounded. What it raises or takes too long for leaves the message
waiting, to be tried again until it expires, and names the plug-in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar, cast
from urllib.parse import unquote, urlsplit

from maps.notifications.errors.errors import DeliveryError, TemporaryFailure, Undeliverable
from maps.notifications.outbound_http.http_answer import HttpAnswer, check_taken
from maps.notifications.outbound_http.post import url_fault
from maps.notifications.outbound_http.retry_after import LONGEST_S
from maps.notifications.services.service_message import (
    NotificationPlugin,
    NotificationService,
    ServiceAnswer,
    ServiceMessage,
    ServiceRequest,
)
from patrol.alerts.delivery import BUILT_IN_WAYS
from radio_gateway.errors.errors import GatewayError
from radio_gateway.parsing.toml_tables import unknown
from radio_gateway.plugins.plugin import Plugin
from radio_gateway.plugins.plugins import PLUGINS

R = TypeVar("R")

LONGEST_BODY: Final = 65_536
LONGEST_ANSWER: Final = 16_384
"""Bytes of an answer's body that are read."""
LONGEST_ID: Final = 200
_MOST_HEADERS: Final = 20
_LONGEST_VALUE: Final = 4_000
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_OURS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say how a request is sent."""


class Post(NamedTuple):
    """A request that may be posted.

    Attributes:
        url: Where.
        body: What.
        headers: With which headers.
    """

    url: str
    body: bytes
    headers: Mapping[str, str]


class ServicePlugin:
    """A way of a plug-in, or what stands for it where it cannot be loaded.

    Args:
        plugin: The plug-in.
        offered: What its entry point names, a `NotificationPlugin`; None where it cannot be
            imported.
    """

    def __init__(self, plugin: Plugin, offered: object | None) -> None:
        self._plugin = plugin
        if offered is not None and not callable(getattr(offered, "request", None)):
            plugin.stop("failed", "offers no request")
        self._offered = cast(NotificationPlugin, offered)
        outcome = getattr(offered, "outcome", None)
        self._outcome: Callable[[ServiceAnswer], object] | None = outcome

    def post(self, message: ServiceMessage, service: NotificationService) -> Post:
        """Return what hands a message to the service.

        Raises:
            Undeliverable: If the plug-in says that it will never go through.
            TemporaryFailure: If it says that it may later, or does not do what it must.
        """
        request = self._call(lambda: self._offered.request(message, service))
        fault = request_fault(request, service)
        if fault is not None or not isinstance(request, ServiceRequest):
            raise self._failure(f"makes a request that is none: {fault}")
        headers = {
            "user-agent": "joint-patrol",
            **{name.lower(): value for name, value in request.headers.items()},
            "content-type": request.content_type,
        }
        return Post(_joined(service.url, request.path), request.body, headers)

    def outcome(self, answer: HttpAnswer) -> str:
        """Return the id of a message that was taken, empty if the service told none.

        Where the plug-in cannot say, the status does: what was taken is not sent once more.

        Raises:
            Undeliverable: If it will never go through.
            TemporaryFailure: If it may go through later.
        """
        if self._outcome is not None and self._plugin.state == "running":
            judge = self._outcome
            given = ServiceAnswer(
                status=answer.status_code, headers=answer.headers, body=answer.body
            )
            try:
                id = self._run(lambda: judge(given))
            except GatewayError:
                pass  # noted
            else:
                if isinstance(id, str) and id.isprintable() and len(id) <= LONGEST_ID:
                    return id
                self._plugin.note_failure("reads an id that is none out of an answer")
        check_taken(answer)
        return ""

    def _call(self, function: Callable[[], R]) -> R:
        try:
            return self._run(function)
        except GatewayError as error:
            raise TemporaryFailure(str(error)) from error

    def _run(self, function: Callable[[], R]) -> R:
        """Return what a function of the plug-in returns.

        Raises:
            DeliveryError: As it raises it.
            GatewayError: If it did what it must not.
        """

        def run() -> R | DeliveryError:
            try:
                return function()
            except DeliveryError as error:  # its word about the message, and no fault of its own
                return error

        returned = self._plugin.call(run)
        if isinstance(returned, DeliveryError):
            raise _bounded(returned)
        return returned

    def _failure(self, fault: str) -> TemporaryFailure:
        self._plugin.note_failure(fault)
        return TemporaryFailure(f"plug-in {self._plugin}: {fault}")


WAYS: Final[dict[str, ServicePlugin | None]] = dict.fromkeys(BUILT_IN_WAYS)
"""All ways to notify people, by name; None for those that are built in and need no plug-in."""


def load_notification_plugins() -> None:
    """Put the ways of allowed packages into `WAYS`; none of them raises (`Plugins.found`)."""
    PLUGINS.fill("notifications", WAYS, ServicePlugin, names=_NAME)


def unknown_way(name: str) -> str:
    """Return in words that there is no such way, or that its plug-in is not allowed."""
    package = PLUGINS.not_allowed("notifications", name)
    if package is not None:
        return f"{name!r} is a plug-in of {package}, which [plugins] allowed does not name"
    return unknown(name, "way", WAYS)


def request_fault(request: object, service: NotificationService) -> str | None:
    """Return why a request of a plug-in is not posted; None if it may be.

    >>> service = NotificationService(url="https://sms.example/v1")
    >>> request_fault(ServiceRequest(body=b"x", path="/send"), service) is None
    True
    >>> request_fault(ServiceRequest(body=b"x", path="@elsewhere.example/"), service)
    "its path must begin with '/' or '?'"
    >>> request_fault(ServiceRequest(body=b"x", path="/../admin"), service)
    'its path leaves the address of the settings'
    >>> request_fault(ServiceRequest(body=b"x", headers={"Host": "elsewhere"}), service)
    "its header 'Host' is not its to set"
    """
    if not isinstance(request, ServiceRequest):
        return f"{type(request).__name__}, no ServiceRequest"
    if not isinstance(request.body, bytes) or len(request.body) > LONGEST_BODY:
        return f"its body must be bytes, at most {LONGEST_BODY}"
    if not isinstance(request.headers, Mapping) or len(request.headers) > _MOST_HEADERS:
        return f"its headers must be a mapping of at most {_MOST_HEADERS}"
    for name, value in {**request.headers, "Content-Type": request.content_type}.items():
        if not isinstance(name, str) or not _HEADER.fullmatch(name):
            return f"{str(name)[:40]!r} is no name of a header"
        if name.lower() in _OURS and name != "Content-Type":
            return f"its header {name!r} is not its to set"
        if not isinstance(value, str) or not _is_plain(value):
            return (
                f"its header {name!r} must be at most {_LONGEST_VALUE} printable ASCII characters"
            )
    return _path_fault(request.path, service.url)


def _path_fault(path: object, base: str) -> str | None:
    if not isinstance(path, str) or (path and path[0] not in "/?"):
        return "its path must begin with '/' or '?'"
    if path and "?" in base:
        return "the address of the settings ends with a query, which takes no path"
    url = _joined(base, path)
    fault = url_fault(url, clear=True)
    if fault is not None:
        return f"its address {fault}"
    if ".." in unquote(urlsplit(url).path).split("/"):
        return "its path leaves the address of the settings"
    return None


def _joined(base: str, path: str) -> str:
    return (base.rstrip("/") if path.startswith("/") else base) + path


def _is_plain(value: str) -> bool:
    return len(value) <= _LONGEST_VALUE and value.isascii() and value.isprintable()


def _bounded(error: DeliveryError) -> DeliveryError:
    """Return what a plug-in says of a message, of our own types and within our bounds."""
    if not isinstance(error, TemporaryFailure):
        return Undeliverable(str(error.fault))
    wait_s = error.wait_s
    if not isinstance(wait_s, int | float) or not 0 <= wait_s <= LONGEST_S:
        wait_s = None
    return TemporaryFailure(str(error.fault), wait_s=wait_s)
