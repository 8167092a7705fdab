"""publish, push and pull on the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tuf", reason="needs wasmstate[pull]")

from cli_runner import run_command
from models import state_of
from rounds_support import learn
from wasmstate import models


def ok(*arguments: str) -> str:
    done = run_command(*arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with a first round, and a device."""
    monkeypatch.chdir(tmp_path)
    models.new("linucb", arms=2, features=1).save("start.wasm")
    ok("merge", "start.wasm", "-o", "base.wasm")
    assert ok("fleet", "init", "repo", "--keys", "keys") == (
        "repo/metadata/1.root.json: give it to the devices\n"
    )
    said = ok("fleet", "publish", "base.wasm", "--to", "repo", "--keys", "keys")
    assert said == "round 1, for 100 % of the devices\n"
    ok("personalize", "base.wasm", "a", "-o", "a.wasm")


@pytest.mark.usefixtures("published")
def test_a_round_from_the_device_and_back() -> None:
    learn(Path("a.wasm"), 3)
    assert ok("push", "a.wasm", "inbox.wasm") == "inbox.wasm: generation 3, 3 updates\n"
    learn(Path("a.wasm"), 2)
    Path("merge.json").write_text(
        ok("merge", "base.wasm", "inbox.wasm", "-o", "next.wasm", "--json")
    )
    told = ("--merged", "merge.json", "--to", "repo", "--keys", "keys")
    assert json.loads(ok("fleet", "publish", "next.wasm", *told, "--canary", "0%", "--json")) == {
        "round": 2,
        "parent": 1,
        "canary": 0,
    }
    root = ("--root", "repo/metadata/1.root.json")
    assert ok("pull", "repo", "a.wasm", *root).splitlines() == [
        "a.wasm: is of round 1",
        "round 2 is not for this device yet",
    ]
    ok("fleet", "publish", "next.wasm", "--to", "repo", "--keys", "keys")
    said = ok("pull", "repo", "a.wasm")
    assert said == "a.wasm: round 1 -> 2, goes on with 2 updates of its own\n"
    assert int(state_of("a.wasm")["count"]) == 5
    assert json.loads(ok("pull", "repo", "a.wasm", "--json")) == {
        "is_new": False,
        "round": 2,
        "before": 2,
        "updates": 0,
        "waiting": None,
    }


@pytest.mark.usefixtures("published")
def test_errors_say_what_helps() -> None:
    done = run_command("pull", "repo", "a.wasm")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "Error: a.wasm: no key of repo is trusted yet: the root metadata are missing",
        "What helps: --root",
    ]
    learn(Path("a.wasm"), 1)
    ok("merge", "base.wasm", "a.wasm", "-o", "next.wasm")
    done = run_command("fleet", "publish", "next.wasm", "--to", "repo", "--keys", "keys")
    assert done.exit_code == 1
    assert done.stderr.endswith("What helps: --merged\n")
    Path("merge.json").write_text("[]")
    told = ("--to", "repo", "--keys", "keys", "--merged", "merge.json")
    done = run_command("fleet", "publish", "next.wasm", *told)
    assert (done.exit_code, "this is no output of a merge" in done.stderr) == (2, True)
    done = run_command("fleet", "publish", "next.wasm", *told, "--check", "loss < 1")
    assert (done.exit_code, "--check and --rows belong together" in done.stderr) == (2, True)


@pytest.mark.usefixtures("published")
def test_a_device_without_cryptography_takes_rounds_and_publishes_none(tmp_path: Path) -> None:
    def without(package: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        blocked = tmp_path / package
        blocked.mkdir()
        (blocked / f"{package}.py").write_text(f"raise ModuleNotFoundError('no', name={package!r})")
        return subprocess.run(
            [sys.executable, "-m", "wasmstate", *arguments],
            env={**os.environ, "PYTHONPATH": str(blocked)},
            capture_output=True,
            text=True,
        )

    root = ("--root", "repo/metadata/1.root.json")
    done = without("cryptography", "pull", "repo", "a.wasm", *root)
    assert (done.returncode, done.stdout) == (0, "a.wasm: is of round 1\n")
    shutil.rmtree(tmp_path / "cryptography")
    done = without(
        "cryptography", "fleet", "publish", "base.wasm", "--to", "repo", "--keys", "keys"
    )
    assert (done.returncode, done.stderr) == (
        2,
        "Error: publishing needs cryptography: pip install 'wasmstate[fleet]'\n",
    )
    done = without("tuf", "pull", "repo", "a.wasm")
    assert (done.returncode, done.stderr) == (
        2,
        "Error: wasmstate.rounds needs tuf: pip install 'wasmstate[pull]'\n",
    )
