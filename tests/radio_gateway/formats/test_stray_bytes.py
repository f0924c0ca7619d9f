from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.formats.junk_bytes import AT_MOST, StrayBytes


def test_printable_line_is_shown_and_the_rest_counted() -> None:
    stray = StrayBytes()
    assert stray.add(b"hello\r\nabc\n\xff\xfe12345\nfour") == [b"hello"]
    assert stray.junk_bytes == 3 + 7
    assert stray.end() == [b"four"]
    assert stray.end() == []


def test_endless_line_is_reported_in_pieces() -> None:
    stray = StrayBytes()
    assert [len(each) for each in stray.add(b"x" * (2 * AT_MOST + 10))] == [AT_MOST, AT_MOST]
    assert stray.end() == [b"x" * 10]


@given(data=st.binary(max_size=40), repeat=st.integers(1, 30), at=st.integers(0, 1200))
def test_how_it_was_split_makes_no_difference(data: bytes, repeat: int, at: int) -> None:
    data *= repeat
    whole, parts = StrayBytes(), StrayBytes()
    expected = whole.add(data) + whole.end()
    assert parts.add(data[:at]) + parts.add(data[at:]) + parts.end() == expected
    assert parts.junk_bytes == whole.junk_bytes
