"""A baked module starts from S in every runtime, and a commit keeps both in step."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from models import copy_fixture, from_wat, model, state_of, write_model
from stock import Stock
from support import message
from wasmstate import (
    LinkError,
    Module,
    SectionError,
    Session,
    State,
    StateError,
    attach,
    bake,
    check,
    commit,
    unbake,
)
from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.spaces import Spaces
from wasmstate.state.change.bake import MAX_SEGMENTS, changed_runs

ADDER = """
(module
  (memory (export "memory") 1)
  (global (export "n") (mut i64) (i64.const 3))
  (data (i32.const 16) "\\01\\02\\03\\04")
  (func (export "predict") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "update") (param i32 i32)
    (i32.store8 (local.get 0) (local.get 1))
    (global.set 0 (i64.add (global.get 0) (i64.const 1)))))
"""
TENSORS = ("s:u8[8]@14", "n:i64@global:n")


def starting(body: str, how: str = "(start $start)") -> str:
    return ADDER.replace("(func (export", f"(func $start {body}) {how} (func (export", 1)


def learned(path: Path, *updates: tuple[int, int]) -> Path:
    with Session.open(path, persist="on-close") as session:
        for update in updates:
            session.update(*update)
    return path


def test_a_stock_runtime_starts_from_s_and_goes_on(tmp_path: Path) -> None:
    path = learned(write_model(tmp_path / "m.wasm", ADDER, *TENSORS), (14, 7), (17, 0), (21, 9))
    module = Module.open(path)
    stock = Stock(bake(module))
    assert stock.memory(14, 22) == bytes([7, 0, 1, 0, 3, 4, 0, 9])
    assert stock.value("n") == 6
    stock.call("update", 14, 8)
    assert (stock.call("predict", 14), stock.value("n")) == (8, 7)
    assert Stock(module).memory(14, 22) == bytes([0, 0, 1, 2, 3, 4, 0, 0])


def test_what_becomes_zero_is_written_and_what_stays_is_not() -> None:
    module = model(ADDER, *TENSORS, values={"s": [0] * 8, "n": 3})
    segments = Spaces(bake(module)).data[1:]
    assert [segment.init for segment in segments] == [bytes(4)]


def test_the_same_values_add_no_segment() -> None:
    assert len(Spaces(bake(model(ADDER, *TENSORS))).data) == 1


@pytest.mark.parametrize("name", ["bandit", "linear", "welford"])
def test_a_fixture_goes_on_bit_for_bit_in_a_stock_runtime(name: str, tmp_path: Path) -> None:
    path = copy_fixture(name, tmp_path)
    row = {"bandit": (2, 1.0), "linear": (1.0, 2.0, 3.0, 4.0, 5.0), "welford": (2.5,)}[name]
    with Session.open(path, persist="on-close") as session:
        for _ in range(20):
            session.update(*row)
    stock = Stock(bake(Module.open(path)))
    point = row[:4] if name == "linear" else ()
    with Session.open(path, persist="manual") as session:
        for _ in range(5):
            session.update(*row)
            stock.call("update", *row)
            assert session.predict(*point) == stock.call("predict", *point)
        for region, content in zip(session.state.regions, session.state.contents(), strict=True):
            assert stock.memory(region.address, region.end) == content


def test_unbake_gives_the_module_back_and_the_state_stays(tmp_path: Path) -> None:
    path = learned(write_model(tmp_path / "m.wasm", ADDER, *TENSORS), (14, 7))
    module = Module.open(path)
    baked = bake(module)
    assert unbake(baked).to_bytes() == module.to_bytes()
    assert bake(baked).to_bytes() == baked.to_bytes()
    assert unbake(module) is module
    path.write_bytes(baked.to_bytes())
    learned(path, (15, 1))
    state = state_of(path)
    original = unbake(Module.open(path))
    plain = original.without_custom("wasmstate.state").without_custom("wasmstate.prev")
    assert plain.to_bytes() == from_wat(ADDER).to_bytes()
    assert State.of(original).digest == state.digest


def test_a_baked_file_stays_in_step_with_each_commit(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.wasm", ADDER, *TENSORS)
    committed = commit(path, state_of(path).with_values({"n": 10}), baked=True)
    assert committed.generation == 1
    assert Stock(Module.open(path)).value("n") == 10
    sizes = set()
    for step in range(4):
        learned(path, (14, step + 1))
        module = Module.open(path)
        sizes.add(module.size)
        assert Stock(module).memory(14, 15) == bytes([step + 1])
        assert Stock(module).value("n") == State.of(module)["n"] == 11 + step
        assert check(path) == []
    assert len(sizes) == 1
    commit(path, state_of(path), baked=False)
    assert not is_baked(Module.open(path))
    assert Stock(Module.open(path)).value("n") == 3
    assert check(path) == []


@pytest.mark.parametrize("how", ["(start $start)", '(export "_initialize" (func $start))'])
def test_code_that_runs_at_the_start_is_tried(how: str, tmp_path: Path) -> None:
    harmless = model(starting("(i32.store8 (i32.const 40) (i32.const 1))", how), *TENSORS)
    path = tmp_path / "m.wasm"
    path.write_bytes(bake(harmless).to_bytes())
    learned(path, (14, 7))
    assert Stock(Module.open(path)).memory(14, 15) == b"\x07"

    harmful = model(starting("(global.set 0 (i64.const 1))", how), *TENSORS, values={"n": 2})
    assert message(SectionError, lambda: bake(harmful)) == (
        "the code that runs at the start (a start function or _initialize) overwrites n, "
        "and would do so with what is baked"
    )
    path.write_bytes(harmful.to_bytes())
    before = path.read_bytes()
    assert message(SectionError, lambda: commit(path, state_of(path), baked=True)) == (
        "the module runs code when it is instantiated (a start function or _initialize): "
        "whether that leaves S alone has to be tried once, by baking it on purpose"
    )
    assert path.read_bytes() == before


def test_a_module_that_imports_and_starts_cannot_be_tried() -> None:
    text = starting("").replace("(memory", '(import "env" "f" (func)) (memory', 1)
    module = attach(from_wat(text), TENSORS, values={"s": [1] * 8, "n": 2})
    with pytest.raises(LinkError):
        bake(module)


def test_a_global_of_the_host_makes_all_of_the_region_be_written() -> None:
    text = ADDER.replace("(memory", '(import "env" "at" (global $at i32)) (memory', 1)
    text = text.replace("(data (i32.const 16)", "(data (global.get $at)")
    text = text.replace("global.set 0", "global.set 1").replace("(global.get 0)", "(global.get 1)")
    module = attach(from_wat(text), TENSORS, values={"s": [0] * 8, "n": 2})
    assert [segment.init for segment in Spaces(bake(module)).data[1:]] == [bytes(8)]


def test_check_tells_a_stale_or_damaged_baking(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    fresh = model(ADDER, *TENSORS, values={"n": 5})
    baked = bake(fresh)
    later = State.of(fresh).with_values({"n": 6})
    path.write_bytes(baked.with_custom("wasmstate.state", later.to_content()).to_bytes())
    (found,) = check(path)
    assert str(found).endswith(
        "what is baked is not the state: other runtimes start from another one; bake it again"
    )
    signed = baked.with_custom("signature", b"", index=0)
    path.write_bytes(signed.to_bytes())
    assert any("what is baked is not the state" in str(each) for each in check(path))
    kept = bytearray(baked.custom_sections("wasmstate.baked")[0].content)
    kept[-1] ^= 1
    path.write_bytes(baked.with_custom("wasmstate.baked", bytes(kept)).to_bytes())
    (damaged,) = [each for each in check(path) if each.severity == "error"]
    assert damaged.reason == "CRC-32 of what was baked differs"


def test_unbaking_to_other_code_is_refused() -> None:
    baked = bake(model(ADDER, *TENSORS, values={"n": 5}))
    other = model(ADDER.replace('"predict"', '"pr3dict"'), *TENSORS)
    mixed = baked.with_custom("wasmstate.state", State.of(other).to_content(), force=True)
    with pytest.raises(StateError, match="does not give back the code"):
        unbake(mixed)


def test_a_state_of_a_memory_that_is_not_there_is_refused() -> None:
    module = model(ADDER, *TENSORS)
    record = State.of(module).record
    regions = (replace(record.regions[0], index=7), *record.regions[1:])
    content = replace(record, regions=regions).encode()
    text = message(SectionError, lambda: bake(module.with_custom("wasmstate.state", content)))
    assert text == "the module has no memory 7, which S names"


def test_short_gaps_are_bridged_and_segments_are_not_too_many() -> None:
    after = bytearray(1000)
    for at in (0, 5, 100, 999):
        after[at] = 1
    assert changed_runs(bytes(1000), bytes(after)) == [(0, 6), (100, 101), (999, 1000)]
    assert changed_runs(bytes(5), bytes(5)) == []
    sparse = (b"\x01" + bytes(30)) * (MAX_SEGMENTS + 7)
    sparse = b"\x01" + bytes(50) + sparse
    runs = changed_runs(bytes(len(sparse)), sparse)
    assert len(runs) == MAX_SEGMENTS
    assert runs[0] == (0, 1)
    whole = bytearray(len(sparse))
    for start, end in runs:
        whole[start:end] = sparse[start:end]
    assert whole == sparse


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_node_starts_from_s(tmp_path: Path) -> None:
    path = copy_fixture("welford", tmp_path)
    with Session.open(path, persist="on-close") as session:
        for x in (1.5, 2.5, 4.25):
            session.update(x)
        mean = session.predict()
    script = """
        const bytes = require("fs").readFileSync(process.argv[1]);
        WebAssembly.instantiate(bytes).then(({ instance }) =>
            console.log(JSON.stringify(instance.exports.predict())));
    """
    path.write_bytes(bake(Module.open(path)).to_bytes())
    done = subprocess.run(
        ["node", "-e", script, str(path)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == mean
