"""Channel settings: what is taken, and faults that name file and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.errors.errors import SettingsError, SettingsErrors
from radio_gateway.links.link_url import channel_url_without_secrets, parse_link
from radio_gateway.protocols.meshtastic import meshtastic_mqtt
from tests.radio_gateway.running.orders import order

WHERE = "patrol.toml: channels"


def table(**fields: Any) -> dict[str, Any]:
    return {"name": "pier", "url": "tcp://box:10110", "protocols": ["nmea0183"]} | fields


def fault(*tables: Any, folder: Path | None = None) -> tuple[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_channels(list(tables), WHERE, folder=folder, environment={})
    return caught.value.where, caught.value.fault


def test_a_channel_is_taken_with_defaults() -> None:
    (channel,) = load_channels([table()], WHERE)
    assert channel.name == "pier"
    assert channel.protocols == ("nmea0183",)
    assert channel.expected_interval_s is None
    assert not channel.decoder.checksum_required
    assert not channel.decoder.damageable


def test_a_channel_of_satellite_messages_says_what_is_in_them() -> None:
    satellite = {"protocols": ["iridium_sbd"]}
    (channel,) = load_channels([table(payload="nal10", **satellite)], WHERE)
    assert channel.decoder.payload == "nal10"
    where, words = fault(table(payload="nal11", **satellite))
    assert where == f'{WHERE}[0] "pier".payload'
    assert "did you mean 'nal10'" in words
    assert "rockblock only" in fault(table(payload="nal10"))[1]


def test_a_channel_of_sentences_says_what_waypoints_are() -> None:
    (channel,) = load_channels([table(waypoints="stations")], WHERE)
    assert channel.decoder.waypoints == "stations"
    assert fault(table(waypoints="boats"))[0] == f'{WHERE}[0] "pier".waypoints'
    where, words = fault(table(waypoints="stations", protocols=["ais"]))
    assert (where, words) == (
        f'{WHERE}[0] "pier".waypoints',
        "is for channels that speak nmea0183 only",
    )


def test_dictionaries_of_tak_packets_are_files_that_the_channel_names(tmp_path: Path) -> None:
    right = bytes.fromhex("37a430ec") + bytes(40)
    (tmp_path / "ground.zstd").write_bytes(right)
    (tmp_path / "text.txt").write_bytes(b"no dictionary")
    mesh = table(url="mqtt://box?topic=msh/%23", protocols=["meshtastic_mqtt"])
    (channel,) = load_channels(
        [mesh | {"tak_dictionaries": ["ground.zstd"]}], WHERE, folder=tmp_path
    )
    assert channel.decoder.tak_dictionaries == (right,)
    for name, words in (("text.txt", "no dictionary of Zstandard"), ("x", "No such file")):
        where, what = fault(mesh | {"tak_dictionaries": [name]}, folder=tmp_path)
        assert where == f'{WHERE}[0] "pier".tak_dictionaries'
        assert words in what
    assert "meshtastic_serial only" in fault(table(tak_dictionaries=["ground.zstd"]))[1]


def test_what_comes_by_a_serial_line_may_be_damaged() -> None:
    (channel,) = load_channels([table(url="serial:///dev/ttyUSB0")], WHERE)
    assert channel.decoder.damageable


@pytest.mark.parametrize("channel", ["PATROL", "Patrol HX", "ลาดตระเวน"])
def test_a_mesh_topic_with_the_longest_root_is_a_station_that_can_be_sent_to(channel: str) -> None:
    topic = f"msh/EU_868/DE/Bayern/Oberbayern/2/e/{channel}/!0badcafe"
    mesh = table(
        url="mqtt://box?topic=msh/%23", protocols=["meshtastic_mqtt"], station=topic, secret="AQ=="
    )
    (settings,) = load_channels([mesh], WHERE)
    out = meshtastic_mqtt.encode(order("o1", device="!0a0b0c0d"), settings.decoder, number=1)
    assert out.topic == topic


@pytest.mark.parametrize("station", ["", " a", "a ", "a\nb", "a" * 129])
def test_a_station_that_cannot_be_one_is_refused(station: str) -> None:
    where, _ = fault(table(station=station))
    assert where == f'{WHERE}[0] "pier".station'


def test_no_channels_are_no_fault() -> None:
    assert load_channels([], WHERE) == []


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"url": "tpc://box:1"}, "url", "did you mean 'tcp'"),
        ({"url": "box"}, "url", "names no scheme"),
        ({"url": "tcp://box"}, "url", "host and a port"),
        ({"url": "tcp://box:99999"}, "url", "not a URL"),
        ({"url": "serial://"}, "url", "needs a device"),
        ({"url": "serial:///dev/ttyS0?baudrate=9600"}, "url", "did you mean 'baud'"),
        ({"url": "serial:///dev/ttyS0?baud=fast"}, "url", "baud=fast is not a number"),
        ({"url": "serial:///dev/ttyS0?baud=12"}, "url", "outside 50"),
        ({"url": "serial:///dev/ttyS0?parity=X"}, "url", "none of N, E, O, M, S"),
        ({"url": "serial:///dev/ttyS0?baud"}, "url", "has no value"),
        ({"url": "serial:///dev/ttyS0?baud=1200&baud=9600"}, "url", "given 2 times"),
        ({"url": "mqtt://box"}, "url", "names no topic"),
        ({"url": "mqtt://box?topic=a/#/b"}, "url", "not an MQTT topic filter"),
        ({"url": "mqtt://box?topic=a&version=4"}, "url", "none of 3.1.1, 5"),
        ({"url": "replay://"}, "url", "needs a file"),
        ({"url": "replay:///a?speed=5000"}, "url", "outside 1 to 1000"),
        ({"url": "mqtts://box?topic=a", "ca_file": "absent.crt"}, "ca_file", "absent.crt"),
        ({"protocols": ["nmea"]}, "protocols", "did you mean 'nmea0183'"),
        ({"protocols": []}, "protocols", "at least one"),
        ({"protocols": ["owntracks"]}, "protocols", "whole messages"),
        ({"protocols": "nmea0183"}, "protocols", "Expected `array`"),
        ({"name": "Pier 1"}, "name", "small letters"),
        ({"expected_interval_s": 0}, "expected_interval_s", "above 0"),
        ({"expected_interval_s": "10"}, "expected_interval_s", "Expected `float"),
        (
            {"expected_intervall_s": 10},
            "expected_intervall_s",
            "did you mean 'expected_interval_s'",
        ),
        ({"password_file": "absent"}, "password_file", "No such file"),
        ({"password_env": "ABSENT"}, "password_env", "no ABSENT"),
        ({"password": "a", "password_env": "B"}, "password_env", "only one can count"),
    ],
)
def test_a_fault_names_file_and_field(fields: dict[str, Any], field: str, words: str) -> None:
    where, what = fault(table(name="other", url="udp://127.0.0.1:1"), table(**fields))
    name = fields.get("name", "pier")
    assert where == f'patrol.toml: channels[1] "{name}".{field}'
    assert words in what


def test_a_missing_field_is_named() -> None:
    assert fault({"name": "pier", "url": "udp://a:1"}) == (
        f'{WHERE}[0] "pier".protocols',
        "is missing",
    )


def test_two_channels_of_one_name_are_refused() -> None:
    where, what = fault(table(), table())
    assert where == f'{WHERE}[1] "pier".name'
    assert "channels[0]" in what


def test_the_faults_of_all_channels_are_reported_at_once() -> None:
    tables = [table(url="tpc://box:1"), table(name="hill"), {"url": "udp://a:1"}, table(name="\n")]
    with pytest.raises(SettingsErrors) as caught:
        load_channels(tables, WHERE)
    assert [each.where for each in caught.value.errors] == [
        f'{WHERE}[0] "pier".url',
        f"{WHERE}[2].name",
        f"{WHERE}[3].name",
    ]
    assert len(str(caught.value).splitlines()) == 3


def test_channels_that_are_no_tables_are_refused() -> None:
    assert fault("pier")[0] == f"{WHERE}[0]"
    with pytest.raises(SettingsError):
        load_channels({"name": "pier"}, WHERE)  # type: ignore[arg-type]


def test_secrets_come_from_files_relative_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("s3cret\n")
    (tmp_path / "phones").write_text('"jane/phone" = "k1"\n')
    (channel,) = load_channels(
        [
            table(
                url="mqtt://box?topic=owntracks/#",
                protocols=["owntracks"],
                username="node",
                password_file="pw",
                secrets_file="phones",
                secret="k0",
            )
        ],
        WHERE,
        folder=tmp_path,
    )
    assert (channel.link.username, channel.link.password) == ("node", "s3cret")
    assert channel.decoder.secrets == {"jane/phone": "k1"}
    assert channel.decoder.secret == "k0"


def test_a_secret_can_come_from_the_environment() -> None:
    (channel,) = load_channels([table(password_env="PW")], WHERE, environment={"PW": "s3cret"})
    assert channel.link.password == "s3cret"


def test_a_broken_secrets_file_is_named_but_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "phones").write_text('"jane/phone" = s3cret\n')
    where, what = fault(table(secrets_file="phones"), folder=tmp_path)
    assert where == f'{WHERE}[0] "pier".secrets_file'
    assert "s3cret" not in what


def test_nothing_printable_of_a_channel_holds_its_secrets() -> None:
    (channel,) = load_channels([table(url="mqtt://a:s3cret@box?topic=x", secret="s3cret")], WHERE)
    assert channel.link.password == "s3cret"
    assert "s3cret" not in repr(channel) + repr(channel.link) + channel.public_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://a:b@box/x?topic=y", "mqtt://a@box/x?topic=y"),
        ("mqtt://a:b:c@box", "mqtt://a@box"),
        ("serial:///dev/ttyS0?baud=1", "serial:///dev/ttyS0?baud=1"),
        ("tcp://box:1?TOKEN=x&a=b", "tcp://box:1?TOKEN=…&a=b"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, shown: str) -> None:
    assert channel_url_without_secrets(url) == shown


def test_topics_can_be_written_plainly_or_escaped() -> None:
    plain, escaped = (
        parse_link(f"mqtt://box?topic={topic}").options for topic in ("a/+/#", "a/%2B/%23")
    )
    assert plain == escaped == (("topic", "a/+/#"),)
