"""The gateway's Debian package, built by dpkg-deb: what it holds, and that it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.release.debian_package import GATEWAY, PREFIX, ROOT, Target, build_package
from tests.fixtures import needs

pytestmark = pytest.mark.system

SENTENCE = "$GPRMC,070000,A,2016.60,N,10024.60,E,5.0,90.0,021226,,*21"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_gateways_package_is_the_same_each_time_and_holds_a_gateway_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DPKG_DEB_COMPRESSOR_TYPE", "none")  # packing takes most of the time
    needs.program("uv", hint="pip install --require-hashes -r requirements/release.txt")
    machine = output(needs.program("dpkg"), "--print-architecture").strip()
    pip = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w"]
    subprocess.run(
        [sys.executable, *pip, str(tmp_path), "./radio_gateway"],
        cwd=ROOT,
        check=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1795000000"},
    )
    target = Target(version="0.2.0", python=PYTHON, machine=machine, made_at=1_795_000_000)
    files = []
    for name in ("first", "second"):
        (to := tmp_path / name).mkdir()
        (work := tmp_path / f"{name}-trees").mkdir()
        files.append(build_package(GATEWAY, target, wheels=tmp_path, work=work, to=to))
    package, again = files
    assert package.read_bytes() == again.read_bytes()
    assert package.name == f"joint-patrol-gateway_{target.package_version}_{machine}.deb"
    fields = output("dpkg-deb", "--field", package)
    assert f"python3 (>= {PYTHON}~)" in fields
    listed = [line.split() for line in output("dpkg-deb", "--contents", package).splitlines()]
    assert {line[1] for line in listed} == {"root/root"}
    assert not [line for line in listed if line[0][0] != "l" and "w" in line[0][5:]]
    root, control = tmp_path / "root", tmp_path / "control"
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    subprocess.run(["dpkg-deb", "--control", package, control], check=True)
    subprocess.run(["md5sum", "--check", "--quiet", control / "md5sums"], cwd=root, check=True)
    assert (control / "conffiles").read_text() == "/etc/radio-gateway/gateway.toml\n"
    for place in ("usr/lib/systemd/system/radio-gateway.service", "usr/bin/radio-gateway"):
        assert os.path.lexists(root / place)
    ours = str(tmp_path).encode(), str(ROOT).encode()
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert not any(each in path.read_bytes() for each in ours), path
    site = root / PREFIX / "lib" / f"python{PYTHON}" / "site-packages"
    done = subprocess.run(  # without any other package of this machine
        [sys.executable, "-S", "-m", "radio_gateway", "decode", "--protocol", "nmea0183"],
        input=SENTENCE + "\r\n",
        env={"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"lat":20.2766' in done.stdout.replace(" ", "")
