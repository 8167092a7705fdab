"""The JavaScript package in js/, by its own tests, by its page, and in turn with Python."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alternate import commit_until_killed
from models import copy_fixture, state_of, write_model
from node import JS, ROOT, needs_package, run_script, start
from wasmstate import (
    NotCommittedError,
    Session,
    Signature,
    StateConflictError,
    check,
    history,
    lock_timeout,
    models,
)
from wasmstate.binary.source import open_source
from wasmstate.storage.displaced import fingerprint

COMMIT = """
    import { open } from "wasmstate";
    import { FileStore } from "wasmstate/node";
    const model = await open(new FileStore("welford.wasm"), { keep: 2 });
    for (const x of [1, 2, 3]) await model.update(x);
    await model.close();
"""


@needs_package
def test_the_tests_of_the_package_pass() -> None:
    tests = sorted(map(str, (JS / "test").glob("*.test.mjs")))
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@needs_package
def test_the_example_of_its_page_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs/javascript.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^```js\n(.*?)^```", page, re.M | re.S)
    copy_fixture("bandit", tmp_path)
    said = run_script(script, tmp_path)
    assert said == "1n [ 1n ]\n"


@needs_package
def test_a_commit_of_node_is_one_for_python(tmp_path: Path) -> None:
    path = copy_fixture("welford", tmp_path)
    run_script(COMMIT, tmp_path)
    assert not check(path)
    assert [each.generation for each in history(path)] == [1, 2, 3]
    with Session.open(path) as session:
        assert session.predict() == 2.0
        session.update(6.0)
    assert state_of(path).update_count == 4


@needs_package
def test_python_waits_for_the_lock_of_node(tmp_path: Path) -> None:
    path = copy_fixture("welford", tmp_path)
    # The commit stands still in the middle, with the lock, until a line comes.
    process = start(
        """
        import { open } from "wasmstate";
        import { FileStore } from "wasmstate/node";
        const store = new FileStore("welford.wasm");
        const { replace } = FileStore.prototype;
        store.replace = (make) => replace.call(store, async (current) => {
          console.log("locked");
          await new Promise((resolve) => process.stdin.once("data", resolve));
          return make(current);
        });
        const model = await open(store);
        await model.update(1);
        process.stdin.destroy();
        """,
        tmp_path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    with Session.open(path, persist="manual") as session:
        session.update(5.0)
        with lock_timeout(0.05), pytest.raises(NotCommittedError, match=r"waited 0.05 s"):
            session.flush()
        assert process.communicate("go on\n") == ("", "")
        with pytest.raises(StateConflictError):
            session.flush()
    assert state_of(path)["mean"] == 1.0


@needs_package
def test_defaults_of_parameters_hold_in_node_too(tmp_path: Path) -> None:
    text = """(module (memory (export "memory") 1)
      (func (export "predict") (result f64) (f64.load (i32.const 64)))
      (func (export "update") (param f64 i32 f64) (f64.store (i32.const 64)
        (f64.add (f64.mul (local.get 0) (f64.convert_i32_s (local.get 1))) (local.get 2)))))"""
    signature = Signature.parse("(x: f64, n: i32 = 3, y: f64 = 0.5) -> ()")
    write_model(tmp_path / "m.wasm", text, "w:f64@64", entry_points={"update": signature})
    said = run_script(
        """
        import { open } from "wasmstate";
        import { FileStore } from "wasmstate/node";
        const model = await open(new FileStore("m.wasm"));
        await model.update(2);
        console.log(model.predict());
        await model.update(2, 5, 1);
        console.log(model.predict());
        await model.updateMany([1, 4]);
        console.log(model.predict());
        """,
        tmp_path,
    )
    assert said.split() == ["6.5", "11", "12.5"]


@needs_package
@pytest.mark.parametrize("labels", [[1, 2, 3], ["dry", "wet", "0"]])
def test_classes_have_their_labels_in_node_too(tmp_path: Path, labels: list[Any]) -> None:
    model = models.new("gaussian_nb", features=1, labels=labels)
    model.save(tmp_path / "m.wasm")
    first, second, third = labels
    y = json.dumps([first, first, second, second, third])
    said = run_script(
        f"""
        import {{ open }} from "wasmstate";
        import {{ FileStore }} from "wasmstate/node";
        const model = await open(new FileStore("m.wasm"), {{ persist: "on-close" }});
        await model.updateMany([[0], [0.1], [5], [5.1], [9]], {y});
        await model.update([9.1], {json.dumps(third)});
        console.log(JSON.stringify(model.predict([5])));
        await model.update([9.1], 0).catch((error) => console.log(error.message));
        await model.close();
        """,
        tmp_path,
    )
    predicted, refused = said.splitlines()
    assert json.loads(predicted) == second
    assert "update, argument label: 0 is not a class; the classes are " in refused
    assert state_of(tmp_path / "m.wasm")["count"].tolist() == [2, 2, 2]


@needs_package
def test_python_and_node_lose_no_commit_when_both_are_killed(tmp_path: Path) -> None:
    commit_until_killed(copy_fixture("welford", tmp_path), rounds=2, acknowledged=4)


@needs_package
def test_node_removes_what_a_dead_python_writer_left_and_no_file_of_somebody_else(
    tmp_path: Path,
) -> None:
    path = copy_fixture("welford", tmp_path)
    left, foreign = (
        path.with_name(f".{path.name}.{'0' * 16}-{replaced}.wasmstate-tmp")
        for replaced in (fingerprint(open_source(path)), "f" * 16)
    )
    left.write_bytes(b"half a file")
    foreign.write_bytes(b"a file that mv has put in the place of the model")
    run_script(COMMIT, tmp_path)
    assert not left.exists()
    assert foreign.exists()


@needs_package
def test_a_function_that_the_host_grants_may_not_call_the_model(tmp_path: Path) -> None:
    text = """(module (import "host" "tell" (func $tell))
      (memory (export "memory") 1 1)
      (func (export "update") (i32.store (i32.const 64) (i32.const 7)) (call $tell)))"""
    write_model(tmp_path / "m.wasm", text, "n:i32@64")
    said = run_script(
        """
        import { open } from "wasmstate";
        import { FileStore } from "wasmstate/node";
        const store = new FileStore("m.wasm");
        await open(store).catch((error) => console.log(error.code, error.message));
        let model;
        const tell = () => model.state && model.call("update").catch((e) => console.log(e.message));
        model = await open(store, { imports: { host: { tell } } });
        await model.update();
        console.log(model.state.tensors.n.values);
        """,
        tmp_path,
    )
    refused, busy, values = said.splitlines()
    assert refused.startswith("link the module cannot be instantiated: ")
    assert refused.endswith("it imports host.tell")
    assert busy == "the model is busy with another call"
    assert values == "[ 7 ]"
