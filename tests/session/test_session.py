"""A session loads S, calls, notices that S changed, and commits it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models import copy_fixture, from_wat, state_of, write_counter, write_model
from wasmstate import (
    CallError,
    LinkError,
    Module,
    PredictChangedStateWarning,
    SchemaError,
    Session,
    StateBoundsError,
    StateError,
    attach,
    check,
)
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.storage import replace_section, rewrite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def test_a_bandit_learns_which_arm_pays(tmp_path: Path) -> None:
    path = copy_fixture("bandit", tmp_path)
    paid = np.random.default_rng(1).random(300)
    with Session.open(path, persist="on-close") as session:
        for number in paid:
            arm = session.predict()
            session.update(arm, float(number < (0.2, 0.3, 0.8, 0.1)[arm]))
        assert session.call("estimate", 2) > 0.7
    state = state_of(path)
    assert state["count"] == state.update_count == 300
    assert np.argmax(state["successes"] + state["failures"]) == 2
    assert check(path) == []


def test_a_linear_model_finds_the_line(tmp_path: Path) -> None:
    path = copy_fixture("linear", tmp_path)
    inputs = np.random.default_rng(2).normal(size=(2000, 4))
    with Session.open(path, persist="on-close") as session:
        for x in inputs:
            session.update(*x, float(x @ [1, -2, 3, 0.5] + 4))
        assert session.predict(1, 1, 1, 1) == pytest.approx(6.5)
    np.testing.assert_allclose(state_of(path)["weights"], [1, -2, 3, 0.5])


def test_the_bytes_of_s_are_one_object_until_a_call_changes_them(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        before = session.contents
        assert before == session.state.contents()
        assert session.contents is before
        session.update(1)
        assert session.contents != before
        assert session.contents == session.state.contents()


def test_every_change_is_committed_by_default(path: Path) -> None:
    with Session.open(path) as session:
        for i in range(1, 4):
            session.update(5)
            assert not session.is_dirty
            assert session.generation == state_of(path).generation == i
            assert state_of(path)["total"] == 5 * i
    assert state_of(path).generation == 3


def test_a_call_that_changes_nothing_is_not_committed(path: Path) -> None:
    before = path.read_bytes()
    with Session.open(path) as session:
        assert session.predict() == 0
        session.flush()
    assert path.read_bytes() == before


def test_on_close_commits_once(path: Path) -> None:
    with Session.open(path, persist="on-close") as session:
        for _ in range(4):
            session.update(1)
        assert session.is_dirty
        assert (session.state.generation, session.state.update_count) == (0, 4)
        assert state_of(path).generation == 0
    state = state_of(path)
    assert (state.generation, state.update_count, int(state["total"])) == (1, 4, 4)


def test_manual_commits_when_told_and_only_then(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        session.update(1)
        session.flush()
        assert state_of(path)["total"] == 1
        session.update(10)
    state = state_of(path)
    assert (state.generation, int(state["total"])) == (1, 1)


def test_the_count_of_updates_goes_on_and_counts_nothing_else(path: Path) -> None:
    for expected in (2, 4):
        with Session.open(path, persist="on-close") as session:
            session.update(1)
            session.predict()
            session.call("update", 1)
        assert state_of(path).update_count == expected


def test_an_update_that_leaves_s_as_it_is_counts_when_the_session_is_closed(
    tmp_path: Path,
) -> None:
    text = '(module (memory (export "memory") 1) (func (export "update")))'
    path = write_model(tmp_path / "model.wasm", text, "s:i32@0")
    with Session.open(path) as session:
        session.update()
        session.update()
        assert state_of(path).generation == 0
    state = state_of(path)
    assert (state.generation, state.update_count) == (1, 2)


def test_the_state_is_the_one_in_the_instance(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        first = session.state
        session.update(7)
        assert (int(first["total"]), int(session.state["total"])) == (0, 7)
        assert session.state["calls"] == 1


def test_the_digests_of_the_generations_form_a_chain(path: Path) -> None:
    with Session.open(path) as session:
        states = [session.state]
        for _ in range(3):
            session.update(1)
            states.append(session.state)
    for parent, child in pairwise(states):
        assert child.record.lineage.parent_digest == parent.digest
        assert child.record.lineage.base_digest == states[0].digest
    assert state_of(path).to_content() == states[-1].to_content()


def test_parameters_have_the_names_of_the_schema(tmp_path: Path) -> None:
    with Session.open(copy_fixture("bandit", tmp_path)) as session:
        assert [param.name for param in session.params("update")] == ["arm", "reward"]
        assert [param.name for param in session.params("predict")] == []
    text = """(module (memory (export "memory") 1)
      (func (export "update")) (func (export "f") (param i32 f64)))"""
    with Session.open(write_model(tmp_path / "model.wasm", text, "s:i32@0")) as session:
        assert [param.name for param in session.params("f")] == ["p0", "p1"]
        with pytest.raises(CallError) as caught:
            session.params("g")
        assert str(caught.value) == "the module exports no function 'g'; it exports update, f"


def test_a_predict_that_changes_s_is_warned_of_and_counts(tmp_path: Path) -> None:
    text = """(module
      (memory (export "memory") 1)
      (global (export "draws") (mut i32) (i32.const 0))
      (func (export "predict") (result i32)
        (i32.store (i32.const 4) (i32.const 9))
        (global.set 0 (i32.add (global.get 0) (i32.const 1)))
        (global.get 0)))"""
    tensors = ("a:i32@0", "seed:i32@4", "draws:i32@global:draws")
    path = write_model(tmp_path / "model.wasm", text, *tensors)
    with Session.open(path) as session:
        with pytest.warns(PredictChangedStateWarning) as caught:
            assert session.predict() == 1
        assert str(caught[0].message) == "predict() changed S, in seed, draws"
        assert caught[0].filename == __file__
    state = state_of(path)
    assert (int(state["seed"]), int(state["draws"])) == (9, 1)
    assert (state.generation, state.update_count) == (1, 0)


def test_a_closed_session_refuses_calls_and_keeps_its_state(path: Path) -> None:
    session = Session.open(path)
    session.update(3)
    session.close()
    session.close()
    for call in (session.predict, lambda: session.call("update", 1), session.rollback):
        with pytest.raises(CallError) as caught:
            call()
        assert str(caught.value) == "the session is closed"
    assert session.state["total"] == 3


def test_what_was_not_committed_can_be_flushed_after_closing(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        session.update(3)
    session.flush()
    assert state_of(path)["total"] == 3


def test_an_error_in_the_block_commits_what_was_learned_before(path: Path) -> None:
    def learn() -> None:
        with Session.open(path, persist="on-close") as session:
            session.update(3)
            raise EOFError

    with pytest.raises(EOFError):
        learn()
    assert state_of(path)["total"] == 3


def test_a_relative_path_stays_the_same_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with Session.open("model.wasm") as session:
        monkeypatch.chdir("/")
        session.update(3)
        assert session.path == path
    assert state_of(path)["total"] == 3


def test_a_link_is_followed(path: Path) -> None:
    link = path.with_name("link.wasm")
    link.symlink_to(path)
    with Session.open(link) as session:
        session.update(3)
    assert link.is_symlink()
    assert state_of(path)["total"] == 3


def test_other_sections_may_change_meanwhile(path: Path) -> None:
    with Session.open(path) as session:
        session.update(1)
        replace_section(path, "note", b"mind the gap")
        session.update(1)
    assert state_of(path)["total"] == 2
    assert Module.open(path).custom_sections("note")[0].content == b"mind the gap"


def test_a_file_without_a_state_cannot_be_opened(path: Path) -> None:
    rewrite(path, lambda module: module.without_custom("wasmstate.state"))
    with pytest.raises(StateError) as caught:
        Session.open(path)
    assert str(caught.value) == ("the module has no wasmstate.state section")


def test_a_state_of_other_code_cannot_be_opened(path: Path, tmp_path: Path) -> None:
    other = copy_fixture("linear", tmp_path)
    content = state_of(other).to_content()
    replace_section(path, "wasmstate.state", content, force=True)
    with pytest.raises(StateError) as caught:
        Session.open(path)
    assert str(caught.value) == (
        "the state belongs to another module: the code was changed, or the state of another file "
        "put here; attach a new state, or put the right state back"
    )


def test_a_word_that_is_mistyped_is_no_policy(path: Path) -> None:
    with pytest.raises(ValueError, match="persist") as caught:
        Session.open(path, persist="on_close")
    assert str(caught.value) == (
        "persist must be every-change, every:N (changes), every:Ts (seconds, as in every:0.5s), "
        "budget:SIZE/day (as in budget:20MB/day), on-close or manual, not 'on_close'"
    )
    with pytest.raises(ValueError, match="durability") as caught:
        Session.open(path, durability="Full")  # type: ignore[arg-type]
    assert str(caught.value) == "durability must be one of full, ordered, none, not 'Full'"


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Session.open(tmp_path / "missing.wasm")


def test_a_module_with_imports_cannot_be_opened(tmp_path: Path) -> None:
    text = '(module (import "env" "now" (func (result f64))) (memory (export "memory") 1))'
    path = write_model(tmp_path / "model.wasm", text, "s:i32@0")
    with pytest.raises(LinkError):
        Session.open(path)


def test_a_memory_that_is_not_exported_cannot_be_reached(tmp_path: Path) -> None:
    module = from_wat("(module (memory 1))")
    path = tmp_path / "model.wasm"
    path.write_bytes(with_state(module, describe(module, ["s:i32@0"])).to_bytes())
    with pytest.raises(StateBoundsError) as caught:
        Session.open(path)
    assert str(caught.value) == "memory 0 is not exported, S cannot be read"


@pytest.mark.parametrize("persist", ["every-change", "manual"])
def test_one_tensor_is_read_as_it_is_now(path: Path, persist: str) -> None:
    with Session.open(path, persist=persist) as session:
        first = session.value("total")
        session.update(5)
        assert first == 0
        assert session.value("total") == 5
        assert session.value("total").dtype == session.state["total"].dtype
        assert not session.value("total").flags.writeable
        with pytest.raises(SchemaError) as caught:
            session.value("w")
        assert str(caught.value) == "no tensor 'w'; there are total, calls"
        session.rollback()
        assert session.value("total") == session.state["total"]
    assert session.value("total") == session.state["total"]


def test_one_tensor_of_a_whole_memory_is_read_as_it_is_now(tmp_path: Path) -> None:
    path = copy_fixture("linear", tmp_path)
    plain = Module.open(path).without_custom("wasmstate.state")
    whole = attach(plain, ["weights:f64[4]@sym:weights"], whole_memory=True)
    path.write_bytes(whole.to_bytes())
    with Session.open(path, persist="manual") as session:
        session.update(1.0, 2.0, 3.0, 4.0, 1.0)
        found = session.value("weights")
        assert found.shape == (4,)
        assert found.any()
        np.testing.assert_array_equal(found, session.state["weights"])


def test_what_the_session_was_told_cannot_be_changed_behind_its_back(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        for name in ("path", "persist", "generation", "state"):
            with pytest.raises(AttributeError):
                setattr(session, name, None)
        assert session.persist == "manual"


def test_a_session_shows_its_file_and_what_is_not_committed(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        assert repr(session) == f"<session on {path}: generation 0, manual>"
        session.update(1)
        shown = repr(session)
    assert shown == f"<session on {path}: generation 0, 1 uncommitted, manual>"
    assert repr(session).startswith(f"<session on {path}: closed")
