"""Folding gives a module back, with what its tensors learned."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from models import from_wat, model
from stock import Stock
from support import custom_bytes, leb, message
from wasmstate import (
    MalformedError,
    Module,
    SectionError,
    Session,
    State,
    attach,
    commit,
    find_constants,
    fold,
    graft,
    unfold,
)
from wasmstate.binary.custom.unfolded import UnfoldedSection
from wasmstate.binary.custom.unfolded import unfolded as unfolded_layout
from wasmstate.binary.edits.fold import unfolded_record
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.state.damage.check import check_module

LINEAR = """(module (memory (export "memory") 1)
  (func (export "predict") (param f64 f64) (result f64)
    (f64.add (f64.add (f64.mul (local.get 0) (f64.const 0.25))
      (f64.mul (local.get 1) (f64.const -1.5))) (f64.const 3))))"""


def offsets(module: Module, **choice: Any) -> list[int]:
    return [each.offset for each in find_constants(module, **choice)]


def test_fold_writes_what_was_learned_into_the_code(tmp_path: Path) -> None:
    unfolded = unfold(from_wat(LINEAR), {"w": offsets(from_wat(LINEAR))})
    path = tmp_path / "model.wasm"
    unfolded.save(path)
    commit(path, State.of(unfolded).with_values({"w": [1, 10, 100]}))
    folded = fold(path)
    assert Stock(folded).call("predict", 2.0, 3.0) == 132
    assert [each.values for each in find_constants(folded)] == [(1.0,), (10.0,), (100.0,)]
    assert not folded.custom_sections()
    assert folded.size == from_wat(LINEAR).size


def test_integers_fold_at_any_width() -> None:
    text = '(module (memory 1) (func (export "predict") (result i32) (i32.const 3)))'
    unfolded = unfold(from_wat(text), constants=find_constants(from_wat(text), types=["i32"]))
    state = State.of(unfolded).with_values({"w": [1_000_000]})
    changed = unfolded.with_custom("wasmstate.state", state.to_content())
    assert Stock(fold(changed)).call("predict") == 1_000_000


DONOR = """(module (type (func (param f64 f32)))
  (import "host" "memory" (memory 1)) (import "host" "w" (global $w i32))
  (global $rate f64 (f64.const 0.5)) (tag $bad)
  (func $half (param $x f64) (result f64) (f64.mul (local.get $x) (global.get $rate)))
  (func (export "update") (param $x f64)
    (f64.store (global.get $w) (call $half (local.get $x)))))"""


def test_what_a_grafted_function_learned_is_folded_and_the_function_goes(tmp_path: Path) -> None:
    host = from_wat(LINEAR)
    learning = graft(unfold(host), from_wat(DONOR))
    assert fold(learning).to_bytes() == host.to_bytes()
    path = tmp_path / "m.wasm"
    learning.save(path)
    with Session.open(path) as session:
        session.update(3.0)
        predicted = session.predict(1, 0)
    trained = fold(path)
    assert Stock(trained).call("predict", 1.0, 0.0) == predicted == 4.5
    assert list(Spaces(trained).exports) == list(Spaces(host).exports)
    assert not trained.custom_sections()
    assert trained.size == host.size


def test_names_of_grafted_functions_go_and_others_stay() -> None:
    host = from_wat(LINEAR.replace("(func (export", "(func $linear (export"))
    folded = fold(graft(unfold(host), from_wat(DONOR)))
    assert read_names(folded).functions == {0: "linear"}
    contents = [[section.content for section in each.sections] for each in (folded, host)]
    assert contents[0] == contents[1]  # the graft has written the size of the names wider
    odd = unfold(host).with_custom("name", b"\x01\xff")
    assert fold(odd).custom_sections("name")[0].content == b"\x01\xff"


def test_a_state_that_stays_keeps_the_signatures_of_functions_that_do(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    graft(unfold(model(LINEAR, "x:f64@8")), from_wat(DONOR)).save(path)
    with Session.open(path) as session:
        session.update(3.0)
    state = State.of(fold(path))
    assert (list(state), list(state.entry_points), state.generation) == (["x"], ["predict"], 4)


def test_a_module_changed_since_does_not_fold() -> None:
    host = from_wat(LINEAR)
    donor = from_wat('(module (func (export "predict")))')
    changed = graft(unfold(host), donor, replace_exports=True)
    assert message(SectionError, lambda: fold(changed)).startswith(
        "the code was changed since the module was unfolded, by more than functions"
    )


def test_damage_of_what_was_kept_is_noticed() -> None:
    unfolded = unfold(from_wat(LINEAR))
    kept = bytearray(unfolded.custom_sections("wasmstate.unfolded")[0].content)
    kept[5] ^= 1  # of the digest
    damaged = unfolded.with_custom("wasmstate.unfolded", bytes(kept))
    assert "CRC-32 of what was unfolded differs" in message(MalformedError, lambda: fold(damaged))
    (found,) = check_module(damaged)
    assert str(found).endswith(
        "CRC-32 of what was unfolded differs; the constants cannot be folded back; the model is "
        "not concerned otherwise"
    )
    assert check_module(unfolded) == []
    twice = unfolded.with_custom("wasmstate.unfolded", b"", index=0)
    assert "a second wasmstate.unfolded" in message(MalformedError, lambda: fold(twice))


def test_padded_integers_come_back_as_they_were() -> None:
    module = from_wat(LINEAR)
    code = module["code"]
    body = code.content[2:]  # one function, its size in one byte
    padded = leb(1, 3) + leb(len(body), 4) + body
    raw = module.to_bytes()
    wide = Module.from_bytes(
        raw[: code.offset] + b"\x0a" + leb(len(padded), 5) + padded + raw[code.end :]
    )
    assert fold(unfold(wide)).to_bytes() == wide.to_bytes()


def test_without_its_state_a_module_folds_to_what_it_was() -> None:
    unfolded = unfold(from_wat(LINEAR)).without_custom("wasmstate.state")
    assert fold(unfolded).to_bytes() == from_wat(LINEAR).to_bytes()


def test_a_state_without_the_elements_cannot_fold() -> None:
    plain = unfold(from_wat(LINEAR)).without_custom("wasmstate.state")
    assert message(SectionError, lambda: fold(attach(plain, ["x:f64@8"]))) == (
        "the state has no tensor at address 65536, where a constant is read from"
    )
    whole = attach(plain, whole_memory=True)
    assert message(SectionError, lambda: fold(whole)).startswith("the state is all of memory")
    in_globals = unfold(from_wat(LINEAR), as_globals=True).without_custom("wasmstate.state")
    assert message(SectionError, lambda: fold(attach(in_globals, ["x:f64@8"]))) == (
        "the state has no tensor at global 0, where a constant is read from"
    )


def test_older_generations_stay_where_nothing_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    model(LINEAR, "x:f64@8", keep=3).save(path)
    for value in (1, 2):
        commit(path, State.open(path).with_values({"x": value}))
    before = path.read_bytes()
    unfolded = unfold(path)
    assert State.of(unfolded).generation == 3
    assert fold(unfolded).to_bytes() == before


def test_a_constant_that_is_read_from_a_global_of_the_state() -> None:
    text = """(module (memory 1) (global (export "n") (mut f64) (f64.const 5))
      (func (export "predict") (result f64) (f64.const 5)))"""
    module = model(text, "n:f64@global:n")
    unfolded = unfold(module, {"n": offsets(module)[0]})
    assert State.of(unfolded).spec("n") == State.of(module).spec("n")
    changed = State.of(unfolded).with_values({"n": 7})
    folded = fold(unfolded.with_custom("wasmstate.state", changed.to_content()))
    assert find_constants(folded)[0].values == (7.0,)


def test_what_was_kept_and_cannot_be_is_refused() -> None:
    unfolded = unfold(from_wat(LINEAR))
    record = unfolded_record(unfolded)

    def forged(**changes: Any) -> Module:
        content = unfolded_layout.build(replace(record, **changes, crc32=bytes(4)))[:-4]
        content += zlib.crc32(content).to_bytes(4, "little")
        return unfolded.with_custom("wasmstate.unfolded", content)

    lost = [replace(each, cell=9) for each in record.constants]
    assert "a constant has no cell" in message(MalformedError, lambda: fold(forged(constants=lost)))
    moved = [replace(record.constants[0], position=1)]
    assert message(SectionError, lambda: fold(forged(constants=moved))).endswith("was no constant")
    gone = [*record.sections, UnfoldedSection(4, "", 1, b"", 0, [])]
    assert message(SectionError, lambda: fold(forged(sections=gone))) == (
        "sections that the module had when it was unfolded are gone"
    )
    long = [replace(record.sections[0], length=1 << 20), *record.sections[1:]]
    assert message(SectionError, lambda: fold(forged(sections=long))).endswith(
        "section was changed since the module was unfolded"
    )


def test_branch_hints_come_back() -> None:
    text = """(module (memory 1) (func (export "predict") (param i32) (result f64)
      (f64.const 0.5) (if (param f64) (result f64) (local.get 0) (then) (else (f64.neg)))))"""
    plain = from_wat(text)
    hints = bytes([1, 0, 1, 12, 1, 1])  # function 0, a hint for its if
    module = Module.from_bytes(plain.to_bytes() + custom_bytes("metadata.code.branch_hint", hints))
    unfolded = unfold(module)
    (hint,) = unfolded.custom_sections("metadata.code.branch_hint")[0].decode().funcs[0].instances
    assert hint.funcpos == 10  # the load is two bytes shorter than the constant
    assert fold(unfolded).to_bytes() == module.to_bytes()
