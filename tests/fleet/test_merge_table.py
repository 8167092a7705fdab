"""A merge of a table has the bits of a merge of its sound files, and names all others."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")

from fleet_support import Devices, learned
from wasmstate import Module, State, fleet, merge, models
from wasmstate.state.change.personalize import personalize


def scanned(devices: Devices) -> Path:
    table = devices.base.with_name("fleet.parquet")
    fleet.scan([str(devices.folder)], table, overwrite=True)
    return table


def reasons(found: fleet.TableMerge) -> dict[str, str]:
    return {Path(path).name: reason for path, reason in found.refused.items()}


def test_it_has_the_bits_of_a_merge_of_the_sound_files(devices: Devices) -> None:
    found = fleet.merge_table(scanned(devices), devices.base)
    at_once = merge(devices.base, devices.sound)
    assert found.merge.module.to_bytes() == at_once.module.to_bytes()
    assert found.merge.devices == at_once.devices


def test_all_others_are_named_with_their_reasons(devices: Devices) -> None:
    found = reasons(fleet.merge_table(scanned(devices), devices.base))
    assert sorted(found) == ["03.wasm", "05.wasm", "07.wasm", "09.wasm"]
    assert found["03.wasm"].startswith("damaged: ")
    assert found["07.wasm"] == "no state: the file carries no state; attach one"
    assert found["09.wasm"] == "has other code than the base"


@pytest.mark.parametrize("jobs", [1, 2])
def test_batches_and_processes_give_the_same_bits(
    devices: Devices, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("wasmstate.fleet.merge_table"), "_BATCH", 3)
    found = fleet.merge_table(scanned(devices), devices.base, jobs=jobs)
    assert found.merge.module.to_bytes() == merge(devices.base, devices.sound).module.to_bytes()


def test_what_two_files_share_counts_once(devices: Devices) -> None:
    first = devices.sound[0]
    copy = devices.folder / "copy.wasm"
    copy.write_bytes(first.read_bytes())
    later = devices.folder / "later.wasm"
    later.write_bytes(learned(Module.open(first), 77).to_bytes())
    found = fleet.merge_table(scanned(devices), devices.base)
    refused = reasons(found)
    for name in (first.name, "copy.wasm"):
        assert refused[name] == f"what it has learned is in {later}, too: it would count twice"
    expected = merge(devices.base, [later, *devices.sound[1:]])
    assert found.merge.module.to_bytes() == expected.module.to_bytes()


def test_an_old_file_of_a_device_does_not_hide_the_one_that_took_the_base(
    devices: Devices,
) -> None:
    base = merge(models.new("moments", features=2), []).module
    newer = merge(base, []).module
    newer.save(devices.base, overwrite=True)
    for path in devices.folder.rglob("*.wasm"):
        path.unlink()
    device = personalize(newer, "a")
    device.save(devices.folder / "device.wasm")
    old = personalize(base, "a")
    for seed in range(3):
        old = learned(old, seed)
    old.save(devices.folder / "backup.wasm")
    found = fleet.merge_table(scanned(devices), devices.base)
    assert list(reasons(found)) == ["backup.wasm"]


def test_a_file_that_has_changed_since_the_scan_is_passed_over(devices: Devices) -> None:
    table = scanned(devices)
    devices.sound[0].write_bytes(learned(Module.open(devices.base), 99).to_bytes())
    devices.sound[1].unlink()
    refused = reasons(fleet.merge_table(table, devices.base))
    assert refused[devices.sound[0].name] == "has changed since the scan"
    assert "No such file" in refused[devices.sound[1].name]


def test_a_condition_chooses_the_devices(devices: Devices) -> None:
    pytest.importorskip("duckdb")
    found = fleet.merge_table(scanned(devices), devices.base, where="path LIKE '%/north/%'")
    north = [path for path in devices.sound if path.parent.name == "north"]
    assert found.merge.module.to_bytes() == merge(devices.base, north).module.to_bytes()
    assert reasons(found)["00.wasm"] == "left out by the condition"


def test_a_second_round_starts_from_the_merged_file(devices: Devices) -> None:
    first = fleet.merge_table(scanned(devices), devices.base).merge.module
    first.save(devices.base, overwrite=True)
    for i, path in enumerate(devices.sound[2:]):
        path.write_bytes(learned(first, 100 + i).to_bytes())
    found = fleet.merge_table(scanned(devices), devices.base)
    state = State.of(found.merge.module)
    assert (state.generation, int(state["count"])) == (2, 21 * 5 + 19 * 5)
    late = reasons(found)[devices.sound[0].name]
    assert late.startswith("did not start from the base")


def test_no_device_that_can_be_merged_is_an_error(devices: Devices, tmp_path: Path) -> None:
    for path in devices.sound:
        path.unlink()
    with pytest.raises(fleet.FleetError, match=r"no device can be merged: .* \(1 files\)"):
        fleet.merge_table(scanned(devices), devices.base)
    table = tmp_path / "no.parquet"
    table.write_bytes(b"no table")
    with pytest.raises(fleet.FleetError, match="is no table of a scan"):
        fleet.merge_table(table, devices.base)


def test_options_are_those_of_merge(devices: Devices) -> None:
    options: Any = {"keep_base": ["m2"], "allow_equal": True, "robust": "median"}
    copy = devices.folder / "copy.wasm"
    copy.write_bytes(devices.sound[0].read_bytes())
    found = fleet.merge_table(scanned(devices), devices.base, **options)
    at_once = merge(devices.base, sorted([copy, *devices.sound]), **options)
    assert found.merge.module.to_bytes() == at_once.module.to_bytes()


def test_devices_with_ids_are_merged_and_an_id_counts_once(devices: Devices) -> None:
    base = Module.open(devices.base)
    for i, path in enumerate(devices.sound):
        path.write_bytes(learned(personalize(base, f"kiosk-{i}"), i).to_bytes())
    backup = devices.folder / "backup.wasm"
    backup.write_bytes(learned(personalize(base, "kiosk-0"), 500).to_bytes())
    found = fleet.merge_table(scanned(devices), devices.base)
    first = devices.sound[0]
    assert reasons(found)["backup.wasm"] == (
        f"what it has learned is in {first}, too: it would count twice"
    )
    assert found.merge.module.to_bytes() == merge(devices.base, devices.sound).module.to_bytes()
