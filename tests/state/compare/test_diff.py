"""What changed from S1 to S2."""

from __future__ import annotations

import math
import struct

import numpy as np

from state.modules import MEMORY, wat
from wasmstate.state.attach.describe import describe
from wasmstate.state.compare.diff import CellChange, TensorDiff, count_changed, diff_states
from wasmstate.state.state import State

PLAIN = wat(MEMORY)


def state(*tensors: str, **values: object) -> State:
    return describe(PLAIN, tensors).with_values(values)


def only(before: State, after: State) -> TensorDiff:
    (found,) = diff_states(before, after)
    return found


def test_equal_states_have_no_difference() -> None:
    before, after = state("w:f32[2]@0", w=[1, 2]), state("w:f32[2]@0", w=[1, 2])
    assert diff_states(before, after) == []
    assert count_changed(before, after) == 0


def test_changed_cells_are_told_in_index_order() -> None:
    before = state("n:i64@0", "w:f32[2,2]@16", w=[[1, 2], [3, 4]], n=1)
    after = before.with_values({"w": [[1, 5], [3, 6]], "n": 2})
    n = CellChange((), 1, 2, 1.0)
    w = (
        CellChange((0, 1), 2.0, 5.0, 1.5, 0x40A00000 - 0x40000000),
        CellChange((1, 1), 4.0, 6.0, 0.5, 0x40C00000 - 0x40800000),
    )
    assert diff_states(before, after) == [
        TensorDiff("n", "changed", 1, 1, (n,), n),
        TensorDiff("w", "changed", 4, 2, w, w[0]),
    ]
    assert [change.absolute for change in (n, *w)] == [1, 3.0, 2.0]
    assert count_changed(before, after) == 3


def test_integers_are_subtracted_exactly() -> None:
    before = state("n:u64@0", n=2**64 - 1)
    (change,) = only(before, before.with_values({"n": 1})).changes
    assert change.absolute == 2 - 2**64


def test_only_so_many_cells_are_told_and_all_are_counted() -> None:
    before = state("w:i32[3000]@0")
    after = before.with_values({"w": np.arange(1, 3001)})
    found = only(before, after)
    assert (found.count, len(found.changes)) == (3000, 1000)
    (found,) = diff_states(before, after, limit=2)
    assert [change.index for change in found.changes] == [(0,), (1,)]


def test_the_largest_relative_change_may_be_behind_what_is_told() -> None:
    before = state("w:f64[4]@0", w=[1, 1, 1, 1])
    (found,) = diff_states(before, before.with_values({"w": [2, 1, 9, 3]}), limit=1)
    assert found.largest is not None
    assert (found.largest.index, found.largest.relative) == ((2,), 8.0)


def test_nan_is_never_the_largest_and_is_counted() -> None:
    before = state("w:f32[4]@0", w=[1, 1, 1, np.nan])
    found = only(before, before.with_values({"w": [np.nan, 1.5, np.inf, 2]}))
    assert found.not_finite == 2
    assert found.largest is not None
    assert found.largest.index == (2,)
    to_infinity = 0x7F800000 - 0x3F800000  # the bits of inf, and those of 1
    assert [change.ulps for change in found.changes] == [None, 1 << 22, to_infinity, None]
    assert math.isnan(found.changes[0].relative)
    only_nan = only(before, before.with_values({"w": [np.nan, 1, 1, np.nan]}))
    assert (only_nan.count, only_nan.largest) == (1, None)


def test_nan_equals_nan_unless_its_bits_differ() -> None:
    before = state("w:f32[2]@0", w=[np.nan, np.nan])
    assert diff_states(before, state("w:f32[2]@0", w=[np.nan, np.nan])) == []
    payload = np.array([0x7FC00000, 0x7FC00001], "<u4").view("<f4")
    (change,) = only(before, before.with_values({"w": payload})).changes
    assert change.index == (1,)


def test_zero_is_not_minus_zero_and_no_float_lies_between() -> None:
    before, after = state("w:f64@0", w=0.0), state("w:f64@0", w=-0.0)
    (change,) = only(before, after).changes
    assert struct.pack("<dd", change.before, change.after) == struct.pack("<dd", 0.0, -0.0)
    assert (change.relative, change.ulps) == (0.0, 0)


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
    assert count_changed(before, after) == 8
