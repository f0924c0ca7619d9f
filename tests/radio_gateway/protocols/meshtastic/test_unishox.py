from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.protocols.meshtastic.unishox import decompress


# Compressed by the library that Meshtastic's firmware uses (unishox2, standard preset).
@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("864fb497", "Naga"),
        ("864fb4a29f", "Naga 1"),
        ("807898dd7008b8", "PATROL 3"),
        ("804e75babe80b45137c7", "ANDROID-0123"),
        ("804e75babe80b44560091a2b3c4d5e6f79", "ANDROID-0123456789abcdef"),
        ("829d00a41295f7eb8f", "ເຮືອ 3"),
        ("829cc42e1ee262adf7ebb7", "ຢູ່ທ່າ 7"),
    ],
)
def test_text_is_what_was_compressed(data: str, text: str) -> None:
    assert decompress(bytes.fromhex(data)) == text


def test_text_ends_where_it_was_cut() -> None:
    assert "PATROL 3".startswith(decompress(bytes.fromhex("807898dd")))
    assert decompress(b"") == ""


@given(data=st.binary(max_size=64), most=st.integers(0, 50))
def test_whatever_comes_gives_a_text_of_bounded_length(data: bytes, most: int) -> None:
    assert len(decompress(data, most=most).encode()) <= 3 * most
