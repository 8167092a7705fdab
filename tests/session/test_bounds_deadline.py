"""The check of bounds is a part of the call: it has the call's deadline."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import write_model
from wasmstate import DeadlineError, Limits, Session, StateBoundsError, TensorSpec

MATRIX = """
(module
  (memory (export "memory") 1 1)
  (func (export "set") (param i32 f64)
    (f64.store (i32.mul (local.get 0) (i32.const 8)) (local.get 1)))
  (func (export "count") (i32.store (i32.const 8192) (i32.const 1))))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tensors = [
        TensorSpec("p", "f64", (16, 16), "0", bounds=("psd",)),
        TensorSpec("w", "f64", (300,), "2048", bounds=("finite",)),
        TensorSpec("n", "i32", (), "8192"),
    ]
    return write_model(tmp_path / "matrix.wasm", MATRIX, *tensors)


@pytest.mark.parametrize("cell", [0, 300])
def test_without_time_for_the_check_the_call_is_undone(path: Path, cell: int) -> None:
    with Session.open(path, limits=Limits(seconds=1e-9), persist="manual") as session:
        before = session.state.contents()
        with pytest.raises(DeadlineError) as caught:
            session.call("set", cell, 1.0)
        assert session.state.contents() == before
        assert caught.value.remedies == ("Limits.seconds",)
    with Session.open(path, limits=Limits(seconds=None), persist="manual") as session:
        session.call("set", cell, 1.0)
        assert session.is_dirty


def test_what_is_wrong_is_said_in_time(path: Path) -> None:
    with Session.open(path, limits=Limits(seconds=0.5), persist="manual") as session:
        session.call("count")
        assert session.state["n"] == 1
        with pytest.raises(StateBoundsError, match="p is not positive semidefinite"):
            session.call("set", 0, -1.0)
        assert session.state["p"][0, 0] == 0
