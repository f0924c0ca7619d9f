from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.framing import MAX_LINE, LineFramer, MessageFramer
from tests.radio_gateway.protocols.sentences import CAPTURES

GLL = b"$GPGLL,5958.613,N,02325.928,E,121022,A,D*40"
VDM = b"!AIVDM,1,1,,A,15NPOOPP00o?b=bE`UNv4?w428D;,0*24"


def cut(data: bytes) -> tuple[list[bytes], int]:
    framer = LineFramer()
    payloads = framer.feed(data) + framer.close()
    return payloads, framer.junk_bytes


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r\n"])
def test_any_line_end_ends_a_line(end: bytes) -> None:
    assert cut(GLL + end + VDM + end) == ([GLL, VDM], 0)


def test_nothing_gives_nothing() -> None:
    assert cut(b"") == ([], 0)
    assert cut(b"\r\n\r\n\n") == ([], 0)


def test_noise_before_a_sentence_is_junk_and_the_sentence_survives() -> None:
    assert cut(b"\xff\xfe\x00\x80U\xaa" + GLL + b"\r\n\xd0\x8f" + GLL + b"\r\n") == (
        [GLL, GLL],
        8,
    )


def test_cut_sentence_costs_only_itself() -> None:
    assert cut(GLL[:20] + GLL + b"\r\n") == ([GLL[:20], GLL], 0)


def test_sentence_glued_to_the_checksum_of_another_survives() -> None:
    assert cut(GLL + GLL + VDM + b"\r\n") == ([GLL, GLL, VDM], 0)


def test_device_name_stays_with_its_sentence() -> None:
    assert cut(b"123456789" + GLL + b"\n")[0] == [b"123456789" + GLL]
    assert cut(b"ABCDEF0123456789," + GLL + b"\n")[0] == [b"ABCDEF0123456789," + GLL]


@pytest.mark.parametrize(
    "line",
    [
        rb"\s:compass,c:1438489697*4F\$IIDBT,035.53,f,010.83,M,005.85,F*23",
        rb"!AIVDM,1,1,,A,H3FUli4T000000000000001p0400,0*6E\s:MTb8,c:1481688176110*46\ ".strip(),
        rb"\g:1-2-7*01\\s:x*02\!AIVDM,1,1,,A,H3FUli4T000000000000001p0400,0*6E",
    ],
)
def test_tag_blocks_stay_with_their_sentence(line: bytes) -> None:
    assert cut(line + b"\r\n") == ([line], 0)


def test_tag_block_between_two_glued_sentences_belongs_to_the_second() -> None:
    tag = rb"\s:x*42" + b"\\"
    assert cut(VDM + tag + VDM + b"\n") == ([VDM, tag + VDM], 0)


def test_text_without_a_start_is_handed_on_to_be_rejected() -> None:
    assert cut(GLL[1:] + b"\r\n") == ([GLL[1:]], 0)


def test_line_without_end_is_bounded_and_the_next_sentence_survives() -> None:
    noise = b"\xa5" * 100_000
    assert cut(noise + GLL + b"\r\n") == ([GLL], len(noise))


def test_overlong_line_gives_at_most_a_bounded_payload() -> None:
    payloads, junk = cut(b"$" + b"A" * 5000 + b"\r\n" + GLL + b"\r\n")
    assert payloads == [b"A" * MAX_LINE, GLL]
    assert junk == 5001 - MAX_LINE


def test_unfinished_line_comes_out_when_the_stream_ends() -> None:
    framer = LineFramer()
    assert framer.feed(GLL) == []
    assert framer.close() == [GLL]
    assert framer.feed(VDM + b"\n") == [VDM]


_PIECES = st.one_of(
    st.sampled_from(
        [GLL, VDM, GLL[:20], b"\r\n", b"\r", b"\n", b"\\s:x*42\\", b"DEV1,", b"$", b"!"]
    ),
    st.binary(max_size=30),
    st.integers(900, 1300).map(lambda count: b"N" * count),
)


@given(pieces=st.lists(_PIECES, max_size=20), cuts=st.lists(st.integers(0, 4000), max_size=12))
def test_how_a_stream_was_split_into_reads_makes_no_difference(
    pieces: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(pieces)
    framer = LineFramer()
    payloads: list[bytes] = []
    begin = 0
    for end in [*sorted(cuts), len(data)]:
        payloads += framer.feed(data[begin:end])
        begin = max(begin, min(end, len(data)))
    payloads += framer.close()
    assert (payloads, framer.junk_bytes) == cut(data)


@given(pieces=st.lists(_PIECES, max_size=20))
def test_every_byte_is_in_a_payload_or_junk_or_a_line_end(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    payloads, junk = cut(data)
    ends = data.count(b"\r") + data.count(b"\n")
    assert sum(map(len, payloads)) + junk + ends == len(data)
    assert all(len(payload) <= MAX_LINE for payload in payloads)


_NAMED = b"R-0042," + GLL
_ODD_LINES = [
    *(GLL, VDM, b"", b"DEV" + GLL, b"DEV1" + GLL, b"N" * 41 + GLL, b"ab cd" + GLL, GLL + GLL),
    *(b"\\s:x*42\\" + VDM, b"\xff" + GLL, b"R-0042", GLL[1:], b"R-0042," + b"$" * 3),
    *(b"N" * 40 + b",$" + b"A" * size for size in (MAX_LINE - 42, MAX_LINE - 41)),
]


@given(
    lines=st.lists(st.sampled_from([_NAMED] * 8 + _ODD_LINES), min_size=1, max_size=8),
    end=st.sampled_from([b"\r\n", b"\n", b"\r", b"\n\r", b"\r\r\n"]),
)
def test_lines_with_names_are_cut_together_as_one_by_one(lines: list[bytes], end: bytes) -> None:
    each = [cut(line + end) for line in lines]
    together = cut(b"".join(line + end for line in lines))
    assert together == ([p for payloads, _ in each for p in payloads], sum(j for _, j in each))


def test_one_byte_at_a_time_gives_the_same_as_all_at_once() -> None:
    data = (CAPTURES / "gp320fw_coldboot.nmea").read_bytes()
    framer = LineFramer()
    payloads = [payload for byte in data for payload in framer.feed(bytes([byte]))]
    assert (payloads + framer.close(), framer.junk_bytes) == cut(data)


def test_message_is_one_payload_line_ends_and_all() -> None:
    framer = MessageFramer()
    assert framer.feed(b'{\r\n"a": 1}') == [b'{\r\n"a": 1}']
    assert framer.close() == []
