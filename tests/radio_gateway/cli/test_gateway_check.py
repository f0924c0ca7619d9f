"""`radio-gateway check`: everything that is wrong at once, each with file, setting and channel."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from radio_gateway.__main__ import app
from tests.radio_gateway.uplink.gateways import NODE_KEY, key_file

GATEWAY = '[gateway]\nid = "gw-1"\n'
UPLINK = f"""[uplink]
url = "mqtt://127.0.0.1:1"
username = "gw-1"
password = "x"
key_file = "key"
node_key = "{NODE_KEY.public}"
"""


def channel(name: str, url: str, protocol: str = "nmea0183", more: str = "") -> str:
    return f'[[channels]]\nname = "{name}"\nurl = "{url}"\nprotocols = ["{protocol}"]\n{more}\n'


PIER = channel("pier", "udp://127.0.0.1:0")


def checked(folder: Path, *tables: str) -> Result:
    key_file(folder / "key")
    (folder / "gateway.toml").write_text("\n".join(tables))
    return CliRunner().invoke(app, ["check", "--config", str(folder / "gateway.toml")])


def test_several_faults_are_reported_at_once_each_with_its_channel(tmp_path: Path) -> None:
    bad_node = UPLINK.replace(NODE_KEY.public, "abc")
    result = checked(
        tmp_path,
        GATEWAY.replace("gw-1", "GW 1"),
        bad_node,
        PIER,
        channel("phones", "tpc://box:1"),
        channel("boats", "udp://127.0.0.1:0", "nmea"),
    )
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [line.partition(": ")[2].rpartition(": ")[0] for line in lines[:1]] == ["gateway.id"]
    assert lines[1] == (
        "gateway.toml: uplink.node_key: is no public key: 44 characters of base64 as "
        "`radio-gateway keygen` prints"
    )
    assert lines[2].startswith("gateway.toml: channels[1] \"phones\".url: 'tpc' is no scheme")
    assert lines[3].startswith("gateway.toml: channels[2] \"boats\".protocols: 'nmea'")
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("written", "meant", "shown"),
    [
        ("[uplnk]", "[uplink]", "gateway.toml: uplnk: no such table; did you mean [uplink]?"),
        ("[chanels.a]", "", "gateway.toml: chanels: no such table; did you mean [[channels]]?"),
        ("[weather]", "", "gateway.toml: weather: no such table"),
    ],
)
def test_a_table_of_no_known_name_is_named_with_the_one_that_is_meant(
    tmp_path: Path, written: str, meant: str, shown: str
) -> None:
    whole = GATEWAY + UPLINK + PIER
    text = whole.replace(meant, written) if meant else f"{whole}\n{written}\nx = 1\n"
    result = checked(tmp_path, text)
    assert (result.exit_code, result.stderr) == (2, shown + "\n")


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("udp://127.0.0.1:10110", "udp://0.0.0.0:10110", "udp port 10110"),
        ("tcp-listen://127.0.0.1:5000", "tcp-listen://127.0.0.1:5000", "tcp port 5000"),
        ("tcp-listen://127.0.0.1:5000", "http-listen://127.0.0.1:5000?open=1", "tcp port 5000"),
        ("serial:///dev/null?baud=4800", "serial:///dev/../dev/null", "the port /dev/null"),
        ("udp://127.0.0.1:10110", "tcp-listen://127.0.0.1:10110", None),
        ("udp://127.0.0.1:10110", "udp://127.0.0.2:10110", None),
        ("udp://239.2.3.1:6969", "udp://239.2.3.1:6969", None),
        ("udp://127.0.0.1:0", "udp://127.0.0.1:0", None),
        ("tcp-listen://127.0.0.1:9200", "udp://127.0.0.1:1", "metrics"),
    ],
)
def test_two_channels_on_one_port_are_a_fault(
    tmp_path: Path, first: str, second: str, what: str | None
) -> None:
    second_speaks = "osmand" if second.startswith("http") else "nmea0183"
    gateway = GATEWAY + ("metrics_port = 9200\n" if what == "metrics" else "")
    channels = channel("a", first) + channel("b", second, second_speaks)
    result = checked(tmp_path, gateway, UPLINK, channels)
    if what is None:
        assert (result.exit_code, result.stderr) == (0, "")
        return
    fault = f'channels[1] "b".url: {what} is taken by channels[0] "a" already'
    if what == "metrics":
        fault = 'channels[0] "a".url: tcp port 9200 is taken by gateway.metrics_port already'
    assert result.exit_code == 2
    assert f"gateway.toml: {fault}\n" in result.stderr


def test_what_may_mend_itself_is_a_warning_and_no_fault(tmp_path: Path) -> None:
    free_mib = shutil.disk_usage(tmp_path).free >> 20
    keep_mib = 10 * free_mib + 1000
    result = checked(
        tmp_path,
        GATEWAY,
        f'[journal]\nfolder = "new/journal"\nkeep_mib = {keep_mib}\n',
        UPLINK.replace('"gw-1"', '"gw-2"'),
        channel("pier", f"serial://{tmp_path}/absent"),
    )
    assert result.exit_code == 0
    assert "sound" in result.stdout
    user, journal, device = result.stderr.splitlines()
    assert user == (
        "warning: gateway.toml: uplink.username: 'gw-2' is not the gateway's id 'gw-1'; the access "
        "list that ships lets a user write under its own name only"
    )
    assert journal.startswith(
        f"warning: gateway.toml: journal.keep_mib: {keep_mib} MiB, and the disk has "
    )
    assert device == (
        f'warning: gateway.toml: channels[0] "pier".url: there is no device {tmp_path}/absent now; '
        "`radio-gateway ports` lists those there are"
    )


def test_what_the_journal_holds_already_counts_as_room_for_it(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with (tmp_path / "journal" / "old").open("wb") as old:
        old.truncate(20 << 30)  # takes no room: it has nothing in it
    keep_mib = (shutil.disk_usage(tmp_path).free >> 20) + 10_000
    text = f'[journal]\nfolder = "journal"\nkeep_mib = {keep_mib}\n'
    assert checked(tmp_path, GATEWAY, text, UPLINK, PIER).stderr == ""
    os.truncate(tmp_path / "journal" / "old", 0)
    assert "journal.keep_mib" in checked(tmp_path, GATEWAY, text, UPLINK, PIER).stderr
