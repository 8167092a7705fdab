"""wear, --metrics and --flush-on on the command line."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import state_of, write_counter


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_counter(Path("m.wasm"))


def test_wear_is_told(wasmstate: Wasmstate) -> None:
    words = ("wear", "m.wasm", "--updates", "86400", "--persist", "budget:8MB/day")
    assert wasmstate(*words).stdout == (
        "bytes a commit      4,096\ncommits a day     1,953.1\nbytes a day     8,000,000\n"
    )
    done = wasmstate(*words, "--capacity", "4GB", "--cycles", "3000", "--json")
    assert json.loads(done.stdout)["years"] == pytest.approx(4e9 * 3000 / 8e6 / 365.25)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--persist", "manual"), "on-close and manual say nothing of how often they commit"),
        (("--capacity", "4GB"), "give --capacity and --cycles, or neither"),
        (("--capacity", "much", "--cycles", "3"), "'much' is no size such as 10MB or 64KiB"),
    ],
)
def test_what_cannot_be_estimated_is_said(
    words: tuple[str, ...], reason: str, wasmstate: Wasmstate
) -> None:
    done = wasmstate("wear", "m.wasm", "--updates", "10", *words)
    assert (done.exit_code, reason in done.stderr) == (2, True)


def test_figures_are_written_for_prometheus(wasmstate: Wasmstate) -> None:
    words = ("run", "m.wasm", "update", "2", "--times", "3", "--metrics", "m.prom")
    assert wasmstate(*words).exit_code == 0
    text = Path("m.prom").read_text()
    size = Path("m.wasm").stat().st_size
    label = f'{{file="{Path("m.wasm").absolute()}"}}'
    figures = dict(re.findall(r"^wasmstate_(\w+)" + re.escape(label) + r" (\S+)$", text, re.M))
    assert figures.pop("last_commit_seconds") != "0"
    assert figures == {
        "generation": "3",
        "updates_total": "3",
        "commits_total": "3",
        "commit_bytes_total": str(3 * size),
    }
    assert text.count("# TYPE ") == text.count("# HELP ") == 5
    done = wasmstate("run", "m.wasm", "update", "2", "--metrics", "m.wasm")
    assert (done.exit_code, "never written over" in done.stderr) == (1, True)
    assert state_of("m.wasm").generation == 3


@pytest.mark.skipif(not hasattr(signal, "SIGPWR"), reason="Linux has this signal")
def test_a_signal_commits_and_the_run_goes_on() -> None:
    words = ["run", "m.wasm", "-", "--persist", "on-close", "--flush-on", "SIGPWR"]
    with subprocess.Popen(
        [sys.executable, "-m", "wasmstate", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def answer(call: str) -> int:
            print(call, file=process.stdin, flush=True)
            assert process.stdout is not None
            return int(json.loads(process.stdout.readline())["generation"])

        assert answer('{"fn": "update", "args": [2]}') == 0
        process.send_signal(signal.SIGPWR)
        while answer('{"fn": "predict", "args": []}') == 0:
            pass
        assert int(state_of("m.wasm")["total"]) == 2
        assert answer('{"fn": "update", "args": [3]}') == 1
        process.stdin.close()
        assert process.wait() == 0
    assert int(state_of("m.wasm")["total"]) == 5
