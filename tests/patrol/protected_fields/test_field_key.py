"""Field keys: what is sealed opens with its key as what it is of, and a paper brings a key back."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from patrol.errors.errors import FieldKeyError, NoFieldKey
from patrol.protected_fields.field import ProtectedField, sealed_fields
from patrol.protected_fields.field_key import FieldKey, FieldKeys, key_from, new_key
from tests.patrol.nodes.running import AGENCY, START


def sealed(key: FieldKey, words: str = "the ferryman") -> ProtectedField:
    [made] = sealed_fields(
        key,
        {"informants": words, "victims": "  "},
        agency=AGENCY,
        kind="incident",
        document="i1",
        at=START,
        by="kham",
    )
    return made


def test_words_open_with_their_key_and_as_what_they_are_of_alone() -> None:
    key = new_key()
    made = sealed(key)
    assert made.words(key) == "the ferryman"
    assert b"ferryman" not in msgspec.json.encode(made)
    with pytest.raises(FieldKeyError, match="sealed with the field key"):
        made.words(new_key())
    for moved in ({"document": "i2"}, {"field": "victims"}, {"agency": "th-ck"}, {"id": "x"}):
        with pytest.raises(FieldKeyError, match="does not open"):
            msgspec.structs.replace(made, **moved).words(key)
    with pytest.raises(FieldKeyError, match="commitment"):
        msgspec.structs.replace(made, commitment=sealed(key).commitment).words(key)


def test_equal_words_have_different_commitments_so_a_guess_proves_nothing() -> None:
    key = new_key()
    assert sealed(key).commitment != sealed(key).commitment


def test_a_key_comes_back_from_paper_however_it_is_typed() -> None:
    key = new_key()
    text = key.text
    assert len(text.split("-")) == 14
    for typed in (text, text.lower(), text.replace("-", " "), text.replace("-", "\n")):
        assert key_from(typed).text == text
    assert key_from(text.replace("O", "0").replace("I", "1")).text == text
    wrong = text.replace(text[0], "A" if text[0] != "A" else "B", 1)
    for bad in (wrong, text[:-1], "", "ferry", text + "AAAA"):
        with pytest.raises(FieldKeyError, match="14 groups"):
            key_from(bad)
    assert text not in repr(key)


def test_a_key_file_is_its_owners_and_is_never_written_over(tmp_path: Path) -> None:
    keys, key = FieldKeys(tmp_path / "keys"), new_key()
    with pytest.raises(NoFieldKey, match="joint-patrol keys make --agency la-hx"):
        keys.read(AGENCY)
    keys.write(AGENCY, key)
    file = keys.file(AGENCY)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keys.read(AGENCY).id == key.id
    with pytest.raises(FieldKeyError, match="a key already"):
        keys.write(AGENCY, new_key())
    assert [each.name for each in file.parent.iterdir()] == ["la-hx.key"]
    assert not keys.is_printed(AGENCY, key)
    keys.note_printed(AGENCY, key)
    assert keys.is_printed(AGENCY, key)
    assert not keys.is_printed(AGENCY, new_key())
    file.chmod(0o640)
    with pytest.raises(FieldKeyError, match="others may read"):
        keys.read(AGENCY)
    for agency in ("../la-hx", "", "la hx"):
        with pytest.raises(NoFieldKey):
            keys.file(agency)
    with pytest.raises(NoFieldKey):
        FieldKeys(None).read(AGENCY)
