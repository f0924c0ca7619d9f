"""How alerts leave, as `patrol.toml` says it: its tables put together, secrets read, faults told.

The tables themselves, with an example: settings_tables.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from maps.notifications.services.service_plugins import WAYS, unknown_way
from maps.notifications.settings.settings_tables import (
    DeliveryRule,
    MailSettings,
    PushSettings,
    ServiceSettings,
    WebhookSettings,
)
from patrol.alarms.rules import RULES
from patrol.alerts.delivery import BUILT_IN_WAYS
from patrol.units.accounts import Calendar, Language

_SHORTEST_SECRET: Final = 20


@dataclass(frozen=True, kw_only=True)
class ReaderDefaults:
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
        services: Services of notification plug-ins, by the name of their way.
        service_secrets: Their secrets, of those that have one.
        link: How people open the page, without a slash at its end; None if that is not known.
        reading: What those read who did not choose.
    """

    rules: tuple[DeliveryRule, ...] = ()
    mail: MailSettings | None = None
    mail_password: SecretStr | None = None
    push: PushSettings | None = None
    webhooks: Mapping[str, WebhookSettings] = field(default_factory=dict)
    secrets: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    services: Mapping[str, ServiceSettings] = field(default_factory=dict)
    service_secrets: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    link: str | None = None
    reading: ReaderDefaults = ReaderDefaults()


def read_delivery(
    rules: Sequence[DeliveryRule],
    mail: MailSettings | None,
    push: PushSettings | None,
    webhooks: Sequence[WebhookSettings],
    services: Mapping[str, ServiceSettings],
    *,
    agencies: AbstractSet[str],
    link: str | None,
    reading: ReaderDefaults,
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
            for fault in _rule_faults(
                rule, mail, push, webhooks=names, services=services, agencies=agencies
            )
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
    service_secrets: dict[str, SecretStr] = {}
    for name, service in services.items():
        if name not in WAYS or name in BUILT_IN_WAYS:
            wrong = "is built in, and no plug-in's" if name in WAYS else unknown_way(name)
            faults.append(f"notifications.{name}: {wrong}")
        if service.secret_file is not None or service.secret_env is not None:
            secret, fault = _secret(service.secret_file, service.secret_env, folder, environment)
            faults += [f"notifications.{name}.secret_{fault}"] if fault else []
            service_secrets |= {} if secret is None else {name: secret}
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
            services={
                name: each.model_copy(update={"ca_file": _from(folder, each.ca_file)})
                for name, each in services.items()
            },
            service_secrets=service_secrets,
            link=(mail.link if mail is not None and mail.link else link or "").rstrip("/") or None,
            reading=reading,
        ),
        faults,
    )


def _rule_faults(
    rule: DeliveryRule,
    mail: MailSettings | None,
    push: PushSettings | None,
    *,
    webhooks: set[str],
    services: Mapping[str, ServiceSettings],
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
    if rule.way not in WAYS:
        faults.append(f"way: {unknown_way(rule.way)}")
    elif rule.way not in BUILT_IN_WAYS and rule.way not in services:
        faults.append(f"way: there is no table [notifications.{rule.way}]")
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
