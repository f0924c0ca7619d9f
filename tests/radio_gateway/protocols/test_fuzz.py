"""What must hold for every framer and decoder; `tests.fuzz` does the same a million times."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from radio_gateway.messages.address_family import families_of
from radio_gateway.protocols import PROTOCOLS
from tests.fixtures.examples import examples
from tests.fuzz.checksums import put_right
from tests.fuzz.exercise import HEAD, Broken, Input, LongConnection, exercise, read_input
from tests.fuzz.samples import samples

_LIGHT = settings(
    max_examples=examples(80),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
WITHOUT_PLACES = ("tms",)
WITH_CHECKSUM = (
    "nmea0183",
    "ais",
    "dsc",
    "raveon",
    "gpsgate",
    "gt06",
    "teltonika",
    "hytera",
    "taip",
    "dprs",
    "kenwood",
)


@st.composite
def streams(draw: st.DrawFn, protocol: str) -> bytes:
    """Return good messages of a protocol, some damaged, with noise between."""
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        message = bytearray(draw(st.sampled_from(samples(protocol))))
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(message)))
            until = at + draw(st.integers(0, 4))
            message[at:until] = draw(st.binary(max_size=4))
        parts.append(bytes(message))
        parts.append(draw(st.binary(max_size=8)))
    data = b"".join(parts)
    return put_right(protocol, data) if draw(st.booleans()) else data


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocol_has_samples_and_each_is_understood(protocol: str) -> None:
    assert samples(protocol)
    said = [exercise(protocol, Input(data=each)) for each in samples(protocol)]
    assert sum(map(bool, said)) >= len(said) * 0.8
    assert {each.protocol for every in said for each in every} <= set(families_of(protocol))
    places = any(each.position is not None for every in said for each in every)
    assert places is (protocol not in WITHOUT_PLACES)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=st.data())
@_LIGHT
def test_damaged_messages_break_nothing_however_they_are_cut(
    protocol: str, data: st.DataObject
) -> None:
    stream = data.draw(streams(protocol))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    exercise(
        protocol,
        Input(
            data=stream,
            cuts=tuple(cuts),
            checksum_required=data.draw(st.booleans()),
            live=data.draw(st.booleans()),
            pauses=data.draw(st.booleans()),
            with_topic=data.draw(st.booleans()),
        ),
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(raw=st.binary(max_size=200))
@_LIGHT
def test_any_bytes_break_nothing(protocol: str, raw: bytes) -> None:
    exercise(protocol, read_input(protocol, raw))


@pytest.mark.parametrize("digits", [20, 400, 5000])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_number_is_too_long_to_be_refused(protocol: str, digits: int) -> None:
    for message in samples(protocol):
        for number in re.finditer(rb"[0-9]+", message):
            for figure in (b"9", b"1", b"0"):
                long = message[: number.start()] + figure * digits + message[number.end() :]
                for data in dict.fromkeys((long, put_right(protocol, long))):
                    exercise(protocol, Input(data=data))


@pytest.mark.parametrize("protocol", WITH_CHECKSUM)
def test_no_flipped_bit_leaves_a_position_beside_a_wrong_checksum(protocol: str) -> None:
    """Bit by bit in each sample that says one thing; a longer one would be read whole each time."""
    tried = 0
    for message in samples(protocol):
        transmissions = exercise(protocol, Input(data=message))
        if (
            len(transmissions) != 1
            or transmissions[0].position is None
            or put_right(protocol, message) != message
        ):
            continue
        tried += 1
        for at, bit in product(range(len(message)), range(8)):
            damaged = bytearray(message)
            damaged[at] ^= 1 << bit
            # exercise() itself refuses a position beside a wrong checksum
            exercise(protocol, Input(data=bytes(damaged), checksum_required=True))
    assert tried


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_connection_that_never_ends_keeps_a_bounded_memory(protocol: str) -> None:
    connection = LongConnection(protocol)
    good = samples(protocol)
    for turn in range(600):
        message = bytearray(good[turn % len(good)])
        message[turn * 7 % len(message)] ^= turn % 256  # another one each time, half of them bad
        connection.hear(bytes(message) + bytes(turn % 3))
    early = connection.most_bytes
    assert 0 < early < 256 * 1024


def test_a_broken_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    good = samples("gt06")[1]
    raw = bytes(HEAD) + good
    assert exercise("gt06", read_input("gt06", raw))[0].position is not None
    monkeypatch.setattr("tests.fuzz.checksums.crc_x25", lambda data: 0x1234)
    with pytest.raises(Broken, match="a position from a frame with a wrong checksum"):
        exercise("gt06", read_input("gt06", raw))


def test_input_that_takes_too_long_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.exercise.PATIENCE_S", 0.0)
    with pytest.raises(Broken, match="s for 6 bytes"):
        exercise("nmea0183", Input(data=b"$GPXXX"))
