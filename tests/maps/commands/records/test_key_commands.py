"""`joint-patrol keys`: made once, on paper, brought back from it; `check` says what is missing."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from maps.commands.check import check
from patrol.protected_fields.field_key import FieldKeys
from tests.fixtures.databases import reading
from tests.maps.commands.test_command_line import call, folder

__all__ = ["folder"]  # a fixture


def warned(folder: Path) -> list[str]:
    found = check(folder / "patrol.toml")
    lines = [*found.faults, *found.warnings]
    begins = "patrol.toml: protected.key_folder: "
    texts = [line.removeprefix(begins) for line in lines if line.startswith(begins)]
    return [each for each in texts if "not encrypted" not in each]  # of the disk, not of the keys


def test_a_key_is_made_once_printed_and_brought_back_from_its_paper(folder: Path) -> None:
    [none] = warned(folder)
    assert "joint-patrol keys make --agency hx" in none
    out, _ = call("keys", "make", folder=folder)
    keys = FieldKeys(folder / "field-keys")
    key = keys.read("hx")
    assert key.id in out
    assert key.text not in out
    [unprinted] = warned(folder)
    assert "is on no paper" in unprinted
    _, err = call("keys", "make", folder=folder, good=False)
    assert "there is a key already" in err
    _, err = call("keys", "make", "--agency", "th-ck", folder=folder, good=False)
    assert "no agency 'th-ck'" in err

    out, _ = call("keys", "print", folder=folder)
    assert key.text in out
    assert warned(folder) == []
    page = folder / "paper.html"
    call("keys", "print", "--to", str(page), folder=folder)
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text(encoding="utf-8")
    assert key.text.replace("-", " ") in text
    assert "data:image/png" in text
    with pytest.raises(AssertionError):  # it is never written over
        call("keys", "print", "--to", str(page), folder=folder)

    keys.file("hx").unlink()
    typed = re.sub("-", " ", key.text.lower())
    wrong = typed[:-1] + ("a" if typed[-1] != "a" else "b")
    _, err = call("keys", "restore", folder=folder, input=f"{wrong}\n", good=False)
    assert "no field key" in err
    out, _ = call("keys", "restore", folder=folder, input=f"{typed}\n")
    assert key.id in out
    assert keys.read("hx").text == key.text
    assert warned(folder) == []
    keys.file("hx").chmod(0o644)
    assert "others may read" in warned(folder)[0]
    with reading(folder / "joint-patrol.db") as store:
        acts = [row[0] for row in store.execute("SELECT act FROM journal ORDER BY seq")]
    assert acts == [*["print field key"] * 3, "restore field key"]


def test_there_is_nothing_to_seal_in_a_new_store(folder: Path) -> None:
    out, _ = call("keys", "seal", folder=folder)
    assert out == "no incident or target holds protected words in plain\n"
