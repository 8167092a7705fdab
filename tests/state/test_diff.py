"""What changed from S1 to S2."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from state.modules import MEMORY, wat
from wasmstate.errors import StateError
from wasmstate.state.describe import describe, with_state
from wasmstate.state.diff import CellChange, TensorDiff, diff, diff_states
from wasmstate.state.state import State

PLAIN = wat(MEMORY)


def state(*tensors: str, **values: object) -> State:
    return describe(PLAIN, tensors).with_values(values)


def test_equal_states_have_no_difference() -> None:
    assert diff_states(state("w:f32[2]@0", w=[1, 2]), state("w:f32[2]@0", w=[1, 2])) == []


def test_changed_cells_are_told_in_index_order() -> None:
    before = state("n:i64@0", "w:f32[2,2]@16", w=[[1, 2], [3, 4]], n=1)
    after = before.with_values({"w": [[1, 5], [3, 6]], "n": 2})
    assert diff_states(before, after) == [
        TensorDiff("n", "changed", 1, (CellChange((), 1, 2),)),
        TensorDiff("w", "changed", 4, (CellChange((0, 1), 2.0, 5.0), CellChange((1, 1), 4.0, 6.0))),
    ]


def test_nan_equals_nan_unless_its_bits_differ() -> None:
    before = state("w:f32[2]@0", w=[np.nan, np.nan])
    assert diff_states(before, state("w:f32[2]@0", w=[np.nan, np.nan])) == []
    payload = np.array([0x7FC00000, 0x7FC00001], "<u4").view("<f4")
    ((change,),) = (
        each.changes for each in diff_states(before, before.with_values({"w": payload}))
    )
    assert change.index == (1,)


def test_zero_is_not_minus_zero() -> None:
    before, after = state("w:f64@0", w=0.0), state("w:f64@0", w=-0.0)
    ((change,),) = (each.changes for each in diff_states(before, after))
    assert struct.pack("<dd", change.before, change.after) == struct.pack("<dd", 0.0, -0.0)


def test_a_tensor_that_only_moved_did_not_change() -> None:
    assert diff_states(state("w:f32@0", w=1), state("w:f32@64", w=1)) == []


def test_tensors_added_removed_and_reshaped_are_told_in_the_order_of_before() -> None:
    before = state("a:u8[2]@0", "b:u8[2]@8", "c:u8[4]@16")
    after = state("d:f32[3]@64", "c:u8[2,2]@16", "b:i8[2]@8")
    assert diff_states(before, after) == [
        TensorDiff("a", "removed", 2),
        TensorDiff("b", "reshaped", 2),
        TensorDiff("c", "reshaped", 4),
        TensorDiff("d", "added", 3),
    ]


def test_the_states_of_two_files_are_compared(tmp_path: Path) -> None:
    before, after = tmp_path / "1.wasm", tmp_path / "2.wasm"
    before.write_bytes(with_state(PLAIN, state("n:u8@0", n=1)).to_bytes())
    after.write_bytes(with_state(PLAIN, state("n:u8@0", n=2)).to_bytes())
    assert diff(before, str(after)) == [TensorDiff("n", "changed", 1, (CellChange((), 1, 2),))]
    after.write_bytes(PLAIN.to_bytes())
    with pytest.raises(StateError, match=r"^the module has no wasmstate\.state section"):
        diff(before, after)
