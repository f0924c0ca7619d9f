"""TLS files: where one office's authority and its server's certificate lie, and their settings.

The authority's key is used by `tls init` and `tls renew` only: it may be encrypted, or be kept away
from the node, on a stick in a drawer. Keys are readable by their owner alone.
"""

from __future__ import annotations

import os
import re
import socket
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from maps.errors.errors import BadCertificate

FOLDER: Final = Path("tls")
_ELSEWHERE: Final = ("192.0.2.1", "2001:db8::1")  # RFC 5737 and 3849: nothing is sent to them


class TlsFiles:
    """The files of one office.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self.authority: Final = folder / "authority.pem"
        self.authority_key: Final = folder / "authority.key"
        self.server: Final = folder / "server.pem"
        self.server_key: Final = folder / "server.key"

    @property
    def all(self) -> tuple[Path, ...]:
        """Every one of them."""
        return self.authority, self.authority_key, self.server, self.server_key

    @property
    def is_there(self) -> bool:
        """Whether any of them is: then nothing is put in their place unless people say so."""
        return any(path.exists() for path in self.all)

    def put(self, path: Path, body: bytes, *, secret: bool) -> None:
        """Write a file, whole or not at all; a secret one is its owner's alone from the beginning.

        Raises:
            OSError: If it cannot be written.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        mode = 0o600 if secret else 0o644
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), mode)  # whatever the umask says
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def lan_addresses() -> tuple[str, ...]:
    """Return the addresses of this computer in its networks: where phones would look for it."""
    found: dict[str, None] = {}
    for family, far in zip((socket.AF_INET, socket.AF_INET6), _ELSEWHERE, strict=True):
        # The address that packets would go out from; connecting a datagram socket sends none.
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            found[str(probe.getsockname()[0])] = None
    with suppress(OSError):
        for *_, address in socket.getaddrinfo(socket.gethostname(), None):
            found[str(address[0]).partition("%")[0]] = None
    return tuple(each for each in found if _is_reached(each))


def _is_reached(address: str) -> bool:
    ip = ip_address(address)
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified)


def is_far(host: str) -> bool:
    """Return whether other machines reach this one by that name or address."""
    return host not in ("127.0.0.1", "localhost", "::1")


def web_table(
    files: TlsFiles,
    hosts: Sequence[str],
    now: Mapping[str, Any],
    *,
    port: int | None,
    trust_port: int | None,
    below: Path,
) -> dict[str, Any]:
    """Return the settings of `[web]` with which the server uses these files.

    What people chose before stays: its ports, and the address, unless only this machine reaches it.

    Args:
        files: The files.
        hosts: Names and addresses people use for the server.
        now: The settings of `[web]` as they are.
        port: To serve pages on; None for what stands there, or 8443.
        trust_port: To serve the page on that phones trust from; None for what stands there, or
            8080. Pages that were there until now, without TLS, give way to it.
        below: Folder of the configuration, from which its paths start.
    """

    def path(file: Path) -> str:
        file, folder = file.absolute(), below.absolute()
        return (file.relative_to(folder) if file.is_relative_to(folder) else file).as_posix()

    host, known = now.get("host", ""), now.get("port")
    trust_port = trust_port or now.get("trust_port") or 8080
    return {
        "host": host if host and is_far(host) else "0.0.0.0",  # noqa: S104 - phones are elsewhere
        "port": port or (known if known != trust_port else None) or 8443,
        "allowed_hosts": list(hosts),
        "tls_certificate": path(files.server),
        "tls_key": path(files.server_key),
        "tls_authority": path(files.authority),
        "trust_port": trust_port,
    }


def toml_lines(table: dict[str, Any]) -> list[str]:
    """Return the lines of a table with texts, numbers and lists of texts."""
    return [f"{name} = {_toml(value)}" for name, value in table.items()]


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def with_web(text: str, table: dict[str, Any]) -> str:
    """Return a configuration with these settings in its table `[web]`; the rest stays as it is.

    Settings that are there are replaced where each stands on one line of its own.

    Raises:
        BadCertificate: If that cannot be done safely by a program: put them in by hand.
    """
    lines = text.splitlines()
    start = next(
        (n for n, line in enumerate(lines) if re.match(r"\s*\[web\]\s*(#.*)?$", line)), None
    )
    if start is None:
        made = [*lines, "", "[web]", *toml_lines(table)] if lines else ["[web]", *toml_lines(table)]
    else:
        after = (n for n in range(start + 1, len(lines)) if re.match(r"\s*\[", lines[n]))
        end = next(after, len(lines))
        key_line = re.compile(rf"\s*({'|'.join(table)})\s*=")
        other_lines = [line for line in lines[start + 1 : end] if not key_line.match(line)]
        made = [*lines[: start + 1], *toml_lines(table), *other_lines, *lines[end:]]
    whole = "\n".join(made) + "\n"
    try:
        before, now = tomllib.loads(text), tomllib.loads(whole)
    except tomllib.TOMLDecodeError as error:
        raise BadCertificate(f"put the settings in by hand: {error}") from None
    if now != before | {"web": before.get("web", {}) | table}:
        raise BadCertificate("put the settings in by hand: the file says more than can be kept")
    return whole
