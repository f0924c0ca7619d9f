"""Settings: patrol.toml and the environment, read once; below this, values are arguments.

Every fault names file, table and field, and all faults are told at once. An environment variable
`JOINT_PATROL_<TABLE>__<FIELD>` (`JOINT_PATROL_WEB__PORT=8443`) wins over the file. Paths in the
file are relative to the file's folder.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from maps.errors.errors import SettingsFaults
from maps.feeds.settings import FeedSettings
from maps.notifications.services.service_plugins import load_notification_plugins
from maps.notifications.settings.settings import DeliverySettings, ReaderDefaults, read_delivery
from maps.notifications.settings.settings_tables import (
    DeliveryRule,
    MailSettings,
    PushSettings,
    ServiceSettings,
    WebhookSettings,
)
from maps.settings.access_settings import AccessSettings, OpenIdSettings
from maps.settings.counterpart_settings import CounterpartSettings
from maps.settings.internal_settings import InternalSettings
from maps.settings.remote_gateways import RemoteGateways, read_remote_gateways
from maps.settings.report_settings import ReportSchedule, faults_of
from maps.settings.settings_faults import contradictions, worded
from maps.settings.settings_tables import (
    SQLITE,
    AgencySettings,
    AuditSettings,
    BackupSettings,
    BasemapSettings,
    BrokerSettings,
    IncidentSettings,
    LayerSettings,
    LayersSettings,
    LocalGatewaySettings,
    LocalJournalSettings,
    LogSettings,
    NodeSettings,
    PluginSettings,
    ProtectedSettings,
    RemoteGatewaySettings,
    RetentionSettings,
    StoreSettings,
    WebSettings,
)
from maps.toml_tables.table import SettingsTable
from patrol.alarms.rule_plugins import load_rule_plugins
from radio_gateway.channels.channel_plugins import allow_channel_plugins
from radio_gateway.channels.channel_settings import ChannelSettings, read_channel
from radio_gateway.errors.errors import SettingsError

_PREFIX = "JOINT_PATROL_"
_SHORTEST_TOKEN = 20  # nobody types it


class SettingsFile(SettingsTable):
    """`patrol.toml` as a whole, a field a table."""

    node: NodeSettings = NodeSettings()
    store: StoreSettings = StoreSettings()
    retention: RetentionSettings | None = None
    incidents: IncidentSettings = IncidentSettings()
    backup: BackupSettings | None = None
    protected: ProtectedSettings = ProtectedSettings()
    web: WebSettings = WebSettings()
    access: AccessSettings = AccessSettings()
    audit: AuditSettings = AuditSettings()
    open_id: OpenIdSettings | None = None
    internal: InternalSettings | None = None
    counterparts: CounterpartSettings = CounterpartSettings()
    log: LogSettings = LogSettings()
    plugins: PluginSettings = PluginSettings()
    gateway: LocalGatewaySettings = LocalGatewaySettings()
    uplink: dict[str, Any] | None = None
    gateways: tuple[RemoteGatewaySettings, ...] = ()
    broker: BrokerSettings = BrokerSettings()
    journal: LocalJournalSettings | None = None
    agencies: tuple[AgencySettings, ...] = ()
    layers: LayersSettings = LayersSettings()
    basemap: BasemapSettings | None = None
    channels: tuple[dict[str, Any], ...] = ()
    feeds: tuple[FeedSettings, ...] = ()
    delivery: tuple[DeliveryRule, ...] = ()
    mail: MailSettings | None = None
    push: PushSettings | None = None
    webhooks: tuple[WebhookSettings, ...] = ()
    notifications: dict[str, ServiceSettings] = {}
    reports: tuple[ReportSchedule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything the server is told.

    Attributes:
        source: Name of the file, for messages.
        folder: Folder that relative paths start from.
        node: This office's node.
        store: Where records are kept.
        web: What people connect to.
        gateway_id: Short name of the gateway in this process.
        broker: The embedded broker.
        agencies: Agencies of this node, at least one.
        layers: Layers replaced and added.
        channels: Links to radios.
        remote: Gateways on other computers; None without any.
        feeds: Ways out of the picture.
        journal: Where all that the channels read is kept; None: nowhere.
        basemap: Detailed background map; None without one.
        delivery: Which alerts leave, to whom, and how.
        reports: Which reports are sent by mail, and how often.
        access: What is asked of people who sign in.
        audit: How the journal is signed, and where its signed heads go.
        open_id: A provider with which people may sign in; None without one.
        internal: How the processes of this node reach each other; None where it is one.
        counterparts: Where nodes of other offices reach this one.
        retention: How long what was heard is kept; None: for ever.
        incidents: How they are confirmed.
        backup: Where back-ups go, and how often; None: none is made.
        log: What is logged.
        protected: Where the keys of protected fields are.
        plugins: Which packages' plug-ins are loaded.
    """

    source: str
    folder: Path
    node: NodeSettings
    store: StoreSettings
    web: WebSettings
    gateway_id: str
    broker: BrokerSettings
    agencies: tuple[AgencySettings, ...]
    layers: LayersSettings
    channels: tuple[ChannelSettings, ...] = ()
    remote: RemoteGateways | None = None
    feeds: tuple[FeedSettings, ...] = ()
    journal: LocalJournalSettings | None = None
    basemap: BasemapSettings | None = None
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    reports: tuple[ReportSchedule, ...] = ()
    access: AccessSettings = field(default_factory=AccessSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    open_id: OpenIdSettings | None = None
    internal: InternalSettings | None = None
    counterparts: CounterpartSettings = field(default_factory=CounterpartSettings)
    retention: RetentionSettings | None = None
    incidents: IncidentSettings = field(default_factory=IncidentSettings)
    backup: BackupSettings | None = None
    log: LogSettings = field(default_factory=LogSettings)
    protected: ProtectedSettings = field(default_factory=ProtectedSettings)
    plugins: PluginSettings = field(default_factory=PluginSettings)


def read_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `file` and `environment`.

    Raises:
        SettingsFaults: With every fault found.
    """
    name = file.name
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsFaults([f"{file}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsFaults([f"{name}: not UTF-8 at byte {error.start}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsFaults([f"{name}: not TOML: {error}"]) from None
    return settings_of(tables, source=name, folder=file.parent.resolve(), environment=environment)


def _backup_faults(parsed: SettingsFile, source: str) -> list[str]:
    backup, in_file = parsed.backup, parsed.store.url.startswith(SQLITE)
    if backup is None or in_file == (backup.restore_test_url is None):
        return []
    why = (
        "goes with a store in PostgreSQL: one in a file needs none"
        if in_file
        else "is missing: name an empty database, which the tests of back-ups alone use"
    )
    return [f"{source}: backup.restore_test_url: {why}"]


def tables_in(file: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the tables of a file that `read_settings` takes, with what the environment says."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return _overlay(tables, environment)[0]


def settings_of(
    tables: Mapping[str, Any],
    *,
    source: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Check `tables`, as TOML gives them, and return the settings they say.

    Args:
        tables: The tables.
        source: Name for messages.
        folder: Folder that relative paths start from.
        environment: Environment variables that win over the tables.

    Raises:
        SettingsFaults: With every fault found.
    """
    merged, from_environment = _overlay(tables, environment or {})
    faults: list[str] = []
    parsed: SettingsFile | None = None
    try:
        parsed = SettingsFile.model_validate(merged)
    except ValidationError as error:
        faults += [
            worded(fault, SettingsFile, source, from_environment) for fault in error.errors()
        ]
    _load_plugins(merged.get("plugins"))
    channels: dict[int, ChannelSettings] = {}
    given = merged.get("channels")
    for number, table in enumerate(given if isinstance(given, list | tuple) else ()):
        if isinstance(table, dict):
            where = f"{source}: channels[{number}]"
            try:
                channels[number] = read_channel(table, where=where, folder=folder)
            except SettingsError as error:
                faults.append(str(error))
    remote: RemoteGateways | None = None
    delivery = DeliverySettings()
    if parsed is not None:
        faults += contradictions(
            source,
            channels=channels,
            agencies=parsed.agencies,
            node=parsed.node,
            gateways=parsed.gateways,
            feeds=parsed.feeds,
            open_id=parsed.open_id,
        )
        if parsed.web.metrics_token_file is not None:
            try:
                read_token(folder / parsed.web.metrics_token_file)
            except SettingsFaults as fault:
                faults += [f"{source}: {each}" for each in fault.faults]
        try:
            remote = read_remote_gateways(
                parsed.uplink,
                {each.id: each.key for each in parsed.gateways},
                own_id=parsed.gateway.id or parsed.node.id,
                source=source,
                folder=folder,
            )
        except SettingsError as error:
            faults.append(str(error))
        delivery, wrong = read_delivery(
            parsed.delivery,
            parsed.mail,
            parsed.push,
            parsed.webhooks,
            parsed.notifications,
            agencies=frozenset(each.id for each in parsed.agencies) or {parsed.node.id},
            link=_page_of(parsed.web),
            reading=ReaderDefaults(
                language=parsed.node.language,
                calendar=parsed.node.calendar,
                languages={each.id: each.language for each in parsed.agencies if each.language},
                calendars={each.id: each.calendar for each in parsed.agencies if each.calendar},
            ),
            folder=folder,
            environment=environment or {},
        )
        faults += [f"{source}: {fault}" for fault in wrong]
        if parsed.audit.heads_to and parsed.mail is None:
            faults.append(f"{source}: audit.heads_to: needs the table mail")
        wrong = faults_of(
            parsed.reports,
            agencies=frozenset(each.id for each in parsed.agencies) or frozenset({parsed.node.id}),
            mail=parsed.mail is not None,
        )
        faults += [f"{source}: {fault}" for fault in wrong]
        faults += _backup_faults(parsed, source)
    if parsed is None or faults:
        raise SettingsFaults(faults)
    node = parsed.node
    return Settings(
        source=source,
        folder=folder,
        node=node,
        store=StoreSettings(url=_store_url(parsed.store.url, folder)),
        web=_resolved(parsed.web, folder),
        gateway_id=parsed.gateway.id or node.id,
        broker=parsed.broker,
        agencies=parsed.agencies or (AgencySettings(id=node.id, name=node.name),),
        layers=LayersSettings(
            replace={
                name: _with_absolute_path(each, folder)
                for name, each in parsed.layers.replace.items()
            },
            add={
                name: _with_absolute_path(each, folder) for name, each in parsed.layers.add.items()
            },
        ),
        channels=tuple(channels.values()),
        remote=remote,
        journal=None
        if parsed.journal is None
        else parsed.journal.model_copy(update={"folder": folder / parsed.journal.folder}),
        basemap=None
        if parsed.basemap is None
        else parsed.basemap.model_copy(update={"file": folder / parsed.basemap.file}),
        feeds=tuple(each.from_folder(folder) for each in parsed.feeds),
        delivery=delivery,
        reports=parsed.reports,
        access=parsed.access.model_copy(update={"key_file": folder / parsed.access.key_file}),
        audit=_audit_from(parsed.audit, folder),
        open_id=_with_absolute_secret(parsed.open_id, folder),
        retention=parsed.retention,
        incidents=parsed.incidents,
        backup=None
        if parsed.backup is None
        else parsed.backup.model_copy(update={"folder": folder / parsed.backup.folder}),
        log=parsed.log,
        plugins=parsed.plugins,
        protected=ProtectedSettings(key_folder=folder / parsed.protected.key_folder),
        internal=None if parsed.internal is None else parsed.internal.from_folder(folder),
        counterparts=parsed.counterparts,
    )


def read_token(file: Path) -> str:
    """Return the token that stands in `file`.

    Raises:
        SettingsFaults: If it cannot be read or is too short.
    """
    try:
        token = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsFaults([f"web.metrics_token_file: {file}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise SettingsFaults([f"web.metrics_token_file: {file}: not ASCII"]) from None
    if len(token) < _SHORTEST_TOKEN:
        fault = f"the token has fewer than {_SHORTEST_TOKEN} characters"
        raise SettingsFaults([f"web.metrics_token_file: {file}: {fault}"])
    return token


def _load_plugins(table: object) -> None:
    """Load what the table `plugins` allows; what is wrong with the table is found with the others.

    Before the channels, which may speak what a plug-in brings, and the delivery, which may name its
    rules and ways.
    """
    try:
        allow_channel_plugins(PluginSettings.model_validate(table or {}).allowed)
        load_rule_plugins()
        load_notification_plugins()
    except ValidationError:
        pass


def _overlay(
    tables: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Lay the environment over the file.

    Returns:
        The tables, and the variable's name by `table.field` for what came from the environment.
    """
    merged: dict[str, Any] = dict(tables)
    origin: dict[str, str] = {}
    for variable, text in environment.items():
        table, double, field = variable.removeprefix(_PREFIX).lower().partition("__")
        if not variable.startswith(_PREFIX) or not double:
            continue
        inner = merged.get(table, {})
        if isinstance(inner, dict):
            merged[table] = {**inner, field: _value(text)}
            origin[f"{table}.{field}"] = variable
    return merged, origin


def _value(text: str) -> Any:
    """Read a variable as TOML would; as plain text when it is no TOML.

    >>> _value("8443"), _value("0.0.0.0"), _value('["a", "b"]')
    (8443, '0.0.0.0', ['a', 'b'])
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _page_of(web: WebSettings) -> str | None:
    """Return how people open the page; None while only this machine can.

    >>> _page_of(WebSettings(host="0.0.0.0", port=8080, allowed_hosts=("patrol.example",)))
    'http://patrol.example:8080'
    """
    if not web.allowed_hosts:
        return None
    host = web.allowed_hosts[0]
    host = f"[{host}]" if ":" in host else host
    usual = web.port == (443 if web.tls else 80)
    return f"{'https' if web.tls else 'http'}://{host}{'' if usual else f':{web.port}'}"


def _resolved(web: WebSettings, folder: Path) -> WebSettings:
    """Return `web` with its paths made absolute from `folder`."""
    files = {
        "tls_certificate": web.tls_certificate,
        "tls_key": web.tls_key,
        "tls_authority": web.tls_authority,
        "metrics_token_file": web.metrics_token_file,
    }
    found = {name: folder / file for name, file in files.items() if file is not None}
    return web.model_copy(update=found)


def _audit_from(audit: AuditSettings, folder: Path) -> AuditSettings:
    """Return `audit` with its paths made absolute from `folder`."""
    files = {
        "key_file": audit.key_file,
        "heads_folder": audit.heads_folder,
        "timestamp_ca": audit.timestamp_ca,
    }
    return audit.model_copy(
        update={name: folder / file for name, file in files.items() if file is not None}
    )


def _with_absolute_secret(open_id: OpenIdSettings | None, folder: Path) -> OpenIdSettings | None:
    """Return `open_id` with its path made absolute from `folder`."""
    if open_id is None or open_id.client_secret_file is None:
        return open_id
    return open_id.model_copy(update={"client_secret_file": folder / open_id.client_secret_file})


def _with_absolute_path(layer: LayerSettings, folder: Path) -> LayerSettings:
    """Return `layer` with its path made absolute from `folder`."""
    return layer.model_copy(update={"file": str(folder / layer.file)})


def _store_url(url: str, folder: Path) -> str:
    """Return a SQLite URL with its path made absolute from `folder`; any other as it is.

    >>> _store_url("sqlite:///patrol.db", Path("/srv/patrol"))
    'sqlite:////srv/patrol/patrol.db'
    """
    return f"{SQLITE}{folder / url.removeprefix(SQLITE)}" if url.startswith(SQLITE) else url
