"""The page of commands: what `joint-patrol` and `radio-gateway` take, as their `--help` says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import click
import typer.main

from maps.__main__ import app
from radio_gateway.__main__ import app as gateway_app

_HEAD: Final = """# Commands

What `joint-patrol` and `radio-gateway` take, made from the code (`python -m tests.documentation`); `--help` behind any says the
same. `--config` is `patrol.toml` of this folder if not said.
"""
PROGRAMS: Final = {"joint-patrol": app, "radio-gateway": gateway_app}


def commands_page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for name, typed in PROGRAMS.items():
        group = typer.main.get_command(typed)
        parts.append(f"## {name}\n")
        for path, command in _commands(name, group):
            parts.append(_section(path, command))
    return "\n".join(parts)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its whole name."""
    if not isinstance(getattr(command, "commands", None), dict):
        yield name, command
        return
    for each in command.commands.values():
        if not each.hidden:
            yield from _commands(f"{name} {each.name}", each)


def _section(path: str, command: Any) -> str:
    context = click.Context(command, info_name=path)
    takes = [each for each in command.params if not getattr(each, "hidden", False)]
    words = [_name(each) for each in takes if isinstance(each, click.Argument)]
    help_ = (command.help or "").partition("\f")[0].strip()
    lines = [f"### `{' '.join([path, *words])}`\n", *_paragraphs(help_)]
    options = [each for each in takes if each.name != "help" and getattr(each, "help", None)]
    if options:
        lines += ["| | |", "|---|---|"]
        lines += [f"| {_name_shown(each, context)} | {_what(each)} |" for each in options]
        lines.append("")
    return "\n".join(lines)


def _paragraphs(text: str) -> Iterator[str]:
    for each in text.split("\n\n"):
        yield " ".join(each.split()) + "\n"


def _name(argument: Any) -> str:
    name = argument.metavar or str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _name_shown(each: Any, context: click.Context) -> str:
    if isinstance(each, click.Argument):
        return f"`{_name(each)}`"
    names = ", ".join(f"`{name}`" for name in (*each.opts, *each.secondary_opts))
    return names if getattr(each, "is_flag", False) else f"{names} {_kind(each, context)}"


def _kind(each: Any, context: click.Context) -> str:
    choices = getattr(each.type, "choices", None)
    if choices:
        return ", ".join(f"`{getattr(choice, 'value', choice)}`" for choice in choices)
    return str(each.metavar or each.type.name).lower()


def _what(each: Any) -> str:
    words = " ".join(str(each.help).split()).replace("|", "\\|").replace("<", "&lt;")
    default = each.default
    if default in (None, False, (), "") or callable(default) or "default" in words.lower():
        return words
    return f"{words} (if not said: `{getattr(default, 'value', default)}`)"
