"""Metrics of a node: for technicians and for programs with the token; for nobody else."""

from __future__ import annotations

import os
import socket
from base64 import b64encode
from importlib import metadata
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from maps.errors.errors import SettingsFaults
from maps.settings.settings import settings_of
from radio_gateway.health.health import GatewayReport
from radio_gateway.uplink.wire.signing import Signer
from tests.fixtures.broker import mosquitto
from tests.fixtures.databases import POSTGRES
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.maps.servers.running import Running, running
from tests.radio_gateway.uplink.gateways import GW_1_KEY
from tests.radio_gateway.uplink.posts import post

TOKEN = "a-token-that-nobody-types"


def value(text: str, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return None


async def test_a_program_with_the_token_reads_what_the_channels_count(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    port = free_port()
    channel = {"name": "ais", "url": f"udp://127.0.0.1:{port}", "protocols": ["ais"]}
    async with running(
        tmp_path,
        web={"port": 0, "metrics_token_file": str(tmp_path / "token")},
        channels=[channel],
    ) as server:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(
                b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5B\r\n", ("127.0.0.1", port)
            )
        async with server.stranger(authorization=f"Bearer {TOKEN}") as client:

            async def rejected() -> str:
                text = (await client.get("/metrics")).text
                return (
                    text
                    if value(text, "radio_gateway_channel_rejected_total", channel="ais")
                    else ""
                )

            text = await until(rejected, within_s=10)
            report = msgspec.json.decode(
                (await client.get("/metrics/report")).content, type=GatewayReport
            )
        assert value(text, "radio_gateway_channel_state", channel="ais", state="open") == 1
        assert value(text, "joint_patrol_store_ok") == 1
        assert value(text, "joint_patrol_version_info", version=metadata.version("joint-patrol"))
        assert value(text, "joint_patrol_viewers") == 0
        assert value(text, "joint_patrol_lag_seconds_bucket", le="+Inf") == 0
        if not POSTGRES:
            assert (value(text, "joint_patrol_store_bytes") or 0) > 10_000
            assert (value(text, "joint_patrol_store_disk_free_bytes") or 0) > 0
        assert report.rejected["ais"][0].reason == "bad_checksum"
        for wrong in ("Bearer wrong", f"Basic {TOKEN}", "Bearer"):
            async with server.stranger(authorization=wrong) as client:
                assert (await client.get("/metrics")).status_code == 401


async def test_a_node_without_gateways_claims_no_uplink(server: Running) -> None:
    async with server.signed_in("technician") as client:
        text = (await client.get("/metrics")).text
    assert "uplink" not in text
    assert "spool" not in text
    assert "told_seconds" not in text


@pytest.mark.broker
async def test_what_a_remote_gateway_counts_stands_under_its_id(tmp_path: Path) -> None:
    seed = os.urandom(32)
    key = tmp_path / "node.key"
    key.write_bytes(b64encode(seed))
    key.chmod(0o600)
    radio = {"name": "pier", "url": f"udp://127.0.0.1:{free_port()}", "protocols": ["ais"]}
    with mosquitto(tmp_path, users=("node", "gw-1")) as broker:
        uplink = {
            "url": f"mqtt://127.0.0.1:{broker.port}",
            "username": "node",
            "password": broker.passwords["node"],
            "key_file": str(key),
        }
        bodies = [{"id": "gw-1", "key": GW_1_KEY.public}]
        async with (
            running(tmp_path, uplink=uplink, gateways=bodies) as server,
            server.signed_in("technician") as client,
        ):

            async def told() -> str:
                return (await client.get("/metrics")).text

            way = {"gateway": "test", "channel": "gw-1"}
            before = await told()
            assert value(before, "radio_gateway_channel_state", state="silent", **way) == 1
            assert value(before, "radio_gateway_spool_waiting") is None  # not known

            async def reported() -> str:
                text = await told()
                return "" if value(text, "radio_gateway_told_seconds") is None else text

            async with post(broker, tmp_path, radio, node_key=Signer(seed)):
                text = await until(reported, within_s=20)
            broker_way = {"gateway": "test", "channel": "way to the broker"}
            assert value(text, "radio_gateway_channel_state", state="open", **broker_way) == 1
            assert value(text, "radio_gateway_channel_state", state="open", **way) == 1
            pier = {"gateway": "gw-1", "channel": "pier"}
            assert value(text, "radio_gateway_channel_state", state="open", **pier) == 1
            assert value(text, "radio_gateway_uplink_state", gateway="gw-1", state="open") == 1
            assert value(text, "radio_gateway_uplink_state", gateway="test") is None
            assert value(text, "radio_gateway_spool_waiting", gateway="gw-1") == 0
            seconds = value(text, "radio_gateway_told_seconds", gateway="gw-1")
            assert seconds is not None
            assert 0 <= seconds < 20


async def test_without_a_token_set_only_technicians_read_them(server: Running) -> None:
    async with server.stranger() as client:
        assert (await client.get("/metrics")).status_code == 401
    async with server.stranger(authorization="Bearer x") as client:
        assert (await client.get("/metrics")).status_code == 401
    for role, status in (("technician", 200), ("admin", 200), ("commander", 403), ("crew", 403)):
        async with server.signed_in(role) as client:  # type: ignore[arg-type]
            for path in ("/metrics", "/metrics/report"):
                assert (await client.get(path)).status_code == status, (role, path)


@pytest.mark.parametrize("token", [None, "short", "ä" * 30])
def test_a_token_that_cannot_be_used_is_a_fault(tmp_path: Path, token: str | None) -> None:
    if token is not None:
        (tmp_path / "token").write_text(token)
    web = {"metrics_token_file": "token"}
    with pytest.raises(SettingsFaults, match="metrics_token_file"):
        settings_of({"web": web}, source="patrol.toml", folder=tmp_path)
