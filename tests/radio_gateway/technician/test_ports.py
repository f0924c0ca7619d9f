"""What is plugged in, under which lasting name, and who uses it; told without opening anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import serial
from serial.tools.list_ports_common import ListPortInfo

from radio_gateway.technician.ports import describe, users


@pytest.fixture
def pty() -> tuple[int, str]:
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    os.close(theirs)
    return ours, name


def test_a_usb_adapter_is_named_so_that_the_name_lasts(
    tmp_path: Path, pty: tuple[int, str]
) -> None:
    ours, device = pty
    for folder in ("by-id", "by-path"):
        (tmp_path / folder).mkdir()
    (tmp_path / "by-path" / "pci-0:1").symlink_to(device)
    (tmp_path / "by-id" / "usb-FTDI_A50285BI").symlink_to(device)
    info = ListPortInfo(device)
    info.vid, info.pid, info.serial_number = 0x0403, 0x6001, "A50285BI"
    info.manufacturer, info.product = "FTDI", "FT232R"
    (port,) = describe([info], by_id=tmp_path / "by-id", by_path=tmp_path / "by-path")
    assert port.usb == "0403:6001"
    assert port.description == "FTDI FT232R"
    assert port.lasting == f"{tmp_path}/by-id/usb-FTDI_A50285BI"
    assert port.used_by is None
    assert port.permitted
    os.close(ours)


def test_a_port_without_another_name_keeps_its_own(pty: tuple[int, str], tmp_path: Path) -> None:
    ours, device = pty
    (port,) = describe([ListPortInfo(device)], by_id=tmp_path / "no", by_path=tmp_path / "no")
    assert (port.lasting, port.device) == (None, device)
    os.close(ours)


def test_who_has_a_port_open_is_named(pty: tuple[int, str]) -> None:
    ours, device = pty
    program = (
        "import sys,serial; port = serial.Serial(sys.argv[1], exclusive=True); print(flush=True)"
    )
    program += "; sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, device], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used = users([device])
        process.communicate(b"")
    assert f"({process.pid})" in used[device]
    assert users([device]) == {}
    os.close(ours)


def test_a_lock_shows_a_user_whose_files_cannot_be_seen(tmp_path: Path) -> None:
    """A lock shows in a table that everybody may read; a file stands for the device here."""
    path = tmp_path / "device"
    path.touch()
    program = "import sys,fcntl; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX)"
    program += "; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used = users([str(path)])
        process.communicate(b"")
    assert used == {str(path): "another program"}


def test_our_own_use_is_none_and_an_absent_device_no_fault(pty: tuple[int, str]) -> None:
    ours, device = pty
    with serial.Serial(device, exclusive=True):
        assert users([device, "/dev/absent"]) == {}
    os.close(ours)


def test_the_command_lists_them() -> None:
    command = [sys.executable, "-m", "radio_gateway", "ports", "--json"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    for port in json.loads(done.stdout):
        assert port["device"].startswith("/dev/")
