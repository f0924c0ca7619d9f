"""What Debian packages are made of: settings that `check` accepts, users and folders of units."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.release.debian_package import GATEWAY, NODE, TEMPLATES, UNITS, DebianPackage
from maps.__main__ import app
from radio_gateway.__main__ import app as gateway_app

PACKAGES = pytest.mark.parametrize("package", [GATEWAY, NODE], ids=lambda package: package.name)


def installed(package: DebianPackage, root: Path) -> Path:
    """Return its settings file as if it were installed below `root`."""
    name = Path(package.settings).name
    text = (TEMPLATES / package.name / name).read_text(encoding="utf-8")
    folder = root / "etc"
    folder.mkdir()
    (root / "var").mkdir()
    file = folder / name
    file.write_text(re.sub("/var/lib/(radio-gateway|joint-patrol)", f"{root}/var", text))
    return file


def test_a_gateway_as_installed_is_accepted_and_believes_no_node(tmp_path: Path) -> None:
    file = installed(GATEWAY, tmp_path)
    run = CliRunner()
    assert run.invoke(gateway_app, ["check", "--config", str(file)]).exit_code == 2, "no key yet"
    assert run.invoke(gateway_app, ["keygen", str(file.parent / "gateway.key")]).exit_code == 0
    checked = run.invoke(gateway_app, ["check", "--config", str(file)])
    assert (checked.exit_code, "sound" in checked.output) == (0, True), checked.output
    node_key = tomllib.loads(file.read_text())["uplink"]["node_key"]
    assert base64.b64decode(node_key) == hashlib.sha256(b"no node yet").digest()


def test_a_node_as_installed_is_accepted_once_it_has_a_store(tmp_path: Path) -> None:
    file = installed(NODE, tmp_path)
    run = CliRunner()
    assert run.invoke(app, ["store", "create", "--config", str(file)]).exit_code == 0
    checked = run.invoke(app, ["check", "--config", str(file)])
    assert (checked.exit_code, "can be served" in checked.output) == (0, True), checked.output
    tables = tomllib.loads(file.read_text())
    assert tables["web"]["host"] == "127.0.0.1"
    assert "password" not in file.read_text().replace("No password", "")


@PACKAGES
def test_user_and_folders_are_those_of_the_units(package: DebianPackage) -> None:
    templates = TEMPLATES / package.name
    users = re.findall(r"^u (\S+)", (templates / "sysusers.conf").read_text(), re.MULTILINE)
    folders = re.findall(
        r"^d (\S+) (\d+) (\S+) (\S+)$", (templates / "tmpfiles.conf").read_text(), re.MULTILINE
    )
    for name in package.units:
        unit = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(), re.MULTILINE))
        user = unit["User"]
        assert users == [user]
        settings, state = unit["ConfigurationDirectory"], unit["StateDirectory"]
        assert sorted(folders) == [
            (f"/etc/{settings}", unit["ConfigurationDirectoryMode"], user, user),
            (f"/var/lib/{state}", unit["StateDirectoryMode"], user, user),
        ]
        assert f"/opt/joint-patrol/bin/{package.command} " in unit["ExecStart"]
        assert f"/etc/{package.settings}" in unit["ExecStart"]


@PACKAGES
def test_maintainer_scripts_name_every_unit_and_delete_nothing_of_people(
    package: DebianPackage,
) -> None:
    templates = TEMPLATES / package.name
    for name in ("postinst", "prerm", "postrm"):
        script = templates / name
        assert script.stat().st_mode & 0o111 == 0o111
        subprocess.run(["sh", "-n", script], check=True)
        assert not re.search(r"\brm\b|userdel|deluser", script.read_text())
    for unit in package.units:
        named = unit.replace("@", "@*")
        assert named in (templates / "postinst").read_text()
        assert named in (templates / "prerm").read_text()
