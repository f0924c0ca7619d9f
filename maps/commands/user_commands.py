"""`joint-patrol user`: who may sign in, from the machine itself.

Whoever may run this can read the store anyhow, so nothing is asked: it works when every password
and authenticator is lost, and with the server running, which takes notice within seconds.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from maps.accounts.account_stores import AccountStores
from maps.accounts.credentials.passwords import check_password
from maps.accounts.credentials.qr import for_terminal
from maps.accounts.credentials.scopes import READER
from maps.accounts.users_and_devices import UserAccounts
from maps.commands.account_command import with_accounts, with_people
from maps.commands.command import (
    CONFIG,
    AgencyId,
    Config,
    agency_named,
    run_or_exit,
    settings_in,
)
from maps.http.listen_address import address_with
from maps.settings.settings import Settings
from patrol.documents.transaction import COMMAND_LINE, Note
from patrol.errors.errors import NotFound
from patrol.units.accounts import User
from patrol.units.units import ROLES, Role

LINK_MINUTES = 60

app = typer.Typer(help="Who may sign in.", no_args_is_help=True)


@app.command("add")
def add_user(
    name: str,
    role: Annotated[
        str,
        typer.Option(help="commander, planner, crew, liaison, technician, admin, observer"),
    ],
    config: Config = CONFIG,
    agency: AgencyId = None,
    link: Annotated[
        bool, typer.Option(help="Print a sign-in link, good once, in place of a password.")
    ] = False,
) -> None:
    """Add a user; asks for a password."""
    settings = settings_in(config)
    checked = _role(role)
    password = None if link else _password()

    async def add(accounts: AccountStores) -> None:
        user = await accounts.people.add_user(
            name, checked, agency_named(settings, agency), password, by=COMMAND_LINE
        )
        typer.echo(f"added {name} ({role}) of {user.agency}")
        if link:
            await _print_link(accounts, settings, user)

    with_accounts(settings, add)


@app.command("link")
def sign_in_link(name: str, config: Config = CONFIG) -> None:
    """Print a sign-in link, good once, for 60 minutes."""
    settings = settings_in(config)

    async def make(accounts: AccountStores) -> None:
        await _print_link(accounts, settings, await _user_named(accounts, name))

    with_accounts(settings, make)


@app.command("passwd")
def change_password(name: str, config: Config = CONFIG) -> None:
    """Give a user a new password and end all its sessions; asks for it."""
    password = _password()

    async def change(accounts: AccountStores) -> None:
        await accounts.people.set_password(name, password, by=COMMAND_LINE)
        typer.echo(f"{name} has a new password")

    with_accounts(settings_in(config), change)


@app.command("role")
def change_role(name: str, role: str, config: Config = CONFIG) -> None:
    """Give a user another role and end all its sessions."""
    checked = _role(role)

    async def change(accounts: AccountStores) -> None:
        user = await accounts.people.change_user(name, role=checked, by=COMMAND_LINE)
        typer.echo(f"{name} is {role} of {user.agency}")

    with_accounts(settings_in(config), change)


@app.command("disable")
def disable(name: str, config: Config = CONFIG) -> None:
    """Shut a user out; its sessions, tokens and links end."""
    _set_disabled(config, name, True)


@app.command("enable")
def enable(name: str, config: Config = CONFIG) -> None:
    """Let a user sign in again."""
    _set_disabled(config, name, False)


@app.command("sign-out")
def sign_out(name: str, config: Config = CONFIG) -> None:
    """End all sessions and tokens of a user."""

    async def end(accounts: AccountStores) -> None:
        ended = await accounts.people.end_sessions(name, by=COMMAND_LINE)
        typer.echo(f"{ended} sessions and tokens of {name} have ended")

    with_accounts(settings_in(config), end)


@app.command("second-factor")
def second_factor(
    name: str,
    off: Annotated[bool, typer.Option("--off", help="Turn it off: it is lost.")] = False,
    config: Config = CONFIG,
) -> None:
    """Set up a user's authenticator by a QR code in the terminal, or turn it off."""

    async def remove(accounts: AccountStores) -> None:
        user = await _user_named(accounts, name)
        note = _note("remove second factor", user)
        if not await accounts.factors.remove(name, passkeys_too=True, note=note):
            typer.echo(f"{name} had no second factor")
            return
        typer.echo(f"{name} has no second factor any more")

    async def set_up(accounts: AccountStores) -> None:
        user = await _user_named(accounts, name)
        factor = await accounts.factors.begin(user)
        typer.echo(for_terminal(factor.address))
        typer.echo(f"or type: {factor.secret}")
        code = str(typer.prompt("Code that the authenticator shows"))
        note = _note("set up second factor", user)
        codes = (await accounts.factors.confirm(user, code, note=note)).codes
        typer.echo("recovery codes, good once each; keep them on paper:")
        for each in codes:
            typer.echo(f"  {each}")

    with_accounts(settings_in(config), remove if off else set_up)


@app.command("token")
def token(
    name: str,
    days: Annotated[int, typer.Option(help="How long it is good.", min=1, max=366)] = 90,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it is good for; reads maps and exports if not said."),
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Print a token with which a program (QGIS, GDAL, a script) acts as this user, this once."""

    async def make(accounts: AccountStores) -> None:
        user = await _user_named(accounts, name)
        made, known = await accounts.tokens.make(
            user, label=COMMAND_LINE, scopes=tuple(scope or READER), days=days
        )
        typer.echo(made)
        typer.echo(f"good until {known.expires_at:%Y-%m-%d %H:%M} UTC", err=True)

    with_accounts(settings_in(config), make)


@app.command("list")
def list_users(config: Config = CONFIG) -> None:
    """List the users."""

    async def show(people: UserAccounts) -> None:
        for user in await people.all():
            disabled = "  disabled" if user.disabled_at else ""
            typer.echo(f"{user.name:<24}{user.role:<12}{user.agency}{disabled}")

    with_people(settings_in(config), show)


def _set_disabled(config: Config, name: str, disabled: bool) -> None:
    async def change(accounts: AccountStores) -> None:
        await accounts.people.change_user(name, disabled=disabled, by=COMMAND_LINE)
        typer.echo(f"{name} is {'disabled' if disabled else 'enabled'}")

    with_accounts(settings_in(config), change)


async def _user_named(accounts: AccountStores, name: str) -> User:
    found = await accounts.people.user(name)
    if found is None or found[0].disabled_at is not None:
        raise NotFound("user", name)
    return found[0]


def _note(act: str, user: User) -> Note:
    return Note(act=act, actor=COMMAND_LINE, agency=user.agency, subject=f"user:{user.name}")


async def _print_link(accounts: AccountStores, settings: Settings, user: User) -> None:
    link = await accounts.people.link_for(user, minutes=LINK_MINUTES, by=COMMAND_LINE)
    typer.echo(f"good once, for {LINK_MINUTES} minutes: {_address(settings)}/sign-in#link={link}")


def _address(settings: Settings) -> str:
    """Return the address that people type, without a slash at the end.

    Where the settings do not tell (a proxy or only this machine reaches the server, or its port is
    any) it says that the address is missing, and returns none.
    """
    web = settings.web
    if web.loopback or web.trusted_proxies or not web.port:
        typer.echo("put the office's address, as people type it, in front:")
        return ""
    return address_with(web, web.port)


def _role(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    raise typer.BadParameter(f"{name!r} is none of {', '.join(ROLES)}", param_hint="--role")


def _password() -> str:
    """Ask for a new password twice; without a terminal read it from standard input."""
    if sys.stdin.isatty():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        lines = sys.stdin.read().splitlines() or [""]
        password = lines[0]
        if any(line != password for line in lines[1:] if line):
            raise typer.BadParameter("the two passwords differ", param_hint="password")
    run_or_exit(lambda: check_password(password))
    return password
