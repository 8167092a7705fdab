"""fleet on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")

from cli_runner import run_command
from fleet_support import Devices
from models import state_of
from wasmstate import fleet, merge


@pytest.fixture
def scanned(devices: Devices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Devices:
    monkeypatch.chdir(tmp_path)
    fleet.scan(["devices"], "fleet.parquet", stats=["mean:norm"])
    return devices


def test_a_scan_tells_of_health_code_and_each_damaged_file(
    devices: Devices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_command("fleet", "scan", "devices", "--to", "fleet.parquet", "--jobs", "2")
    lines = done.stdout.splitlines()
    assert done.exit_code == 1
    assert lines[0] == "25 files: 22 ok, 2 damaged, 1 no state"
    assert [line.endswith(("24 files", "1 file")) for line in lines[1:3]] == [True, True]
    assert lines[3].startswith(f"{devices.folder}/north/03.wasm: damaged: ")
    again = run_command("fleet", "scan", "devices", "--to", "fleet.parquet")
    assert (again.exit_code, again.stderr) == (
        1,
        "Error: fleet.parquet: the table is there already\nWhat helps: --force\n",
    )
    told = json.loads(
        run_command("fleet", "scan", "devices", "--to", "fleet.parquet", "--force", "--json").stdout
    )
    assert (told["files"], len(told["bad"])) == (25, 2)


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    done = run_command("fleet", "scan", f"{tmp_path}/none", "--to", f"{tmp_path}/f.parquet")
    assert (done.exit_code, done.stderr) == (
        2,
        f"Error: {tmp_path}/none: No such file or directory\n",
    )


@pytest.mark.usefixtures("scanned")
def test_a_query_is_printed_as_columns_or_as_json() -> None:
    pytest.importorskip("duckdb")
    sql = "SELECT health, count(*) AS files FROM 'fleet.parquet' GROUP BY ALL ORDER BY files DESC"
    assert run_command("fleet", "query", sql).stdout.splitlines() == [
        "health    files",
        "ok        22",
        "damaged   2",
        "no state  1",
    ]
    rows = json.loads(run_command("fleet", "query", sql, "--json").stdout)
    assert rows[0] == {"health": "ok", "files": 22}
    done = run_command("fleet", "query", "SELECT nothing FROM 'fleet.parquet'")
    assert (done.exit_code, done.stderr.startswith("Error: the query failed: ")) == (1, True)


def test_a_merge_writes_the_next_base_and_names_who_was_passed_over(scanned: Devices) -> None:
    done = run_command("fleet", "merge", "fleet.parquet", "--base", "base.wasm", "-o", "next.wasm")
    lines = done.stdout.splitlines()
    assert lines[0] == "21 devices, 105 updates"
    assert lines[1:5] == [
        "  features  none  as in the base",
        "  count     chan  exact",
        "  mean      chan  up to rounding",
        "  m2        chan  up to rounding",
    ]
    assert lines[5] == "4 files passed over:"
    assert f"  {scanned.folder}/north/09.wasm: has other code than the base" in lines
    expected = merge(scanned.base, scanned.sound).module.to_bytes()
    assert Path("next.wasm").read_bytes() == expected
    assert state_of("next.wasm").generation == 1


@pytest.mark.usefixtures("scanned")
def test_a_merge_as_json_lists_each_device_and_each_refusal() -> None:
    done = run_command("fleet", "merge", "fleet.parquet", "--base", "base.wasm", "--json")
    document = json.loads(done.stdout)
    assert (len(document["devices"]), len(document["refused"])) == (21, 4)
    assert document["devices"][0]["updates"] == 5


def test_without_the_packages_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "fsspec.py").write_text("raise ModuleNotFoundError('no', name='fsspec')")
    done = subprocess.run(
        [sys.executable, "-m", "wasmstate", "fleet", "scan", ".", "--to", "f.parquet"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "Error: wasmstate.fleet needs fsspec: pip install 'wasmstate[fleet]'\n",
    )
