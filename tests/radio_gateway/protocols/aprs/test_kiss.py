from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.protocols.aprs.kiss import MAX_FRAME, KissFramer, kiss_frame
from tests.fixtures.memory import kept_bytes


def cut(stream: bytes) -> list[bytes]:
    framer = KissFramer()
    return framer.feed(stream) + framer.close()


@given(data=st.binary(min_size=1, max_size=300), port=st.integers(0, 15))
def test_any_data_comes_back_with_its_port(data: bytes, port: int) -> None:
    assert cut(kiss_frame(data, port=port)) == [bytes([port << 4]) + data]
    assert kiss_frame(data, port=port).count(b"\xc0") == 2


def test_frame_may_share_its_end_with_the_next_ones_start() -> None:
    assert cut(b"\xc0\x00one\xc0\x00two\xc0\xc0\xc0\x00three\xc0") == [
        b"\x00one",
        b"\x00two",
        b"\x00three",
    ]


def test_end_of_a_frame_whose_start_was_missed_is_junk() -> None:
    framer = KissFramer()
    assert framer.feed(b"tail\xc0\x00one\xc0") == [b"\x00one"]
    assert framer.junk_bytes == 4


def test_cut_frame_waits_and_is_forgotten_at_the_end() -> None:
    framer = KissFramer()
    assert framer.feed(b"\xc0\x00half") == []
    assert framer.close() == []
    assert framer.feed(b"other half\xc0") == []


def test_wrong_escape_is_passed_over() -> None:
    assert cut(b"\xc0\x00a\xdbbc\xc0") == [b"\x00abc"]
    assert cut(b"\xc0\x00a\xdb\xc0") == [b"\x00a"]


def test_frame_that_is_too_long_costs_only_itself() -> None:
    framer = KissFramer()
    empty = kept_bytes(framer)
    assert framer.feed(b"\xc0" + b"x" * (MAX_FRAME + 1) + b"\xc0\x00one\xc0") == [b"\x00one"]
    for _ in range(10):
        assert framer.feed(b"y" * MAX_FRAME) == []
        assert kept_bytes(framer) <= empty + 2 * MAX_FRAME
    assert framer.feed(b"\xc0\x00two\xc0") == [b"\x00two"]
    assert framer.junk_bytes == 11 * MAX_FRAME + 1


@given(
    stream=st.lists(
        st.sampled_from(
            [b"\xc0", b"\xdb", b"\xdc", b"\xdd", b"\x00", b"a", b"\x06", b"z" * (MAX_FRAME + 1)]
        ),
        max_size=30,
    ).map(b"".join),
    data=st.data(),
)
def test_how_a_stream_is_split_makes_no_difference(stream: bytes, data: st.DataObject) -> None:
    whole = KissFramer()
    expected = whole.feed(stream) + whole.close()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    framer = KissFramer()
    frames: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames += framer.feed(stream[start:end])
    assert frames + framer.close() == expected
    assert framer.junk_bytes == whole.junk_bytes


@pytest.mark.parametrize("noise", [b"", b"\xc0", b"\xc0\xc0\xc0", b"\xdb", b"noise"])
def test_noise_is_no_frame(noise: bytes) -> None:
    assert cut(noise) == []
