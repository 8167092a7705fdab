"""``make power``: power cuts of real file systems, in a virtual machine.

This machine's kernel may have no FAT. So a kernel of Debian is started by QEMU, with the files of
this machine read-only by 9p; what happens in it stands in ``tests/slow/power/guest.py``. Without
KVM it takes two minutes for each file system.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "power"
GUEST = Path(__file__).with_name("power") / "guest.py"
NFS = GUEST.with_name("nfs_guest.py")
INIT = GUEST.with_name("init")
BOOT = ("virtio_pci", "virtio_blk", "9p", "9pnet_virtio")
"""Modules that the guest needs to see the files of this machine."""
NEEDED = (
    "vfat exfat ext4 f2fs xfs btrfs loop dm-log-writes nls_ascii nls_iso8859-1 nls_cp437 "
    "nfsd nfsv4 veth"
)
PATIENCE = 1200

pytestmark = pytest.mark.skipif(not BUILD.exists(), reason="needs a kernel: make power, as root")


def release() -> str:
    (folder,) = (BUILD / "lib" / "modules").iterdir()
    return folder.name


def initial_files(folder: Path, command: str) -> Path:
    """An archive of what the kernel starts with: a shell, modules, a command."""
    modules = folder / "modules"
    modules.mkdir(parents=True)
    shown = subprocess.run(
        ["modprobe", "-d", BUILD, "-S", release(), "--show-depends", "-a", *BOOT],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = [Path(each) for each in dict.fromkeys(re.findall(r"^insmod (\S+)", shown, re.M))]
    for module in found:
        (modules / module.name).write_bytes(module.read_bytes())
    (modules / "order").write_text("".join(f"{each.name}\n" for each in found))
    (folder / "bin").mkdir()
    (folder / "bin" / "busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (folder / "init").write_bytes(INIT.read_bytes())
    for program in ("init", "bin/busybox"):
        (folder / program).chmod(0o755)
    (folder / "command").write_text(command + "\n")
    names = "\n".join(str(each.relative_to(folder)) for each in folder.rglob("*"))
    archive = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"],
        input=names.encode(),
        cwd=folder,
        check=True,
        capture_output=True,
    ).stdout
    path = folder.with_suffix(".gz")
    path.write_bytes(gzip.compress(archive, 1))
    return path


def started(folder: Path, program: Path, *words: str) -> str:
    """What a guest printed that ran a program; its disk and its log are new files."""
    python = f"HOME=/tmp WASMSTATE_CACHE=off PYTHONPATH={ROOT} {sys.executable} {program}"
    modules = f"modprobe -d {BUILD} -a {NEEDED}"
    files = initial_files(folder / "initial", f"{modules}; {python} {' '.join(words)}")
    drives = []
    for name, size in (("disk", 1 << 29), ("log", 1 << 32)):
        path = folder / name
        path.touch()
        os.truncate(path, size)
        drives += ["-drive", f"file={path},if=virtio,format=raw,cache=unsafe"]
    return subprocess.run(
        [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "3000"),
            *("-nographic", "-nodefaults", "-no-reboot", "-serial", "stdio"),
            *("-kernel", str(BUILD / "boot" / f"vmlinuz-{release()}"), "-initrd", str(files)),
            *("-append", "console=ttyS0 panic=-1 quiet", *drives),
            "-virtfs",
            "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
        ],
        check=True,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE,
    ).stdout


def result(output: str) -> dict[str, Any]:
    found = re.search(r"RESULT (.*)", output)
    assert found is not None, output[-2000:]
    told: dict[str, Any] = json.loads(found[1])
    print({**told, "wrong": len(told.get("wrong", ()))})
    return told


@pytest.mark.parametrize("kind", ["vfat", "exfat", "ext4", "f2fs", "xfs", "btrfs"])
def test_no_power_cut_leaves_anything_but_one_whole_generation(kind: str, tmp_path: Path) -> None:
    told = result(started(tmp_path, GUEST, kind, "nothing"))
    assert told["wrong"] == []
    assert told["states"] > 100


def test_on_fat_one_sync_alone_is_noticed(tmp_path: Path) -> None:
    assert result(started(tmp_path, GUEST, "vfat", "one-sync"))["wrong"]


def test_two_clients_of_an_nfs_server_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    told = result(started(tmp_path, NFS, "4.2"))
    assert [each["made"] for each in told["clients"]] == [60, 60]
    assert told["kept"] == 120
    assert sum(each["conflicts"] for each in told["clients"]) > 0  # they did meet
