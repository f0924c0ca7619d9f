"""Topic ACL: who may connect to the embedded broker, publish and subscribe.

A device's name stands in its topics, so that nobody speaks for another: `jane/phone` publishes to
`owntracks/jane/phone` and what is below it, any device to `joint-patrol/v1/position/<its name>`.
It hears nothing but what is asked of it: `owntracks/jane/phone/cmd`.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from time import monotonic

from amqtt.contexts import Action

from patrol.errors.errors import StoreError

KeyCheck = Callable[[str, str], Awaitable[bool]]
"""Says whether a device id and a device key belong together."""

ASKED_AGAIN_S = 5.0
_REMEMBERED = 5000


class TopicAcl:
    """Knows names, passwords and topics.

    Args:
        user: Name of the server's own clients, which may do everything.
        password: Their password.
        knows: Checks the name and key of a radio; None lets no radio in.
        now: A clock that only goes forward, seconds.
    """

    def __init__(
        self,
        *,
        user: str,
        password: str,
        knows: KeyCheck | None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._user, self._password, self._knows, self._now = user, password, knows, now
        self._checked: dict[tuple[str, str], tuple[float, bool]] = {}

    async def opens(self, name: str | None, password: str | None) -> bool:
        """Return whether `name` may come in with `password`."""
        if not name or not password:
            return False
        if name == self._user:
            return secrets.compare_digest(password.encode(), self._password.encode())
        return self._knows is not None and await self._knows(name, password)

    async def lets(
        self, name: str | None, password: str | None, topic: str | None, action: Action | None
    ) -> bool:
        """Return whether `name`, who came in, may do `action` on `topic`.

        A key that was taken away or replaced since then is noticed within `ASKED_AGAIN_S`.
        """
        if not self.allows(name, topic, action):
            return False
        return name == self._user or await self._still_knows(name or "", password or "")

    def allows(self, name: str | None, topic: str | None, action: Action | None) -> bool:
        """Return whether `action` on `topic` is for `name` to do."""
        if name == self._user:
            return True
        if action == Action.PUBLISH:
            return is_of_device(topic or "", name or "")
        return is_commands_of(topic or "", name or "")

    async def _still_knows(self, name: str, password: str) -> bool:
        asked_at, good = self._checked.get((name, password), (float("-inf"), False))
        if self._now() - asked_at < ASKED_AGAIN_S:
            return good
        try:
            good = await self.opens(name, password)
        except StoreError:
            return True  # who is in stays in; nothing can be stored now anyhow
        if len(self._checked) >= _REMEMBERED:
            self._checked.clear()
        self._checked[name, password] = (self._now(), good)
        return good


def is_of_device(topic: str, device: str) -> bool:
    """Return whether `topic` is one that `device`, and nobody else, may publish to.

    >>> is_of_device("owntracks/jane/phone/event", "jane/phone")
    True
    >>> is_of_device("owntracks/jane/phone/boat-9", "boat-9")
    False
    >>> is_of_device("joint-patrol/v1/position/boat-3", "boat-3")
    True
    """
    if not device:
        return False
    if topic == f"joint-patrol/v1/position/{device}":
        return True
    # OwnTracks names user and device: a name of one level says neither whose device it is.
    user, slash, own = device.partition("/")
    if not (user and slash and own) or "/" in own:
        return False
    return topic == f"owntracks/{device}" or topic.startswith(f"owntracks/{device}/")


def is_commands_of(topic: str, device: str) -> bool:
    """Return whether `topic` is the one on which `device`, and nobody else, is asked for things.

    >>> is_commands_of("owntracks/jane/phone/cmd", "jane/phone")
    True
    >>> is_commands_of("owntracks/+/+/cmd", "jane/phone"), is_commands_of("#", "jane/phone")
    (False, False)
    """
    if not set(device).isdisjoint("+#"):
        return False
    return topic == f"owntracks/{device}/cmd" and is_of_device(topic, device)
