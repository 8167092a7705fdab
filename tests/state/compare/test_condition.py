"""Conditions are NumPy's words over tensors, and nothing else of Python."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.modules import MEMORY, wat
from wasmstate import SchemaError, State, attach
from wasmstate.state.compare.condition import Condition, step_size


@pytest.fixture(scope="module")
def state() -> State:
    module = attach(
        wat(MEMORY),
        ["w:f64[2,2]@64", "n:i64@96", "odd name:u8@128"],
        values={"w": [[1.0, -2.0], [3.0, 4.0]], "n": 7, "odd name": 5},
    )
    return State.of(module)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("isnan(w).any()", False),
        ("w[0, 1] == -2", True),
        ("w[0].sum() < 0", True),
        ("w[:, -1].max() >= 4", True),
        ("abs(w).max() > 3 and n == 7", True),
        ("not (n > 8 or n < 7)", True),
        ("0 < n <= 7", True),
        ("0 < n < 7", False),
        ('S["odd name"] == 5', True),
        ("abs(norm(w) ** 2 - 30) < 1e-9", True),
        ("w.T[0, 1] == 3", True),
        ("n % 2 == 1", True),
        ("w.size == 4", True),
        ("-n + +n == 0 * n / 1", True),
        ("dS > 1", True),
        ("y != y", True),
        ("step == 3", True),
        ("9 ** 9 ** 9 ** 9 > 0", True),
        ("n / 0 > 1e308", True),
    ],
)
def test_a_condition_says_yes_or_no(text: str, holds: bool, state: State) -> None:
    assert Condition(text, state).holds(state, dS=2.0, y=None, step=3) is holds


@pytest.mark.parametrize("drift", [False, True])
def test_whether_there_is_a_drift_is_known_while_one_is_watched_for(
    drift: bool, state: State
) -> None:
    assert Condition("drift", state, is_watched=True).holds(state, drift=drift) is drift
    assert Condition("n > 8 or drift", state, is_watched=True).holds(state, drift=drift) is drift
    with pytest.raises(SchemaError, match="drift is known only while a detector watches the rows"):
        Condition("drift", state)
    with pytest.raises(SchemaError, match="there are w, n, odd name, dS, y, step, drift"):
        Condition("drifts", state, is_watched=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is no expression"),
        ("w >", "it is no expression"),
        ("w > 1", "it gives many values; add .any() or .all()"),
        ("w.max()", "it is no yes or no; compare with something"),
        ("v > 1", "there is no 'v'; there are w, n, odd name, dS, y, step"),
        ("S > 1", 'write S["name"]'),
        ("S[n] > 1", 'write S["name"]'),
        (
            "__import__('os').system('x') == 0",
            "\"__import__('os').system('x')\" cannot be used here",
        ),
        ("w.__class__ == 1", "'w.__class__' cannot be used here"),
        ("(lambda: 1)() == 1", "'(lambda: 1)()' cannot be used here"),
        ("[1] == 1", "'[1]' cannot be used here"),
        ("'a' == 1", "\"'a'\" cannot be used here"),
        ("True", "'True' cannot be used here"),
        ("w[n] == 1", "an index is an integer or a slice"),
        ("w[5, 5] == 1", "index 5 is out of bounds for axis 0 with size 2"),
        ("n in w", "compare with <, <=, >, >=, == or !="),
        ("n == 1 " + "and n == 1 " * 200, "it has more than 1000 characters"),
        ("-" * 900 + "n == 1", "it is nested too deeply"),
        ("(" * 300 + "n" + ")" * 300, "it is no expression"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    text: str, reason: str, state: State
) -> None:
    with pytest.raises(SchemaError, match=re.escape(reason)):
        Condition(text, state)


@given(st.text(alphabet="wnySd[](),.:<>=+-*/%&|^~'\"0123456789 abijklnort_", max_size=40))
def test_no_text_whatever_raises_anything_else(text: str) -> None:
    module = attach(wat(MEMORY), ["w:f64[2,2]@64", "n:i64@96"])
    state = State.of(module)
    try:
        Condition(text, state)
    except SchemaError:
        return
    assert Condition(text, state).holds(state, dS=0.0, y=0.0, step=0) in (True, False)


def test_the_size_of_a_step_counts_floats_alone(state: State) -> None:
    after = state.with_values({"w": [[4.0, 2.0], [3.0, 4.0]], "n": 1000})
    assert step_size(state, after) == 5.0
    assert math.isnan(step_size(state, state.with_values({"w": [[math.nan] * 2] * 2})))
