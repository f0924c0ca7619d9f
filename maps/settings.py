"""Settings: patrol.toml and the environment, read once; below this, values are arguments.

Every fault names file, table and field, and all faults are told at once. An environment variable
`JOINT_PATROL_<TABLE>__<FIELD>` (`JOINT_PATROL_WEB__PORT=8443`) wins over the file. Paths in the
file are relative to the file's folder.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from maps.errors import SettingsFaults
from maps.feeds.echoes import heard_back_by
from maps.feeds.settings import FeedSettings
from maps.keyed_channels import forgeable
from maps.remote_gateways import RemoteGateways, read_remote_gateways
from radio_gateway.errors import SettingsError
from radio_gateway.settings import ChannelSettings, read_channel

_PREFIX = "JOINT_PATROL_"
_SHORTEST_TOKEN = 20  # nobody types it
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

ShortName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone, for example Asia/Vientiane")
    return name


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSettings(_Table):
    """This office's node.

    Attributes:
        id: Short name, part of every record's origin; never change it.
        name: Name for people.
        time_zone: IANA name of the local time shown beside UTC.
    """

    id: ShortName = "node"
    name: str = Field(default="Joint patrol", min_length=1, max_length=100)
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"


class StoreSettings(_Table):
    """Where records are kept.

    Attributes:
        url: SQLAlchemy URL; `sqlite:///file.db` with a path relative to the settings file.
    """

    url: str = Field(default="sqlite:///joint-patrol.db", pattern=r"^[a-z][a-z0-9+]*://")


class WebSettings(_Table):
    """What people and phones connect to.

    Attributes:
        host: Address to listen on; loopback unless said otherwise.
        port: Port to listen on.
        allowed_hosts: Further names and addresses people use for this server.
        trusted_proxies: Addresses of proxies whose X-Forwarded-For is believed.
        tls_certificate: PEM certificate chain; together with `tls_key`.
        tls_key: PEM key.
        session_hours: How long a sign-in lasts.
        longest_body: Most bytes of one request body.
        metrics_token_file: File with the token that a program shows to read `/metrics`.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    allowed_hosts: tuple[Annotated[str, Field(pattern=r"^[^/:*\s]+$|^[0-9a-fA-F:]+$")], ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    session_hours: float = Field(default=12.0, gt=0, le=24 * 31)
    longest_body: int = Field(default=1_000_000, ge=10_000, le=100_000_000)
    metrics_token_file: Path | None = None

    @model_validator(mode="after")
    def _together(self) -> WebSettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        if not self.loopback and not self.hosts:
            raise ValueError(
                f"allowed_hosts must list the names people use when host is {self.host}"
            )
        return self

    @property
    def loopback(self) -> bool:
        """Only this machine can connect."""
        return self.host in _LOOPBACK

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names and addresses this server answers to."""
        if self.loopback:
            return (*_LOOPBACK, *self.allowed_hosts)
        named = () if self.host in ("0.0.0.0", "::") else (self.host,)  # noqa: S104 - read, not bound
        return (*named, *self.allowed_hosts)

    @property
    def tls(self) -> bool:
        """The server speaks TLS itself."""
        return self.tls_certificate is not None


class GatewaySettings(_Table):
    """The radio gateway in this process.

    Attributes:
        id: Short name, part of every reception's id; the node's own id when absent.
    """

    id: ShortName | None = None


class RemoteGatewaySettings(_Table):
    """A gateway on another computer that reports to this node.

    Attributes:
        id: Its id.
        key: Its public key, base64.
    """

    id: ShortName
    key: str


class BrokerSettings(_Table):
    """The embedded MQTT broker, for a lone office.

    Attributes:
        enabled: Start it. MQTT channels whose URL names its host and port use it.
        host: Address to listen on.
        port: Port to listen on.
    """

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=0, le=65535)


class AgencySettings(_Table):
    """One agency of this node.

    Attributes:
        id: Short name.
        name: Name for people.
        country: Side, ISO 3166-1 alpha-2.
    """

    id: ShortName
    name: str = Field(min_length=1, max_length=100)
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")


class LayerSettings(_Table):
    """A layer of this site's own; a text in its place is the file.

    Attributes:
        file: GeoJSON, GeoPackage, KML or Shapefile; `file.gpkg:layer` picks a layer of it.
        title: Name for people.
        source: Where it comes from; the file's name if not said.
        licence: What may be done with it.
        error_m: How far a place may be off, metres.
        attribution: What a map must show.
    """

    file: str
    title: str | None = None
    source: str | None = None
    licence: str | None = None
    error_m: float | None = Field(default=None, ge=0)
    attribution: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        return {"file": given} if isinstance(given, str) else given


class LayersSettings(_Table):
    """Which reference layers this site replaces or adds.

    Attributes:
        replace: By the name of a shipped layer.
        add: By a new name.
    """

    replace: dict[str, LayerSettings] = {}
    add: dict[str, LayerSettings] = {}


class _File(_Table):
    node: NodeSettings = NodeSettings()
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    gateway: GatewaySettings = GatewaySettings()
    uplink: dict[str, Any] | None = None
    gateways: tuple[RemoteGatewaySettings, ...] = ()
    broker: BrokerSettings = BrokerSettings()
    agencies: tuple[AgencySettings, ...] = ()
    layers: LayersSettings = LayersSettings()
    channels: tuple[dict[str, Any], ...] = ()
    feeds: tuple[FeedSettings, ...] = ()


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
    parsed: _File | None = None
    try:
        parsed = _File.model_validate(merged)
    except ValidationError as error:
        faults += [_fault(fault, source, from_environment) for fault in error.errors()]
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
    if parsed is not None:
        faults += _contradictions(parsed, channels, source)
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
            replace={name: _found(each, folder) for name, each in parsed.layers.replace.items()},
            add={name: _found(each, folder) for name, each in parsed.layers.add.items()},
        ),
        channels=tuple(channels.values()),
        remote=remote,
        feeds=tuple(each.from_folder(folder) for each in parsed.feeds),
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


def _fault(fault: Mapping[str, Any], source: str, origin: Mapping[str, str]) -> str:
    """Word one fault that pydantic found: file, table and field, then what is wrong."""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    where = where.lstrip(".")
    place = f"{origin[where]} (environment)" if where in origin else f"{source}: {where}"
    if fault["type"] == "extra_forbidden":
        return f"{place}: no such setting"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{place}: {message[:1].lower()}{message[1:]}"


def _contradictions(
    parsed: _File, channels: Mapping[int, ChannelSettings], source: str
) -> list[str]:
    """Return what does not go together; `channels` by their place in the file."""
    faults = []
    for table, names in (
        ("channels", {number: channel.name for number, channel in channels.items()}),
        ("agencies", {number: each.id for number, each in enumerate(parsed.agencies)}),
        ("gateways", {number: each.id for number, each in enumerate(parsed.gateways)}),
        ("feeds", {number: each.name for number, each in enumerate(parsed.feeds)}),
    ):
        field = "name" if table in ("channels", "feeds") else "id"
        seen: set[str] = set()
        for number, name in names.items():
            if name in seen:
                faults.append(f"{source}: {table}[{number}].{field}: {name!r} is used twice")
            seen.add(name)
    agencies = {each.id for each in parsed.agencies} or {parsed.node.id}
    for number, feed in enumerate(parsed.feeds):
        if feed.agency not in agencies:
            wrong = f"{feed.agency!r} is no agency of this node"
            faults.append(f"{source}: feeds[{number}].agency: {wrong}")
        echo = heard_back_by(feed, channels.values())
        if echo is not None:
            faults.append(f"{source}: feeds[{number}].url: the channel {echo!r} would hear it back")
    for number, channel in channels.items():
        fault = forgeable(channel)
        if fault is not None:
            faults.append(f"{source}: channels[{number}].{fault}")
    return faults


def _resolved(web: WebSettings, folder: Path) -> WebSettings:
    """Return `web` with its paths made absolute from `folder`."""
    files = {
        "tls_certificate": web.tls_certificate,
        "tls_key": web.tls_key,
        "metrics_token_file": web.metrics_token_file,
    }
    found = {name: folder / file for name, file in files.items() if file is not None}
    return web.model_copy(update=found)


def _found(layer: LayerSettings, folder: Path) -> LayerSettings:
    """Return `layer` with its path made absolute from `folder`."""
    return layer.model_copy(update={"file": str(folder / layer.file)})


def _store_url(url: str, folder: Path) -> str:
    """Return a SQLite URL with its path made absolute from `folder`; any other as it is.

    >>> _store_url("sqlite:///patrol.db", Path("/srv/patrol"))
    'sqlite:////srv/patrol/patrol.db'
    """
    start = "sqlite:///"
    return f"{start}{folder / url.removeprefix(start)}" if url.startswith(start) else url
