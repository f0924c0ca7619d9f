from __future__ import annotations

from datetime import timedelta

import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.protocols import nmea0183
from tests.radio_gateway.protocols.sentences import NOW, frame, sentence


def bodies(names: str, second: int) -> list[bytes]:
    """Return a sentence of each type for one second."""
    clock = f"1200{second:02}.00"
    place = "2016.38,N,10024.72,E"
    forms = {
        "RMC": f"GPRMC,{clock},A,{place},1,2,251126,,,A",
        "GGA": f"GPGGA,{clock},{place},1,9,0.9,3,M,,M,,",
        "GLL": f"GPGLL,{place},{clock},A,A",
        "GNS": f"GPGNS,{clock},{place},A,9,0.9,3,,,",
        "VTG": "GPVTG,2,T,,M,1,N,2,K,A",
        "ZDA": f"GPZDA,{clock},25,11,2026,00,00",
        "GSV": "GPGSV,1,1,01,36,19,156,51",
        "V": "GPRMC,,V,,,,,,,,,,N",
    }
    return [sentence(forms[name]) for name in names.split()]


def left_with(cycles: list[str], *, gap_s: float = 0.01) -> list[list[int]]:
    """Return, for each second, how many sentences the transmissions held that left in it."""
    decoder = nmea0183.decoder(DecoderSettings())
    out = []
    for second, names in enumerate(cycles):
        left = []
        for number, payload in enumerate(bodies(names, second)):
            transmissions = decoder.decode(frame(payload, after_s=second + number * gap_s))
            left += [len(each.raw.split(b"\r\n")) for each in transmissions]
        out.append(left)
    return out


@pytest.mark.parametrize(
    "names", ["RMC", "GGA RMC", "RMC VTG GGA GSV GLL", "VTG GGA RMC", "GNS ZDA"]
)
def test_epoch_leaves_with_its_last_sentence_once_that_is_learnt(names: str) -> None:
    size = len([name for name in names.split() if name != "GSV"])
    assert left_with([names] * 4) == [[], [size, size], [size], [size]]


def test_lost_last_sentence_costs_only_its_own_epoch() -> None:
    left = left_with(["RMC GGA"] * 3 + ["RMC"] + ["RMC GGA"] * 3)
    assert left[:3] == [[], [2, 2], [2]]
    # the lone RMC leaves with the next epoch; RMC is then taken for an end, once
    assert sum(size for second in left[3:] for size in second) == 1 + 3 * 2
    assert left[-1] == [2]


def test_seldom_sentence_does_not_tear_epochs_for_ever() -> None:
    left = left_with(["GGA RMC", "GGA", "GGA", "GGA"] * 4)
    sizes = [size for second in left for size in second]
    assert sum(sizes) >= 4 * 5 - 1
    assert sizes.count(2) >= 3  # torn at most once


def test_receiver_without_time_or_fix_still_gives_one_transmission_a_second() -> None:
    assert left_with(["V VTG"] * 4) == [[], [2, 2], [2], [2]]


def test_motion_of_one_second_is_not_joined_to_the_place_of_the_next() -> None:
    decoder = nmea0183.decoder(DecoderSettings())
    (vtg,) = bodies("VTG", 0)
    (rmc,) = bodies("RMC", 1)
    assert decoder.decode(frame(vtg)) == []
    assert [transmission.kind for transmission in decoder.decode(frame(rmc, after_s=1))] == [
        "motion"
    ]


def test_silence_ends_an_epoch() -> None:
    decoder = nmea0183.decoder(DecoderSettings())
    for payload in bodies("RMC GGA", 0):
        assert decoder.decode(frame(payload)) == []
    assert decoder.waiting()
    assert decoder.flush(NOW + timedelta(seconds=0.1)) == []
    (transmission,) = decoder.flush(NOW + timedelta(seconds=0.4))
    assert len(transmission.raw.split(b"\r\n")) == 2
    assert not decoder.waiting()


def test_slow_line_that_is_still_sending_is_not_silent() -> None:
    decoder = nmea0183.decoder(DecoderSettings())
    for number, payload in enumerate(bodies("RMC GSV GSV GSV", 0)):
        decoder.decode(frame(payload, after_s=number * 0.2))
    assert decoder.flush(NOW + timedelta(seconds=0.7)) == []
    (gll,) = bodies("GLL", 0)
    assert decoder.decode(frame(gll, after_s=0.8)) == []
    (transmission,) = decoder.flush(None)
    assert len(transmission.raw.split(b"\r\n")) == 2


def test_two_peers_on_one_channel_do_not_share_an_epoch() -> None:
    decoder = nmea0183.decoder(DecoderSettings())
    rmc, gga = bodies("RMC GGA", 0)
    decoder.decode(frame(rmc, source="10.0.0.1:1"))
    decoder.decode(frame(gga, source="10.0.0.2:1"))
    assert [transmission.raw for transmission in decoder.flush(None)] == [rmc, gga]
