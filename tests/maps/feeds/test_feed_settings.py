"""What a feed may be told, and what `joint-patrol check` says of it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from maps.commands.check import check
from maps.errors.errors import SettingsFaults
from maps.settings.settings import settings_of
from tests.fixtures.databases import empty_store
from tests.fixtures.ports import free_port

GOOD = {
    "name": "bridge",
    "url": "udp://239.2.3.1:6969?ttl=2",
    "speaks": "ais",
    "agency": "node",
    "role": "crew",
}


def faults(tmp_path: Path, *feeds: dict[str, Any]) -> list[str]:
    """Return what is said of feeds, without the name of the file."""
    with pytest.raises(SettingsFaults) as raised:
        settings_of({"feeds": feeds}, source="patrol.toml", folder=tmp_path)
    return [fault.removeprefix("patrol.toml: ") for fault in raised.value.faults]


def test_a_feed_has_safe_defaults_and_paths_from_the_folder_of_the_file(tmp_path: Path) -> None:
    tls = GOOD | {"url": "tcp://tak.example:8089", "ca_file": "ca.pem"}
    settings = settings_of({"feeds": [tls]}, source="patrol.toml", folder=tmp_path)
    (feed,) = settings.feeds
    assert feed.units_only
    assert feed.max_age_s == 600
    assert feed.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize("field", ["agency", "role", "speaks", "url", "name"])
def test_nothing_that_decides_who_sees_what_has_a_default(tmp_path: Path, field: str) -> None:
    less = {name: value for name, value in GOOD.items() if name != field}
    assert faults(tmp_path, less) == [f"feeds[0].{field}: field required"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"url": "upd://host:1"}, "feeds[0].url: upd://host:1 is none of tcp-listen://, tcp://"),
        ({"url": "tcp://host"}, "feeds[0].url: tcp://host needs an address and a port"),
        ({"url": "udp://host:1?tll=1"}, "feeds[0].url: unknown option 'tll'; did you mean 'ttl'?"),
        ({"url": "udp://host:1?ttl=300"}, "feeds[0].url: ttl=300 is outside 0 to 255"),
        ({"url": "udp://host:1?interface=eth0"}, "feeds[0].url: interface=eth0 is no IPv4"),
        ({"url": "tcp-listen://h:1?max=0"}, "feeds[0].url: max=0 is outside 1 to 1000"),
        ({"url": "tcp://a:b@host:1"}, "feeds[0].url: tcp://a@host:1: a feed has no path, user"),
        ({"speaks": "morse"}, "feeds[0].speaks: input should be 'ais', 'nmea', 'cot' or 'tak'"),
        ({"role": "anybody"}, "feeds[0].role: input should be 'commander'"),
        ({"agency": "nobody"}, "feeds[0].agency: 'nobody' is no agency of this node"),
        ({"max_age_s": 1}, "feeds[0].max_age_s: input should be greater than or equal to 10"),
        ({"unit_only": False}, "feeds[0].unit_only: no such setting"),
        ({"ca_file": "ca.pem"}, "feeds[0]: ca_file, cert_file, key_file and server_name go with"),
        ({"url": "tcp://h:1", "cert_file": "c"}, "feeds[0]: cert_file, key_file and server_name"),
    ],
)
def test_a_wrong_feed_is_reported_with_its_field(
    tmp_path: Path, change: dict[str, Any], fault: str
) -> None:
    (text,) = faults(tmp_path, GOOD | change)
    assert text.startswith(fault)


@pytest.mark.parametrize(
    ("feed", "channel", "echoes"),
    [
        ("udp://192.168.1.255:10110", "udp://0.0.0.0:10110", True),
        ("udp://127.0.0.1:10110", "udp://0.0.0.0:10110", True),
        ("udp://239.2.3.1:6969", "udp://239.2.3.1:6969", True),
        ("udp://192.168.1.50:10110", "udp://0.0.0.0:10110", False),  # a chartplotter
        ("udp://192.168.1.255:10111", "udp://0.0.0.0:10110", False),
        ("tcp://127.0.0.1:10110", "tcp-listen://127.0.0.1:10110", True),
        ("tcp-listen://0.0.0.0:10110", "tcp://127.0.0.1:10110", True),
        ("tcp://tak.example:8087", "tcp://tak.example:8087", False),  # it tells others, not us
    ],
)
def test_a_feed_that_a_channel_would_hear_back_is_refused(
    tmp_path: Path, feed: str, channel: str, *, echoes: bool
) -> None:
    """A boat heard back would be told again, and live for ever."""
    tables = {
        "feeds": [GOOD | {"url": feed}],
        "channels": [{"name": "ais", "url": channel, "protocols": ["ais"]}],
    }
    texts: list[str] = []
    try:
        settings_of(tables, source="patrol.toml", folder=tmp_path)
    except SettingsFaults as error:
        texts = error.faults
    fault = "patrol.toml: feeds[0].url: the channel 'ais' would hear it back"
    assert texts == ([fault] if echoes else [])


def test_two_feeds_have_two_names(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD, GOOD) == ["feeds[1].name: 'bridge' is used twice"]


def test_check_tries_feeds_and_warns_of_what_leaves_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "patrol.toml"
    empty_store(tmp_path / "joint-patrol.db")
    again = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        in_use = taken.getsockname()[1]
        urls = [
            f"tcp-listen://127.0.0.1:{in_use}",
            f"tcp-listen://0.0.0.0:{again}",
            f"tcp-listen://127.0.0.1:{again}",
            f"tcp://127.0.0.1:{free_port()}",
            "udp://192.0.2.255:10110",
        ]
        tables = [f"[web]\nport = {free_port()}\n"]
        for number, url in enumerate(urls):
            words = f'name = "f{number}"\nurl = "{url}"\nspeaks = "ais"\n'
            tables.append(f'[[feeds]]\n{words}agency = "node"\nrole = "crew"\n')
        file.write_text("".join(tables))
        found = check(file)
    assert [fault.removeprefix("patrol.toml: ") for fault in found.faults] == [
        f"feeds[2].url: tcp port {again} is taken by feeds[1].url already",
        f"feeds[0].url: cannot listen on 127.0.0.1 port {in_use}: Address already in use",
    ]
    warnings = [each.removeprefix("patrol.toml: ") for each in found.warnings]
    assert warnings[0] == (
        f"feeds[1].url: whoever reaches 0.0.0.0 port {again} gets what a crew of node sees"
    )
    assert warnings[1].startswith("feeds[3].url: 127.0.0.1 port ")
    assert warnings[1].endswith("does not answer now: Connection refused")
    assert warnings[2] == (
        "feeds[4].url: what a crew of node sees crosses the network in the clear"
    )


def test_check_finds_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "patrol.toml"
    empty_store(tmp_path / "joint-patrol.db")
    words = "\n".join(f'{name} = "{value}"' for name, value in GOOD.items())
    url = f"tcp://127.0.0.1:{free_port()}"
    words = words.replace(str(GOOD["url"]), url)
    file.write_text(f'[web]\nport = {free_port()}\n[[feeds]]\n{words}\nca_file = "none.pem"\n')
    assert check(file).faults == [
        "patrol.toml: feeds[0].ca_file: cannot be used: No such file or directory"
    ]
