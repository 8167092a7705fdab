"""A scan names each damaged file, stops at none, and loses nothing when it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tarfile
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")

import fsspec
import pyarrow.parquet as pq

from fleet_support import Devices
from wasmstate import check, fleet, models


def test_each_file_is_a_row_and_each_damaged_one_is_named(devices: Devices, tmp_path: Path) -> None:
    found = fleet.scan([str(devices.folder)], tmp_path / "fleet.parquet", tensors=["mean"])
    assert (found.files, dict(found.health)) == (25, {"ok": 22, "damaged": 2, "no state": 1})
    assert (found.bad_files, sorted(found.codes.values())) == (2, [1, 24])
    for line, number in zip(found.bad, (3, 5), strict=True):
        path = devices.folder / f"north/{number:02}.wasm"
        first = next(each for each in check(path) if each.severity == "error")
        assert (
            line
            == f"{path}: damaged: {first.path} at {first.offset:#x}: {first.reason}; {first.advice}"
        )
    rows = pq.read_table(tmp_path / "fleet.parquet").to_pylist()
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)
    assert all(len(row["mean"]) == 2 for row in rows if row["path"] in map(str, devices.sound))
    assert not (tmp_path / "fleet.parquet.parts").exists()


def test_processes_give_the_bytes_of_one(
    devices: Devices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("wasmstate.fleet.scan"), "_BATCH", 4)
    tables = []
    for jobs in (1, 2):
        table = tmp_path / f"{jobs}.parquet"
        fleet.scan([str(devices.folder)], table, stats=["mean:norm"], jobs=jobs)
        tables.append(table.read_bytes())
    assert tables[0] == tables[1]


def test_archives_patterns_and_urls_give_the_rows_of_the_folder(
    devices: Devices, tmp_path: Path
) -> None:
    files = sorted(devices.folder.rglob("*.wasm"))
    with (
        zipfile.ZipFile(tmp_path / "f.zip", "w") as zip_,
        tarfile.open(tmp_path / "f.tar.gz", "w:gz") as tar,
    ):
        for path in files:
            zip_.write(path, path.name)
            tar.add(path, path.name)
    memory = fsspec.filesystem("memory")
    for path in files:
        memory.pipe(f"/fleet/{path.name}", path.read_bytes())
    found = []
    for source in (
        tmp_path / "f.zip",
        tmp_path / "f.tar.gz",
        "memory://fleet/*.wasm",
        f"zip://*.wasm::file://{tmp_path}/f.zip",
        devices.folder / "**" / "*.wasm",
    ):
        table = tmp_path / "x.parquet"
        fleet.scan([str(source)], table, overwrite=True)
        rows = pq.read_table(table).drop_columns(["path", "modified"]).to_pylist()
        found.append(sorted(rows, key=str))
    assert len(found[0]) == 25
    assert all(each == found[0] for each in found)
    memory.rm("/fleet", recursive=True)


def test_what_cannot_be_read_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "dangling.wasm").symlink_to("nowhere")
    (tmp_path / "folder.wasm").mkdir()
    models.new("moments", features=1).save(tmp_path / "folder.wasm" / "sound.wasm")
    found = fleet.scan([str(tmp_path)], tmp_path / "f.parquet")
    assert dict(found.health) == {"ok": 1, "unreadable": 1}
    assert found.bad == (f"{tmp_path}/dangling.wasm: unreadable: No such file or directory",)


def test_a_path_that_leads_nowhere_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path, tmp_path / "*.wasm"):
        with pytest.raises(FileNotFoundError):
            fleet.scan([str(path)], tmp_path / "f.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_not_replaced_unasked(devices: Devices, tmp_path: Path) -> None:
    table = tmp_path / "f.parquet"
    fleet.scan([str(devices.folder)], table)
    with pytest.raises(fleet.FleetError) as caught:
        fleet.scan([str(devices.folder)], table)
    assert str(caught.value) == f"{table}: the table is there already"
    fleet.scan([str(devices.base)], table, overwrite=True)
    assert pq.read_table(table).num_rows == 1


KILLED = """
import os, signal, sys
from wasmstate import fleet
from importlib import import_module
import_module("wasmstate.fleet.scan")._BATCH = 9
folder, table, when = sys.argv[1], sys.argv[2], int(sys.argv[3])
kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
def hook(event, args, seen=[0]):
    # Everything that changes a folder or a file's contents on disk.
    if event in ("open", "os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir"):
        if table in str(args[0]) or table in str(args[-1]):
            seen[0] += 1
            if seen[0] == when:
                kill()
sys.addaudithook(hook)
fleet.scan([folder], table, resume=True)
"""


def test_a_scan_that_is_killed_anywhere_goes_on_and_loses_nothing(
    devices: Devices, tmp_path: Path
) -> None:
    fleet.scan([str(devices.folder)], tmp_path / "whole.parquet")
    whole = pq.read_table(tmp_path / "whole.parquet")
    table, kills, when = tmp_path / "killed.parquet", 0, 1
    while True:  # each run gets one step further than the one before could
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(devices.folder), str(table), str(when)],
            stderr=subprocess.PIPE,
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills, when = kills + 1, when + 5
    assert kills > 2
    assert pq.read_table(table).equals(whole)
    assert not (tmp_path / "killed.parquet.parts").exists()


def test_a_scan_that_was_begun_is_resumed_with_its_own_request_only(
    devices: Devices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, parts = tmp_path / "f.parquet", tmp_path / "f.parquet.parts"
    monkeypatch.setattr(import_module("wasmstate.fleet.scan"), "_BATCH", 4)

    class StoppedError(Exception):
        pass

    def stop(now: fleet.Progress) -> None:
        if now.done >= 8:
            raise StoppedError

    with pytest.raises(StoppedError):
        fleet.scan([str(devices.folder)], table, progress=stop)
    with pytest.raises(fleet.FleetError) as caught:
        fleet.scan([str(devices.folder)], table)
    assert str(caught.value) == (
        f"{table}: a scan was begun and not ended; its parts are in {parts}"
    )
    with pytest.raises(fleet.FleetError, match="is of a scan of other paths or columns"):
        fleet.scan([str(devices.folder)], table, tensors=["mean"], resume=True)
    seen: list[fleet.Progress] = []
    found = fleet.scan([str(devices.folder)], table, resume=True, progress=seen.append)
    assert (found.files, seen[0].done, seen[-1]) == (25, 12, fleet.Progress(25, 25, 2))


def test_a_damaged_list_of_a_scan_that_was_begun_is_refused(
    devices: Devices, tmp_path: Path
) -> None:
    parts = tmp_path / "f.parquet.parts"
    parts.mkdir()
    (parts / "listing.jsonl").write_text("{}")
    with pytest.raises(fleet.FleetError, match="remove the folder"):
        fleet.scan([str(devices.folder)], tmp_path / "f.parquet", resume=True)


@pytest.mark.parametrize("stat", ["mean", "mean:mode", ":norm"])
def test_an_unknown_statistic_is_refused(devices: Devices, tmp_path: Path, stat: str) -> None:
    with pytest.raises(Exception, match=f"no statistic '{stat}': write TENSOR:norm|min|max|mean"):
        fleet.scan([str(devices.folder)], tmp_path / "f.parquet", stats=[stat])
