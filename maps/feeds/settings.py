"""Feeds in `patrol.toml`: whose picture goes out, where to and in what words.

[[feeds]]
name = "bridge"
url = "tcp-listen://127.0.0.1:10111"    # or tcp://host:port, udp://host:port
speaks = "ais"                          # nmea, cot, tak
agency = "la-hx"
role = "crew"

There is no default agency or role: a feed shows what that role of that agency may see, to everybody
who reaches it.
"""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from maps.feeds.places import PlaceKind
from maps.forms.form import Form
from patrol.units.units import Role, UnitKind
from radio_gateway.errors.errors import SettingsError
from radio_gateway.links.link_url import Link, LinkOptions, parse_link
from radio_gateway.tls.client_context import trusting

Speech = Literal["ais", "nmea", "cot", "tak"]
"""What a feed speaks: `!AIVDM`, `$RATLL`, Cursor on Target as XML, or as TAK protocol version 1."""

SCHEMES = ("tcp-listen", "tcp", "udp")


def _checked(url: str) -> str:
    try:
        read_link(url)
    except SettingsError as error:
        raise ValueError(error.fault) from None
    return url


class FeedSettings(Form):
    """One feed.

    Attributes:
        name: Short name.
        url: `tcp-listen://address:port?max=64` (clients connect to us), `tcp://host:port` (we
            connect; TLS with `ca_file`) or `udp://host:port?ttl=1&interface=address` (`ttl` and
            `interface` are for multicast).
        speaks: The words.
        agency: Whose picture goes out.
        role: As which role of that agency sees it.
        units_only: Leave out radios that nobody has registered.
        kinds: Only units of these kinds; all when empty. An unknown radio has no kind.
        also: What it tells beside units: targets, sectors (with meeting places and no-go areas) and
            marks (with hazards); nothing when empty.
        max_age_s: A position older than this is not told, seconds.
        ca_file: Certificates to trust, PEM; makes `tcp://` speak TLS.
        cert_file: Own certificate, PEM.
        key_file: Key of the own certificate, PEM.
        server_name: Name the server's certificate must have, where it is not the URL's host.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    url: Annotated[str, AfterValidator(_checked)]
    speaks: Speech
    agency: str
    role: Role
    units_only: bool = True
    kinds: tuple[UnitKind, ...] = ()
    also: frozenset[PlaceKind] = frozenset()
    max_age_s: Annotated[float, Field(ge=10, le=86_400)] = 600.0
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> FeedSettings:
        certificates = self.ca_file or self.cert_file or self.key_file or self.server_name
        if certificates is not None and self.link.scheme != "tcp":
            raise ValueError("ca_file, cert_file, key_file and server_name go with tcp://")
        if self.ca_file is None and certificates is not None:
            raise ValueError("cert_file, key_file and server_name go with ca_file")
        if self.also and self.speaks == "ais":
            raise ValueError("AIS has no words for what `also` names: nmea, cot and tak have")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together")
        return self

    @property
    def link(self) -> Link:
        """The URL taken apart."""
        return parse_link(self.url)

    @property
    def is_local(self) -> bool:
        """What it says does not leave this machine."""
        host = self.link.host
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def from_folder(self, folder: Path) -> FeedSettings:
        """Return the same with paths made absolute from `folder`."""
        files = {"ca_file": self.ca_file, "cert_file": self.cert_file, "key_file": self.key_file}
        found = {name: folder / file for name, file in files.items() if file is not None}
        return self.model_copy(update=found)

    def tls(self) -> ssl.SSLContext | None:
        """Return how to speak TLS; None in the clear.

        Raises:
            OSError: If a file cannot be used (`ssl.SSLError` is one).
        """
        if self.ca_file is None:
            return None
        context = trusting(self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


def read_link(url: str) -> Link:
    """Take a feed's URL apart and check it.

    Raises:
        SettingsError: With what is wrong.
    """
    link = parse_link(url)
    if link.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise SettingsError("url", f"{link.public_url} is none of {known}")
    if not link.host or link.port is None or (not link.port and link.scheme != "tcp-listen"):
        raise SettingsError("url", f"{link.public_url} needs an address and a port")
    if link.path or link.username is not None or link.password is not None:
        raise SettingsError("url", f"{link.public_url}: a feed has no path, user or password")
    options = LinkOptions(link)
    if link.scheme == "tcp-listen":
        most_clients(options)
    elif link.scheme == "udp":
        multicast(options)
    options.finish()
    return link


def most_clients(options: LinkOptions) -> int:
    """Return how many clients may connect at once. Raises SettingsError if it is no number."""
    return options.whole("max", 64, low=1, high=1000)


def multicast(options: LinkOptions) -> tuple[int, str | None]:
    """Return over how many networks a multicast goes, and by which of our addresses it leaves.

    Raises:
        SettingsError: If one of them is wrong.
    """
    hops = options.whole("ttl", 1, low=0, high=255)
    interface = options.text("interface", "")
    if not interface:
        return hops, None
    try:
        ipaddress.IPv4Address(interface)
    except ValueError:
        raise SettingsError("url", f"interface={interface} is no IPv4 address of ours") from None
    return hops, interface
