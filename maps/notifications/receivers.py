"""Receivers: the people behind a rule of the settings or a browser, and what they may see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec.structs import replace

from maps.notifications.errors.errors import ReceiverGone
from maps.notifications.settings.settings import ReaderDefaults
from maps.notifications.settings.settings_tables import DeliveryRule
from patrol.alerts.delivery import AlertDelivery
from patrol.maintenance.outbox import Outbox
from patrol.units.accounts import User


class Receivers:
    """Who receives.

    Args:
        outbox: Knows the browsers.
        rules: Those of the settings.
        user_of: Returns the user of a name; None if there is none.
        reading: What those read who did not choose.
    """

    def __init__(
        self,
        outbox: Outbox,
        rules: Sequence[DeliveryRule],
        user_of: Callable[[str], Awaitable[User | None]],
        reading: ReaderDefaults,
    ) -> None:
        self._outbox, self._user_of, self._reading = outbox, user_of, reading
        self.rules: Mapping[str, DeliveryRule] = {each.name: each for each in rules}

    def of_rule(self, rule: DeliveryRule) -> User:
        """Return as whom a rule's receivers see an alert, and in which language."""
        return User(
            name=f"delivery {rule.name}",
            role=rule.role,
            agency=rule.agency,
            language=rule.language or self._reading.language_of(rule.agency),
            calendar=rule.calendar or self._reading.calendar_of(rule.agency),
        )

    async def receivers_of(self, rule: DeliveryRule) -> list[tuple[str, str]]:
        """Return to whom a rule delivers now, each as `to` and `user` of `AlertDelivery`."""
        if rule.way != "push":
            return [(each, "") for each in dict.fromkeys(rule.to)]
        found = []
        users: dict[str, User | None] = {}
        for browser in self._outbox.subscriptions(rule.agency):
            if rule.to and browser.user not in rule.to:
                continue
            if browser.user not in users:
                users[browser.user] = await self._user_of(browser.user)
            user = users[browser.user]
            if user is not None and user.role == rule.role and _is_in(user, rule.agency):
                found.append((browser.id, browser.user))
        return found

    async def of_delivery(self, delivery: AlertDelivery) -> User:
        """Return as whom the receiver of a delivery sees the alert now.

        Raises:
            ReceiverGone: If there is no such receiver any more.
        """
        if delivery.way == "push":
            return await self.of_browser(delivery.to, delivery.user)
        rule = self.rules.get(delivery.rule)
        if rule is None or rule.way != delivery.way or delivery.to not in rule.to:
            raise ReceiverGone("the settings do not name this receiver any more")
        if rule.agency != delivery.agency:
            raise ReceiverGone("the rule is another agency's now")
        return self.of_rule(rule)

    async def is_from_before(self, id: str) -> bool:
        """Return whether a browser subscribed before all sessions of its user were ended."""
        browser = self._outbox.subscription(id)
        return browser is not None and await self._outbox.is_from_before(browser)

    async def of_browser(self, id: str, name: str) -> User:
        """Return the user of a browser as it is now.

        Raises:
            ReceiverGone: If the browser is not that user's any more, or the user may not sign in.
        """
        browser = self._outbox.subscription(id)
        if browser is None or browser.user != name:
            raise ReceiverGone("the browser is not subscribed any more")
        user = await self._user_of(name)
        if user is None or not _is_in(user, browser.agency):
            await self._outbox.end_subscription(id, "its user may not sign in any more")
            raise ReceiverGone("its user may not sign in any more")
        if user.language is None:  # never chosen: as this office reads
            user = replace(
                user,
                language=self._reading.language_of(user.agency),
                calendar=self._reading.calendar_of(user.agency),
            )
        return user


def _is_in(user: User, agency: str) -> bool:
    return user.disabled_at is None and user.agency == agency
