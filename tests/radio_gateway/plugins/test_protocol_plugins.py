"""A protocol of others: let in by name, named when it fails, and no harm to anything else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from radio_gateway.channels.channel_plugins import (
    allow_channel_plugins,
    plugin_fault,
    plugin_lines,
    without_failed,
)
from radio_gateway.channels.channel_settings import read_channel
from radio_gateway.channels.connection import Connection
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import SettingsError
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.plugins import plugin as limits
from radio_gateway.plugins.plugins import PLUGINS
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.uplink.boundary import overreach
from tests.fixtures.plugin_packages import on_the_path, write_package

GROUP = "joint_patrol.protocols"
RMC = b"$GPRMC,023000.00,A,2016.20000,N,10024.60000,E,10.0,141.0,241126,,,A*6E\r\n"

# Does what the word after `$ODD,` says.
ODD = """
    import time
    from datetime import datetime
    from gis.position.position import Position
    from radio_gateway.decoding.decoder import PlainDecoder
    from radio_gateway.decoding.framing import LineFramer
    from radio_gateway.messages.transmission import Transmission

    FRAMING = LineFramer

    def speaks(frame):
        if b"unsure" in frame.payload:
            raise RuntimeError("unsure")
        return frame.payload.startswith(b"$ODD,")

    def decoder(settings):
        return Odd()

    class Odd(PlainDecoder):
        def decode(self, frame):
            word = frame.payload.decode().removeprefix("$ODD,")
            said = dict(protocol="odd", kind="text", device="1", heard_at=frame.heard_at, text=word)
            if word == "raise":
                raise ValueError("on purpose")
            if word == "exit":
                raise SystemExit(3)
            if word == "slow":
                time.sleep(0.06)
            if word == "ever":
                while True:
                    pass
            if word == "ais":
                said |= {"protocol": "ais", "device": "574123456"}
            if word == "type":
                said |= {"device": 574123456}
            if word == "naive":
                said |= {"device_time": datetime(2026, 1, 1)}
            if word == "moon":
                said |= {"position": Position(lon=400.0, lat=20.0)}
            if word == "none":
                return None
            return [Transmission(**said)]
"""


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    write_package(tmp_path, "odd-radios", ODD, {GROUP: {"odd": "odd_radios"}})
    with on_the_path(tmp_path):
        yield tmp_path


def _hear(
    *words: str, protocols: tuple[str, ...] = ("odd", "nmea0183")
) -> tuple[list[Transmission], list[tuple[str, str]]]:
    """Return what is heard of lines `$ODD,WORD` and one RMC behind each, and what is rejected."""
    rejected: list[tuple[str, str]] = []
    able = {name: PROTOCOLS[name] for name in without_failed(protocols)}
    connection = Connection(able, DecoderSettings())
    data = b"".join(b"$ODD,%s\r\n" % word.encode() + RMC for word in words)

    def reject(frame: Frame, reason: str, detail: str) -> None:
        rejected.append((reason, detail))

    heard = connection.receive(Chunk(data, datetime.now(UTC)), reject)
    return heard + connection.flush(None, reject), rejected


def _places_and_words(heard: list[Transmission]) -> tuple[int, list[str | None]]:
    """Return how many places the RMC said (all say the same), and what ODD said."""
    places = {each.position for each in heard if each.protocol == "nmea0183" and each.position}
    return len(places), [each.text for each in heard if each.protocol == "odd"]


def test_nothing_of_a_package_is_imported_that_is_not_allowed(packages: Path) -> None:
    (packages / "odd_radios.py").write_text("raise SystemExit('it ran')")
    allow_channel_plugins(())
    allow_channel_plugins(("another-one",))
    assert "odd" not in PROTOCOLS
    faults, warnings = plugin_lines(("another-one",))
    assert faults == ["plugins.allowed: no package 'another-one' offers a plug-in"]
    assert warnings == [
        "plugins.allowed: does not name odd-radios 1.0, which offers 'odd' (protocols): not loaded"
    ]
    table = {"name": "pier", "url": "tcp://box:1", "protocols": ["odd"]}
    with pytest.raises(SettingsError, match=r"'odd' is a plug-in of odd-radios, which \[plugins\]"):
        read_channel(table, where="patrol.toml: channels[0]")


def test_one_that_raises_when_it_is_looked_at_is_named_and_hinders_no_start(packages: Path) -> None:
    source = """
        class Shy:
            def __getattr__(self, name):
                raise ValueError("on purpose")

        PROTOCOL = Shy()
    """
    write_package(packages, "shy-one", source, {GROUP: {"shy": "shy_one:PROTOCOL"}})
    allow_channel_plugins(("shy-one", "odd-radios"))
    (plugin,) = (each for each in PLUGINS.found() if each.name == "shy")
    assert (plugin.state, plugin.fault) == ("failed", "cannot be used: ValueError: on purpose")
    assert "odd" in PROTOCOLS
    assert "shy" not in PROTOCOLS


def test_of_what_it_has_no_use_for_a_gateway_says_nothing(packages: Path) -> None:
    write_package(packages, "odd-list", "", {"joint_patrol.reports": {"list": "odd_list"}})
    allow_channel_plugins(("odd-list",))
    assert "odd-list" not in str(plugin_lines(("odd-list",)))
    assert "does not name odd-list" in str(plugin_lines(()))


def test_one_that_is_allowed_is_spoken_beside_those_built_in(packages: Path) -> None:
    allow_channel_plugins(("Odd_Radios",))  # as package indexes write names
    heard, rejected = _hear("hello")
    assert [(each.address, each.text) for each in heard if each.protocol == "odd"] == [
        ("odd:1", "hello")
    ]
    assert _places_and_words(heard) == (1, ["hello"])
    assert rejected == []
    assert plugin_lines(("odd-radios",)) == ([], [])
    assert read_channel(
        {"name": "pier", "url": "tcp://box:1", "protocols": ["odd", "nmea0183"]}, where="x"
    ).protocols == ("odd", "nmea0183")


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("raise", "raised ValueError: on purpose"),
        ("exit", "raised SystemExit: 3"),
        ("none", "decodes to NoneType, no list"),
        ("ais", "says what 'ais' is to say"),
        ("type", "decodes to what is no transmission"),
        ("naive", "says a time without a zone"),
        ("moon", "says a place that is not on Earth"),
    ],
)
def test_what_it_does_wrong_rejects_the_frame_and_names_it(
    packages: Path, word: str, fault: str
) -> None:
    allow_channel_plugins(("odd-radios",))
    heard, rejected = _hear(word, "after")
    assert _places_and_words(heard) == (1, ["after"])
    ((reason, detail),) = rejected
    assert reason == "plugin_failed"
    assert detail.startswith("odd (odd-radios 1.0): ")
    assert fault in detail
    told = plugin_fault(("nmea0183", "odd"))
    assert told is not None
    assert told.startswith("plug-in odd (odd-radios 1.0): ")
    (health,) = (each.health() for each in PLUGINS.found())
    assert (health.state, health.failures) == ("running", 1)
    assert plugin_lines(("odd-radios",))[0] == [
        f"plugins.allowed: odd (odd-radios 1.0), protocols: {health.state}: {health.fault}"
    ]


def test_one_that_cannot_say_whether_a_frame_is_its_own_loses_that_frame(packages: Path) -> None:
    allow_channel_plugins(("odd-radios",))
    heard, _ = _hear("unsure", "after")
    assert _places_and_words(heard) == (1, ["after"])
    assert "raised RuntimeError: unsure" in str(plugin_fault(("odd",)))


def test_one_that_never_ends_is_broken_off_and_after_some_time_switched_off(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMIT_S", 0.2)
    monkeypatch.setattr(limits, "MOST_SLOW_S", 0.5)
    allow_channel_plugins(("odd-radios",))
    began_s = time.monotonic()
    heard, rejected = _hear(*["ever"] * 20, "after")
    assert time.monotonic() - began_s < 10
    assert _places_and_words(heard) == (1, [])
    assert rejected[0] == (
        "plugin_failed",
        "odd (odd-radios 1.0): took longer than 0.2 s and was broken off",
    )
    assert "switched off: 3 calls took longer than 50 ms" in str(plugin_fault(("odd",)))
    assert {each.state for each in PLUGINS.found()} == {"off"}


def test_one_that_is_slow_is_heard_and_named(packages: Path) -> None:
    allow_channel_plugins(("odd-radios",))
    heard, rejected = _hear("slow")
    assert (_places_and_words(heard), rejected) == ((1, ["slow"]), [])
    (health,) = (each.health() for each in PLUGINS.found())
    assert (health.state, health.slow, health.longest_ms > 59) == ("running", 1, True)
    assert "longer than 50 ms" in str(health.fault)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import no_such_module", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit('bye')", "cannot be imported: SystemExit: bye"),
        ("this is no Python", "cannot be imported: SyntaxError"),
        ("FRAMING = print", "offers no speaks, decoder"),
    ],
)
def test_one_that_cannot_be_loaded_stops_no_channel(
    packages: Path, source: str, fault: str
) -> None:
    (packages / "odd_radios.py").write_text(source)
    allow_channel_plugins(("odd-radios",))
    table = {"name": "pier", "url": "tcp://box:1", "protocols": ["odd", "nmea0183"]}
    assert read_channel(table, where="x").protocols == ("odd", "nmea0183")
    heard, _ = _hear("hello")
    assert _places_and_words(heard) == (1, [])
    assert fault in str(plugin_fault(("odd", "nmea0183")))
    assert fault in plugin_lines(("odd-radios",))[0][0]
    # alone it rejects all that comes, and says why
    assert read_channel({**table, "protocols": ["odd"]}, where="x").protocols == ("odd",)
    heard, ((reason, detail),) = _hear("hello", protocols=("odd",))
    assert (heard, reason) == ([], "plugin_failed")
    assert fault in detail


def test_a_name_that_is_taken_stays_with_who_has_it(packages: Path) -> None:
    built_in = PROTOCOLS["ais"]
    write_package(
        packages, "false-ais", ODD, {GROUP: {"ais": "false_ais", "Bad Name": "false_ais"}}
    )
    write_package(packages, "other-odd", ODD, {GROUP: {"odd": "other_odd"}})
    allow_channel_plugins(("false-ais", "odd-radios", "other-odd"))
    assert PROTOCOLS["ais"] is built_in
    states = {(each.package, each.name): (each.state, each.fault) for each in PLUGINS.found()}
    taken = "there is another {!r}, which stays".format
    assert states == {
        ("false-ais", "ais"): ("refused", taken("ais")),
        ("false-ais", "Bad Name"): ("refused", "its name 'Bad Name' is none that one can have"),
        ("odd-radios", "odd"): ("running", None),
        ("other-odd", "odd"): ("refused", taken("odd")),
    }
    assert plugin_fault(("ais",)) is None
    assert len(plugin_lines(("odd-radios",))[0]) == 3


def test_a_node_takes_it_from_a_gateway_where_it_allows_it_too(packages: Path) -> None:
    said = Transmission(
        protocol="odd",
        kind="text",
        heard_at=datetime.now(UTC),
        channel="pier",
        reception_id="gw/1/2",
    )
    assert overreach(said, "gw") == "no decoder of a gateway makes 'odd'"
    allow_channel_plugins(("odd-radios",))
    assert overreach(said, "gw") is None
