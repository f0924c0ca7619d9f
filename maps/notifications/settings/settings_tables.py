"""The tables of `patrol.toml` that say how alerts leave: which goes to whom by which way.

[[delivery]]                               # nothing leaves without such a rule
name = "duty officers"
agency = "la-hx"                           # who receives; there is no default
role = "commander"                         # and as whom: what such a user may see is told
way = "mail"                               # push, mail, webhook, radio, or that of a plug-in
to = ["duty@hx.example"]                   # mail: addresses; webhook: its name; radio: call signs
severities = ["sos", "high"]               # all if not said; so for `rules`
hours = "18:00-06:00"                      # local time of the node
language = "lo"                            # by push each user's own; the agency's if not said

[mail]
host = "mail.hx.example"
sender = "patrol@hx.example"
username = "patrol"
password_file = "secrets/mail"             # or password_env = "NAME"

[push]
key_file = "secrets/push.pem"              # made when it is not there
contact = "mailto:technician@hx.example"   # for the push services

[[webhooks]]
name = "ministry"
url = "https://ministry.example/alerts"
secret_file = "secrets/ministry"           # or secret_env = "NAME"

[notifications.sms]                        # the way `sms` of a plug-in
url = "https://sms.example/v1"
secret_file = "secrets/sms"                # or secret_env = "NAME"; or none
options = { sender = "PATROL" }            # what the plug-in asks for
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from maps.notifications.outbound_http.allowed_addresses import Network
from maps.notifications.outbound_http.post import url_fault
from maps.toml_tables.table import MailAddress, SettingsTable, ShortName
from patrol.alerts.alert import AlertState, Severity
from patrol.alerts.delivery import DeliveryWay
from patrol.units.accounts import Calendar, Language
from patrol.units.permissions import may
from patrol.units.units import Role

PER_MINUTE: Final[Mapping[str, int]] = {"push": 10, "mail": 6, "webhook": 60, "radio": 4}
"""Messages to one receiver within a minute, where the rule does not say; beyond, one for all."""

_BY_PLUGIN_PER_MINUTE: Final = 6

_OF_DAY: Final = "((?:[01][0-9]|2[0-3]):[0-5][0-9])"
_HOURS: Final = re.compile(rf"{_OF_DAY}\s*-\s*{_OF_DAY}")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def _networks(given: object) -> tuple[Network, ...]:
    if not isinstance(given, list | tuple):
        raise ValueError("must be a list of addresses or networks")
    return tuple(ipaddress.ip_network(str(each)) for each in given)


Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]


def _hours(text: str) -> str:
    read_hours(text)
    return text


def read_hours(text: str) -> tuple[time, time]:
    """Return from when (in) to when (out) of the day; over midnight where the end comes first.

    Raises:
        ValueError: If it is not written as `18:00-06:00`.

    >>> read_hours("18:00-06:00")
    (datetime.time(18, 0), datetime.time(6, 0))
    """
    written = _HOURS.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"{text!r} is not written as 18:00-06:00")
    start, end = written.groups()
    return time.fromisoformat(start), time.fromisoformat(end)


class DeliveryRule(SettingsTable):
    """Which alerts go to whom by which way.

    Attributes:
        name: Short name, shown with what it delivered.
        agency: Who receives. An alert of another agency goes out only as far as an agreement
            shares it with this one, and not over the radio.
        role: As which role of that agency the alert is seen; by push: the role of its users.
        way: `push`, `mail`, `webhook`, `radio`, or the name of a notification plug-in.
        to: Mail addresses, names of webhooks, call signs of the agency's units, or what a plug-in
            takes; by push the names of users, all of that role when empty.
        severities: Only these; all when empty.
        rules: Only alerts of these rules; all when empty.
        escalation: Only alerts escalated so far at least; 0: all.
        on: When: the states that an alert comes to, and `escalated`.
        hours: Only at these hours of the node's day, `18:00-06:00`; always when absent.
        expires_in_s: When it is worth nothing any more, seconds.
        per_minute: Messages to one receiver within a minute; what is beyond goes as one. An SOS
            may take as many again.
        language: What its receivers read; the agency's when absent. By push it is each user's.
        calendar: How they count years; as the agency when absent.
    """

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
    agency: ShortName
    role: Role
    way: DeliveryWay
    to: tuple[Annotated[str, Field(min_length=1, max_length=254)], ...] = ()
    severities: tuple[Severity, ...] = ()
    rules: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")], ...] = ()
    escalation: int = Field(default=0, ge=0, le=20)
    on: tuple[AlertState, ...] = ("raised", "escalated")
    hours: Annotated[str, AfterValidator(_hours)] | None = None
    expires_in_s: float = Field(default=3600.0, ge=30, le=86_400)
    per_minute: int | None = Field(default=None, ge=1, le=600)
    language: Language | None = None
    calendar: Calendar | None = None

    @model_validator(mode="after")
    def _sound(self) -> DeliveryRule:
        if self.way != "push" and not self.to:
            raise ValueError(f"`to` must say whom, by {self.way}")
        if len(self.to) > 100:
            raise ValueError("`to` has at most 100 receivers")
        if not self.on:
            raise ValueError("`on` must say when")
        if self.way == "radio" and not may(self.role, "message radios"):
            raise ValueError(f"a {self.role} may not message radios")
        return self

    @property
    def limit(self) -> int:
        """Messages to one receiver within a minute."""
        return self.per_minute or PER_MINUTE.get(self.way, _BY_PLUGIN_PER_MINUTE)


class MailSettings(SettingsTable):
    """The mail server that takes our mails.

    Attributes:
        host: Its name or address.
        port: Its port; 587, by `tls` 465, if not said.
        security: `starttls`, `tls` from the first byte, or `none`, in the clear.
        sender: Address that mails come from.
        username: Name to sign in with; not at all when absent.
        password_file: File with the password.
        password_env: Environment variable with the password, in place of a file.
        ca_file: Certificates to trust, PEM; the machine's own when absent.
        timeout_s: Longest wait for any of its answers, seconds.
        link: How people open the page, for the link in a mail, with its path where a proxy gives
            it one; made from `[web]` when absent.
    """

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: MailAddress
    username: str | None = Field(default=None, min_length=1, max_length=254)
    password_file: Path | None = None
    password_env: str | None = None
    ca_file: Path | None = None
    timeout_s: float = Field(default=15.0, ge=1, le=120)
    link: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")] | None = None

    @model_validator(mode="after")
    def _sound(self) -> MailSettings:
        given = (self.password_file is not None) + (self.password_env is not None)
        if given != (self.username is not None):
            raise ValueError("username goes with one of password_file and password_env")
        if self.security == "none" and self.username is not None and self.host not in _LOOPBACK:
            raise ValueError("a password does not cross the network in the clear: set security")
        return self


class PushSettings(SettingsTable):
    """Web Push to browsers.

    Attributes:
        key_file: Our private key (VAPID), PEM; made at the first start, for the owner only.
        contact: Whom a push service may write to, `mailto:` or `https:`.
        allow: Private networks where a push service may be, for a site with its own; whatever a
            signed-in user names there is posted to.
    """

    key_file: Path
    contact: Annotated[str, Field(pattern=r"^(mailto:[^\s@]+@[\w.-]+\.\w+|https://[\w.-]+\.\w+)$")]
    allow: Networks = ()


class WebhookSettings(SettingsTable):
    """A program that takes alerts by HTTP POST.

    Attributes:
        name: Short name.
        url: Where; `https://`, or `http://` to a listed address.
        secret_file: File with the secret that signs what is posted.
        secret_env: Environment variable with the secret, in place of a file.
        allow: Private networks where it may be.
        ca_file: Certificates to trust, PEM; the machine's own when absent.
        timeout_s: Longest time for one post, seconds.
    """

    name: ShortName
    url: str
    secret_file: Path | None = None
    secret_env: str | None = None
    allow: Networks = ()
    ca_file: Path | None = None
    timeout_s: float = Field(default=10.0, ge=1, le=60)

    @model_validator(mode="after")
    def _sound(self) -> WebhookSettings:
        fault = url_fault(self.url, clear=bool(self.allow))
        if fault is not None:
            raise ValueError(f"url {fault}")
        if (self.secret_file is None) == (self.secret_env is None):
            raise ValueError("give one of secret_file and secret_env")
        return self


class ServiceSettings(SettingsTable):
    """A service that a notification plug-in knows: an SMS gateway, a messenger.

    Attributes:
        url: Where it takes requests; `https://`, or `http://` to a listed address.
        secret_file: File with its key, token or password.
        secret_env: Environment variable with the secret, in place of a file.
        allow: Private networks where it may be.
        ca_file: Certificates to trust, PEM; the machine's own when absent.
        timeout_s: Longest time for one post, seconds.
        options: What else the plug-in asks for, by name.
    """

    url: str
    secret_file: Path | None = None
    secret_env: str | None = None
    allow: Networks = ()
    ca_file: Path | None = None
    timeout_s: float = Field(default=10.0, ge=1, le=60)
    options: Annotated[dict[str, bool | int | float | str], Field(max_length=50)] = {}

    @model_validator(mode="after")
    def _sound(self) -> ServiceSettings:
        fault = url_fault(self.url, clear=bool(self.allow))
        if fault is not None:
            raise ValueError(f"url {fault}")
        if self.secret_file is not None and self.secret_env is not None:
            raise ValueError("give one of secret_file and secret_env")
        return self
