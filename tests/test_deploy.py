"""What ships in `deploy/`: units that systemd takes, and command lines that are ours."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from maps.settings.settings import read_settings
from tests.fixtures import needs
from tests.fixtures.command_line import parsed

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_taken_by_systemd_and_start_what_there_is(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=/opt/joint-patrol/bin/(.*)$", text, re.MULTILINE)
    command = parsed(shlex.split(line))
    assert command["command"] in ("serve", "run")
    role = {"joint-patrol-watch@": "watch", "joint-patrol-web@": "web"}.get(unit.stem, "all")
    assert str(command.get("role", "all")) == role
    for name in re.findall(r"^Environment=(\w+)=", text, re.MULTILINE):
        assert name in ("JOINT_PATROL_INTERNAL__PORT", "JOINT_PATROL_WEB__PORT")

    analyze = needs.program("systemd-analyze", hint="systemd")
    # It looks for the program too: one that is on every machine stands in for ours.
    path = tmp_path / unit.name
    path.write_text(re.sub(r"^ExecStart=/opt/\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(path)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compose_file_starts_every_part_by_command_lines_of_ours() -> None:
    compose = importlib.import_module("yaml").safe_load((DEPLOY / "compose.yaml").read_text())
    roles = {}
    for name, service in compose["services"].items():
        if service["image"] == "joint-patrol":
            roles[name] = str(parsed(["joint-patrol", *service["command"]])["role"])
        for volume in service["volumes"]:
            ours = volume.partition(":")[0]
            if ours.startswith("./") and "secrets" not in ours:
                assert (DEPLOY / ours).exists(), ours
            if not ours.startswith("./"):
                assert ours in compose["volumes"]
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), "no password crosses a network without TLS"
    broker = compose["services"]["broker"]
    ((folder, done),) = broker["depends_on"].items()
    assert done == {"condition": "service_completed_successfully"}
    (answer,) = compose["services"][folder]["volumes"]
    assert answer in broker["volumes"]
    assert compose["services"][folder]["entrypoint"][0] == "chown"
    assert roles == {"watch": "watch", "standby": "watch", "web-1": "web", "web-2": "web"}
    assert {"broker", "store"} < set(compose["services"])


def test_images_are_pinned_by_the_digests_that_docker_tells(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    docker = tmp_path / "docker"  # the registry's answer is all that is not real
    docker.write_text(f"#!/bin/sh\necho sha256:{'ab' * 32}\n")
    docker.chmod(0o755)
    subprocess.run(
        [tmp_path / "deploy" / "compose" / "pin-images"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )
    load = importlib.import_module("yaml").safe_load
    pinned = load((tmp_path / "deploy" / "compose.override.yaml").read_text())["services"]
    services = load((DEPLOY / "compose.yaml").read_text())["services"]
    assert pinned.keys() == services.keys()
    for name, service in services.items():
        if service["image"] == "joint-patrol":
            found = pinned[name]["build"]["args"]["PYTHON"]
            tag = re.search("ARG PYTHON=(.+)", (DEPLOY / "compose" / "Dockerfile").read_text())
            assert tag is not None
            expected = tag[1]
        else:
            found, expected = pinned[name]["image"], service["image"]
        assert found == f"{expected}@sha256:{'ab' * 32}"


def test_its_settings_can_be_read_and_name_its_services(tmp_path: Path) -> None:
    compose = importlib.import_module("yaml").safe_load((DEPLOY / "compose.yaml").read_text())
    file, secrets = tmp_path / "patrol.toml", tmp_path / "secrets"
    file.write_text((DEPLOY / "compose" / "patrol.toml").read_text(encoding="utf-8"))
    secrets.mkdir()
    (secrets / "mqtt-node").write_text("a password")
    settings = read_settings(file, {})
    internal = settings.internal
    assert internal is not None
    assert internal.broker == ("broker", 1883)
    assert internal.password() == "a password"
    assert f"127.0.0.1:{internal.port}/health" in str(compose["services"]["watch"]["healthcheck"])
    assert "@store/" in settings.store.url
    assert all(each.link.host in compose["services"] for each in settings.channels)
