"""Every command that the documentation gives is one that is there, or stands below with a reason.

Ours are read by the command lines themselves, without being done; `test_walkthroughs.py` does
those that need nothing but a folder.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from tests.documentation.blocks import PAGES, ROOT, Command, commands
from tests.fixtures.command_line import PROGRAMS, options, parsed

COMMANDS: Final = list(commands())

NOT_RUN: Final = {
    ".": "works in the reader's shell",
    "cd": "works in the reader's shell",
    "export": "works in the reader's shell",
    "mkdir": "makes a folder for what follows",
    "echo": "writes what follows reads",
    "printf": "writes what follows reads",
    "cp": "installs on the machine",
    "install": "installs on the machine",
    "apt-get": "installs on the machine; what .ci/run needs is there",
    "uv": "installs a fuzzer that only Python 3.11 to 3.13 on Linux has",
    "update-ca-certificates": "changes whom the whole machine trusts",
    "pre-commit": "changes the clone's hooks",
    "chmod": "changes the machine's files",
    "chown": "changes the machine's files",
    "tee": "changes the machine's files",
    "touch": "changes the machine's files",
    "useradd": "changes the machine's users",
    "systemctl": "starts services; tests/test_deploy.py has systemd read the units",
    "journalctl": "reads a service's log",
    "mosquitto_passwd": "changes the broker's file; tests/fixtures/broker.py makes the same",
    "openssl": "makes keys; tests/fixtures/broker.py makes the same certificates",
    "git": "names a release; tests/deploy builds what one is made of",
    "gpg": "signs with the maintainer's own key",
    "sha256sum": "compares what was downloaded",
    "buildah": "builds an image, in minutes",
    "mmdebstrap": "fetches a whole Debian; tests/deploy/test_clean_root.py does, by hand",
    "docker": "wants a registry; tests/test_deploy.py reads compose.yaml",
    "pin-images": "wants a registry; tests/test_deploy.py runs it with one that stands for it",
    "grep": "searches a container's log",
    "createuser": "works on a database server; tests/fixtures starts one by its own commands",
    "createdb": "works on a database server; tests/fixtures starts one by its own commands",
    "psql": "works on a database server; tests/fixtures starts one by its own commands",
    "promtool": "reads Prometheus' file; tests/test_monitoring.py reads the rules",
    "curl": "asks a node; that the routes are there is in test_examples.py",
    "ogrinfo": "asks a node; tests/maps/api/ogc has GDAL ask one",
}
"""Programs that no test of the documentation runs, and why."""


def ours(program: str) -> list[Command]:
    return [each for each in COMMANDS if each.program == program]


def test_each_program_is_looked_at_or_has_a_reason() -> None:
    looked_at = {*PROGRAMS, "python", "python3", "pip"}
    assert {each.program for each in COMMANDS} - looked_at == set(NOT_RUN)


@pytest.mark.parametrize("command", [*ours("joint-patrol"), *ours("radio-gateway")], ids=str)
def test_our_command_lines_take_it(command: Command) -> None:
    with contextlib.ExitStack() as there:
        if "carry" in command.words:  # a disk that is not here
            there.enter_context(pytest.raises(Exception, match="does not exist"))
        assert parsed(command.words)["command"] in command.words


def test_commands_within_a_line_are_there_with_their_options() -> None:
    wrong = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for quoted in re.findall(r"`((?:joint-patrol|radio-gateway) [^`…|/]+)`", text):
            words = shlex.split(quoted)
            taken = options(words)
            if taken is None or {each for each in words if each.startswith("--")} - taken:
                wrong.append(f"{page.relative_to(ROOT)}: {quoted}")
    assert wrong == []


@pytest.mark.parametrize("command", [*ours("python"), *ours("python3")], ids=str)
def test_modules_are_there_with_their_options(command: Command) -> None:
    assert command.words[1] == "-m"
    module, *arguments = command.words[2:]
    found = importlib.util.find_spec(module)
    assert found is not None
    if module == "pytest":
        assert [each for each in arguments if "/" in each and not (ROOT / each).exists()] == []
        return
    path = Path(str(found.origin))
    sources = path.parent.glob("*.py") if path.stem == "__init__" else [path]
    text = "".join(each.read_text("utf-8") for each in sources)
    assert [each for each in arguments if each.startswith("--") and each not in text] == []


@pytest.mark.parametrize("command", ours("pip"), ids=str)
def test_what_pip_installs_from_a_clone_is_in_it(command: Command) -> None:
    words = command.words
    assert words[1] in ("install", "wheel")
    files = [after for word, after in pairwise(words) if word == "-r"]
    assert files or "--no-deps" in words or "-e" in words
    for each in files:
        # A service's machine has the file itself, beside the wheels.
        assert (ROOT / each).is_file() or (ROOT / "requirements" / each).is_file(), each
    for each in words[2:]:
        if each.startswith("."):
            assert (ROOT / each.partition("[")[0] / "pyproject.toml").is_file(), each
