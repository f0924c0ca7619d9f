"""The `joint-patrol` command: a table of its commands, each loaded when it is called.

All of them together take seconds to load; `--help` and each of them take what they need.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from radio_gateway.runtime.version import VersionOption


class CommandEntry(NamedTuple):
    """Where a command stands.

    Attributes:
        module: Module whose `app` is the command's group, or has a command of its name.
        help: What the list of commands says of it: the first paragraph of its own help.
    """

    module: str
    help: str


COMMANDS: Final = {
    "backup": CommandEntry(
        "maps.commands.records.backup_commands",
        "Write the whole store to one file. A running server goes on meanwhile.",
    ),
    "restore": CommandEntry(
        "maps.commands.records.backup_commands",
        "Make the store from a back-up and prove it by its journal.",
    ),
    "export": CommandEntry(
        "maps.commands.exchange_commands",
        "Write tracks of units or of a patrol, or a layer, to a file; the server must not be"
        " running.",
    ),
    "import": CommandEntry(
        "maps.commands.exchange_commands",
        "Say what is in a file and what is wrong with it; add it to the map if asked.",
    ),
    "report": CommandEntry(
        "maps.commands.report_commands",
        "Make a report and write it to a file; the server must not be running.",
    ),
    "decode": CommandEntry(
        "radio_gateway.__main__",
        "Decode a stream from standard input, or captures, exactly as a channel would.",
    ),
    "demo": CommandEntry(
        "maps.commands.demo_command",
        "Show a joint patrol on the Mekong: everything in one process, on this machine only.",
    ),
    "statements": CommandEntry(
        "maps.commands.statement_commands",
        "What this node and a counterpart tell each other, in order.",
    ),
    "serve": CommandEntry(
        "maps.commands.serve_command",
        "Serve one node with the links that the configuration names, or a part of it.",
    ),
    "check": CommandEntry(
        "maps.commands.check_commands",
        "Say what is wrong with a configuration; change nothing.",
    ),
    "doctor": CommandEntry(
        "maps.commands.check_commands",
        "Look at the node where it runs, with all that `check` looks at, and say what to do first.",
    ),
    "replay": CommandEntry(
        "maps.commands.replay_command",
        "Replay a capture: into a running server, or into one of its own with a page to watch it.",
    ),
    "user": CommandEntry("maps.commands.user_commands", "Who may sign in."),
    "unit": CommandEntry("maps.commands.unit_commands", "What the patrol knows by call sign."),
    "device": CommandEntry("maps.commands.device_commands", "What reports with a key of its own."),
    "set-aside": CommandEntry(
        "maps.commands.records.quarantine_commands",
        "Reports that could not be taken, kept as they came.",
    ),
    "audit": CommandEntry(
        "maps.commands.records.audit_commands",
        "Prove that the journal and what it tells of are as they were written.",
    ),
    "store": CommandEntry(
        "maps.commands.records.store_commands", "Where the node keeps its records."
    ),
    "gateway": CommandEntry("maps.commands.gateway_commands", "Gateways on other computers."),
    "backups": CommandEntry(
        "maps.commands.records.backups_commands",
        "The back-ups that the node makes by itself, as the settings ask.",
    ),
    "holdings": CommandEntry(
        "maps.commands.records.holdings_commands", "What the records hold on somebody."
    ),
    "counterpart": CommandEntry(
        "maps.commands.counterpart_commands",
        "Nodes of other offices: cards, digits to compare, confirmation, revocation.",
    ),
    "keys": CommandEntry(
        "maps.commands.records.key_commands",
        "Keys of protected fields: informants, witnesses, victims, names, private notes.",
    ),
    "tls": CommandEntry(
        "maps.commands.tls_commands",
        "A certificate that phones of crews can trust, without a public name.",
    ),
    "evidence": CommandEntry(
        "maps.commands.records.evidence_commands",
        "Check files that were exported as evidence.",
    ),
}


class CommandTable(TyperGroup):
    """The commands of `COMMANDS`: listed from the table, loaded when one is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the name, the whole command instead of its line in the table, and what is left."""
        name, _, left = super().resolve_command(ctx, args)
        return name, name and load_command(name), left


def load_command(name: str) -> Any:
    """Return a command of the table with all of its options."""
    group = get_group(import_module(COMMANDS[name].module).app)
    return group.commands.get(name, group)


app = typer.Typer(
    cls=CommandTable,
    help="The operations picture of a joint border patrol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _commands(version: VersionOption = False) -> None:
    """Take what is said before any command."""


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # records, hashes and keys are nobody else's
    app()


if __name__ == "__main__":
    main()
