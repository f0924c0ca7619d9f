"""How alerts leave, in `patrol.toml`: which alert goes to whom by which way.

[[delivery]]                               # nothing leaves without such a rule
name = "duty officers"
agency = "la-hx"                           # who receives; there is no default
role = "commander"                         # and as whom: what such a user may see is told
way = "mail"                               # push, mail, webhook, radio
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
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from maps.delivery.outgoing import url_fault
from maps.delivery.targets import Network
from maps.settings_tables import ShortName, Table
from patrol.accounts import Calendar, Language
from patrol.alerts import AlertState, Severity
from patrol.deliveries import DeliveryWay
from patrol.permissions import may
from patrol.rules import RULES
from patrol.units import Role

PER_MINUTE: Final[Mapping[DeliveryWay, int]] = {"push": 10, "mail": 6, "webhook": 60, "radio": 4}
"""Messages to one receiver within a minute, where the rule does not say; beyond, one for all."""

_SHORTEST_SECRET: Final = 20
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

MailAddress = Annotated[
    str, Field(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$")
]
"""Without spaces, quotes, commas and line ends: nothing that could be a second header."""


def _networks(given: object) -> tuple[Network, ...]:
    if not isinstance(given, list | tuple):
        raise ValueError("must be a list of addresses or networks")
    return tuple(ipaddress.ip_network(str(each)) for each in given)


Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]


def _hours(said: str) -> str:
    read_hours(said)
    return said


def read_hours(said: str) -> tuple[time, time]:
    """Return from when (in) to when (out) of the day; over midnight where the end comes first.

    Raises:
        ValueError: If it is not written as `18:00-06:00`.

    >>> read_hours("18:00-06:00")
    (datetime.time(18, 0), datetime.time(6, 0))
    """
    start, dash, end = said.partition("-")
    try:
        if not dash or len(start.strip()) != 5 or len(end.strip()) != 5:
            raise ValueError
        return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        raise ValueError(f"{said!r} is not written as 18:00-06:00") from None


class DeliveryRule(Table):
    """Which alerts go to whom by which way.

    Attributes:
        name: Short name, shown with what it delivered.
        agency: Who receives. An alert of another agency goes out only as far as an agreement
            shares it with this one, and not over the radio.
        role: As which role of that agency the alert is seen; by push: the role of its users.
        way: `push`, `mail`, `webhook` or `radio`.
        to: Mail addresses, names of webhooks, or call signs of the agency's units; by push the
            names of users, all of that role when empty.
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
        return self.per_minute or PER_MINUTE[self.way]


class MailSettings(Table):
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


class PushSettings(Table):
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


class WebhookSettings(Table):
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


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What those read who did not choose.

    Attributes:
        language: Of the node.
        calendar: Of the node.
        languages: Of agencies that have another, by id.
        calendars: The same of calendars.
    """

    language: Language = "en"
    calendar: Calendar = "gregorian"
    languages: Mapping[str, Language] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    def language_of(self, agency: str) -> Language:
        """Return what an agency's people and radios read."""
        return self.languages.get(agency, self.language)

    def calendar_of(self, agency: str) -> Calendar:
        """Return how an agency's people count years."""
        return self.calendars.get(agency, self.calendar)


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """All of it, with secrets read and paths made absolute.

    Attributes:
        rules: In the order of the file.
        mail: The mail server; None without.
        mail_password: Its password; None without.
        push: Web Push; None without.
        webhooks: By name.
        secrets: The webhooks' secrets, by name.
        link: How people open the page, without a slash at its end; None if that is not known.
        reading: What those read who did not choose.
    """

    rules: tuple[DeliveryRule, ...] = ()
    mail: MailSettings | None = None
    mail_password: SecretStr | None = None
    push: PushSettings | None = None
    webhooks: Mapping[str, WebhookSettings] = field(default_factory=dict)
    secrets: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    link: str | None = None
    reading: Reading = Reading()


def read_delivery(
    rules: Sequence[DeliveryRule],
    mail: MailSettings | None,
    push: PushSettings | None,
    webhooks: Sequence[WebhookSettings],
    *,
    agencies: AbstractSet[str],
    link: str | None,
    reading: Reading,
    folder: Path,
    environment: Mapping[str, str],
) -> tuple[DeliverySettings, list[str]]:
    """Read the secrets and return the settings, with all faults, each `table.field: what`."""
    faults = [
        *_twice("delivery", [each.name for each in rules]),
        *_twice("webhooks", [each.name for each in webhooks]),
    ]
    names = {each.name for each in webhooks}
    for number, rule in enumerate(rules):
        faults += [
            f"delivery[{number}].{fault}"
            for fault in _rule_faults(rule, mail, push, webhooks=names, agencies=agencies)
        ]
    password: SecretStr | None = None
    if mail is not None and mail.username is not None:
        password, fault = _secret(mail.password_file, mail.password_env, folder, environment)
        faults += [f"mail.password_{fault}"] if fault else []
    secrets: dict[str, SecretStr] = {}
    for number, hook in enumerate(webhooks):
        secret, fault = _secret(hook.secret_file, hook.secret_env, folder, environment)
        if secret is not None and fault is None:
            fault = _weak(secret.get_secret_value())
            fault = f"{'env' if hook.secret_file is None else 'file'}: {fault}" if fault else None
        if fault is not None or secret is None:
            faults.append(f"webhooks[{number}].secret_{fault}")
            continue
        secrets[hook.name] = secret
    return (
        DeliverySettings(
            rules=tuple(rules),
            mail=None
            if mail is None
            else mail.model_copy(update={"ca_file": _from(folder, mail.ca_file)}),
            mail_password=password,
            push=None
            if push is None
            else push.model_copy(update={"key_file": folder / push.key_file}),
            webhooks={
                each.name: each.model_copy(update={"ca_file": _from(folder, each.ca_file)})
                for each in webhooks
            },
            secrets=secrets,
            link=(mail.link if mail is not None and mail.link else link or "").rstrip("/") or None,
            reading=reading,
        ),
        faults,
    )


def signing_key(secret: str) -> bytes:
    """Return the bytes that sign: what follows `whsec_`, base64; else the text itself.

    >>> signing_key("whsec_YWJjZA=="), signing_key("abcd")
    (b'abcd', b'abcd')
    """
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _rule_faults(
    rule: DeliveryRule,
    mail: MailSettings | None,
    push: PushSettings | None,
    *,
    webhooks: set[str],
    agencies: AbstractSet[str],
) -> list[str]:
    faults = []
    if rule.agency not in agencies:
        faults.append(f"agency: {rule.agency!r} is no agency of this node")
    faults += [
        f"rules: there is no rule {each!r} (known: {', '.join(sorted(RULES))})"
        for each in rule.rules
        if each not in RULES
    ]
    if rule.way == "mail":
        if mail is None:
            faults.append("way: there is no table [mail]")
        faults += [
            f"to: {each!r} is no mail address" for each in rule.to if not _is_mail_address(each)
        ]
    if rule.way == "push" and push is None:
        faults.append("way: there is no table [push]")
    if rule.way == "webhook":
        faults += [f"to: there is no webhook {each!r}" for each in rule.to if each not in webhooks]
    return faults


def _is_mail_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
    return bool(
        at
        and local
        and domain
        and len(text) <= 254
        and set(local) <= allowed | set("!#$%&'*+/=?^_`{|}~")
        and set(domain) <= allowed
    )


def _twice(table: str, names: Sequence[str]) -> list[str]:
    return [
        f"{table}[{number}].name: {name!r} is used twice"
        for number, name in enumerate(names)
        if name in names[:number]
    ]


def _secret(
    file: Path | None, variable: str | None, folder: Path, environment: Mapping[str, str]
) -> tuple[SecretStr | None, str | None]:
    """Return a secret, or what is wrong, after `…_`."""
    if file is not None:
        try:
            text = (folder / file).read_text(encoding="utf-8").strip()
        except OSError as error:
            return None, f"file: {file}: {error.strerror}"
        except UnicodeDecodeError:
            return None, f"file: {file}: not UTF-8"
        return (SecretStr(text), None) if text else (None, f"file: {file}: is empty")
    text = environment.get(variable or "", "")
    return (SecretStr(text), None) if text else (None, f"env: the environment has no {variable}")


def _weak(secret: str) -> str | None:
    if len(secret) < _SHORTEST_SECRET:
        return f"the secret has fewer than {_SHORTEST_SECRET} characters"
    return None


def _from(folder: Path, file: Path | None) -> Path | None:
    return None if file is None else folder / file
