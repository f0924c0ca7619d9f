"""Signed heads and exports of the journal: checked without the server, and found when altered."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.audit import export as audit_file
from patrol.audit.chain import FIRST, Entry
from patrol.audit.signed_head import SignedHead, head_from, signed_head
from patrol.documents.transaction import Note
from patrol.errors.errors import AuditError
from patrol.signatures.signing_key import SigningKey
from tests.fixtures.examples import examples
from tests.patrol.nodes.chains import chain_of, notes
from tests.patrol.nodes.running import AGENCY, NODE, at

KEY = SigningKey(bytes(range(32)))


def test_a_head_is_signed_by_a_standard_key() -> None:
    raw = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()
    assert KEY.public == b64encode(raw).decode()
    head = signed_head(KEY, node=NODE, seq=7, last=bytes(32), at=at(0))
    head.check()
    head.check(KEY.public)
    assert head_from(msgspec.json.encode(head) + b"\n") == head
    assert head.place == (7, bytes(32))


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 6},
        {"hash": "11" * 32},
        {"node": "elsewhere"},
        {"signed_at": "2026-11-24T12:00:00.000001Z"},
        {"signature": b64encode(bytes(64)).decode()},
        {"signature": "not base64"},
        {"public_key": SigningKey(bytes(32)).public},
        {"public_key": "short"},
        {"format": "joint-patrol audit head 2"},
    ],
)
def test_a_head_that_was_altered_is_refused(change: dict[str, Any]) -> None:
    head = signed_head(KEY, node=NODE, seq=7, last=bytes(32), at=at(0))
    with pytest.raises(AuditError):
        msgspec.structs.replace(head, **change).check()


def test_a_head_of_another_key_is_refused_where_the_key_is_known() -> None:
    head = signed_head(KEY, node=NODE, seq=7, last=bytes(32), at=at(0))
    with pytest.raises(AuditError, match="another key"):
        head.check(SigningKey(bytes(32)).public)
    for text in (b"", b"{}", b"[1]", b"\xff"):
        with pytest.raises(AuditError):
            head_from(text)


def exported(entries: list[Entry], *, after: int = 0) -> bytes:
    rest = entries[after:]
    previous = entries[after - 1].hash if after else FIRST
    last = entries[-1] if entries else None
    head = signed_head(
        KEY,
        node=NODE,
        seq=last.seq if last else 0,
        last=last.hash if last else FIRST,
        at=at(1000),
    )
    return (
        audit_file.opening(node=NODE, at=at(1000), after=after, previous=previous)
        + audit_file.lines(rest)
        + msgspec.json.encode(head)
        + b"\n"
    )


def checked(text: bytes, public: str | None = None) -> audit_file.ExportCheck:
    return audit_file.check(io.BytesIO(text), public=public)


@given(st.lists(notes, max_size=6), st.data())
def test_an_export_is_checked_without_the_store(given: list[Note], data: Any) -> None:
    entries = chain_of(given)
    after = data.draw(st.integers(0, len(entries)))
    found = checked(exported(entries, after=after), KEY.public)
    assert found.fault is None
    assert found.entries == len(entries) - after
    assert found.head.seq == len(entries)


@settings(max_examples=examples(300))
@given(st.lists(notes, min_size=1, max_size=5), st.data())
def test_one_altered_byte_anywhere_in_an_export_is_found(given: list[Note], data: Any) -> None:
    text = bytearray(exported(chain_of(given)))
    start = text.index(b"\n") + 1  # the first line tells how to read it, and proves nothing
    where = data.draw(st.integers(start, len(text) - 2))
    text[where] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = checked(bytes(text), KEY.public)
    except AuditError:
        return
    whole = checked(exported(chain_of(given)))
    same = found.fault is None and found.entries == whole.entries
    # What is left reads the same: "\u00e9" for "é" and the like do not exist in what we write.
    assert not same or json_lines(bytes(text)) == json_lines(exported(chain_of(given)))


def json_lines(text: bytes) -> list[Any]:
    return [msgspec.json.decode(line) for line in text.split(b"\n") if line.strip()]


Damage = Callable[[list[bytes]], list[bytes]]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda lines: [*lines[:3], *lines[4:]], (3, "missing")),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], (3, "missing")),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], (3, "missing")),
        (lambda lines: [*lines[:-2], lines[-1]], (8, "missing")),
        (lambda lines: [*lines[:-4], lines[-1]], (6, "missing")),
        (lambda lines: [lines[0], lines[-1]], (1, "missing")),
        (lambda lines: [*lines[:4], b"rubbish", *lines[5:]], (4, "altered")),
    ],
)
def test_what_is_wrong_with_an_export_is_named(damage: Damage, what: tuple[int, str]) -> None:
    given = [Note(act=f"act {number}", actor="kham", agency=AGENCY) for number in range(8)]
    lines = exported(chain_of(given)).splitlines()
    fault = checked(b"\n".join(damage(lines))).fault
    assert fault is not None
    assert (fault.seq, fault.what) == what


@pytest.mark.parametrize("text", [b"", b"{}\n", b'{"format":"x"}\n{}\n', b"\xff\n\xff\n"])
def test_what_is_no_export_is_refused(text: bytes) -> None:
    with pytest.raises(AuditError):
        checked(text)


def test_an_export_of_another_key_is_refused_where_the_key_is_known() -> None:
    text = exported(chain_of([Note(act="a", actor="b", agency="c")]))
    with pytest.raises(AuditError, match="another key"):
        checked(text, SigningKey(bytes(32)).public)


def test_an_export_without_its_last_line_is_refused() -> None:
    lines = exported(chain_of([Note(act="a", actor="b", agency="c")])).splitlines()
    with pytest.raises(AuditError, match="no SignedHead"):
        checked(b"\n".join(lines[:-1]))


def test_a_head_for_fewer_entries_than_there_are_is_named() -> None:
    entries = chain_of([Note(act=f"{n}", actor="", agency="") for n in range(5)])
    short: SignedHead = head_from(exported(entries[:3]))
    text = exported(entries).splitlines()
    fault = checked(b"\n".join([*text[:-1], msgspec.json.encode(short)])).fault
    assert fault is not None
    assert fault.what == "altered"
