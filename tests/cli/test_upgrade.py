"""compat, upgrade, split and join on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import COUNTER, from_wat, state_of, write_counter
from wasmstate import attach

DOUBLING = COUNTER.replace("(local.get $by)", "(i64.mul (local.get $by) (i64.const 2))")


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wasmstate: Wasmstate) -> None:
    monkeypatch.chdir(tmp_path)
    write_counter(Path("old.wasm"))
    assert wasmstate("run", "old.wasm", "update", "5", "--record", "calls.log").exit_code == 0
    module = attach(from_wat(DOUBLING), ["total:i64@sym:total", "seen:i32@1024"])
    Path("new.wasm").write_bytes(module.to_bytes())


def test_what_a_version_changes_is_told(wasmstate: Wasmstate) -> None:
    done = wasmstate("compat", "old.wasm", "new.wasm")
    assert done.exit_code == 1
    assert done.stdout == (
        "lost\n"
        "  total  kept  i64  i64\n"
        "  seen   new   -    i32\n"
        "  calls  lost  i32  -\n"
        "calls: the new state has no such tensor: drop it, or map it to its new name\n"
    )
    done = wasmstate("compat", "old.wasm", "old.wasm", "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["verdict"], document["names"]) == (0, "kept", {})
    assert {each["verdict"] for each in document["functions"]} == {"same"}


def test_the_plan_writes_nothing_and_a_refused_upgrade_neither(wasmstate: Wasmstate) -> None:
    before = Path("old.wasm").read_bytes()
    plan = wasmstate("upgrade", "old.wasm", "new.wasm", "--plan", "--map", "calls=seen")
    assert (plan.exit_code, plan.stdout.splitlines()[0]) == (0, "kept")
    assert wasmstate("upgrade", "old.wasm", "new.wasm", "--plan").exit_code == 1
    assert wasmstate("upgrade", "old.wasm", "new.wasm").exit_code == 1
    assert Path("old.wasm").read_bytes() == before


@pytest.mark.parametrize(("replay", "total"), [((), 5), (("--replay", "calls.log"), 10)])
def test_an_upgrade_replaces_the_file_or_writes_a_copy(
    replay: tuple[str, ...], total: int, wasmstate: Wasmstate
) -> None:
    options = ("--map", "calls=seen", *replay)
    done = wasmstate("upgrade", "old.wasm", "new.wasm", *options, "-o", "copy.wasm")
    assert (done.exit_code, int(state_of("copy.wasm")["total"])) == (0, total)
    assert int(state_of("old.wasm")["total"]) == 5
    done = wasmstate("upgrade", "old.wasm", "new.wasm", *options)
    assert (done.exit_code, done.stderr) == (0, "old.wasm: generation 1 -> 2, new code\n")
    assert int(state_of("old.wasm")["total"]) == total


def test_two_files_are_run_checked_upgraded_and_joined(wasmstate: Wasmstate) -> None:
    def done(*words: str) -> str:
        result = wasmstate(*words)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    done("split", "old.wasm", "-o", "code.wasm", "--state", "m.state")
    done("run", "code.wasm", "update", "1", "--state", "m.state")
    assert done("check", "code.wasm", "--state", "m.state") == "code.wasm: ok\n"
    done("upgrade", "code.wasm", "new.wasm", "--state", "m.state", "--map", "calls=seen")
    done("run", "code.wasm", "update", "1", "--state", "m.state")
    done("join", "code.wasm", "m.state", "-o", "one.wasm")
    assert done("run", "one.wasm", "predict") == "8\n"


def test_two_halves_of_other_models_are_refused(wasmstate: Wasmstate) -> None:
    for name in ("old", "new"):
        files = ("-o", f"{name}-code.wasm", "--state", f"{name}.state")
        assert wasmstate("split", f"{name}.wasm", *files).exit_code == 0
    for words in (
        ("join", "new-code.wasm", "old.state", "-o", "x.wasm"),
        ("run", "new-code.wasm", "predict", "--state", "old.state"),
        ("check", "new-code.wasm", "--state", "old.state"),
    ):
        done = wasmstate(*words)
        assert done.exit_code == 1
        assert "the state belongs to other code, of module digest" in done.stdout + done.stderr
    again = wasmstate("split", "old.wasm", "-o", "old-code.wasm", "--state", "s")
    assert "there is such a file already" in again.stderr
    assert not Path("s").exists()
