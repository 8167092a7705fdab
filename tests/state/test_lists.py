"""A text where a list is meant is refused by the name of the argument."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models import COUNTER, COUNTER_TENSORS, from_wat, model
from wasmstate import State, attach, discover, merge, migrate, plan_migration, probe

MODULE = from_wat(COUNTER)
LEARNED = model(COUNTER, *COUNTER_TENSORS)


@pytest.mark.parametrize(
    ("argument", "text", "call"),
    [
        ("tensors", "total:i64@64", lambda text: attach(MODULE, text)),
        ("tensors", "total:i64@64", lambda text: probe(MODULE, tensors=text)),
        ("calls", "update:1", lambda text: probe(LEARNED, text)),
        ("calls", "update:1", lambda text: discover(MODULE, text)),
        ("keep_base", "total", lambda text: merge(LEARNED, [], keep_base=text)),
        ("devices", "a.wasm", lambda text: merge(LEARNED, text)),
        ("drop", "total", lambda text: migrate(LEARNED, LEARNED, drop=text)),
        (
            "reshape",
            "total",
            lambda text: plan_migration(State.of(LEARNED), State.of(LEARNED), reshape=text),
        ),
    ],
)
def test_a_text_is_no_list(argument: str, text: str, call: Callable[[str], object]) -> None:
    with pytest.raises(TypeError) as caught:
        call(text)
    assert str(caught.value) == f"{argument} must be a list, not {text!r}: write [{text!r}]"
