"""Ports: which serial ports this machine has, by which lasting name, and who uses them.

Nothing is opened: opening a port raises lines that key some transmitters. Who uses one is read
from the system's tables of open files and of locks (proc(5)).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

BY_ID = Path("/dev/serial/by-id")
BY_PATH = Path("/dev/serial/by-path")
_PROC = Path("/proc")
_SYS_TTY = Path("/sys/class/tty")


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """One serial port.

    Attributes:
        device: Its name of the moment, `/dev/ttyUSB0`.
        lasting: The name to put into a channel's URL: by id, else by the socket it is plugged
            into; None when the device has no other name.
        usb: USB vendor and product, `0403:6001`; None when it is not on USB.
        serial_number: Of the USB device.
        description: Maker and product, as the device says.
        driver: Kernel driver.
        used_by: Who has it open, `gpsd (713)`; `another program` when it cannot be seen who;
            None when it is free, as far as this user may see.
        permitted: Whether this user may read and write it.
    """

    device: str
    lasting: str | None = None
    usb: str | None = None
    serial_number: str | None = None
    description: str = ""
    driver: str | None = None
    used_by: str | None = None
    permitted: bool = True


def ports() -> list[Port]:
    """Return the serial ports of this machine, by device name.

    A name in `/dev/serial/by-id` that leads to a device nobody else lists is a port too.
    """
    found: dict[str, ListPortInfo] = {info.device: info for info in list_ports.comports()}
    for folder in (BY_ID, BY_PATH):
        for name in sorted(folder.iterdir()) if folder.is_dir() else ():
            device = str(name.resolve())
            if device not in found and Path(device).exists():
                found[device] = ListPortInfo(device)
    return describe(found.values())


def describe(
    found: Iterable[ListPortInfo], *, by_id: Path = BY_ID, by_path: Path = BY_PATH
) -> list[Port]:
    """Return what is known of ports.

    Args:
        found: The ports.
        by_id: Folder of the names that follow the device.
        by_path: Folder of the names that follow the socket it is plugged into.
    """
    infos = sorted(found, key=lambda info: str(info.device))
    lasting = _names(by_path) | _names(by_id)  # the device's name goes before the socket's
    used = users([info.device for info in infos])
    return [
        Port(
            device=info.device,
            lasting=lasting.get(os.path.realpath(info.device)),
            usb=None if info.vid is None else f"{info.vid:04x}:{info.pid:04x}",
            serial_number=info.serial_number,
            description=_description(info),
            driver=_driver(info.device),
            used_by=used.get(info.device),
            permitted=os.access(info.device, os.R_OK | os.W_OK),
        )
        for info in infos
    ]


def users(devices: Iterable[str]) -> dict[str, str]:
    """Return who has devices open, of those that somebody has; opens none of them.

    Args:
        devices: Names of devices.
    """
    device_of: dict[int, str] = {}
    inodes: dict[int, str] = {}
    for device in devices:
        try:
            status = Path(device).stat()
        except OSError:
            continue
        if status.st_rdev:
            device_of[status.st_rdev] = device
        inodes[status.st_ino] = device
    used: dict[str, list[str]] = {}
    ours = os.getpid()
    for process in _PROC.iterdir():
        if not process.name.isdigit() or int(process.name) == ours:
            continue
        try:
            descriptors = list((process / "fd").iterdir())
        except OSError:  # another user's
            continue
        for descriptor in descriptors:
            try:
                device_or_none = device_of.get(descriptor.stat().st_rdev)
            except OSError:  # closed meanwhile
                continue
            if device_or_none is not None:
                who = f"{_program(process)} ({process.name})"
                programs = used.setdefault(device_or_none, [])
                if who not in programs:
                    programs.append(who)
    found = {device: ", ".join(names) for device, names in used.items()}
    locked = _locked(ours)
    for inode, device in inodes.items():
        if device not in found and inode in locked:
            found[device] = "another program"
    return found


def _locked(ours: int) -> set[int]:
    """Return the inodes that another process has locked; a program opens a port so for itself."""
    try:
        lines = (_PROC / "locks").read_text().splitlines()
    except OSError:
        return set()
    inodes = set()
    for line in lines:  # 1: FLOCK ADVISORY WRITE 713 00:05:123 0 EOF
        fields = line.split()
        if len(fields) >= 6 and fields[4] != str(ours):
            inodes.add(int(fields[5].rpartition(":")[2]))
    return inodes


def _program(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a program"


def _names(folder: Path) -> dict[str, str]:
    """Return the name in `folder` by the device that it leads to."""
    if not folder.is_dir():
        return {}
    return {str(name.resolve()): str(name) for name in sorted(folder.iterdir())}


def _driver(device: str) -> str | None:
    tty = _SYS_TTY / Path(os.path.realpath(device)).name / "device"
    for link in (tty.parent / "device" / "driver", tty / ".." / "driver"):
        try:
            return link.resolve(strict=True).name
        except OSError:
            continue
    return None


def _description(info: ListPortInfo) -> str:
    words = [word for word in (info.manufacturer, info.product) if word]
    if words:
        return " ".join(words)
    return "" if info.description in (None, "n/a") else str(info.description)
