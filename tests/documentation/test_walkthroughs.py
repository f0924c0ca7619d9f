"""Commands of a page, done one after the other as they stand, by the pages' own settings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

from maps.settings.settings import settings_of
from tests.documentation.blocks import ROOT, blocks, in_block
from tests.fixtures.command_process import forked_run

PACKAGES: Final = {"joint-patrol": "maps", "radio-gateway": "radio_gateway"}
PASSWORD: Final = "a long enough pass phrase\n" * 2


def done(words: tuple[str, ...], folder: Path, *, input: str = "") -> str:
    """Do a command in `folder`, and return what it printed."""
    code, out, faults = forked_run(words[1:], folder, input=input, package=PACKAGES[words[0]])
    good = (0, 1, 2) if words[1] == "doctor" else (0,)  # it tells so what is to be done
    assert code in good, f"{words}: {out}{faults}"
    return out + faults


def test_a_node_is_set_up_and_its_journal_proved(tmp_path: Path) -> None:
    docs = ROOT / "docs/guides"
    (settings,) = blocks(docs / "set-up.md", "toml")
    (tmp_path / "patrol.toml").write_text(settings, "utf-8")
    (text,) = blocks(docs / "set-up.md")
    steps = list(in_block(text))
    assert [each[1] for each in steps[-4:]] == ["check", "doctor", "user", "serve"]
    for words in steps[:-1]:  # `serve` goes on: tests/maps/commands/test_command_line.py starts it
        done(words, tmp_path, input=PASSWORD if words[1] == "user" else "")

    journal, _ = blocks(docs / "journal.md")
    for words in in_block(journal):
        done(words, tmp_path)
    assert (tmp_path / "audit.jsonl").stat().st_size > 0

    done(("joint-patrol", "backups", "run", "--now"), tmp_path)
    assert re.search(
        r"^restore test: .* good$",
        done(("joint-patrol", "backups", "list"), tmp_path),
        re.MULTILINE,
    )


def test_a_border_post_and_its_node_take_the_keys_of_each_other(tmp_path: Path) -> None:
    page = ROOT / "docs/tutorials/border-post.md"
    steps = [words for text in blocks(page) for words in in_block(text)]
    keygen, check = (
        next(each for each in steps if each[:2] == ("radio-gateway", name))
        for name in ("keygen", "check")
    )
    for name in ("secrets/mqtt-node", "mqtt-password"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("of the broker")
        (tmp_path / name).chmod(0o600)
    (key,) = re.findall(r"[\w+/]{43}=", done(keygen, tmp_path))
    at_node = done((*keygen[:2], "secrets/node.key"), tmp_path)
    (node_key,) = re.findall(r"[\w+/]{43}=", at_node)

    gateway, node = blocks(page, "toml")
    (tmp_path / "gateway.toml").write_text(gateway.replace("…", node_key), "utf-8")
    done(check, tmp_path)
    tables = tomllib.loads(node.replace("…", key))
    settings_of(tables, source="patrol.toml", folder=tmp_path)  # or it raises what is wrong
