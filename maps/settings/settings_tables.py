"""The tables of `patrol.toml`, one class each: fields, defaults, limits."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from maps.toml_tables.table import MailAddress, SettingsTable, ShortName
from patrol.maintenance.kind_policy import KindPolicy
from patrol.maintenance.retention_policy import RetentionPolicy
from patrol.units.accounts import Calendar, Language

SQLITE: Final = "sqlite:///"
"""What the URL of a store in a file begins with."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


_zones: Final = cache(available_timezones)  # it looks through the system's files


def _time_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name!r} is no IANA time zone, for example Asia/Vientiane")
    return name


class NodeSettings(SettingsTable):
    """This office's node.

    Attributes:
        id: Short name, part of every record's origin; never change it.
        name: Name for people.
        time_zone: IANA name of the local time shown beside UTC.
        language: What those who did not choose are told in by mail, push and radio; pages speak the
            browser's language until then.
        calendar: How they count years.
    """

    id: ShortName = "node"
    name: str = Field(default="Joint patrol", min_length=1, max_length=100)
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    language: Language = "en"
    calendar: Calendar = "gregorian"


class StoreSettings(SettingsTable):
    """Where records are kept.

    Attributes:
        url: SQLAlchemy URL; `sqlite:///file.db` with a path relative to the settings file, or
            `postgresql+psycopg://user@host/database`. Its password is best kept out of it: in a
            file that libpq reads (`?passfile=…`, or `~/.pgpass`).
    """

    url: str = Field(default="sqlite:///joint-patrol.db", pattern=r"^[a-z][a-z0-9+]*://")

    @property
    def file(self) -> Path | None:
        """The file that records are in; None for a database on a server."""
        return Path(self.url.removeprefix(SQLITE)) if self.url.startswith(SQLITE) else None


_Days = Annotated[int | None, Field(ge=31, le=36_525)]


class KindRetentionSettings(SettingsTable):
    """How long documents, photos and texts are stored after their end; for ever what is not said.

    Attributes:
        incident_days: After the last change of an incident that is closed or withdrawn.
        target_days: The same of targets.
        hand_off_days: The same of hand-offs.
        alert_days: The same of alerts, and of what was sent out about them.
        patrol_days: The same of patrols.
        watch_log_days: Of entries of the watch log and hand-overs of shifts.
        mark_days: Of marks that have ended.
        photo_days: Of photos that no document names; one that is named goes with its documents.
        original_days: Of cameras' own files, unless an open document names their photo.
        text_days: Of texts to radios of which nothing more is awaited.
    """

    incident_days: _Days = None
    target_days: _Days = None
    hand_off_days: _Days = None
    alert_days: _Days = None
    patrol_days: _Days = None
    watch_log_days: _Days = None
    mark_days: _Days = None
    photo_days: _Days = None
    original_days: _Days = None
    text_days: _Days = None

    @property
    def policy(self) -> KindPolicy:
        """The same as the patrol takes it."""
        days = {
            "incident": self.incident_days,
            "target": self.target_days,
            "hand_off": self.hand_off_days,
            "alert": self.alert_days,
            "delivery": self.alert_days,
            "patrol": self.patrol_days,
            "log_entry": self.watch_log_days,
            "shift_hand_over": self.watch_log_days,
            "mark": self.mark_days,
        }
        return KindPolicy(
            documents={kind: timedelta(days=n) for kind, n in days.items() if n is not None},
            photos=_age(self.photo_days),
            originals=_age(self.original_days),
            texts=_age(self.text_days),
        )


def _age(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


class RetentionSettings(SettingsTable):
    """How long what was heard is kept; without this table all of it is, for ever.

    Attributes:
        raw_days: Everything is kept so long, from when it was heard.
        minute_days: After that one position a minute, so long; for ever if not said.
        quarter_days: After that one in 15 minutes, so long; then they go. For ever if not said.
        around_minutes: So long before and after an incident, a target, a hand-off or a call for
            help everything stays; of any other alert, what its unit said.
        kinds: How long documents, photos and texts are stored; without it for ever.
    """

    raw_days: int | None = Field(default=None, ge=31, le=36_525)
    minute_days: int | None = Field(default=None, ge=31, le=36_525)
    quarter_days: int | None = Field(default=None, ge=31, le=36_525)
    around_minutes: int = Field(default=60, ge=10, le=7 * 1440)
    kinds: KindRetentionSettings | None = None

    @property
    def policy(self) -> RetentionPolicy | None:
        """The same as the patrol takes it; None: what was heard stays for ever."""
        if self.raw_days is None:
            return None
        return RetentionPolicy(
            raw=timedelta(days=self.raw_days),
            minute=None if self.minute_days is None else timedelta(days=self.minute_days),
            quarter=None if self.quarter_days is None else timedelta(days=self.quarter_days),
            around=timedelta(minutes=self.around_minutes),
        )

    @model_validator(mode="after")
    def _in_order(self) -> RetentionSettings:
        days = [self.raw_days, self.minute_days, self.quarter_days]
        if self.raw_days is None and (self.minute_days is not None or self.kinds is None):
            raise ValueError("raw_days is missing: how long all that was heard is kept")
        if self.minute_days is None and self.quarter_days is not None:
            raise ValueError("quarter_days goes with minute_days, which come before them")
        given = [each for each in days if each is not None]
        if given != sorted(set(given)):
            raise ValueError("raw_days, minute_days and quarter_days must each be more")
        return self


class IncidentSettings(SettingsTable):
    """How incidents are confirmed.

    Attributes:
        second_person: Who logged or corrected an incident may not confirm it; somebody else does.
    """

    second_person: bool = True


class BackupSettings(SettingsTable):
    """Back-ups that the node makes by itself; without this table it makes none.

    Attributes:
        folder: Where they go: best on another disk.
        every_hours: Hours between two.
        keep: How many stay; the oldest go.
        restore_test_days: Days between two tests that restore the newest.
        restore_test_url: An empty database that these tests alone use, of a store in PostgreSQL; a
            store in a file needs none.
    """

    folder: Path
    every_hours: float = Field(default=24.0, ge=1, le=168)
    keep: int = Field(default=14, ge=2, le=1000)
    restore_test_days: float = Field(default=7.0, ge=1, le=90)
    restore_test_url: str | None = Field(default=None, pattern=r"^postgresql\+psycopg://")


class ProtectedSettings(SettingsTable):
    """Where the keys of protected fields are: who informed, witnessed, suffered or was arrested.

    Attributes:
        key_folder: Folder with one file an agency (`joint-patrol keys make`). Keep it apart from
            the store and from back-ups of it.
    """

    key_folder: Path = Path("field-keys")


class WebSettings(SettingsTable):
    """What people and phones connect to.

    Attributes:
        host: Address to listen on; loopback unless said otherwise.
        port: Port to listen on.
        allowed_hosts: Further names and addresses people use for this server.
        trusted_proxies: Addresses of proxies whose X-Forwarded-For is believed.
        tls_certificate: PEM certificate chain; together with `tls_key`.
        tls_key: PEM key.
        tls_authority: PEM certificate of the local authority that signed it: phones may fetch it
            from the page /trust.
        trust_port: Port on which that page is served without TLS, since a phone cannot open this
            server's own before it trusts it; nothing else is there.
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
    tls_authority: Path | None = None
    trust_port: int | None = Field(default=None, ge=0, le=65535)
    session_hours: float = Field(default=12.0, gt=0, le=24 * 31)
    longest_body: int = Field(default=1_000_000, ge=10_000, le=100_000_000)
    metrics_token_file: Path | None = None

    @model_validator(mode="after")
    def _together(self) -> WebSettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        if self.tls_authority is not None and self.tls_certificate is None:
            raise ValueError("tls_authority goes with tls_certificate, which it signed")
        if self.trust_port is not None and self.tls_authority is None:
            raise ValueError("trust_port goes with tls_authority, which phones fetch there")
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
        own_host = () if self.host in ("0.0.0.0", "::") else (self.host,)  # noqa: S104 - read, not bound
        return (*own_host, *self.allowed_hosts)

    @property
    def tls(self) -> bool:
        """The server speaks TLS itself."""
        return self.tls_certificate is not None


class LogSettings(SettingsTable):
    """What is logged, on standard error.

    Attributes:
        level: Least level of our own events; libraries tell warnings and worse.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"


class PluginSettings(SettingsTable):
    """Plug-ins: code of others in this environment. None is loaded that is not named.

    Attributes:
        allowed: Names of packages whose plug-ins are loaded at the start; all of them are listed
            by `joint-patrol check`.
    """

    allowed: tuple[str, ...] = ()


class LocalGatewaySettings(SettingsTable):
    """The radio gateway in this process.

    Attributes:
        id: Short name, part of every reception's id; the node's own id when absent.
    """

    id: ShortName | None = None


class RemoteGatewaySettings(SettingsTable):
    """A gateway on another computer that reports to this node.

    Attributes:
        id: Its id.
        key: Its public key, base64.
    """

    id: ShortName
    key: str


class BrokerSettings(SettingsTable):
    """The embedded MQTT broker, for a lone office.

    Attributes:
        enabled: Start it. MQTT channels whose URL begins with `mqtt://embedded?` use it.
        host: Address to listen on.
        port: Port to listen on.
    """

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=0, le=65535)


class AgencySettings(SettingsTable):
    """One agency of this node.

    Attributes:
        id: Short name.
        name: Name for people.
        country: Side, ISO 3166-1 alpha-2.
        blos: Border liaison offices it works from, by their id in the layer `blos`.
        language: What its people and radios are told in, as above; the node's when absent.
        calendar: How they count years; as the node when absent.
    """

    id: ShortName
    name: str = Field(min_length=1, max_length=100)
    language: Language | None = None
    calendar: Calendar | None = None
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    blos: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")], ...] = ()

    @model_validator(mode="after")
    def _own_side(self) -> AgencySettings:
        for blo in self.blos:
            side, dash, _ = blo.partition("-")
            if self.country is not None and dash and len(side) == 2 and side != self.country:
                raise ValueError(f"{blo} is not an office of {self.country}")
        return self


class LayerSettings(SettingsTable):
    """A layer of this site's own; a text in its place is the file.

    Attributes:
        file: GeoJSON, GeoPackage, KML, GPX or Shapefile; `file.gpkg:layer` picks a layer of it.
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


class LayersSettings(SettingsTable):
    """Which reference layers this site replaces or adds.

    Attributes:
        replace: By the name of a shipped layer.
        add: By a new name.
    """

    replace: dict[str, LayerSettings] = {}
    add: dict[str, LayerSettings] = {}


class BasemapSettings(SettingsTable):
    """A detailed background map of this site's own.

    Attributes:
        file: PMTiles or MBTiles, vector (OpenMapTiles or Protomaps names) or raster.
        title: Name for people; the file's own if not said.
        attribution: What the map must show; the file's own if not said.
    """

    file: Path
    title: str | None = None
    attribution: str | None = None


class LocalJournalSettings(SettingsTable):
    """Where all that the channels of this process read is kept, to be replayed.

    Attributes:
        folder: Where the files go.
        file_mib: Begin a new file at this size, MiB.
        keep_mib: Delete the oldest files beyond this size together, MiB.
    """

    folder: Path
    file_mib: int = Field(default=16, ge=1, le=1024)
    keep_mib: int = Field(default=1024, ge=2)

    @model_validator(mode="after")
    def _two_files(self) -> LocalJournalSettings:
        if self.keep_mib < 2 * self.file_mib:
            raise ValueError("keep_mib must be at least twice file_mib")
        return self


class AuditSettings(SettingsTable):
    """How the journal is signed, and where its signed heads go.

    Attributes:
        key_file: The node's key that signs; made at the first use. Not said: beside the store.
        heads_folder: Where a head goes each day: a disk or share that who reaches the store does
            not reach.
        heads_to: Mail addresses that get it, too.
        timestamp_url: A service that stamps each head in the folder with its time (RFC 3161).
        timestamp_ca: File with the certificates that the service's must descend from, PEM.
    """

    key_file: Path | None = None
    heads_folder: Path | None = None
    heads_to: tuple[MailAddress, ...] = Field(default=(), max_length=20)
    timestamp_url: str | None = Field(default=None, pattern=r"^https?://[!-~]+$", max_length=2000)
    timestamp_ca: Path | None = None

    @model_validator(mode="after")
    def _stamps_lie_beside_heads(self) -> AuditSettings:
        if (self.timestamp_url is None) != (self.timestamp_ca is None):
            raise ValueError("timestamp_url and timestamp_ca belong together")
        if self.timestamp_url is not None and self.heads_folder is None:
            raise ValueError("timestamp_url needs heads_folder, where the stamps lie")
        return self
