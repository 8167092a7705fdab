"""Progress bars: only on a terminal, only for what is slow."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli_runner import FIXTURES
from wasmstate.cli import progress


def on_a_terminal(*arguments: str, term: str = "xterm") -> str:
    """What a command shows on a terminal, drawn things and all."""
    try:
        ours, theirs = pty.openpty()
    except OSError:
        pytest.skip("there are no terminals here: /dev/pts is not mounted")
    script = "import sys; from wasmstate.cli import main, progress; progress._SLOW = 0.0; main()"
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env=os.environ | {"TERM": term, "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the terminal is closed with the process that had it
                break
            if not piece:
                break
            shown += piece
        process.wait()
    os.close(ours)
    return shown.decode()


def test_checking_shows_how_far_it_is() -> None:
    shown = on_a_terminal("check", str(FIXTURES / "bandit.wasm"))
    assert "checking bandit.wasm" in shown
    assert shown.rstrip().endswith("bandit.wasm: ok")


def test_many_calls_show_how_many_are_done(tmp_path: Path) -> None:
    model = tmp_path / "m.wasm"
    model.write_bytes((FIXTURES / "bandit.wasm").read_bytes())
    shown = on_a_terminal("run", str(model), "update", "1", "1", "--times", "20")
    assert "calls" in shown
    assert "20 updates in all" in shown


def test_rows_of_a_table_show_how_many_are_done_a_second(tmp_path: Path) -> None:
    model, rows = tmp_path / "m.wasm", tmp_path / "rows.csv"
    model.write_bytes((FIXTURES / "bandit.wasm").read_bytes())
    rows.write_text("1,1\n" * 50)
    shown = on_a_terminal("run", str(model), "update", "--from", str(rows), "--json")
    assert re.search(r"calls .*\d%.* [\d,]+/s", shown)


def test_discovering_shows_what_is_being_tried() -> None:
    calls = ["--call", "update:1,1.0", "--call", "predict"]
    shown = on_a_terminal("discover", str(FIXTURES / "bandit.wasm"), *calls)
    assert "compiling the module" in shown or "calling update()" in shown
    assert "trying what calls read" in shown
    assert "--tensor '" in shown


def test_a_terminal_that_cannot_draw_gets_no_bar() -> None:
    path = str(FIXTURES / "bandit.wasm")
    assert on_a_terminal("check", path, term="dumb") == f"{path}: ok\r\n"


def test_a_pipe_gets_no_bar(capfd: pytest.CaptureFixture[str], monkeypatch: object) -> None:
    with progress.bar("counting", 3) as shown:
        shown._started -= 10
        shown.show(1)
    with progress.waiting("waiting", slow=True):
        pass
    assert capfd.readouterr() == ("", "")
