"""A release's Debian packages in a clean Debian: installed, used, removed and purged, by hand.

    python -m deploy.release dist --machine amd64
    JOINT_PATROL_RELEASE=dist python -m pytest -s -m by_hand tests/deploy/test_clean_root.py

Needs root, `apt-get install mmdebstrap systemd-container` and a mirror of Debian; takes some four
minutes, and prints sizes, seconds and memory.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.booted_root import booted
from tests.fixtures import needs

pytestmark = [pytest.mark.by_hand, pytest.mark.timeout(900)]

RELEASE = "JOINT_PATROL_RELEASE"
SENTENCE = "$GPRMC,070000,A,2016.60,N,10024.60,E,5.0,90.0,021226,,*21"
SERVED = """
cd /var/lib/joint-patrol
runuser -u joint-patrol -- joint-patrol serve --config /etc/joint-patrol/patrol.toml >/dev/null &
for _ in $(seq 120); do
  sleep 0.25
  python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:8080/api/health")' && break
done 2>/dev/null
python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8080/api/health").status)'
pid=$(pgrep -f '^/opt/joint-patrol/bin/python3 .*serve')
grep VmRSS /proc/$pid/status
kill $pid
wait
"""


class CleanRoot:
    """A Debian in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        start = time.monotonic()
        suite = ("--variant=minbase", "--skip=cleanup/apt/lists", "trixie", str(folder))
        subprocess.run(["mmdebstrap", "--quiet", *suite], check=True)
        self.report("Debian 13, smallest", start)

    def run(self, command: str) -> str:
        """Run a command of bash as root in it; it must succeed."""
        inside = ("unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.folder}/proc")
        done = subprocess.run(
            [*inside, "chroot", str(self.folder), "bash", "-c", command],
            env={"PATH": os.defpath + ":/usr/sbin:/sbin", "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def report(self, what: str, start: float) -> None:
        """Print how long something took, and how large the root and our part of it are now."""
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
        sizes = [
            subprocess.run(["du", "-sxm", folder], capture_output=True, text=True).stdout.split()
            for folder in (self.folder, self.folder / "opt")
        ]
        whole, ours = (each[0] if each else "0" for each in sizes)
        seconds = time.monotonic() - start
        print(f"\n{what}: {seconds:.1f} s, root {whole} MB, /opt {ours} MB, at most {memory} MiB")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanRoot]:
    needs.program("mmdebstrap")
    release = os.environ.get(RELEASE)
    if release is None:
        pytest.skip(f"{RELEASE} names no folder of a release")
    packages = sorted(Path(release).glob("*_amd64.deb"))
    assert len(packages) == 2, "python -m deploy.release FOLDER makes them"
    folder = tmp_path_factory.mktemp("clean") / "root"
    made = CleanRoot(folder)
    (folder / "packages").mkdir()
    for package in packages:
        shutil.copy(package, folder / "packages")
    yield made
    shutil.rmtree(folder)


def test_a_gateway_is_installed_and_decodes(root: CleanRoot) -> None:
    start = time.monotonic()
    root.run("apt-get install -qq --no-install-recommends python3 systemd procps")
    root.report("what Debian brings for both", start)
    start = time.monotonic()
    told = root.run("apt-get install -qq --no-install-recommends /packages/joint-patrol-gateway_*")
    root.report("joint-patrol-gateway", start)
    (public,) = re.findall(r"^\S{43}=$", told, re.MULTILINE)
    shown = root.run("radio-gateway keygen --show /etc/radio-gateway/gateway.key")
    assert shown.strip() == public
    assert "20(dialout)" in root.run("id radio-gateway")
    assert root.run("stat -c '%U %a' /etc/radio-gateway /var/lib/radio-gateway").split() == [
        *("radio-gateway", "750", "radio-gateway", "700")
    ]
    check = (
        "runuser -u radio-gateway -- radio-gateway check --config /etc/radio-gateway/gateway.toml"
    )
    assert "sound" in root.run(check)
    assert "disabled" in root.run("systemctl list-unit-files radio-gateway.service")
    root.run("systemd-analyze verify radio-gateway.service")
    start = time.monotonic()
    decoded = root.run(f"radio-gateway decode --protocol nmea0183 <<< '{SENTENCE}'")
    root.report("the first sentence decoded", start)
    assert '"lat":20.2766' in decoded.replace(" ", "")
    root.run("dpkg --verify joint-patrol-gateway")


def test_a_node_is_installed_and_served(root: CleanRoot) -> None:
    start = time.monotonic()
    root.run("apt-get install -qq --no-install-recommends /packages/joint-patrol_*")
    root.report("joint-patrol", start)
    assert root.run("stat -c '%U %a' /etc/joint-patrol /var/lib/joint-patrol").split() == [
        *("joint-patrol", "750", "joint-patrol", "700")
    ]
    check = "runuser -u joint-patrol -- joint-patrol check --config /etc/joint-patrol/patrol.toml"
    assert "can be served" in root.run(check)
    root.run("systemd-analyze verify joint-patrol.service joint-patrol-w{atch,eb}@8081.service")
    status, *memory = root.run(SERVED).split()
    assert status == "200"
    print("served:", *memory)
    root.run("dpkg --verify joint-patrol")


def test_removed_they_leave_settings_and_data_and_purged_only_what_is_of_people(
    root: CleanRoot,
) -> None:
    root.run("systemctl enable radio-gateway joint-patrol-web@8081")
    wanted = "ls /etc/systemd/system/multi-user.target.wants"
    assert "joint-patrol-web@8081.service" in root.run(wanted)
    start = time.monotonic()
    root.run("apt-get remove -qq joint-patrol joint-patrol-gateway")
    root.report("removed", start)
    assert "patrol" not in root.run(wanted)
    assert root.run("ls -d /opt/joint-patrol 2>&1 || true").startswith("ls: cannot access")
    assert "patrol.toml" in root.run("ls /etc/joint-patrol")
    assert "Left as it is" in root.run("apt-get purge -qq joint-patrol joint-patrol-gateway")
    left = (
        "find /etc/radio-gateway /etc/joint-patrol /var/lib/*-gateway /var/lib/joint-patrol -type f"
    )
    files = root.run(f"{left} 2>/dev/null || true").split()
    assert sorted(files) == [
        "/etc/radio-gateway/gateway.key",
        "/var/lib/joint-patrol/joint-patrol.db",
        "/var/lib/joint-patrol/joint-patrol.db.lock",
    ]
    root.run("apt-get install -qq --no-install-recommends /packages/*.deb")
    shown = root.run(
        "runuser -u joint-patrol -- joint-patrol check --config /etc/joint-patrol/patrol.toml"
    )
    assert "can be served" in shown


def test_under_systemd_they_run_reload_and_come_back(root: CleanRoot) -> None:
    needs.program("systemd-nspawn")
    root.run("apt-get install -qq --no-install-recommends systemd-sysv dbus /packages/*.deb")
    node, gateway = "joint-patrol", "radio-gateway"
    with booted(root.folder) as machine:
        machine.run(f"systemctl enable --now {node} {gateway}")
        for unit in (node, gateway):
            machine.wait_for("active", f"systemctl is-active {unit}", seconds=60)
            memory = machine.run(f"grep VmRSS /proc/{machine.process_of(unit)}/status")
            print(f"{unit} under systemd: {memory}")
        machine.run(f"systemctl reload {node}")
        said = f'journalctl --unit {node} --output cat | grep -c \'"event": "reloaded"\''
        machine.wait_for("1", said, seconds=30)
        before = machine.process_of(gateway)
        machine.run(f"kill -9 {before}")
        machine.wait_for("1", f"systemctl show --property NRestarts --value {gateway}", seconds=30)
        machine.wait_for("active", f"systemctl is-active {gateway}", seconds=30)
        assert machine.process_of(gateway) != before
        machine.run(f"kill -STOP {machine.process_of(node)}")
        restarts = f"systemctl show --property NRestarts --value {node}"
        took_s = machine.wait_for("1", restarts, seconds=150)
        machine.wait_for("active", f"systemctl is-active {node}", seconds=60)
        print(f"one that stands still is started anew after {took_s:.0f} s")
        before = machine.process_of(node)
        machine.run("dpkg --install /packages/*.deb")
        machine.wait_for("active", f"systemctl is-active {node}", seconds=60)
        assert machine.process_of(node) != before
        machine.run(f"apt-get remove -qq {node} {node}-gateway")
        assert machine.run(f"systemctl is-active {node} {gateway}").split() == ["inactive"] * 2
        assert machine.run("systemctl --failed --no-legend") == ""
