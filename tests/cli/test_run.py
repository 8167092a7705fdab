"""``wasmstate run`` over many rows, and as a co-process."""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_runner import Wasmstate, run_command
from models import state_of
from storage.disk import Disk
from wasmstate import models
from wasmstate.storage.filesystem import FileSystem, using
from wasmstate.storage.lock import locked

PATIENCE = 60


@pytest.fixture
def linear(tmp_path: Path) -> Path:
    """A model that goes through rows itself."""
    path = tmp_path / "linear.wasm"
    path.write_bytes(models.new("linear", features=2, lr=0.005).to_bytes())
    return path


def write_rows(path: Path, count: int) -> Path:
    path.write_text("x[0],x[1],y\n" + "".join(f"{i % 7},{i % 3},{i % 5}\n" for i in range(count)))
    return path


@pytest.mark.parametrize("persist", ["every:100", "on-close"])
def test_rows_give_the_same_many_at_a_time_as_one_by_one(linear: Path, persist: str) -> None:
    rows = write_rows(linear.with_name("rows.csv"), 5000)
    one = linear.with_name("one.wasm")
    one.write_bytes(linear.read_bytes())
    words = ["update", "--from", str(rows), "--persist", persist]
    assert run_command("run", str(linear), *words).exit_code == 0
    assert run_command("run", str(one), *words, "--json").exit_code == 0
    assert state_of(linear).contents() == state_of(one).contents()
    assert state_of(linear).update_count == state_of(one).update_count == 5000


@pytest.mark.parametrize("persist", ["every-change", "every:2", "on-close"])
def test_what_was_done_before_a_bad_line_is_kept_and_said(linear: Path, persist: str) -> None:
    rows = linear.with_name("rows.csv")
    rows.write_text("x[0],x[1],y\n1,2,3\n\n4,5,6\n1,nan,0\n7,8,9\n")
    result = run_command("run", str(linear), "update", "--from", str(rows), "--persist", persist)
    assert result.exit_code == 1
    assert "rows.csv, line 5: " in result.stderr
    assert "nan is not finite\n2 calls before it: generation 0 -> " in result.stderr
    assert state_of(linear).update_count == 2


def test_without_commits_nothing_is_kept_and_that_is_said(linear: Path) -> None:
    rows = linear.with_name("rows.csv")
    rows.write_text("1,2,3\n1,2\n")
    words = ["update", "--from", str(rows), "--persist", "manual"]
    result = run_command("run", str(linear), *words)
    assert result.stderr.endswith("\n1 call before it: nothing is written\n")


def test_rows_come_from_a_matrix_and_from_standard_input_too(linear: Path) -> None:
    rows = linear.with_name("rows.npy")
    np.save(rows, np.arange(6.0).reshape(2, 3))
    assert run_command("run", str(linear), "update", "--from", str(rows)).exit_code == 0
    piped = run_command("run", str(linear), "update", "--from", "-", input=b"1,2,3\n4,5\n")
    assert "standard input, line 2: " in piped.stderr
    assert state_of(linear).update_count == 3


@pytest.mark.parametrize("table", ["", "x[0],x[1],y\n"])
def test_a_table_without_rows_is_told_and_changes_nothing(linear: Path, table: str) -> None:
    rows, before = linear.with_name("none.csv"), linear.read_bytes()
    rows.write_text(table)
    result = run_command("run", str(linear), "update", "--from", str(rows))
    assert result.exit_code == 0
    assert result.stderr == f"{rows}: no rows, update() was not called\n"
    assert linear.read_bytes() == before


def test_columns_of_other_names_are_taken_as_they_are_named(linear: Path) -> None:
    days = linear.with_name("days.csv")
    days.write_text("place,sun,wind,rain\nhere,1,2,3\nthere,4,5,6\n")
    other = linear.with_name("other.wasm")
    other.write_bytes(linear.read_bytes())
    words = ["update", "--from", str(days)]
    assert run_command("run", str(linear), *words, "--columns", "wind,sun,rain").exit_code == 0
    assert run_command("run", str(other), *words, "--columns", "2,1,3").exit_code == 0
    assert state_of(linear).update_count == state_of(other).update_count == 2
    assert state_of(linear).contents() == state_of(other).contents()
    refused = run_command("run", str(linear), *words, "--columns", "wind,sun,snow")
    assert refused.stderr.endswith("no column snow; there are place, sun, wind, rain\n")


def test_a_condition_ends_the_run_after_the_call_that_makes_it_true(model: Path) -> None:
    Path("clicks.csv").write_text("arm,reward\n" + "0,1\n" * 9)
    words = ["--from", "clicks.csv", "--until", "count >= 4", "--persist", "on-close"]
    result = run_command("run", str(model), "update", *words)
    assert result.exit_code == 0
    assert "clicks.csv, line 5: count >= 4, after 4 calls\n" in result.stderr
    assert state_of(model).update_count == 4
    result = run_command("run", str(model), "update", "0", "1", "--times", "9", "--until", "x > 1")
    assert result.exit_code == 1
    assert "there is no 'x'" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["-", "--from", "clicks.csv"],
        ["-", "1"],
        ["-", "--times", "2"],
        ["-", "--until", "count > 1"],
        ["update", "--from", "-", "--times", "2"],
        ["update", "1", "1", "--persist", "every"],
        ["update", "1", "1", "--columns", "a,b"],
        ["update", "--from", "clicks.csv", "--columns", "a,,b"],
    ],
)
def test_what_does_not_go_together_is_refused(model: Path, words: list[str]) -> None:
    Path("clicks.csv").write_text("1,1\n")
    assert run_command("run", str(model), *words).exit_code == 2


def answers(path: Path, *lines: Any, text: bytes = b"") -> list[dict[str, Any]]:
    sent = text or b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    result = run_command("run", str(path), "-", input=sent)
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_of_json_is_answered_by_one(model: Path) -> None:
    assert answers(
        model,
        {"fn": "update", "args": [2, 1.0]},
        ["update", 1, 0],
        {"fn": "predict"},
        ["estimate", 2],
    ) == [
        {"value": None, "generation": 1, "changed": True},
        {"value": None, "generation": 2, "changed": True},
        {"value": 2, "generation": 2, "changed": False},
        {"value": 2 / 3, "generation": 2, "changed": False},
    ]
    assert state_of(model).update_count == 2


@pytest.mark.parametrize(
    ("line", "kind", "part"),
    [
        (b"{", "ArgumentError", "the line is not valid JSON"),
        (b"\xff", "ArgumentError", "the line is not valid JSON"),
        (b"[" * 100_000, "ArgumentError", "nested too deeply"),
        (b"3", "ArgumentError", "the line is no call"),
        (b"[]", "ArgumentError", "the line is no call"),
        (b'{"fn": "update", "arg": [1]}', "ArgumentError", "the line is no call"),
        (b'{"fn": "update", "args": 1}', "ArgumentError", "the line is no call"),
        (b'{"args": [1]}', "ArgumentError", "the line is no call"),
        (b'["update"]', "ArgumentError", "takes 2 arguments, 0 given"),
        (b'["update", "1", 1]', "ArgumentError", 'args[0] must be a number or an array, not "1"'),
        (b'["update", {}, [1]]', "ArgumentError", "args[0] must be a number or an array, not {}"),
        (b'["update", true, 1]', "ArgumentError", "args[0] must be a number or an array, not true"),
        (b'["update", 1, [[0, null]]]', "ArgumentError", "args[1][0][1] must be a number"),
        (b'["update", [1,,2], 1]', "ArgumentError", "the line is not valid JSON"),
        (b'["update", 1, 1e400]', "ArgumentError", "'1e400' is too large for f64"),
        (b'["update", ' + b"[" * 99 + b"1.5" + b"]" * 99 + b", 1]", "ArgumentError", "deeply"),
        (b'["update", [1.5], 1]', "ArgumentError", "must be an integer"),
        (
            b'{"fn": "update", "args": [1, 1], "args": [2, 1]}',
            "ArgumentError",
            'the key "args" stands twice',
        ),
        (b'["learn"]', "CallError", "exports no function 'learn'"),
        (b'["update", 9, 1]', "TrapError", "trapped"),
    ],
)
def test_a_bad_line_is_answered_too_and_the_next_one_is_served(
    model: Path, line: bytes, kind: str, part: str
) -> None:
    bad, good = answers(model, text=line + b'\n\n["update", 1, 1]')
    assert (bad["error"]["type"], bad["generation"], bad["changed"]) == (kind, 0, False)
    assert part in bad["error"]["message"]
    assert good == {"value": None, "generation": 1, "changed": True}


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_ends_a_co_process_and_what_it_learned_is_written(
    model: Path, number: str
) -> None:
    sent = signal.Signals[number]
    words = [sys.executable, "-m", "wasmstate", "run", str(model), "-", "--persist", "every:999999"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(3):
            process.stdin.write(b'["update", 2, 1.0]\n')
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())  # line by line, while it runs
            assert answer == {"value": None, "generation": 0, "changed": True}
        process.send_signal(sent)
        assert process.wait(PATIENCE) == 128 + sent
        assert process.stderr.read() == f"ended by {number}\n".encode()
    state = state_of(model)
    assert (state.generation, state.update_count) == (1, 3)


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_what_nohup_ignores_stays_ignored(model: Path) -> None:
    command = [sys.executable, "-m", "wasmstate", "run", str(model), "-"]
    words = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for generation in (1, 2):
            process.stdin.write(b'["update", 2, 1.0]\n')
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["generation"] == generation
            process.send_signal(signal.SIGHUP)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_a_signal_ends_a_long_run_between_two_calls(model: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "wasmstate",
        "run",
        str(model),
        "estimate",
        "0",
        "--times",
        "100000000",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (143, b"ended by SIGTERM\n")


@pytest.mark.parametrize("timeout", ["nan", "0", "-1"])
def test_a_timeout_is_more_than_nothing(model: Path, wasmstate: Wasmstate, timeout: str) -> None:
    result = wasmstate("run", str(model), "predict", "--timeout", timeout)
    assert result.exit_code == 2
    assert "Error: --timeout must be more than 0 seconds" in result.stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_all_rows_before_an_invalid_byte_are_learned(linear: Path, options: list[str]) -> None:
    rows = linear.with_name("rows.csv")
    rows.write_bytes(b"x[0],x[1],y\n" + b"1,2,3\n" * 400 + b"1,2,\xe9\n")
    words = ["update", "--from", str(rows), "--persist", "every:1000", *options]
    result = run_command("run", str(linear), *words)
    assert result.exit_code == 1
    assert "rows.csv, line 402: byte 0xe9 is not valid utf-8" in result.stderr
    assert "400 calls before it: generation 0 -> 1\nWhat helps: --encoding\n" in result.stderr
    assert state_of(linear).update_count == 400


def test_a_table_is_read_with_its_separator_and_encoding(linear: Path) -> None:
    rows = linear.with_name("rows.csv")
    rows.write_bytes("\u00e9;x[0];x[1];y\n-;1;2;3\n-;4;5;\n".encode("cp1252"))
    words = ["run", str(linear), "update", "--from", str(rows)]
    assert run_command(*words).stderr.endswith("\nWhat helps: --encoding\n")
    words += ["--encoding", "cp1252"]
    refused = run_command(*words)
    assert "the cells seem to be separated by ';'" in refused.stderr
    assert refused.stderr.endswith("\nWhat helps: --separator\n")
    words += ["--separator", ";", "--persist", "on-close"]
    assert run_command(*words).stderr.endswith("\nWhat helps: --skip-unlabelled\n")
    done = run_command(*words, "--skip-unlabelled")
    assert done.exit_code == 0
    assert "rows.csv: 1 row without a label skipped\n" in done.stderr
    assert state_of(linear).update_count == 2


@pytest.mark.parametrize("persist", ["on-close", "every-change"])
def test_invalid_rows_are_passed_over_if_that_is_wanted(linear: Path, persist: str) -> None:
    rows = linear.with_name("rows.csv")
    good = "1,2,3\n" * 900
    rows.write_text(f"x[0],x[1],y\n{good}1,x,3\n1,2\n{good}1,inf,3\n1,nan,3\n{good}")
    words = ["run", str(linear), "update", "--from", str(rows), "--persist", persist]
    done = run_command(*words, "--skip-invalid")
    assert done.exit_code == 0
    reason = "x[1] (f64): 'x' is not a number: write 1.5, 1e-3, nan or inf"
    first = f"rows.csv, line 902: {reason}"
    assert f"rows.csv: 4 invalid rows skipped, the first: {first}\n" in done.stderr
    assert state_of(linear).update_count == 2700
    assert run_command(*words).exit_code == 1


def test_the_rows_of_a_compressed_table_are_learned(linear: Path) -> None:
    rows = write_rows(linear.with_name("rows.csv"), 5000)
    packed = rows.with_name("rows.csv.gz")
    packed.write_bytes(gzip.compress(rows.read_bytes()))
    other = linear.with_name("other.wasm")
    other.write_bytes(linear.read_bytes())
    for model, table in ((linear, rows), (other, packed)):
        words = ["update", "--from", str(table), "--persist", "on-close"]
        assert run_command("run", str(model), *words).exit_code == 0
    assert state_of(linear).contents() == state_of(other).contents()
    assert state_of(other).update_count == 5000


@pytest.mark.parametrize(
    "words", [["--separator", "ab"], ["--separator", "1"], ["--encoding", "klingon"]]
)
def test_an_invalid_separator_or_encoding_is_a_usage_error(linear: Path, words: list[str]) -> None:
    assert run_command("run", str(linear), "update", "--from", "-", *words).exit_code == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("command", ["run", "drift"])
def test_a_signal_ends_the_waiting_for_a_writer_of_a_named_pipe(
    linear: Path, command: str, number: signal.Signals
) -> None:
    pipe = linear.with_name("pipe")
    os.mkfifo(pipe)
    words = ["update"] if command == "run" else []
    program = f"import sys; from wasmstate.cli import main; main({[command, str(linear), *words]!r}"
    # The signal is sent from within, when the opening of the pipe has begun to wait.
    source = (
        "import os, signal, threading\n"
        "from pathlib import Path\n"
        "opened = Path.open\n"
        "def slow(path, *args, **how):\n"
        "    if path.name == 'pipe':\n"
        f"        threading.Timer(0.05, os.kill, (os.getpid(), {int(number)})).start()\n"
        "    return opened(path, *args, **how)\n"
        "Path.open = slow\n"
        f"{program} + ['--from', {str(pipe)!r}])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (128 + number, f"ended by {number.name}\n")


@pytest.mark.parametrize("words", [["--record", "3", "1"], ["3", "--record", "1.0"]])
def test_an_argument_of_the_call_is_not_taken_for_the_file_of_a_log(
    model: Path, words: list[str]
) -> None:
    before = set(model.resolve().parent.iterdir())
    result = run_command("run", str(model), "update", *words)
    assert result.exit_code == 2
    assert "is a number: name the file to write, or ./" in result.stderr
    assert set(model.resolve().parent.iterdir()) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting_for_a_lock_and_nothing_is_committed(
    model: Path, number: signal.Signals
) -> None:
    before = model.read_bytes()
    words = [sys.executable, "-m", "wasmstate", "run", str(model), "update", "1", "1.0"]
    with locked(model), subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert f"{model}: waiting for its lock, which process {os.getpid()}" in said
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
        assert "not committed, told to end while process" in said
        assert "Traceback" not in said
        assert process.returncode == 1
    assert model.read_bytes() == before


def test_the_wait_for_a_lock_can_be_limited(model: Path) -> None:
    with locked(model):
        result = run_command("run", str(model), "update", "1", "1.0", "--lock-timeout", "0")
    assert result.exit_code == 1
    assert "not committed, waited 0 s for its lock" in result.stderr


class NeverInPlace(FileSystem):
    """A disk on which no file takes the place of another."""

    def exchange(self, one: Path, two: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("persist", ["every:2", "on-close", "every-change"])
def test_what_cannot_be_committed_is_rescued(linear: Path, persist: str) -> None:
    rows = write_rows(linear.with_name("rows.csv"), 5)
    before = linear.read_bytes()
    words = ["update", "--from", str(rows), "--persist", persist]
    with using(NeverInPlace()):
        result = run_command("run", str(linear), *words)
    assert result.exit_code == 1
    assert linear.read_bytes() == before
    copy = linear.with_name("linear.wasm.rescued-1")
    learned = state_of(copy).update_count
    what = "1 update is" if learned == 1 else f"{learned} updates are"
    assert f"{what} not in the file: S is saved in {copy}" in result.stderr
    assert persist == "every-change" or learned == 5
    with using(NeverInPlace()):
        run_command("run", str(linear), *words)
    assert linear.with_name("linear.wasm.rescued-2").exists()


def test_a_commit_that_succeeds_in_the_end_is_no_error(linear: Path) -> None:
    with using(Disk(fail="exchange", error=errno.EIO)):
        result = run_command("run", str(linear), "update", "1,2", "3")
    assert result.exit_code == 0
    assert "the one at the end succeeded: the file is at generation 1" in result.stderr
    assert state_of(linear).update_count == 1


@pytest.mark.parametrize("call", ["fsync", "exchange", "write", "copy", "clone", "fchmod", "lock"])
def test_not_committed_is_said_only_of_a_file_that_is_what_it_was(linear: Path, call: str) -> None:
    before = linear.read_bytes()
    with using(Disk(fail=call, error=errno.EIO)):
        result = run_command("run", str(linear), "update", "1,2", "3")
    if linear.read_bytes() == before:
        assert result.exit_code == 1
        assert "not committed" in result.stderr
    else:
        assert result.exit_code == 0
        assert "the file is what it was" not in result.stderr
        assert "generation 0 -> 1" in result.output
