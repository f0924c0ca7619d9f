"""UplinkSettings: the `[uplink]` table: how gateway and node reach each other.

[uplink]
url = "mqtts://broker.example:8883"
username = "chiang-khong"
password_file = "secrets/mqtt"          # relative to the settings file
ca_file = "certs/ca.crt"
key_file = "secrets/gateway.key"        # made by `radio-gateway keygen`
node_key = "…"                          # a gateway's: the node whose receipts count
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.links.link_url import Link, parse_link
from radio_gateway.parsing.toml_tables import read_secret, read_text, table_of
from radio_gateway.uplink.wire.signing import Signer, Verifier, read_key_file

if TYPE_CHECKING:
    from radio_gateway.transports.mqtt import MqttTransport


class UplinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the other side.

    Attributes:
        link: The broker, with credentials.
        signer: Signs what we say.
        node: Checks what the node says; None at the node itself.
        password_file: Where the password stands that `link` has, so that it can be changed while
            the gateway runs; None where it stands in the settings.
    """

    link: Link
    signer: Signer
    node: Verifier | None = None
    password_file: Path | None = None

    def __repr__(self) -> str:
        """Return it without secrets: a repr may end in a log."""
        return f"UplinkSettings({self.link.public_url!r})"


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    key_file: str
    node_key: str | None = None
    username: str | None = None
    password: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None


def read_uplink(
    table: Mapping[str, Any],
    *,
    where: str,
    folder: Path,
    at_node: bool,
    environment: Mapping[str, str] = os.environ,
) -> UplinkSettings:
    """Check the `[uplink]` table.

    Args:
        table: As TOML gives it.
        where: How to name it in faults, for example `gateway.toml: uplink`.
        folder: Folder that relative paths start from.
        at_node: It is a node's, which names its gateways elsewhere and no node.
        environment: Where `password_env` looks.

    Raises:
        SettingsError: For the first fault.
    """
    fields = table_of(table, _Table, where=where)
    try:
        link = parse_link(fields.url)
        if link.scheme not in ("mqtt", "mqtts"):
            raise SettingsError("url", f"{link.public_url} must begin with mqtt:// or mqtts://")
        if link.options:
            raise SettingsError("url", "takes no options here: topics and session are ours")
        link = replace(
            link,
            username=fields.username or link.username,
            password=read_secret(fields, "password", folder, environment) or link.password,
            ca_file=None if fields.ca_file is None else str(folder / fields.ca_file),
            cert_file=None if fields.cert_file is None else str(folder / fields.cert_file),
        )
        node = None
        if at_node:
            if fields.node_key is not None:
                raise SettingsError("node_key", "is a gateway's; a node lists [[gateways]]")
        elif fields.node_key is None:
            raise SettingsError("node_key", "is missing: no receipt could be believed")
        else:
            node = verifier(fields.node_key, "node_key")
        settings = UplinkSettings(
            link=link,
            signer=read_key_file(folder / fields.key_file),
            node=node,
            password_file=None if fields.password_file is None else folder / fields.password_file,
        )
        transport_for(settings, client_id="check", topics=("check",))
    except SettingsError as error:
        raise SettingsError(f"{where}.{error.where}", error.fault) from error
    return settings


def verifier(public: str, field: str) -> Verifier:
    """Return what checks signatures of the key `public`, base64.

    Raises:
        SettingsError: With `where` `field`, if it is no key.
    """
    try:
        return Verifier(public)
    except ValueError:
        fault = "is no public key: 44 characters of base64 as `radio-gateway keygen` prints"
        raise SettingsError(field, fault) from None


def transport_for(
    settings: UplinkSettings, *, client_id: str, topics: tuple[str, ...]
) -> MqttTransport:
    """Return the link to the broker.

    Its session ends with the connection: what is not receipted is sent again from the spool, so
    the broker need not keep anything. The password file is read anew each time.

    Raises:
        LinkError: If the password file cannot be read now.
        SettingsError: If the link cannot be used.
    """
    from radio_gateway.transports.mqtt import MqttTransport  # paho takes two megabytes

    link = settings.link
    if settings.password_file is not None:
        try:
            password = read_text(str(settings.password_file), "password_file", Path()).strip()
        except SettingsError as error:
            raise LinkError(link.public_url, f"uplink.password_file: {error.fault}") from error
        link = replace(link, password=password)
    options = (("version", "5"), ("session_expiry_s", "0"), *(("topic", each) for each in topics))
    return MqttTransport(replace(link, options=options, client_id=client_id))
