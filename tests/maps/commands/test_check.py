"""`joint-patrol check`: each fault of the settings by its place, each of what they name."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from maps.accounts.credentials.sealer import read_or_make_sealing_key
from maps.commands.check import SetupFindings, check
from maps.settings.internal_settings import InternalSettings
from tests.fixtures.databases import sqlite_only
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import SMALL, small
from tests.maps.layers.basemaps import one_layer

pytestmark = sqlite_only


@pytest.fixture(scope="module")
def answering() -> Iterator[int]:
    """A port at which somebody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def found_in(folder: Path, *tables: str, web: str = "") -> SetupFindings:
    """Check a good configuration with more tables, and more lines in its `[web]`."""
    text = small(folder, free_port()).replace("[web]\n", f"[web]\n{web}")
    file = folder / "patrol.toml"
    file.write_text("\n".join((text, *tables)), encoding="utf-8")
    return check(file)


def those_of(lines: list[str], place: str) -> list[str]:
    return [line.partition(f"{place}: ")[2] for line in lines if f": {place}: " in line]


def test_the_key_of_a_node_of_many_processes(tmp_path: Path, answering: int) -> None:
    (tmp_path / "word").write_text("secret")
    table = (
        f'[internal]\nurl = "mqtt://127.0.0.1:{answering}"\n'
        'username = "hx"\npassword_file = "word"\n'
    )
    found = found_in(tmp_path, table)
    assert not found.faults
    [warning] = those_of(found.warnings, "internal.key_file")
    assert warning.startswith(f"there is no file {tmp_path / 'internal.key'}: the first process")
    assert not those_of(found.warnings, "internal.url")

    key = tmp_path / "internal.key"
    read_or_make_sealing_key(key)
    key.chmod(0o644)
    assert those_of(found_in(tmp_path, table).faults, "internal.key_file") == [
        f"{key}: others may read it; run chmod 600 on it"
    ]
    key.chmod(0o600)
    found = found_in(tmp_path, table)
    assert not found.faults
    assert not those_of(found.warnings, "internal.key_file")

    away = found_in(tmp_path, table + 'key_file = "away/internal.key"\n')
    assert those_of(away.faults, "internal.key_file") == [f"there is no folder {tmp_path / 'away'}"]


def test_a_broker_that_is_not_reached_is_a_warning_and_files_not_there_are_faults(
    tmp_path: Path,
) -> None:
    dead = free_port()
    found = found_in(
        tmp_path,
        f'[internal]\nurl = "mqtts://127.0.0.1:{dead}"\nusername = "hx"\n'
        'password_file = "word"\nca_file = "ca.pem"\n',
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in found.faults] == [
        "internal.password_file",
        "internal.ca_file",
    ]
    [warning] = those_of(found.warnings, "internal.url")
    assert warning.startswith(f"127.0.0.1 port {dead} does not answer now")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"url": "http://127.0.0.1"}, "must be mqtt://host:port"),
        ({"url": "mqtt://"}, "must be mqtt://host:port"),
        ({"url": "mqtt://hx:secret@127.0.0.1"}, "holds no user and no password"),
        ({"url": "mqtt://127.0.0.1/topic"}, "takes no path and no options"),
        ({"username": "hx"}, "username and password_file go together"),
        ({"ca_file": Path("ca.pem")}, "ca_file goes with mqtts://"),
        ({"port": 80, "host": "0.0.0.0"}, "allowed_hosts"),
    ],
)
def test_what_cannot_be_the_way_between_processes(words: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        InternalSettings.model_validate(words)


def test_a_broker_goes_by_its_scheme() -> None:
    plain, tls = (InternalSettings(url=f"{scheme}://broker") for scheme in ("mqtt", "mqtts"))
    assert (plain.broker, plain.broker_url) == (("broker", 1883), "mqtt://broker:1883")
    assert (tls.broker, tls.broker_url) == (("broker", 8883), "mqtts://broker:8883")


def test_what_the_network_sees_is_warned_of(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        "[access]\npasskey_signatures = true\n",
        web='host = "0.0.0.0"\nallowed_hosts = ["192.168.0.5"]\n',
    )
    assert not found.faults
    [clear] = those_of(found.warnings, "web.tls_certificate")
    assert clear.startswith("none, so passwords cross the network in the clear")
    [passkeys] = those_of(found.warnings, "web.allowed_hosts")
    assert passkeys.startswith("no passkeys")
    assert those_of(found.warnings, "access.passkey_signatures") == [
        "has no effect here: agreements are signed by session"
    ]


def test_the_embedded_broker_has_a_port_of_its_own(tmp_path: Path, answering: int) -> None:
    channel = (
        '[[channels]]\nname = "trackers"\nurl = "mqtt://embedded?topic=a/%23"\n'
        'protocols = ["owntracks"]\n'
    )
    here = f"[broker]\nenabled = true\nport = {free_port()}\n"
    assert not found_in(tmp_path, here, channel).faults
    [taken] = found_in(tmp_path, f"[broker]\nenabled = true\nport = {answering}\n").faults
    assert ": broker.port: " in taken
    twice = free_port()
    listener = f'[[channels]]\nname = "l"\nurl = "tcp-listen://127.0.0.1:{twice}"\n'
    listener += 'protocols = ["nmea0183"]\n'
    [fault] = found_in(tmp_path, f"[broker]\nenabled = true\nport = {twice}\n", listener).faults
    assert fault.endswith(f"channels[0].url: tcp port {twice} is taken by broker.port already")


def test_devices_and_links_of_channels(tmp_path: Path, answering: int) -> None:
    serial = '[[channels]]\nname = "s"\nurl = "serial://{}"\nprotocols = ["nmea0183"]\n'
    link = '[[channels]]\nname = "t"\nurl = "tcp://127.0.0.1:{}"\nprotocols = ["nmea0183"]\n'
    found = found_in(tmp_path, serial.format("/dev/null"), link.format(answering))
    assert not those_of(found.warnings, "channels[0].url")
    assert not those_of(found.warnings, "channels[1].url")
    found = found_in(tmp_path, serial.format("/dev/no-radio"), link.format(free_port()))
    assert those_of(found.warnings, "channels[0].url") == ["there is no device /dev/no-radio now"]
    [silent] = those_of(found.warnings, "channels[1].url")
    assert "does not answer now" in silent
    assert not found.faults


def test_folders_and_a_store_that_are_not_there(tmp_path: Path) -> None:
    away = tmp_path / "away"
    found = found_in(tmp_path, f'[backup]\nfolder = "{away}/backups"\n')
    assert those_of(found.faults, "backup.folder") == [f"there is no folder {away}"]
    file = tmp_path / "patrol.toml"
    for url, words in (
        ("sqlite:///none.db", "joint-patrol store create"),
        ("sqlite:///away/none.db", f"there is no folder {away}"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/none", "connection"),
    ):
        file.write_text(SMALL.format(port=free_port()) + f'[store]\nurl = "{url}"\n')
        [fault] = those_of(check(file).faults, "store.url")
        assert words in fault, fault


def test_a_basemap_whose_layers_nobody_knows_shows_little(tmp_path: Path) -> None:
    one_layer(tmp_path / "map.mbtiles", "water")
    found = found_in(tmp_path, '[basemap]\nfile = "map.mbtiles"\n')
    assert not found.faults
    [warning] = those_of(found.warnings, "basemap.file")
    assert warning.startswith("its layers (water) go by neither")


def test_where_counterparts_reach_a_node(tmp_path: Path, answering: int) -> None:
    found = found_in(tmp_path, f'[counterparts]\nlisten = "127.0.0.1:{free_port()}"')
    assert not found.faults
    assert those_of(found.warnings, "counterparts.addresses")
    found = found_in(tmp_path, '[counterparts]\naddresses = ["https://hx.example"]')
    assert not found.faults
    assert those_of(found.warnings, "counterparts.listen")
    found = found_in(tmp_path, f'[counterparts]\nlisten = "127.0.0.1:{answering}"')
    [fault] = those_of(found.faults, "counterparts.listen")
    assert "Address already in use" in fault


def test_a_port_of_counterparts_that_the_pages_have(tmp_path: Path) -> None:
    port = free_port()
    text = small(tmp_path, port) + f'\n[counterparts]\nlisten = "0.0.0.0:{port}"\n'
    file = tmp_path / "patrol.toml"
    file.write_text(text, encoding="utf-8")
    [fault] = those_of(check(file).faults, "counterparts.listen")
    assert fault == f"tcp port {port} is taken by web.port already"


def test_keys_of_a_node_that_others_may_read(tmp_path: Path) -> None:
    found_in(tmp_path)
    (store,) = tmp_path.glob("*.db") or [tmp_path / "joint-patrol.db"]
    for end in ("node-key", "node-tls"):
        key = store.with_name(f"{store.name}.{end}")
        key.write_text("x")
        key.chmod(0o644)
        [fault] = those_of(found_in(tmp_path).faults, "counterparts")
        assert fault.startswith(f"{key}: others may read")
        key.unlink()
