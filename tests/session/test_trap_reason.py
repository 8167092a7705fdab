"""A trap says which numbers of S and of the arguments are not finite or huge, and since when."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wasmstate import Session, TrapError, WasmstateError, models


@pytest.fixture
def line(tmp_path: Path) -> Path:
    path = tmp_path / "line.wasm"
    path.write_bytes(models.new("linear", features=2, lr=0.01).to_bytes())
    return path


def run_away(session: Session, row: list[float]) -> None:
    """Learn the row until it is too much."""
    for _ in range(100):
        session.update(row, 1.0)


def test_a_feature_of_another_scale_is_named_with_the_generation_where_it_began(
    line: Path,
) -> None:
    epoch = 1.7e9
    with Session.open(line, keep=64) as session:
        session.update([0.5, 0.5], 1.0)
        with pytest.raises(TrapError) as caught:
            run_away(session, [epoch, 0.5])
        generations = session.generation
    text = str(caught.value)
    assert text.startswith("update() trapped: ")
    assert "S holds weights[0] = " in text
    assert "the argument x[0] is 1.7e+09" in text
    assert text.endswith("scale what the model is given, and go back to a generation before")
    match = re.search(r"since generation (\d+)", text)
    assert match is not None
    assert 1 < int(match[1]) <= generations
    assert caught.value.remedies == ("rollback()",)


def test_a_trap_without_such_numbers_is_told_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bandit.wasm"
    path.write_bytes(models.new("thompson", arms=3, seed=1).to_bytes())
    with Session.open(path) as session, pytest.raises(WasmstateError) as caught:
        session.update(99, 1.0)
    assert "S holds" not in str(caught.value)
