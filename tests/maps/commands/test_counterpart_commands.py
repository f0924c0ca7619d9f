"""Two offices meet by the command line alone: two officers each, and never one with one command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maps.node.lock import store_lock
from maps.settings.settings import read_settings
from patrol.counterparts.card import card_text, read_card
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import call, small
from tests.patrol.nodes.counterparts import signed_card

PASSWORD = "quiet river at night {name}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small configuration and two officers."""
    return office(tmp_path)


def office(folder: Path) -> Path:
    (folder / "patrol.toml").write_text(small(folder, free_port()), encoding="utf-8")
    for name in ("kham", "somchai"):
        words = ("user", "add", name, "--role", "liaison")
        call(*words, folder=folder, input=PASSWORD.format(name=name))
    return folder


def command(folder: Path, *words: str, by: str = "", good: bool = True) -> str:
    """Give a command, with an officer's password if one does it; return what it printed."""
    given = (*words, "--by", by) if by else words
    password = PASSWORD.format(name=by) + "\n"
    out, faults = call("counterpart", *given, folder=folder, input=password, good=good)
    return out + faults


def add(folder: Path, name: str = "card.txt") -> str:
    (folder / name).write_text(card_text(signed_card()))
    found = re.search(r"digits: ([0-9 ]{29})", command(folder, "add", name))
    assert found is not None
    return found[1]


def test_two_officers_meet_another_office(folder: Path) -> None:
    digits = add(folder)
    wrong = command(folder, "compare", "ck", "0000 0000 0000 0000 0000 0000", by="kham", good=False)
    assert "not the digits" in wrong
    assert "ck is compared" in command(folder, "compare", "ck", digits, by="kham")
    assert "somebody else" in command(folder, "confirm", "ck", by="kham", good=False)
    assert "ck is confirmed" in command(folder, "confirm", "ck", by="somchai")
    listed = command(folder, "list")
    assert "confirmed (compared by kham, confirmed by somchai)" in listed
    (folder / "next.txt").write_text(card_text(signed_card(number=2, key="new", previous="ck")))
    assert "ck is confirmed" in command(folder, "renew", "next.txt")
    assert "ck is revoked" in command(folder, "revoke", "ck", "--reason", "stolen")
    assert command(folder, "list") == ""
    assert "revoked" in command(folder, "list", "--revoked")
    assert "no counterpart 'ck'" in command(folder, "revoke", "ck", "--reason", "x", good=False)


def test_nobody_compares_or_confirms_without_an_officers_password(folder: Path) -> None:
    digits = add(folder)
    for words in (("compare", "ck", digits), ("confirm", "ck")):
        for name in ("kham", "nobody"):
            given = ("counterpart", *words, "--by", name)
            _, faults = call(*given, folder=folder, input="wrong\n", good=False)
            assert "name or password is wrong" in faults
    call("user", "disable", "kham", folder=folder)
    assert "wrong" in command(folder, "compare", "ck", digits, by="kham", good=False)


def test_the_card_is_the_same_until_it_has_a_new_key_which_the_old_one_signs(
    folder: Path,
) -> None:
    first = command(folder, "card")
    assert command(folder, "card") == first
    second = read_card(command(folder, "card", "--new-key"))
    card = read_card(first).card
    assert (card.number, second.card.number) == (1, 2)
    assert second.previous_signature
    assert second.card.signing_key != card.signing_key
    assert not list(folder.glob("*.node-key-before"))
    assert read_card(command(folder, "card")) == second


def test_while_the_server_runs_only_the_card_is_shown(folder: Path) -> None:
    (folder / "card.txt").write_text(card_text(signed_card()))
    settings = read_settings(folder / "patrol.toml")
    with store_lock(settings.store.url):
        assert "running server" in command(folder, "card", good=False)
    first = command(folder, "card")
    with store_lock(settings.store.url):
        assert command(folder, "card") == first
        assert "stop it first" in command(folder, "add", "card.txt", good=False)
        assert "stop it first" in command(folder, "card", "--new-key", good=False)


def test_a_card_that_cannot_be_used_is_refused_with_its_field(folder: Path) -> None:
    (folder / "bad.txt").write_text(card_text(signed_card(number=0)))
    assert "card.number" in command(folder, "add", "bad.txt", good=False)
    (folder / "own.txt").write_text(command(folder, "card"))
    assert "card of this node" in command(folder, "add", "own.txt", good=False)
