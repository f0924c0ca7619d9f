"""Encrypted volume: whether what lies at a path is encrypted on its disk, as far as Linux tells.

A folder may be encrypted by its file system (fscrypt: FS_ENCRYPT_FL of ioctl_iflags(2), eCryptfs),
or the device below it by dm-crypt: its mapping, or each mapping and disk that it is made of, has a
UUID that begins with CRYPT- (cryptsetup; /sys/dev/block/MAJOR:MINOR/dm/uuid, Linux
Documentation/ABI/testing/sysfs-block-dm). What a disk, a host or a file server does of its own
accord nobody here can see.
"""

from __future__ import annotations

import array
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

if sys.platform == "linux":
    import fcntl


_GETFLAGS: Final = 0x80086601  # FS_IOC_GETFLAGS, linux/fs.h
_ENCRYPTED: Final = 0x800  # FS_ENCRYPT_FL
_ELSEWHERE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "zfs", "overlay"})
_MEMORY: Final = frozenset({"tmpfs", "ramfs"})

_MOUNTS: Final = Path("/proc/self/mountinfo")
_BLOCK: Final = Path("/sys/dev/block")


class Volume(NamedTuple):
    """Where something lies.

    Attributes:
        is_encrypted: None where that cannot be known.
        name: What it is called: a device, or the kind of file system.
    """

    is_encrypted: bool | None
    name: str


def volume_of(path: Path, *, mounts: Path = _MOUNTS, block: Path = _BLOCK) -> Volume:
    """Return where a path lies, or where it would be made.

    Args:
        path: A file or folder; it need not be there.
        mounts: What proc_pid_mountinfo(5) describes.
        block: Links to all block devices, by MAJOR:MINOR.
    """
    there = path.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        device = there.stat().st_dev
        kind, source = _mount(there.resolve(), device, mounts)
    except OSError:
        return Volume(None, str(path))
    if kind == "ecryptfs" or _has_flag(there):
        return Volume(True, kind)
    if kind in _ELSEWHERE or kind.startswith("fuse"):
        return Volume(None, kind)
    if kind in _MEMORY:
        return Volume(None, f"{kind}, in memory")
    if os.major(device) == 0 and source.startswith("/dev/"):  # btrfs numbers its volumes itself
        try:
            device = Path(source).stat().st_rdev
        except OSError:
            return Volume(None, source)
    number = f"{os.major(device)}:{os.minor(device)}"
    return Volume(_is_encrypted(block / number, mounts, block), source or number)


def _mount(path: Path, device: int, mounts: Path) -> tuple[str, str]:
    """Return kind and source of the innermost mount that a path lies on; of two texts, both."""
    number = f"{os.major(device)}:{os.minor(device)}"
    best, found = -1, ("", "")
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        first, _, rest = line.partition(" - ")
        words, (kind, source, *_) = first.split(), rest.split()
        point = Path(_plain(words[4]))
        if words[2] == number and path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), (kind, _plain(source))
    return found


def _plain(text: str) -> str:
    r"""Undo what mountinfo writes for a space and its like: ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _has_flag(path: Path) -> bool:
    """Return whether the file system encrypts it itself, folder by folder."""
    if sys.platform != "linux":
        return False
    flags = array.array("L", [0])
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.ioctl(handle, _GETFLAGS, flags, True)
    except OSError:
        return False
    finally:
        os.close(handle)
    return bool(flags[0] & _ENCRYPTED)


def _is_encrypted(device: Path, mounts: Path, block: Path) -> bool | None:
    if not device.exists():
        return None
    if _read(device / "dm/uuid").startswith("CRYPT-"):
        return True
    behind = _read(device / "loop/backing_file")
    if behind:
        return volume_of(Path(behind), mounts=mounts, block=block).is_encrypted
    below = [_is_encrypted(each, mounts, block) for each in _below(device)]
    if not below:
        return False
    return False if False in below else None if None in below else True


def _below(device: Path) -> Iterator[Path]:
    """Yield what a device is made of: of a partition its disk, of a mapping its parts."""
    if (device / "partition").exists():
        yield device.resolve().parent
    slaves = device / "slaves"
    if slaves.is_dir():
        yield from sorted(slaves.iterdir())


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
