"""The example in docs/plugins, installed from its own folder into an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.plugin_environment import ROOT, fresh_environment, packages_of
from tests.fixtures.plugin_packages import on_the_path
from tests.maps.servers.running import running

EXAMPLE = ROOT / "docs" / "plugins" / "example-protocol"
SENTENCES = "$BEACON,17,20.27660,100.41000,2.4,SOS\r\n$BEACON,17\r\n"
PLUGIN = ["--protocol", "beacon", "--plugin", "joint-patrol-beacon"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fresh environment with what is installed here, and the example beside it."""
    made = tmp_path_factory.mktemp("environment")
    fresh_environment(made, EXAMPLE)
    return made


def decode(environment: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(environment / "bin" / "python"), "-m", "radio_gateway", "decode", *options]
    return subprocess.run(
        command,
        input=SENTENCES,
        capture_output=True,
        text=True,
        check=False,
        cwd=environment,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_decode_knows_the_protocol_where_its_package_is_allowed(environment: Path) -> None:
    done = decode(environment, *PLUGIN)
    (said,) = map(json.loads, done.stdout.splitlines())
    assert said == {
        "protocol": "beacon",
        "device": "17",
        "kind": "position",
        "lat": 20.2766,
        "lon": 100.41,
        "speed_mps": 1.2347,
        "emergency": True,
        "fix": True,
        "status": "SOS",
    }
    assert json.loads(done.stderr)["reason"] == "truncated"


def test_decode_says_which_package_is_not_allowed(environment: Path) -> None:
    done = decode(environment, *PLUGIN[:2])
    assert done.returncode == 2
    assert "'beacon' is a plug-in of joint-patrol-beacon" in done.stderr


def test_a_gateway_of_its_own_checks_and_names_it(environment: Path) -> None:
    channel = '[[channels]]\nname = "base"\nurl = "udp://127.0.0.1:0"\nprotocols = ["beacon"]\n'
    text = f'[gateway]\nid = "post"\n[uplink]\nurl = "mqtt://box"\n{channel}'
    command = [str(environment / "bin" / "python"), "-m", "radio_gateway", "check"]
    told = {}
    for name, table in (
        ("without", ""),
        ("with", '[plugins]\nallowed = ["joint-patrol-beacon"]\n'),
    ):
        (environment / "gateway.toml").write_text(text + table)
        told[name] = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=environment
        ).stderr
    assert "'beacon' is a plug-in of joint-patrol-beacon" in told["without"]
    assert "beacon" not in told["with"]


async def test_a_node_hears_it_and_lists_it(environment: Path, tmp_path: Path) -> None:
    with on_the_path(packages_of(environment)):
        channels = [{"name": "base", "url": "udp://127.0.0.1:0", "protocols": ["beacon"]}]
        plugins = {"allowed": ["joint-patrol-beacon"]}
        async with running(tmp_path, channels=channels, plugins=plugins) as office:
            async with office.signed_in("technician") as client:
                (told,) = (await client.get("/api/plugins")).json()
                listed = {each["name"]: each for each in (await client.get("/api/channels")).json()}
            async with office.signed_in("crew") as client:
                assert (await client.get("/api/plugins")).status_code == 403
    assert (told["name"], told["package"], told["state"]) == (
        "beacon",
        "joint-patrol-beacon",
        "running",
    )
    assert listed["base"]["protocols"] == ["beacon"]


def test_the_example_is_shorter_than_eighty_lines() -> None:
    assert len((EXAMPLE / "joint_patrol_beacon.py").read_text().splitlines()) < 80
