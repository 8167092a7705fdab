"""What holds of every model, whatever it learns."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from guest import Guest
from wasmstate import Module, State
from wasmstate.binary.spaces import Spaces
from wasmstate.models import describe, names, new

SMALL: dict[str, dict[str, Any]] = {
    "thompson": {"arms": 3},
    "bootstrap_thompson": {"arms": 3, "replicates": 70},
    "epsilon_greedy": {"arms": 3},
    "epsilon_first": {"arms": 3, "explore": 5},
    "ucb1": {"arms": 3},
    "softmax": {"arms": 3},
    "exp3": {"arms": 3},
    "moments": {"features": 3},
    "linear": {"features": 3},
    "ols": {"features": 3},
    "rls": {"features": 3},
    "logistic": {"features": 3},
    "gaussian_nb": {"classes": 3, "features": 3},
}
LARGEST: dict[str, list[dict[str, Any]]] = {
    "bootstrap_thompson": [
        {"arms": 64},
        {"arms": 1, "replicates": 6400},
        {"arms": 6400, "replicates": 1},
    ],
    "gaussian_nb": [{"classes": 64, "features": 16}, {"classes": 1, "features": 1024}],
}
for _name in names():
    sizes = {
        o.name: int(o.bounds[1][3:])
        for o in describe(_name).options
        if o.name in ("arms", "features")
    }
    LARGEST.setdefault(_name, [sizes])
BOTH = [(name, SMALL[name]) for name in names()] + [
    (name, options) for name in names() for options in LARGEST[name]
]
BAD = [np.nan, np.inf, -np.inf]


def test_every_model_is_tested() -> None:
    assert list(SMALL) == names()


def params(guest: Guest, function: str) -> list[str]:
    """The names of a function's parameters."""
    return re.findall(r"(\w+): ", guest.family.entry_points[function])


def columns(guest: Guest, rows: int, seed: int = 0) -> list[NDArray[Any]]:
    """Rows that the model can learn from, a column for each parameter of ``update``."""
    rng = np.random.default_rng(seed)
    size = {name: int(guest[name]) for name in guest.state if guest[name].shape == ()}
    makers: dict[str, Callable[[], NDArray[Any]]] = {
        "x": lambda: rng.normal(size=(rows, size["features"])),
        "y": lambda: rng.normal(size=rows),
        "label": lambda: rng.integers(0, size.get("classes", 2), rows),
        "arm": lambda: rng.integers(0, size["arms"], rows),
        "reward": lambda: rng.integers(0, 2, rows),
    }
    return [makers[name]() for name in params(guest, "update")]


def update_each(guest: Guest, rows: list[NDArray[Any]]) -> Guest:
    """Learn row by row."""
    for row in zip(*rows, strict=True):
        guest.call("update", *row)
    return guest


def traps(guest: Guest, function: str, *args: Any) -> bool:
    """Whether the call traps and leaves S as it was; it must not do only one of them."""
    before = guest.state.contents()
    try:
        guest.call(function, *args)
    except wasmtime.Trap as trap:
        code = trap.trap_code
    else:
        return False
    assert code is wasmtime.TrapCode.UNREACHABLE
    assert guest.state.contents() == before
    return True


@pytest.mark.parametrize("name", names())
def test_a_model_that_was_stopped_goes_on_as_if_it_had_not_been(name: str) -> None:
    whole, parts = Guest.new(name, **SMALL[name]), Guest.new(name, **SMALL[name])
    rows = columns(whole, 60)
    update_each(whole, rows)
    update_each(parts, [column[:37] for column in rows])
    again = update_each(parts.resumed(), [column[37:] for column in rows])
    assert again.state.contents() == whole.state.contents()
    row = dict(zip(params(whole, "update"), [column[0] for column in rows], strict=True))
    args = [(row | {"feature": 0})[param] for param in params(whole, "predict")]
    assert again.call("predict", *args) == whole.call("predict", *args)


@pytest.mark.parametrize("name", names())
def test_many_updates_at_once_are_the_same_bit_for_bit(name: str) -> None:
    one, many = Guest.new(name, **SMALL[name]), Guest.new(name, **SMALL[name])
    rows = columns(one, 60)
    assert update_each(one, rows).state.contents() == many.feed(*rows).state.contents()


@pytest.mark.parametrize(("name", "options"), BOTH)
def test_a_model_fits_one_page_and_imports_nothing(name: str, options: dict[str, Any]) -> None:
    guest = Guest.new(name, **options)
    module = Module.from_bytes(guest.family.kernel())
    assert "import" not in [section.name for section in module.sections]
    (memory,) = Spaces(module).memories
    assert (memory.limits.min, memory.limits.max) == (1, 1)
    places = [(0, 1024)]  # the stack
    state = guest.state
    places += [(region.address, region.end) for region in state.regions]
    values = guest.family.values(options)
    signature = guest.family.signature_texts(values)["update_many"]
    for type_, shape, symbol in re.findall(r"(\w+)\[([^]]*)\]@sym:(\w+)", signature):
        elements = int(np.prod([int(size) for size in shape.split(",")]))
        start = guest.address(symbol)
        places.append((start, start + elements * int(type_[1:]) // 8))
    places.sort()
    assert all(first[1] <= second[0] for first, second in pairwise(places))
    assert places[-1][1] <= 65536


@pytest.mark.parametrize(("name", "options"), BOTH)
def test_a_model_of_any_size_takes_a_full_buffer(name: str, options: dict[str, Any]) -> None:
    guest = Guest.new(name, **options)
    rows = columns(guest, int(guest.family.values(options)["rows"]))
    assert not traps(guest, "update_many", *rows, len(rows[0]))
    assert guest.state.violations() == []
    first = [column[0] for column in rows]
    args = dict(zip(params(guest, "update"), first, strict=True)) | {"feature": 0}
    assert not traps(guest, "predict", *(args[param] for param in params(guest, "predict")))
    assert traps(guest, "update_many", *rows, len(rows[0]) + 1)


@pytest.mark.parametrize("name", names())
def test_a_row_that_is_no_number_traps_and_changes_nothing(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    rows = columns(guest, 10)
    update_each(guest, rows)
    found = 0
    for index, (param, column) in enumerate(zip(params(guest, "update"), rows, strict=True)):
        if param == "reward" and describe(name).entry_points["update"].endswith("i32) -> ()"):
            continue
        if param not in ("x", "y", "reward"):
            continue
        for wrong in BAD:
            bad = column[-1:].astype(float)
            bad.flat[-1] = wrong
            args = [each[-1] for each in rows]
            args[index] = bad[0]
            assert traps(guest, "update", *args), (param, wrong)
            many = [each.astype(float) if each is column else each for each in rows]
            many[index].flat[-1] = wrong
            assert traps(guest, "update_many", *many, 10), (param, wrong)
            found += 1
    assert found or name == "bootstrap_thompson"


WHOLE = {"label": "classes", "arm": "arms", "feature": "features", "index": "features"}


@pytest.mark.parametrize("name", names())
def test_an_index_that_is_not_there_traps_and_changes_nothing(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    rows = columns(guest, 10)
    update_each(guest, rows)
    good = dict(zip(params(guest, "update"), [column[0] for column in rows], strict=True))
    good |= {"feature": 0, "index": 0}
    for function in guest.family.entry_points:
        if function == "update_many":
            continue
        for param in params(guest, function):
            if param in WHOLE:
                most = int(SMALL[name].get(WHOLE[param], 2)) + (param == "index")
                for wrong in (-1, most, 2**31 - 1):
                    args = good | {param: wrong}
                    assert traps(guest, function, *(args[each] for each in params(guest, function)))
    for index, param in enumerate(params(guest, "update")):
        if param in WHOLE:
            many = [column.copy() for column in rows]
            many[index][-1] = SMALL[name].get(WHOLE[param], 2)
            assert traps(guest, "update_many", *many, 10)


@pytest.mark.parametrize("name", names())
def test_a_size_that_the_kernel_has_no_room_for_traps(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    rows = [column[0] for column in columns(guest, 1)]
    for option in guest.family.options:
        spec = guest.state.tensor(option.name) if option.name in guest.state else None
        if spec is None or spec.dtype != "u32" or option.bounds[0] != ">= 1":
            continue
        for wrong in (0, 6401, 2**32 - 1):
            state = guest.state.with_values({option.name: wrong})
            limit = f"{'<=' if wrong else '>='} {SMALL[name][option.name]}"
            assert state.violations() == [f"{option.name} = {wrong} is not {limit}"]
            broken = Guest(Module.from_bytes(new_with(guest, state)), name)
            assert traps(broken, "update", *rows)


def new_with(guest: Guest, state: State) -> bytes:
    """The guest's module with another state."""
    module = Module.from_bytes(guest.family.kernel())
    return module.with_custom("wasmstate.state", state.to_content()).to_bytes()


@pytest.mark.parametrize("name", names())
def test_a_counter_that_is_full_traps_and_changes_nothing(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    rows = [column[0] for column in columns(guest, 1)]
    full = np.full_like(guest["count"], 2**63 - 1)
    state = guest.state.with_values({"count": full})
    broken = Guest(Module.from_bytes(new_with(guest, state)), name)
    assert traps(broken, "update", *rows)


@pytest.mark.parametrize("name", names())
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_finite_row_is_learned_within_the_bounds_or_refused(name: str, data: Any) -> None:
    guest = Guest.new(name, **SMALL[name])
    finite = st.floats(allow_nan=False, allow_infinity=False)
    rows = columns(guest, 8, data.draw(st.integers(0, 100)))
    for row in range(8):
        args = []
        for param, column in zip(params(guest, "update"), rows, strict=True):
            value = column[row]
            if param == "x":
                value = data.draw(st.lists(finite, min_size=3, max_size=3))
            elif param == "y" or (param == "reward" and name != "bootstrap_thompson"):
                value = data.draw(finite)
            args.append(value)
        traps(guest, "update", *args)
        assert guest.state.violations() == []


def test_one_seed_makes_one_model_and_no_seed_another_each_time() -> None:
    assert new("thompson", arms=2, seed=3).to_bytes() == new("thompson", arms=2, seed=3).to_bytes()
    assert new("thompson", arms=2).to_bytes() != new("thompson", arms=2).to_bytes()
