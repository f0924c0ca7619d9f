"""InternalSettings: the table `[internal]`: how the processes of one node reach each other.

Only `joint-patrol serve --role watch` and `--role web` read it:

[internal]
url = "mqtt://127.0.0.1:1883"           # mqtts:// between machines
username = "node"
password_file = "secrets/mqtt-node"
key_file = "internal.key"               # the same file for all; made at the first start
"""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from maps.errors.errors import SealError
from maps.settings.settings_tables import WebSettings
from maps.toml_tables.table import SettingsTable
from radio_gateway.tls.client_context import trusting


class InternalSettings(SettingsTable):
    """How the processes of this node reach each other.

    Attributes:
        url: The broker, `mqtt://host:1883` or `mqtts://host:8883`.
        username: User there.
        password_file: File with its password.
        ca_file: PEM certificates that sign the broker's; the system's when absent.
        key_file: Key with which the processes seal what they say to each other.
        lease_s: How long a Watch that says nothing keeps its place before a standby takes it,
            seconds.
        host: Where a Watch answers `/health` and `/metrics`.
        port: Port of that; None: nowhere; 0 takes a free one.
        allowed_hosts: Further names by which that is asked for.
    """

    url: str = "mqtt://127.0.0.1:1883"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    key_file: Path = Path("internal.key")
    lease_s: float = Field(default=10.0, ge=1.0, le=300.0)
    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65535)
    allowed_hosts: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _is_broker(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("must be mqtt://host:port or mqtts://host:port")
        if parts.username or parts.password:
            raise ValueError("holds no user and no password: use username and password_file")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("takes no path and no options: topics and session are ours")
        return url

    @model_validator(mode="after")
    def _together(self) -> InternalSettings:
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file go together")
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file goes with mqtts://")
        if self.port is not None:
            WebSettings(host=self.host, port=self.port, allowed_hosts=self.allowed_hosts)
        return self

    @property
    def web(self) -> WebSettings:
        """Where a Watch answers for itself."""
        port = 0 if self.port is None else self.port
        return WebSettings(host=self.host, port=port, allowed_hosts=self.allowed_hosts)

    @property
    def tls(self) -> bool:
        """The broker is reached by TLS."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def broker(self) -> tuple[str, int]:
        """Host and port of the broker."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (8883 if self.tls else 1883)

    @property
    def broker_url(self) -> str:
        """The broker, for people."""
        return "{}://{}:{}".format("mqtts" if self.tls else "mqtt", *self.broker)

    def from_folder(self, folder: Path) -> InternalSettings:
        """Return the same with paths made absolute from `folder`."""
        files = {
            "password_file": self.password_file,
            "ca_file": self.ca_file,
            "key_file": self.key_file,
        }
        found = {name: folder / file for name, file in files.items() if file is not None}
        return self.model_copy(update=found)

    def check_key(self) -> None:
        """See that nobody else may read the key.

        Raises:
            SealError: If others may, or there is none.
        """
        try:
            mode = self.key_file.stat().st_mode
        except OSError as error:
            raise SealError(f"{self.key_file}: {error.strerror}") from None
        if mode & 0o077:
            raise SealError(f"{self.key_file}: others may read it; run chmod 600 on it")

    def password(self) -> str | None:
        """Return the password, read anew: it may have been changed.

        Raises:
            OSError: If the file cannot be read.
        """
        if self.password_file is None:
            return None
        return self.password_file.read_text(encoding="utf-8").strip()

    def tls_context(self) -> ssl.SSLContext | None:
        """Return how the broker's certificate is checked; None without TLS.

        Raises:
            OSError: If `ca_file` cannot be used.
        """
        if not self.tls:
            return None
        return trusting(self.ca_file)
