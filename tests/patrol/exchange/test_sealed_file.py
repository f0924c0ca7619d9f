"""Files of envelopes: sealed for one node, and each fault told with file and place."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.errors.errors import BadCounterpartFile
from patrol.exchange.sealed_file import (
    LARGEST_FILE,
    MOST_FILE_ENVELOPES,
    FileHead,
    open_file,
    read_head,
    write_file,
)
from patrol.signatures.sealed_box import seal_box
from tests.patrol.nodes.counterparts import key_of

HEAD = FileHead(
    from_node="hx",
    to_node="ck",
    made_at=datetime(2026, 12, 2, 12, tzinfo=UTC),
    from_key=key_of("hx").public,
    to_key=key_of("ck").public,
    bytes=0,
)


def fault(file: bytes, *, key: str = "ck") -> tuple[str, str]:
    """Return why a file is not opened: its code, and what is said."""
    with pytest.raises(BadCounterpartFile) as raised:
        open_file(file, key_of(key), name="a.jointpatrol")
    assert str(raised.value).startswith("a.jointpatrol: ")
    return raised.value.code, str(raised.value)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_what_is_written_is_read_by_whom_it_is_for(messages: list[bytes]) -> None:
    file = write_file(HEAD, messages)
    assert open_file(file, key_of("ck"), name="a") == messages
    head = read_head(file, name="a")
    assert msgspec.structs.replace(head, bytes=0) == HEAD


def test_nobody_else_reads_it_and_two_files_of_the_same_differ() -> None:
    secret = b"two boats at km 2283"
    file = write_file(HEAD, [secret])
    assert secret not in file
    assert file != write_file(HEAD, [secret])
    code, words = fault(file, key="third")
    assert code == "old_card"
    assert "its first line: it is sealed for the key" in words
    assert "hx has an old card of this node" in words


def test_each_byte_that_is_cut_off_or_altered_is_found() -> None:
    file = write_file(HEAD, [b"one", b"two"])
    line = file.index(b"\n") + 1
    for size in range(len(file)):
        assert fault(file[:size])[0] in {"no_file", "altered", "cut_off"}
    code, words = fault(file[: len(file) - 7])
    assert code == "cut_off"
    assert f"after byte {len(file) - 7}" in words
    assert fault(file + b"x") == (
        "altered",
        f"a.jointpatrol: after byte {len(file)}: it was altered: 1 bytes too many; copy it again",
    )
    for place in range(line, len(file)):
        changed = file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]
        code, words = fault(changed)
        assert code == "altered"
        assert f"after byte {line}: it was altered on its way: copy it again" in words


def test_a_first_line_that_was_changed_is_found() -> None:
    file = write_file(HEAD, [b"one"])
    code, words = fault(file.replace(b'"hx"', b'"xh"', 1))
    assert (code, words) == (
        "altered",
        "a.jointpatrol: its first line: it is not the one that the file was written with",
    )


@pytest.mark.parametrize("file", [b"", b"PK\3\4", b"JOINT-PATROL-CARD-1.abc\n"])
def test_another_file_is_told_as_that(file: bytes) -> None:
    code, words = fault(file)
    assert code == "no_file"
    assert "does not begin with JOINT-PATROL-FILE-1" in words


def test_files_are_bounded() -> None:
    assert fault(bytes(LARGEST_FILE + 1))[0] == "too_large"
    many = write_file(HEAD, [b""] * (MOST_FILE_ENVELOPES + 1))
    assert fault(many)[0] == "too_large"
    assert fault(b"JOINT-PATROL-FILE-1 " + b"{" * 5000)[0] == "altered"


def test_a_seal_that_holds_no_list_is_told() -> None:
    file = write_file(HEAD, [])
    line = file[: file.index(b"\n") + 1]
    content = sha256(line).digest() + b"\xc1"
    code, words = fault(line + seal_box(content, public=HEAD.to_key))
    assert code == "unreadable"
    assert "in the seal: no list of envelopes" in words
