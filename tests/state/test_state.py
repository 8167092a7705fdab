"""The state S: named arrays that do not change."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from models import from_wat
from state.modules import COUNT, MEMORY, WEIGHTS, wat
from state.records import record_bytes
from support import custom_bytes, message, module_of, section_bytes
from wasmstate.errors import SchemaError, StateBoundsError, StateError, UnknownTensorError
from wasmstate.session.attach import attach
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.state.digest import module_digest
from wasmstate.state.state import State
from wasmstate.state.tensor import TensorSpec

STATE = State.from_content(record_bytes())


def test_a_state_is_a_mapping_of_names_to_arrays() -> None:
    assert list(STATE) == ["w", "n", "k"]
    assert len(STATE) == 3
    assert "w" in STATE
    assert "x" not in STATE
    assert STATE["w"].dtype == np.dtype("<f4")
    assert STATE["w"].tolist() == [1.5, -2.0]
    assert (STATE["n"].shape, STATE["n"].item(), STATE["k"].item()) == ((), 7, -9)
    assert not STATE["w"].flags.writeable


def test_a_state_does_what_every_mapping_does(tmp_path: Path) -> None:
    assert [name for name, _ in STATE.items()] == list(STATE.keys()) == ["w", "n", "k"]
    assert STATE.get("x") is None
    assert {name: values.tolist() for name, values in dict(STATE).items()}["w"] == [1.5, -2.0]
    np.savez(tmp_path / "state.npz", **STATE)  # type: ignore[arg-type]  # NumPy: allow_pickle
    with np.load(tmp_path / "state.npz") as archive:
        assert sorted(archive) == ["k", "n", "w"]
    with pytest.raises(KeyError) as caught:
        STATE["x"]
    assert str(caught.value) == "no tensor 'x'; there are w, n, k"


def test_a_state_is_opened_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(with_state(from_wat("(module)"), STATE).to_bytes())
    assert State.open(path) == STATE


def test_a_tensor_that_is_not_there_is_named() -> None:
    found = message(UnknownTensorError, lambda: STATE["x"])
    assert found == "no tensor 'x'; there are w, n, k"
    found = message(UnknownTensorError, lambda: STATE.with_values({"x": 1}))
    assert found == "no tensor 'x'; there are w, n, k"
    empty = State.from_content(record_bytes(schema={"tensors": []}))
    assert message(UnknownTensorError, lambda: empty.tensor("x")) == "no tensor 'x'; there are none"


def test_a_state_tells_where_it_comes_from() -> None:
    assert (STATE.generation, STATE.update_count) == (5, 6)
    assert STATE.digest == STATE.record.digest()
    assert str(STATE.entry_points["update"]) == "(x: f32) -> ()"
    assert STATE.metadata == {"author": "é"}
    assert len(STATE.regions) == 2


def test_a_tensor_has_a_place_in_the_module_and_one_in_the_content() -> None:
    assert [STATE.place(name) for name in STATE] == ["sym:w", "1032", "global:k"]
    content = STATE.to_content()
    assert struct.unpack_from("<ff", content, STATE.content_offset("w")) == (1.5, -2.0)
    assert struct.unpack_from("<I", content, STATE.content_offset("n")) == (7,)
    assert struct.unpack_from("<q", content, STATE.content_offset("k")) == (-9,)


def test_a_global_without_a_name_is_placed_by_its_index() -> None:
    tensor = {"name": "k", "dtype": "i64", "shape": [], "region": 1, "offset": 0}
    assert State.from_content(record_bytes(schema={"tensors": [tensor]})).place("k") == "global:3"


def test_other_values_make_another_state_and_leave_the_rest() -> None:
    other = STATE.with_values({"w": [3, 4], "k": 2**62})
    assert [other[name].tolist() for name in other] == [[3.0, 4.0], 7, 2**62]
    assert STATE["w"].tolist() == [1.5, -2.0]
    assert (other.generation, other.update_count) == (5, 6)
    assert other.digest != STATE.digest
    assert STATE.with_values({"w": STATE["w"]}).digest == STATE.digest
    assert State.from_content(other.to_content()).record == other.record


def test_states_are_equal_if_their_records_are() -> None:
    same = State.from_content(record_bytes())
    assert same == STATE
    assert len({same, STATE, STATE.with_values({"n": STATE["n"]})}) == 1
    assert STATE.with_values({"w": [-0.0, 1.0]}) != STATE.with_values({"w": [0.0, 1.0]})
    newer = State.from_content(record_bytes(header={"generation": 1 + STATE.generation}))
    assert newer != STATE
    assert newer.digest == STATE.digest
    assert STATE.to_content() != STATE


def test_if_one_value_does_not_fit_none_is_taken() -> None:
    found = message(StateBoundsError, lambda: STATE.with_values({"w": [0, 0], "n": -1}))
    assert found == "n: -1 does not fit u32"


def test_contents_of_regions_are_taken_and_given() -> None:
    assert STATE.contents() == [struct.pack("<ffI", 1.5, -2.0, 7), struct.pack("<q", -9)]
    other = STATE.with_contents([bytes(12), bytes(8)], updates=2)
    assert (other["w"].tolist(), other.update_count) == ([0.0, 0.0], 8)
    for contents in ([bytes(12)], [bytes(12), bytes(8), b""], [bytes(8), bytes(12)]):
        found = message(SchemaError, lambda c=contents: STATE.with_contents(c))  # type: ignore[misc]
        assert found == f"the regions do not have the lengths {[len(c) for c in contents]}"


def test_a_module_has_the_state_of_its_section() -> None:
    module = module_of(custom_bytes("wasmstate.state", record_bytes(), width=5))
    assert State.of(module).record == STATE.record


def test_a_module_without_a_state_is_told_how_to_get_one() -> None:
    assert message(StateError, lambda: State.of(module_of())) == (
        "the module has no wasmstate.state section"
    )


def test_of_two_states_none_is_picked() -> None:
    section = custom_bytes("wasmstate.state", record_bytes(), width=5)
    module = module_of(section, section_bytes(1, b"\0"), section)
    assert message(StateError, lambda: State.of(module)) == (
        "the module has 2 wasmstate.state sections (0 and 2); which of them holds cannot be told"
    )


def test_values_out_of_their_bounds_are_named_with_tensor_and_cell() -> None:
    state = describe(
        wat(MEMORY),
        [
            TensorSpec("w", "f32", (2,), "0", bounds=("finite", ">= 0")),
            TensorSpec("my n", "i8", (), "8", bounds=("< 5",)),
        ],
    )
    assert state.violations() == []
    state.check_bounds()
    wrong = state.with_values({"w": [1, np.nan], "my n": 7})
    assert wrong.violations() == [
        "w[1] = nan is not finite",
        "w[1] = nan is not >= 0",
        "my n = 7 is not < 5",
    ]
    assert message(StateBoundsError, wrong.check_bounds) == (
        "w[1] = nan is not finite; w[1] = nan is not >= 0; my n = 7 is not < 5"
    )


def test_the_module_digest_is_of_the_code_alone() -> None:
    module = wat(MEMORY, COUNT, WEIGHTS)
    stated = with_state(module, describe(module, ["w:f32@sym:w"]))
    assert module_digest(stated) == module_digest(module)
    padded = module_of(
        *(section_bytes(s.id, s.content, width=5) for s in module.sections if s.id != 0)
    )
    assert module_digest(padded) == module_digest(module)
    assert module_digest(wat(MEMORY, COUNT)) != module_digest(module)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # the same bytes, split differently
        ([section_bytes(1, b"\1\3\1\4")], [section_bytes(1, b"\1"), section_bytes(3, b"\4")]),
        ([section_bytes(1, b"\0")], [section_bytes(3, b"\0")]),
    ],
)
def test_different_sections_have_different_digests(first: list[bytes], second: list[bytes]) -> None:
    assert module_digest(module_of(*first)) != module_digest(module_of(*second))


def test_a_tensor_of_a_whole_memory_is_where_its_run_is_stored() -> None:
    text = """(module (memory (export "memory") 1)
      (data (i32.const 300) "abc") (data (i32.const 5000) "xyz"))"""
    module = attach(from_wat(text), ["t:u8[3]@5000", "z:u8@9000"], whole_memory=True)
    state = State.of(module)
    content = state.to_content()
    at = state.content_offset("t")
    assert content[at : at + 3] == b"xyz"
    assert state.content_offset("z") == state.record.payload_offset
    assert (bytes(state["t"]), int(state["z"])) == (b"xyz", 0)
    assert len(state.contents()[0]) == 65_536
    assert (bytes(state["t"]), int(state["z"])) == (b"xyz", 0)
