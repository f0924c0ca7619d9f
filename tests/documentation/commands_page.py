"""The page of commands: what `joint-patrol` and `radio-gateway` take, as their `--help` says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import typer.main

from tests.fixtures.command_line import PROGRAMS, subcommands

_HEAD: Final = """# Commands

What `joint-patrol` and `radio-gateway` take, made from the code (`python -m tests.documentation`);
`--help` behind any says the same.

`--config FILE` (or `JOINT_PATROL_CONFIG`) goes with every command below that works on a node, and
is left out of its table; it is `patrol.toml` of this folder if not said.
"""


def commands_page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for name, typed in PROGRAMS.items():
        parts.append(f"## {name}\n")
        for path, command in _commands(name, typer.main.get_command(typed)):
            parts.append(_section(path, command))
    return "\n".join(parts)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its whole name."""
    if not (parts := subcommands(command)):
        yield name, command
        return
    for each, part in parts.items():
        if not part.hidden:
            yield from _commands(f"{name} {each}", part)


def _section(path: str, command: Any) -> str:
    context = command.make_context(path, [], resilient_parsing=True)
    usage = [each.strip("{}").upper() for each in command.collect_usage_pieces(context)]
    words = [each.replace("}", "") for each in usage if each != "[OPTIONS]"]
    text = (command.help or "").partition("\f")[0].strip()
    lines = [f"### `{' '.join([path, *words])}`\n"]
    lines += [_line(each) + "\n" for each in text.split("\n\n")]
    rows = []
    for each in command.params:
        if each.name == "help" or "JOINT_PATROL_CONFIG" in (each.envvar or ""):
            continue
        name, help_ = each.get_help_record(context) or ("", "")
        rows.append(f"| {_name(name, each)} | {_line(help_)} |")
    if rows:
        lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _name(name: str, each: Any) -> str:
    """Return an option or argument with what it takes, as a cell of a table."""
    if each.param_type_name == "argument":
        name = name.partition(" ")[0].upper()
    kinds = {"<list[str]>": "<text>", "<str>": "<text>", "<int>": "<number>"}
    kinds |= {"<int range>": "<number>", "<float range>": "<number>", "<float>": "<number>"}
    for kind, text in kinds.items():
        name = name.replace(kind, text)
    return f"`{name}`".replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
