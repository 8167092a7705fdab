"""``wasmstate personalize``."""

from __future__ import annotations

from pathlib import Path

from cli_runner import Wasmstate
from wasmstate import history, models


def test_a_file_is_personalized_once(wasmstate: Wasmstate, tmp_path: Path) -> None:
    base = tmp_path / "base.wasm"
    models.new("thompson", arms=10, seed=1).save(base)
    told = wasmstate("personalize", str(base), "7")
    assert told.stdout == f"{base}: generation 1, of device 7\n"
    again = wasmstate("personalize", str(base), "7")
    assert again.stdout == f"{base}: generation 1, of device 7\n"
    assert [each.generation for each in history(base)] == [0, 1]
    line = tmp_path / "line.wasm"
    models.new("linear", features=1).save(line)
    told = wasmstate("personalize", str(line), "7")
    assert told.stdout == (
        f"{line}: generation 1, of device 7, and the model draws no random numbers\n"
    )
    refused = wasmstate("personalize", str(line), "")
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"Error: {line}: the id of a device is")
