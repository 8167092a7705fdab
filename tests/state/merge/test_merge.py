"""Devices that started from one file are joined; what they have in common counts once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import COUNTER, from_wat, model
from wasmstate import (
    Module,
    SchemaError,
    State,
    StateBoundsError,
    StateError,
    TensorSpec,
    attach,
    bake,
    check,
    commit,
    history,
    merge,
)
from wasmstate.binary.edits.bake import is_baked
from wasmstate.state.attach.describe import with_state

CODE = '(module (memory (export "memory") 1))'
OTHER_CODE = '(module (memory (export "memory") 2))'


def tensor(text: str, merge: str | None, *bounds: str) -> TensorSpec:
    return replace(TensorSpec.parse(text), merge=merge, bounds=bounds)


COUNT = tensor("count:i64@0", "counts")
SUM = tensor("total:f64[2]@64", "sum")
MEAN = tensor("w:f64[2]@128", "mean")
MOMENTS = (
    tensor("count:i64[2]@0", "chan"),
    tensor("mean:f64[2,3]@64", "chan"),
    tensor("m2:f64[2,3]@128", "chan"),
)


class Fleet:
    """Files that start from one base."""

    def __init__(self, folder: Path, base: Module) -> None:
        self.folder, self.base = folder, base
        self.names = (f"{i}.wasm" for i in itertools.count())

    def device(self, *steps: dict[str, Any], base: Module | None = None) -> Module:
        """A device that committed these values one after the other."""
        path = self.folder / next(self.names)
        path.write_bytes((base or self.base).to_bytes())
        for values in steps:
            commit(path, State.of(Module.open(path)).with_values(values))
        return Module.open(path)

    def merged(self, *devices: Module, **options: Any) -> State:
        return State.of(merge(self.base, devices, **options).module)


@pytest.fixture
def fleet(tmp_path: Path) -> Any:
    def make(*tensors: TensorSpec, **values: Any) -> Fleet:
        return Fleet(tmp_path, model(CODE, *tensors, values=values))

    return make


def test_sums_are_the_bases_and_what_each_device_added(fleet: Any) -> None:
    these = fleet(COUNT, SUM, count=10, total=[1.0, 1e16])
    a = these.device({"count": 13, "total": [1.5, 1e16]})
    b = these.device({"count": 11, "total": [0.25, 1e16 + 2]})
    merged = these.merged(a, b)
    assert (int(merged["count"]), merged["total"].tolist()) == (14, [0.75, 1e16 + 2])


def test_bits_do_not_depend_on_the_order(fleet: Any) -> None:
    these = fleet(*MOMENTS, tensor("total:f64@256", "sum"), tensor("w:f64[2]@320", "mean"))
    rng = np.random.default_rng(3)
    devices = [
        these.device(
            {
                "count": [3, i],
                "mean": rng.normal(size=(2, 3)),
                "m2": rng.random((2, 3)),
                "total": rng.normal() * 10.0 ** rng.integers(-9, 9),
                "w": rng.normal(size=2),
            }
        )
        for i in range(4)
    ]
    found = {these.merged(*order).digest for order in itertools.permutations(devices)}
    assert len(found) == 1


def test_moments_are_pooled_without_losing_digits_to_a_large_mean(fleet: Any) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 3)) + 1e8

    def moments(*classes: Any) -> dict[str, Any]:
        return {
            "count": [len(part) for part in classes],
            "mean": [part.mean(0) if len(part) else np.zeros(3) for part in classes],
            "m2": [
                ((part - part.mean(0)) ** 2).sum(0) if len(part) else [0] * 3 for part in classes
            ],
        }

    these = fleet(*MOMENTS, **moments(rows[:20], rows[:0]))
    a = these.device(moments(rows[:35], rows[:0]))
    b = these.device(moments(np.concatenate([rows[:20], rows[35:]]), rows[:0]))
    merged, right = these.merged(a, b), moments(rows, rows[:0])
    assert merged["count"].tolist() == [60, 0]
    np.testing.assert_allclose(merged["mean"], right["mean"], rtol=1e-15)
    np.testing.assert_allclose(merged["m2"], right["m2"], rtol=1e-7)


def test_products_about_one_mean_are_pooled(fleet: Any) -> None:
    rows = np.random.default_rng(2).normal(size=(40, 2)) + 5
    specs = (
        tensor("count:i64@0", "chan"),
        tensor("mean:f64[2]@64", "chan"),
        tensor("m2:f64[2,2]@128", "chan", "psd"),
    )

    def moments(part: Any) -> dict[str, Any]:
        about = part - part.mean(0)
        return {"count": len(part), "mean": part.mean(0), "m2": about.T @ about}

    these = fleet(*specs)
    merged = these.merged(*(these.device(moments(part)) for part in (rows[:7], rows[7:])))
    for name, value in moments(rows).items():
        np.testing.assert_allclose(merged[name], value, rtol=1e-12)


def test_averages_are_weighted_by_updates_and_called_a_heuristic(fleet: Any) -> None:
    these = fleet(COUNT, MEAN, count=10, w=[1, 1])
    a, b = these.device({"count": 11, "w": [3, 0.1]}), these.device({"count": 13, "w": [7, 0.1]})
    found = merge(these.base, {"b": b, "a": a})
    assert State.of(found.module)["w"].tolist() == [6.0, 0.1]
    assert not found.is_exact
    assert [(each.name, each.rule, each.precision) for each in found.tensors] == [
        ("count", "counts", "exact"),
        ("w", "mean", "heuristic"),
    ]
    assert [(each.name, each.updates, each.share) for each in found.devices] == [
        ("a", 1, 0.25),
        ("b", 3, 0.75),
    ]


def test_rows_that_nobody_saw_stay_as_in_the_base(fleet: Any) -> None:
    these = fleet(
        tensor("count:i64[2]@0", "counts"), tensor("c:f64[2,2]@64", "mean"), c=[[1, 2]] * 2
    )
    a, b = (these.device({"count": [n, 0], "c": [[5, n], [1, 2]]}) for n in (1, 3))
    assert these.merged(a, b)["c"].tolist() == [[5, 2.5], [1, 2]]


def test_without_a_count_the_calls_are_the_weights(fleet: Any) -> None:
    these = fleet(MEAN)

    def called(times: int, w: float) -> Module:
        state = State.of(these.device({"w": [w, w]}))
        return with_state(these.base, state.with_contents(state.contents(), updates=times))

    merged = these.merged(called(1, 1.0), called(3, 5.0))
    assert (merged["w"].tolist(), merged.update_count) == ([4.0, 4.0], 4)
    with pytest.raises(StateError) as caught:
        these.merged(called(0, 1.0), called(0, 5.0))
    assert (
        str(caught.value) == "w is averaged by updates, and no device has seen any since the base"
    )


def test_extremes_are_over_base_and_devices(fleet: Any) -> None:
    these = fleet(tensor("high:i32@0", "max"), tensor("low:f64@8", "min"), high=5, low=1)
    merged = these.merged(these.device({"high": 3, "low": 2}), these.device({"high": 4, "low": -1}))
    assert (int(merged["high"]), float(merged["low"])) == (5, -1.0)


def test_a_tensor_without_a_rule_is_not_lost_unasked(fleet: Any) -> None:
    these = fleet(COUNT, tensor("lr:f64@64", "none"), lr=0.5)
    devices = [these.device({"lr": i / 10}) for i in range(5)]
    with pytest.raises(SchemaError) as caught:
        these.merged(*devices)
    assert str(caught.value) == (
        "lr has no merge rule, and device 1, device 2, device 3 and 2 more changed it: it can only "
        "stay as in the base, and what they learned there would be lost"
    )
    assert float(these.merged(*devices, keep_base=["lr"])["lr"]) == 0.5
    with pytest.raises(SchemaError, match="no tensor 'rate'"):
        these.merged(*devices, keep_base=["rate"])


def test_a_generator_gets_numbers_of_its_own(fleet: Any) -> None:
    these = fleet(COUNT, tensor("rng:u64[2]@64", "none"), rng=[1, 2])
    a, b = these.device({"rng": [3, 4], "count": 1}), these.device({"rng": [5, 6], "count": 1})
    found = [these.merged(*devices)["rng"].tolist() for devices in ((a, b), (b, a), (a,))]
    assert found[0] == found[1] != found[2]
    assert not {tuple(each) for each in found} & {(1, 2), (3, 4), (5, 6)}
    assert these.merged()["rng"].tolist() == [1, 2]


def test_the_merged_file_is_the_next_generation_of_the_base(fleet: Any, tmp_path: Path) -> None:
    these = fleet(COUNT)
    path = tmp_path / "merged.wasm"
    path.write_bytes(merge(these.base, [these.device({"count": 2})]).module.to_bytes())
    assert check(path) == []
    assert [(entry.generation, entry.link) for entry in history(path)] == [
        (0, "origin"),
        (1, "child"),
    ]
    baked = merge(bake(these.base), [these.device({"count": 2})]).module
    assert is_baked(baked)


def test_the_second_round_has_the_merged_file_as_its_base(fleet: Any) -> None:
    these = fleet(COUNT)
    first = merge(these.base, [these.device({"count": n}) for n in (1, 2)]).module
    a = these.device({"count": 4}, {"count": 5}, {"count": 6}, base=first)
    b = these.device({"count": 13}, {"count": 14}, {"count": 15}, base=first)
    second = State.of(merge(first, [a, b]).module)
    assert (int(second["count"]), second.generation) == (3 + 3 + 12, 2)
    with pytest.raises(StateError) as caught:
        these.merged(a, b)
    assert str(caught.value) == (
        "device 1 and device 2 started from what was merged later, at generation 1: give that file "
        "as the base, else it counts twice"
    )
    late = these.device({"count": 5})
    assert int(these.merged(a, late)["count"]) == 11
    with pytest.raises(StateError, match="device 1 did not start from the base"):
        merge(first, [late])


def test_merging_in_groups_is_merging_at_once(fleet: Any) -> None:
    these = fleet(COUNT, SUM, count=7, total=[1, 1])
    parts = [these.device({"count": 7 + n, "total": [n, n]}) for n in (1, 2, 3)]
    group = merge(these.base, parts[:2]).module
    grouped, at_once = these.merged(group, parts[2]), these.merged(*parts)
    assert grouped.contents() == at_once.contents()


def test_a_trained_file_becomes_a_base_that_devices_can_prove(fleet: Any, tmp_path: Path) -> None:
    these = fleet(COUNT)
    trained = these.device({"count": 1}, {"count": 2}, {"count": 3})
    a, b = (
        these.device({"count": n}, {"count": n + 1}, {"count": n + 2}, base=trained) for n in (4, 5)
    )
    with pytest.raises(StateError) as caught:
        merge(trained, [a, b])
    assert str(caught.value) == (
        "device 1 does not tell whether it has gone through generation 3, the base: it can only be "
        "assumed, by who knows it. Who starts from a merge, be it of the base alone, can always "
        "tell"
    )
    assert int(State.of(merge(trained, [a, b], assume_base=True).module)["count"]) == 10
    base = merge(trained, []).module
    a, b = (
        these.device({"count": n}, {"count": n + 1}, {"count": n + 2}, base=base) for n in (4, 5)
    )
    assert int(State.of(merge(base, [a, b]).module)["count"]) == 10
    assert int(State.of(merge(trained, [a]).module)["count"]) == 6


def test_what_did_not_start_from_the_base_is_refused(fleet: Any) -> None:
    these = fleet(COUNT)
    stranger = model(CODE, COUNT, values={"count": 5})
    with pytest.raises(StateError) as caught:
        these.merged(stranger)
    assert str(caught.value) == (
        "device 1 did not start from the base: its generation 0 is another"
    )
    with pytest.raises(StateError) as caught:
        merge(these.device({"count": 1}), {"early": these.base})
    assert str(caught.value) == (
        "early is at generation 0, and the base at 1: it cannot have started from it"
    )
    with pytest.raises(StateError, match="its generation 1 is another"):
        merge(these.device({"count": 1}), [these.device({"count": 2})])


def test_other_code_and_other_tensors_are_refused(fleet: Any) -> None:
    these = fleet(COUNT)
    for other, reason in (
        (model(OTHER_CODE, COUNT), "has other code than the base"),
        (model(CODE, SUM), "has no tensor count as the base has it"),
        (model(CODE, COUNT, SUM), "has another schema than the base"),
        (model(CODE, tensor("count:i64@8", "counts")), "has another schema than the base"),
    ):
        with pytest.raises(StateError) as caught:
            these.merged(other)
        assert str(caught.value) == f"device 1 {reason}"


def test_a_module_that_cannot_be_merged_says_which(fleet: Any) -> None:
    these = fleet(COUNT)
    content = State.of(model(OTHER_CODE, COUNT)).to_content()
    newer = State.of(these.base)
    for module, reason in (
        (from_wat(CODE), "x: the module has no wasmstate.state section"),
        (
            these.base.with_custom("wasmstate.state", content, force=True),
            "x: the state belongs to another",
        ),
        (attach(from_wat(COUNTER), (), whole_memory=True), "x: all of memory is its state"),
        (
            these.base.with_custom(
                "wasmstate.state", State(replace(newer.record, minor=99)).to_content()
            ),
            "x: its state is of a newer version",
        ),
    ):
        with pytest.raises(StateError) as caught:
            merge(these.base, {"x": module})
        assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("told", ["yes", {"id": 1}, {"id": "", "base": "", "generation": "0"}])
def test_metadata_that_tell_of_no_merge_are_refused(told: Any) -> None:
    module = model(CODE, COUNT, metadata={"merge": told})
    with pytest.raises(SchemaError) as caught:
        merge(module, [])
    assert str(caught.value) == (
        "the base: the key 'merge' of its metadata does not tell of a merge"
    )


def test_a_device_that_is_listed_twice_is_refused(fleet: Any) -> None:
    these = fleet(COUNT)
    early = these.device({"count": 1})
    late = these.device({"count": 2}, base=early)
    for devices, generation in (((early, early), 1), ((early, late), 1), ((late, late), 2)):
        with pytest.raises(StateError) as caught:
            these.merged(*devices)
        assert str(caught.value) == (
            f"device 1 and device 2 had the same state at generation {generation}: are they one "
            "device? That two happened to learn the same has to be allowed"
        )
    assert int(these.merged(early, early, allow_equal=True)["count"]) == 2
    idle = these.device()
    assert int(these.merged(idle, idle, early)["count"]) == 1


def test_what_two_copies_of_a_later_generation_share_counts_once(fleet: Any) -> None:
    these = fleet(COUNT)
    trained = these.device({"count": 1}, {"count": 2})
    a = these.device({"count": 3}, {"count": 4}, base=trained)
    b = these.device({"count": 4}, {"count": 5}, base=trained)
    assert [entry.generation for entry in history(a)] == [3, 4]  # the file proves one more
    with pytest.raises(StateError) as caught:
        these.merged(a, b)
    assert str(caught.value) == (
        "device 1 and device 2 had the same state at generation 2: give that generation as the "
        "base, else what they share counts twice. That two happened to learn the same has to be "
        "allowed"
    )
    assert int(State.of(merge(trained, [a, b]).module)["count"]) == 7


def test_counters_overflow_or_go_back_with_an_error(fleet: Any) -> None:
    these = fleet(COUNT, tensor("seen:u32[2]@64", "counts"), count=4)
    a, b = (these.device({"seen": [0, 3_000_000_000 + i]}) for i in (0, 1))
    with pytest.raises(StateBoundsError) as caught:
        these.merged(a, b)
    assert str(caught.value) == "seen[1] would be 6000000001, which is no uint32"
    with pytest.raises(StateError, match="counted less than the base: its counts were set back"):
        these.merged(these.device({"count": 3}))


def test_sums_that_are_not_finite_are_refused(fleet: Any) -> None:
    these = fleet(SUM)
    for a, b, reason in (
        (1.5e308, 1.6e308, "total[1] would be inf, which is no float64"),
        (2.0, -np.inf, "device 2: total[1] is -inf, which cannot be added"),
        (np.nan, 1.0, "device 1: total[1] is nan, which cannot be added"),
    ):
        with pytest.raises(StateBoundsError) as caught:
            these.merged(these.device({"total": [0, a]}), these.device({"total": [0, b]}))
        assert str(caught.value) == reason


def test_a_base_that_is_not_finite_stays_unless_a_device_changes_it(fleet: Any) -> None:
    these = fleet(COUNT, SUM, total=[np.inf, 0])
    assert these.merged(these.device({"count": 1}))["total"].tolist() == [np.inf, 0]
    with pytest.raises(StateBoundsError) as caught:
        these.merged(these.device({"total": [0, 0]}))
    assert str(caught.value) == "the base: total[0] is inf, which cannot be added"


def test_squares_between_devices_count_although_no_device_has_any(fleet: Any) -> None:
    specs = [tensor(f"{name}@{at}", "chan") for name, at in (
        ("count:i64", 0), ("mean:f64[1]", 64), ("m2:f64[1]", 128)
    )]  # fmt: skip
    these = fleet(*specs)
    merged = these.merged(*(these.device({"count": 1, "mean": [x]}) for x in (1.0, 3.0)))
    assert (merged["mean"].tolist(), merged["m2"].tolist()) == ([2.0], [2.0])


def test_merged_values_have_to_keep_the_bounds(fleet: Any) -> None:
    these = fleet(tensor("n:i64@0", "counts", "<= 10"))
    with pytest.raises(StateBoundsError) as caught:
        these.merged(these.device({"n": 6}), these.device({"n": 7}))
    assert str(caught.value) == "n = 13 is not <= 10"


def test_moments_that_are_none_are_refused(fleet: Any) -> None:
    these = fleet(tensor("mean:f64@0", "chan"))
    with pytest.raises(SchemaError, match="tensors with the rule chan are count, mean and m2"):
        these.merged(these.device({"mean": 1}))
    these = fleet(*(tensor(f"{name}@{at}", "chan") for name, at in (
        ("count:i64[3]", 0), ("mean:f64[2]", 64), ("m2:f64[2]", 128)
    )))  # fmt: skip
    with pytest.raises(SchemaError, match="do not have the shapes"):
        these.merged(these.device({"mean": [1, 1]}))


def test_an_older_record_that_is_damaged_stands_in_no_ones_way(fleet: Any) -> None:
    these = fleet(COUNT)
    device = these.device({"count": 1}).with_custom("wasmstate.prev", b"no record")
    assert int(these.merged(device)["count"]) == 1


def test_what_each_device_has_for_itself_is_empty_in_the_merged_state(fleet: Any) -> None:
    these = fleet(COUNT, tensor("mine:i64[2]@64", "own"), count=1, mine=[7, 8])
    changed = these.device({"count": 2, "mine": [1, 8]})
    found = merge(these.base, [changed, these.device({"count": 4})])
    assert State.of(found.module)["mine"].tolist() == [0, 0]
    assert [each.precision for each in found.tensors] == ["exact", "empty"]
    assert found.is_exact
    kept = these.merged(changed, keep_base=["mine"])
    assert kept["mine"].tolist() == [7, 8]
