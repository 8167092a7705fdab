"""What holds of every model, whatever it learns."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from guest import Guest
from wasmstate import Module, Param, State
from wasmstate.binary.spaces import Spaces
from wasmstate.models import describe, names, new

Rows = list[NDArray[Any]]

SMALL: dict[str, dict[str, Any]] = {
    "thompson": {"arms": 3, "decisions": 6},
    "discounted_thompson": {"arms": 3, "decisions": 6},
    "bootstrap_thompson": {"arms": 3, "replicates": 70, "decisions": 6},
    "epsilon_greedy": {"arms": 3, "decisions": 6},
    "epsilon_first": {"arms": 3, "explore": 5, "decisions": 6},
    "ucb1": {"arms": 3, "decisions": 6},
    "softmax": {"arms": 3, "decisions": 6},
    "exp3": {"arms": 3, "decisions": 6},
    "linucb": {"arms": 3, "features": 2, "decisions": 6},
    "lock_in_feedback": {"period": 7},
    "q_learning": {"states": 4, "actions": 3},
    "sarsa": {"observations": 2, "actions": 3, "order": 2},
    "moments": {"features": 3},
    "linear": {"features": 3},
    "adagrad": {"features": 3},
    "ols": {"features": 3},
    "rls": {"features": 3},
    "logistic": {"features": 3},
    "softmax_regression": {"classes": 3, "features": 3},
    "gaussian_nb": {"classes": 3, "features": 3},
    "multinomial_nb": {"classes": 3, "features": 3},
    "ftrl": {"features": 3, "l1": 0.1},
    "mlp": {"features": 3, "hidden": 4, "classes": 3},
    "kmeans": {"clusters": 3, "features": 2},
    "page_hinkley": {"threshold": 3.0, "min_rows": 5},
    "ddm": {"min_rows": 5},
    "ewma": {"width": 1.0, "min_rows": 5},
    "half_space_trees": {"features": 2, "trees": 3, "height": 3, "window": 7},
    "sema": {"fixed": 2, "random": 2, "units": 5, "warmup": 8},
}
LARGEST: dict[str, list[dict[str, Any]]] = {
    "thompson": [{"arms": 256, "decisions": 1024}],
    "discounted_thompson": [{"arms": 256, "decisions": 1024}],
    "bootstrap_thompson": [
        {"arms": 64, "decisions": 512},
        {"arms": 1, "replicates": 6400},
        {"arms": 6400, "replicates": 1},
    ],
    "epsilon_greedy": [{"arms": 256, "decisions": 1024}],
    "epsilon_first": [{"arms": 256, "decisions": 1024}],
    "ucb1": [{"arms": 256, "decisions": 1024}],
    "softmax": [{"arms": 256, "decisions": 1024}],
    "exp3": [{"arms": 256, "decisions": 1024}],
    "linucb": [
        {"arms": 64, "features": 8, "decisions": 128},
        {"arms": 256, "features": 1, "decisions": 256},
        {"arms": 7, "features": 24},
    ],
    "lock_in_feedback": [{"period": 512}],
    "q_learning": [
        {"states": 64, "actions": 64},
        {"states": 4096, "actions": 1},
        {"states": 1, "actions": 4096},
    ],
    "sarsa": [
        {"observations": 8, "actions": 9, "order": 1},
        {"observations": 6, "actions": 3, "order": 2},
        {"observations": 1, "actions": 64, "order": 31},
    ],
    "moments": [{"features": 512}],
    "linear": [{"features": 512}],
    "adagrad": [{"features": 512}],
    "ols": [{"features": 48}],
    "rls": [{"features": 48}],
    "logistic": [{"features": 512}],
    "softmax_regression": [{"classes": 10, "features": 256}, {"classes": 64, "features": 40}],
    "gaussian_nb": [{"classes": 64, "features": 16}, {"classes": 1, "features": 1024}],
    "multinomial_nb": [{"classes": 64, "features": 96}, {"classes": 1, "features": 4096}],
    "ftrl": [{"features": 512}],
    "mlp": [
        {"features": 256, "hidden": 10, "classes": 64},
        {"features": 20, "hidden": 128, "classes": 8},
    ],
    "kmeans": [{"clusters": 256, "features": 8}, {"clusters": 1, "features": 2048}],
    "page_hinkley": [],
    "ddm": [],
    "ewma": [],
    "half_space_trees": [
        {"features": 256, "trees": 4, "height": 9},
        {"features": 16, "trees": 64, "height": 5, "window": 6400},
        {"features": 1, "trees": 1, "height": 11},
        {"features": 1, "trees": 50, "height": 6},
    ],
    "sema": [
        {"fixed": 2, "random": 2, "units": 128},
        {"fixed": 8, "random": 4, "units": 16},
        {"fixed": 2, "random": 1, "units": 256},
    ],
}
BOTH = [(name, SMALL[name]) for name in names()] + [
    (name, options) for name in names() for options in LARGEST[name]
]


def test_every_model_is_tested() -> None:
    assert list(SMALL) == list(LARGEST) == names()


@pytest.mark.parametrize("name", [name for name in names() if LARGEST[name]])
def test_the_largest_models_are_as_large_as_the_options_may_be(name: str) -> None:
    """So that a kernel with less room than its family says does not pass below."""
    family = describe(name)
    largest = [family.values(options) for options in LARGEST[name]]
    for option in family.options:
        if len(option.bounds) == 2 and (option.bounds[0] == ">= 1" or option.name == "decisions"):
            most = int(option.bounds[1].removeprefix("<= "))
            assert max(values[option.name] for values in largest) == most, option.name
    for product, most in family.room.items():
        sizes = [math.prod(values[part] for part in product.split("*")) for values in largest]
        assert max(sizes) == most, product


def values_of(param: Param, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Numbers that a parameter can take, a row for each call."""
    size = (rows, *param.shape)
    limits = {bound.split()[0]: float(bound.split()[1]) for bound in param.bounds if " " in bound}
    if param.dtype == "f64":
        return rng.integers(0, 2, size) * 1.0 if limits["<="] == 1 else rng.normal(size=size)
    return rng.integers(0, int(limits.get("<", limits.get("<=", 4.0) + 1)), size)


def rows_of(guest: Guest, count: int, seed: int = 0) -> Rows:
    """Rows that the model can learn from, a column for each parameter of ``update``."""
    rng = np.random.default_rng(seed)
    return [values_of(param, count, rng) for param in guest.params("update")]


def arguments(guest: Guest, function: str) -> list[Any]:
    """What a function can take."""
    rng = np.random.default_rng(1)
    return [values_of(param, 1, rng)[0] for param in guest.params(function)]


def with_decisions(guest: Guest) -> Guest:
    """The same model, which has made the decisions that rewards are given for."""
    if "decide" in guest.state.entry_points:
        for _ in range(5):
            guest.call("decide", *arguments(guest, "decide"))
    return guest


def update_each(guest: Guest, rows: Rows) -> Guest:
    """Learn row by row."""
    for row in zip(*rows, strict=True):
        guest.call("update", *row)
    return guest


def traps(guest: Guest, function: str, *args: Any) -> bool:
    """Whether the call traps; S must be as it was if it does."""
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


def wrong_values(param: Param) -> list[float]:
    """Numbers that a parameter must not have."""
    wrong = []
    for bound in param.bounds:
        compare, _, limit = bound.partition(" ")
        if compare == "finite":
            wrong += [np.nan, np.inf, -np.inf]
        elif param.dtype == "f64":
            beyond = np.nextafter(float(limit), {"<=": np.inf, ">=": -np.inf}[compare])
            wrong += [beyond, np.nan]
        else:
            wrong.append({"<": 0, "<=": 1, ">=": -1}[compare] + int(limit))
    return wrong


@pytest.mark.parametrize("name", names())
def test_a_model_that_was_stopped_goes_on_as_if_it_had_not_been(name: str) -> None:
    whole, parts = Guest.new(name, **SMALL[name]), Guest.new(name, **SMALL[name])
    rows = rows_of(whole, 60)
    update_each(whole, rows)
    update_each(parts, [column[:37] for column in rows])
    again = update_each(parts.resumed(), [column[37:] for column in rows])
    assert again.state.contents() == whole.state.contents()
    args = arguments(whole, "predict")
    assert again.call("predict", *args) == whole.call("predict", *args)


@pytest.mark.parametrize("name", names())
def test_many_updates_at_once_are_the_same_bit_for_bit(name: str) -> None:
    one, many = Guest.new(name, **SMALL[name]), Guest.new(name, **SMALL[name])
    rows = rows_of(one, 60)
    assert update_each(one, rows).state.contents() == many.feed(*rows).state.contents()


@pytest.mark.parametrize(("name", "options"), BOTH)
def test_a_model_fits_one_page_and_imports_nothing(name: str, options: dict[str, Any]) -> None:
    guest = Guest.new(name, **options)
    module = Module.from_bytes(guest.family.kernel())
    assert "import" not in [section.name for section in module.sections]
    (memory,) = Spaces(module).memories
    assert (memory.limits.min, memory.limits.max) == (1, 1)
    places = [(0, 1024)]  # the stack
    places += [(region.address, region.end) for region in guest.state.regions]
    for param in guest.params("update_many"):
        if param.place is not None:
            start = guest.address(param.place.removeprefix("sym:"))
            places.append((start, start + param.nbytes))
    places.sort()
    assert all(first[1] <= second[0] for first, second in pairwise(places))
    assert places[-1][1] <= 65536


@pytest.mark.parametrize(("name", "options"), BOTH)
def test_a_model_of_any_size_takes_a_full_buffer(name: str, options: dict[str, Any]) -> None:
    guest = Guest.new(name, **options)
    most = guest.params("update_many")[0].shape[0]
    rows = rows_of(guest, most)
    assert not traps(guest, "update_many", *rows, most)
    with_decisions(guest)
    assert guest.state.violations() == []
    for function in guest.family.entry_points:
        if function in guest.state.entry_points and function != "update_many":
            assert not traps(guest, function, *arguments(guest, function))
    assert traps(guest, "update_many", *rows, most + 1)


@pytest.mark.parametrize("name", names())
def test_functions_but_those_that_learn_leave_the_state_as_it_is(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    with_decisions(guest).feed(*rows_of(guest, 20))
    before = guest.state.contents()
    for function in guest.family.entry_points:
        if function not in (
            "update",
            "update_many",
            "act",
            "decide",
            "reward",
            "start",
            "step",
            "end",
            "sweep",
        ):
            guest.call(function, *arguments(guest, function))
    assert guest.state.contents() == before


@pytest.mark.parametrize("name", names())
def test_what_a_parameter_must_not_be_traps_and_changes_nothing(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    rows = rows_of(guest, 10)
    update_each(with_decisions(guest), rows)
    for function in guest.family.entry_points:
        good = [*rows, 10] if function == "update_many" else arguments(guest, function)
        for index, param in enumerate(guest.params(function)):
            assert param.bounds, "a parameter that may be anything"
            for wrong in wrong_values(param):
                args = list(good)
                if param.is_array:
                    args[index] = np.array(good[index], float if param.dtype == "f64" else int)
                    args[index].flat[-1] = wrong
                else:
                    args[index] = wrong
                assert traps(guest, function, *args), (function, param.name, wrong)


@pytest.mark.parametrize("name", names())
def test_after_absurd_rows_ordinary_ones_are_learned(name: str) -> None:
    """The first row and every tenth is of the largest numbers there may be, learned or refused."""
    guest = Guest.new(name, **SMALL[name])
    params = guest.params("update")
    for step, row in enumerate(zip(*rows_of(guest, 60), strict=True)):
        if step % 10:
            assert not traps(guest, "update", *row), step
            assert not traps(guest, "predict", *arguments(guest, "predict")), step
        else:
            absurd = [
                each * 0 - 1e50 * (-1) ** (step // 10) if "<= 1e50" in param.bounds else each
                for param, each in zip(params, row, strict=True)
            ]
            traps(guest, "update", *absurd)


@pytest.mark.parametrize("name", names())
def test_a_size_that_the_kernel_has_no_room_for_traps(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    row = [column[0] for column in rows_of(guest, 1)]
    for option in guest.family.options:
        if option.bounds[0] != ">= 1" or option.name == "min_rows":
            continue
        for wrong in (0, 6401, 2**32 - 1):
            broken = guest.with_values(**{option.name: wrong})
            limit = f"{'<=' if wrong else '>='} {SMALL[name].get(option.name)}"
            assert broken.state.violations() == [f"{option.name} = {wrong} is not {limit}"]
            assert traps(broken, "update", *row), (option.name, wrong)


@pytest.mark.parametrize("name", names())
def test_a_counter_that_is_full_traps_and_changes_nothing(name: str) -> None:
    guest = Guest.new(name, **SMALL[name])
    row = [column[0] for column in rows_of(guest, 1)]
    counters = [t for t in guest.state if t in ("count", "pulls", "unit_count", "occurrences")]
    assert counters
    for counter in counters:
        most = np.iinfo(guest[counter].dtype).max
        broken = guest.with_values(**{counter: np.full_like(guest[counter], most)})
        x_of_ones = [np.ones_like(value) if counter == "occurrences" else value for value in row]
        assert traps(broken, "update", *x_of_ones), counter


@pytest.mark.parametrize("name", names())
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_finite_row_is_learned_within_the_bounds_or_refused(name: str, data: Any) -> None:
    guest = Guest.new(name, **SMALL[name])
    rows = rows_of(guest, 8, data.draw(st.integers(0, 100)))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    for row in range(8):
        args: list[Any] = []
        for param, column in zip(guest.params("update"), rows, strict=True):
            value = column[row]
            if param.dtype == "f64":
                drawn = data.draw(st.lists(finite, min_size=value.size, max_size=value.size))
                value = np.reshape(drawn, param.shape)
            args.append(value)
        traps(guest, "update", *args)
        assert guest.state.violations() == []


def test_one_seed_makes_one_model_and_no_seed_another_each_time() -> None:
    for name in ("thompson", "mlp"):
        options = SMALL[name]
        assert new(name, **options, seed=3).to_bytes() == new(name, **options, seed=3).to_bytes()
        assert new(name, **options).to_bytes() != new(name, **options).to_bytes()
    assert State.of(new("ucb1", arms=2)).digest == State.of(new("ucb1", arms=2)).digest
