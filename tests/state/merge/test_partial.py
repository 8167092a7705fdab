"""Groups of devices are merged in any grouping and order, and give the same bits."""

from __future__ import annotations

import pickle
import random
from functools import partial as partial_of
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest

from models import model
from wasmstate import Merge, Merger, Module, Partial, State, StateError, TensorSpec, merge
from wasmstate.state.merge.ancestry import device_of
from wasmstate.state.record import successor

CODE = '(module (memory (export "memory") 1))'
TENSORS = [
    TensorSpec("count", "i64", (), "0", merge="chan"),
    TensorSpec("mean", "f64", (3,), "64", merge="chan"),
    TensorSpec("m2", "f64", (3, 3), "128", merge="chan"),
    TensorSpec("w", "f64", (3,), "256", merge="mean"),
    TensorSpec("narrow", "f32", (2,), "320", merge="mean"),
    TensorSpec("total", "f64", (2,), "384", merge="sum"),
    TensorSpec("hits", "u64", (2,), "448", merge="counts"),
    TensorSpec("high", "f64", (), "512", merge="max"),
]


def learned(base: Module, values: dict[str, Any]) -> Module:
    """The base as a device has it that committed these values."""
    state = State.of(base)
    record = successor(state.with_values(values).record, state.record)
    return base.with_custom("wasmstate.state", record.encode())


def same(a: Merge, b: Merge) -> bool:
    """True if two merges have equal bytes and report equal devices."""
    return a.module.to_bytes() == b.module.to_bytes() and a.devices == b.devices


@pytest.fixture(scope="module")
def base() -> Module:
    values = {"count": 2, "mean": [0.1, 0.2, 0.3], "total": [1e300, 1e-300], "hits": [1, 2**40]}
    return model(CODE, *TENSORS, values=values)


@pytest.fixture(scope="module")
def devices(base: Module) -> list[Module]:
    rng = np.random.default_rng(19)

    def floats(*shape: int) -> Any:
        return rng.normal(size=shape) * 10.0 ** rng.integers(-9, 9, shape)

    return [
        learned(
            base,
            {
                "count": 3 + i,
                "mean": floats(3),
                "m2": np.diag(np.abs(floats(3))),
                "w": floats(3),
                "narrow": floats(2).astype("f4"),
                "total": floats(2) * [1e292, 1],
                "hits": [1 + i, 2**40 + i * 7],
                "high": rng.choice([0.0, -0.0]),
            },
        )
        for i in range(24)
    ]


def test_a_hundred_groupings_and_orders_give_one_digest(
    base: Module, devices: list[Module]
) -> None:
    merger = Merger(base)
    alone = [merger.partial({f"{i}": device}) for i, device in enumerate(devices)]
    random_ = random.Random(1)
    digests = set()
    for _ in range(100):
        parts: list[Partial] = random_.sample(alone, len(alone))
        while len(parts) > 1:
            at = random_.randrange(len(parts))
            number = random_.randint(2, 9)
            parts[at : at + number] = [reduce(add, parts[at : at + number])]
            random_.shuffle(parts)
        digests.add(State.of(merger.finish(parts[0]).module).digest)
    at_once = merge(base, {f"{i}": device for i, device in enumerate(devices)})
    assert digests == {State.of(at_once.module).digest}


def test_a_partial_survives_the_way_from_a_worker(base: Module, devices: list[Module]) -> None:
    merger = Merger(base)
    parts = [
        merger.partial(devices[:10]),
        merger.partial(dict(zip("abc", devices[10:], strict=False))),
    ]
    sent = [pickle.loads(pickle.dumps(each)) for each in parts]
    assert same(merger.finish(sent[0] + sent[1]), merger.finish(parts[0] + parts[1]))


def test_adding_changes_neither_group(base: Module, devices: list[Module]) -> None:
    merger = Merger(base)
    a, b = merger.partial({"a": devices[0]}), merger.partial({"b": devices[1]})
    before = pickle.dumps((a, b))
    assert len((a + b).devices) == 2
    assert pickle.dumps((a, b)) == before


def test_the_size_of_a_partial_grows_by_a_line_a_device(
    base: Module, devices: list[Module]
) -> None:
    merger = Merger(base)
    few, many = merger.partial(devices[:12]), merger.partial(devices)
    assert len(pickle.dumps(many)) - len(pickle.dumps(few)) < 12 * 300


def test_a_device_in_two_groups_is_refused(base: Module, devices: list[Module]) -> None:
    merger = Merger(base)
    both = merger.partial({"a": devices[0]}) + merger.partial({"b": devices[0]})
    with pytest.raises(StateError) as caught:
        merger.finish(both)
    assert str(caught.value) == (
        "a and b had the same state at generation 1: are they one device? That two happened to "
        "learn the same has to be allowed"
    )
    assert merger.finish(both, allow_equal=True).devices[1].updates == 1


def test_partials_of_other_bases_or_options_are_not_added(
    base: Module, devices: list[Module]
) -> None:
    part = Merger(base).partial({"a": devices[0]})
    for other in (Merger(devices[0]), Merger(base, robust="median"), Merger(base, keep_base=["w"])):
        with pytest.raises(StateError) as caught:
            part + other.partial([])
        assert str(caught.value) == ("two partials of different bases or options cannot be added")
        with pytest.raises(StateError) as caught:
            other.finish(part)
        assert str(caught.value) == (
            "the partial is of another base, or was made with other options"
        )


def test_a_device_that_cannot_take_part_is_passed_over_with_its_reason(
    base: Module, devices: list[Module]
) -> None:
    merger = Merger(base)
    poisoned = learned(base, {"count": 3, "w": [0, np.nan, 0]})
    reset = learned(base, {"count": 1})
    named = {"good": devices[0], "poisoned": poisoned, "reset": reset, "late": devices[1]}
    partial, refused = merger.partial_of_sound(
        (name, partial_of(device_of, name, module)) for name, module in named.items()
    )
    assert {name: str(error) for name, error in refused.items()} == {
        "poisoned": "poisoned: w[1] is nan, which cannot be added",
        "reset": "reset has counted less than the base: its counts were set back",
    }
    sound = {name: named[name] for name in ("good", "late")}
    assert same(merger.finish(partial), merge(base, sound))
