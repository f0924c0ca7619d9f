"""Whether a path lies on an encrypted volume, by devices as the kernel describes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maps.node.health.encrypted_volume import volume_of


class Machine:
    """Block devices below a folder, as in /sys, and the disk that a test's folder lies on.

    Args:
        folder: Where to make them.
    """

    def __init__(self, folder: Path) -> None:
        self._devices, self.block = folder / "devices", folder / "block"
        self.mounts = folder / "mountinfo"
        self.block.mkdir()
        self.own = folder.stat().st_dev
        self.number = f"{os.major(self.own)}:{os.minor(self.own)}"

    def device(self, name: str, *, uuid: str = "", of: tuple[str, ...] = ()) -> None:
        made = self._devices / name
        (made / "slaves").mkdir(parents=True)
        for each in of:
            (made / "slaves" / each.rpartition("/")[2]).symlink_to(self._devices / each)
        if uuid:
            (made / "dm").mkdir()
            (made / "dm/uuid").write_text(f"{uuid}\n")
        if "/" in name:
            (made / "partition").write_text("1\n")

    def mounted(self, name: str, kind: str = "ext4") -> None:
        (self.block / self.number).symlink_to(self._devices / name)
        self.mounts.write_text(
            f"21 1 {self.number} / / rw shared:1 - {kind} /dev/{name} rw\n"
            "22 21 0:5 / /proc rw - proc proc rw\n"
        )

    def says(self, path: Path) -> bool | None:
        return volume_of(path, mounts=self.mounts, block=self.block).is_encrypted


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without a device yet."""
    return Machine(tmp_path)


def test_a_mapping_of_dm_crypt_is_encrypted_also_below_lvm_and_before_there_is_a_file(
    machine: Machine, tmp_path: Path
) -> None:
    machine.device("sda")
    machine.device("sda/sda2")
    machine.device("dm-0", uuid="CRYPT-LUKS2-4f0c-root", of=("sda/sda2",))
    machine.device("dm-1", uuid="LVM-aBc", of=("dm-0",))
    machine.mounted("dm-1")
    assert machine.says(tmp_path / "none/yet.db") is True


def test_a_partition_of_a_disk_is_not(machine: Machine, tmp_path: Path) -> None:
    machine.device("sda")
    machine.device("sda/sda2")
    machine.mounted("sda/sda2")
    assert machine.says(tmp_path) is False


def test_of_a_volume_over_two_disks_both_must_be(machine: Machine, tmp_path: Path) -> None:
    machine.device("sda")
    machine.device("sdb")
    machine.device("dm-0", uuid="CRYPT-LUKS2-1", of=("sda",))
    machine.device("dm-1", uuid="LVM-2", of=("dm-0", "sdb"))
    machine.mounted("dm-1")
    assert machine.says(tmp_path) is False


@pytest.mark.parametrize("kind", ["nfs4", "overlay", "zfs", "fuse.sshfs", "tmpfs"])
def test_what_lies_elsewhere_is_not_known(machine: Machine, tmp_path: Path, kind: str) -> None:
    machine.device("sda")
    machine.mounted("sda", kind)
    assert machine.says(tmp_path) is None


def test_of_a_device_that_the_kernel_does_not_describe_nothing_is_known(
    machine: Machine, tmp_path: Path
) -> None:
    machine.device("sda")
    machine.mounted("sda")
    (machine.block / machine.number).unlink()
    assert machine.says(tmp_path) is None


def test_of_this_very_computer_it_says_something(tmp_path: Path) -> None:
    assert volume_of(tmp_path).name
