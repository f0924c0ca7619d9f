"""`joint-patrol tls`: a local authority and a server's certificate, so that phones can be enrolled.

Browsers give a page its position, its storage and its service worker only over a connection that
they trust. An office without a public name has none; this makes one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.errors.errors import BadCertificate
from maps.runtime.atomic_folder import new_file, new_folder
from maps.tls import local_ca
from maps.tls.tls_files import (
    FOLDER,
    TlsFiles,
    is_far,
    lan_addresses,
    toml_lines,
    web_table,
    with_web,
)

PASSPHRASE: Final = "JOINT_PATROL_CA_PASSPHRASE"  # noqa: S105 - the name of a variable

app = typer.Typer(
    help="A certificate that phones of crews can trust, without a public name.",
    no_args_is_help=True,
)
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        help="Name or address people use for this server; may be given several times.",
    ),
]
Folder = Annotated[
    Path | None, typer.Option(help="Where keys and certificates lie; tls beside the configuration.")
]


@app.command("init")
def init(
    config: Config = CONFIG,
    host: Hosts = None,
    folder: Folder = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the office; the node's if not said.")
    ] = None,
    passphrase: Annotated[
        bool,
        typer.Option(
            "--passphrase", help=f"Encrypt the authority's key; asked for, or from {PASSPHRASE}."
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the pages; that of the configuration, or 8443.", min=1, max=65535
        ),
    ] = None,
    trust_port: Annotated[
        int | None,
        typer.Option(
            help="Port of the page that phones trust from; that of the configuration, or 8080.",
            min=1,
            max=65535,
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put the settings into the configuration.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Make a new authority in place of one that phones trust."),
    ] = False,
) -> None:
    """Make an authority of this office, and a certificate of its server that it signs.

    For the names of the settings' table web and this computer's addresses if not said. All of it or
    nothing: whoever is stopped on the way says it again.
    """
    files, hosts, office = _subject_of(config, host, folder)
    if not hosts:
        typer.echo("no name or address is known of this server: give --host", err=True)
        raise typer.Exit(1)
    writes_settings = write and not force and not _has_certificate(config)
    left = _left_over(files, host) if writes_settings else None
    if left is not None:
        hosts = local_ca.hosts_of(left[1])
    table = web_table(
        files, hosts, _web_in(config), port=port, trust_port=trust_port, below=config.parent
    )
    whole = _with_settings(config, table) if write else None
    if left is not None and whole is not None:
        _print_certificates(*left)
        _write(config, whole)
        _begin_at(hosts, table["trust_port"])
        return
    if files.is_there and not force:
        typer.echo(
            f"there is an authority in {files.folder}, which phones may trust: `tls renew` makes a "
            "new certificate by it, --force a new authority that every phone must trust anew",
            err=True,
        )
        raise typer.Exit(1)
    if files.folder.is_dir() and any(files.folder.iterdir()) and not force:
        typer.echo(f"{files.folder} is not empty: say another --folder", err=True)
        raise typer.Exit(1)
    secret = _new_passphrase() if passphrase else None
    aside = files.folder.with_name(f"{files.folder.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")

    def make() -> tuple[x509.Certificate, x509.Certificate]:
        key = local_ca.new_key()
        authority = local_ca.make_authority(name or office, hosts, key)
        server_key = local_ca.new_key()
        server = local_ca.make_server_certificate(
            hosts, server_key.public_key(), authority=authority, authority_key=key
        )
        with ExitStack() as stack:
            if whole is not None:  # last: a configuration never names files that are not there
                stack.enter_context(new_file(config, whole.encode()))
            made = stack.enter_context(new_folder(files.folder, aside=aside if force else None))
            beside = TlsFiles(made)
            beside.put(beside.authority_key, local_ca.key_pem(key, secret), secret=True)
            beside.put(beside.authority, local_ca.certificate_pem(authority), secret=False)
            beside.put(beside.server_key, local_ca.key_pem(server_key), secret=True)
            beside.put(beside.server, local_ca.certificate_pem(server), secret=False)
        return authority, server

    authority, server = run_or_exit(make)
    _print_certificates(authority, server)
    if aside.exists():
        typer.echo(f"\nThe files that were there are in {aside} now.")
    if whole is not None:
        typer.echo(f"\n{config} has the settings now. Start the server anew.")
    else:
        typer.echo(f"\nPut into {config}, and start the server anew:\n")
        typer.echo("\n".join(["[web]", *toml_lines(table)]))
    _begin_at(hosts, table["trust_port"])


@app.command("renew")
def renew(config: Config = CONFIG, host: Hosts = None, folder: Folder = None) -> None:
    """Make a new certificate of the server by the authority there is; phones need do nothing.

    For the names and addresses of the old one if not said. Start the server anew afterwards.
    """
    files, _, _ = _subject_of(config, host, folder)

    def make() -> tuple[x509.Certificate, x509.Certificate]:
        authority = local_ca.read_certificate(files.authority.read_bytes())
        pem = files.authority_key.read_bytes()
        key = local_ca.read_key(pem, _passphrase() if b"ENCRYPTED" in pem else None)
        hosts = tuple(host or ())
        if not hosts:
            hosts = local_ca.hosts_of(local_ca.read_certificate(files.server.read_bytes()))
        server_key = local_ca.new_key()
        server = local_ca.make_server_certificate(
            hosts, server_key.public_key(), authority=authority, authority_key=key
        )
        files.put(files.server_key, local_ca.key_pem(server_key), secret=True)
        files.put(files.server, local_ca.certificate_pem(server), secret=False)
        return authority, server

    _print_certificates(*run_or_exit(make))
    typer.echo("\nStart the server anew.")


@app.command("show")
def show(config: Config = CONFIG, folder: Folder = None) -> None:
    """Say what the certificates are for, until when they hold, and the authority's fingerprint."""
    files, _, _ = _subject_of(config, None, folder)

    def read() -> tuple[x509.Certificate, x509.Certificate]:
        return (
            local_ca.read_certificate(files.authority.read_bytes()),
            local_ca.read_certificate(files.server.read_bytes()),
        )

    _print_certificates(*run_or_exit(read))


def _left_over(
    files: TlsFiles, host: list[str] | None
) -> tuple[x509.Certificate, x509.Certificate] | None:
    """Return the certificates that are there, where nothing is left to do but the settings; None
    where there are none, or they are for other hosts than are asked for.
    """
    try:
        authority = local_ca.read_certificate(files.authority.read_bytes())
        server = local_ca.read_certificate(files.server.read_bytes())
        server.verify_directly_issued_by(authority)
        key = local_ca.read_key(files.server_key.read_bytes())
    except (BadCertificate, OSError, ValueError, TypeError, InvalidSignature):
        return None
    is_whole = files.authority_key.exists() and key.public_key() == server.public_key()
    if not is_whole or (host and set(host) != set(local_ca.hosts_of(server))):
        return None
    return authority, server


def _has_certificate(config: Path) -> bool:
    """Return whether the settings name a certificate, which is whoever's choice it was."""
    return "tls_certificate" in _web_in(config)


def _web_in(config: Path) -> dict[str, Any]:
    """Return the table `web` of the configuration as it is written."""
    web = tomllib.loads(_text(config)).get("web", {})
    return web if isinstance(web, dict) else {}


def _text(config: Path) -> str:
    return config.read_text(encoding="utf-8") if config.exists() else ""


def _with_settings(config: Path, table: dict[str, Any]) -> str:
    """Return the configuration with these settings; one that cannot be kept ends the command."""
    return run_or_exit(lambda: with_web(_text(config), table))


def _write(config: Path, whole: str) -> None:
    def write() -> None:
        with new_file(config, whole.encode()):
            pass

    run_or_exit(write)
    typer.echo(f"\n{config} has the settings now. Start the server anew.")


def _begin_at(hosts: Sequence[str], trust_port: int) -> None:
    typer.echo(f"\nPhones begin at http://{_url_host(hosts[0])}:{trust_port}/trust")


def _subject_of(
    config: Path, host: list[str] | None, folder: Path | None
) -> tuple[TlsFiles, tuple[str, ...], str]:
    """Return the files, the hosts and the office's name that a command is about."""
    files = TlsFiles(folder or config.parent / FOLDER)
    if not config.exists():
        return files, tuple(host or lan_addresses()), "Joint patrol"
    settings = settings_in(config)
    known = (each for each in settings.web.hosts if not settings.web.loopback or is_far(each))
    hosts = dict.fromkeys(host or (*known, *lan_addresses()))
    return files, tuple(hosts), settings.node.name


def _print_certificates(authority: x509.Certificate, server: x509.Certificate) -> None:
    left = server.not_valid_after_utc - datetime.now(UTC)
    typer.echo(f"server: {', '.join(local_ca.hosts_of(server))}")
    typer.echo(
        f"  until {server.not_valid_after_utc:%Y-%m-%d}, {left.days} days: `tls renew` in time"
    )
    typer.echo(f"authority: until {authority.not_valid_after_utc:%Y-%m-%d}, SHA-256 fingerprint:")
    typer.echo(f"  {local_ca.fingerprint(authority)}")


def _new_passphrase() -> bytes:
    known = os.environ.get(PASSPHRASE)
    if known is None:
        known = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True)
    if len(known) < 10:
        typer.echo("a passphrase has 10 characters at least", err=True)
        raise typer.Exit(1)
    return str(known).encode()


def _passphrase() -> bytes:
    known = os.environ.get(PASSPHRASE)
    return str(typer.prompt("Passphrase", hide_input=True) if known is None else known).encode()


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
