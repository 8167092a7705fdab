"""State beside read-only code: two files that belong together, and one session on both."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models import COUNTER, COUNTER_TENSORS, from_wat, state_of, write_counter, write_pair
from support import message
from wasmstate import (
    Module,
    SectionError,
    Session,
    State,
    StateConflictError,
    StateError,
    attach,
    bake,
    check,
    history,
    join,
    migrate,
    rollback,
    salvage,
    split,
)
from wasmstate.state.beside import for_two, holds_for_two, is_state_file
from wasmstate.storage.pair import open_pair

OTHER = COUNTER.replace("i64.add", "i64.sub")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Read-only code with its state beside it."""
    path = write_counter(tmp_path / "model.wasm", keep=3)
    with Session.open(path) as session:
        session.update(5)
    write_pair(Module.open(path), tmp_path / "code.wasm", tmp_path / "model.state")
    (tmp_path / "code.wasm").chmod(0o444)
    return tmp_path / "code.wasm"


@pytest.fixture
def beside(code: Path) -> Path:
    return code.with_name("model.state")


def test_what_was_split_is_joined_byte_for_byte(code: Path, beside: Path) -> None:
    one = code.with_name("model.wasm").read_bytes()
    assert join(code, beside).to_bytes() == one
    assert split(join(code, beside))[1].to_bytes() == beside.read_bytes()
    assert is_state_file(Module.open(beside))
    assert not Module.open(code).custom_sections("wasmstate.state")


def test_a_component_without_code_is_no_state_file(beside: Path) -> None:
    content = beside.read_bytes()
    component = beside.with_name("component.wasm")
    component.write_bytes(b"\0asm\x0d\0\1\0" + content[8:])
    assert not is_state_file(Module.open(component))


def test_a_session_learns_into_the_state_file_and_never_writes_the_code(
    code: Path, beside: Path
) -> None:
    before = code.stat()
    with Session.open(code, state=beside) as session:
        session.update(2)
        assert session.predict() == 7
        assert session.path == beside
    assert code.stat() == before
    state = state_of(beside)
    assert (state.generation, state.update_count, int(state["total"])) == (2, 2, 7)
    with Session.open(code, state=beside) as session:
        assert session.predict() == 7


def test_whatever_reads_a_state_reads_a_state_file(code: Path, beside: Path) -> None:
    assert [each.generation for each in history(beside)] == [0, 1]
    assert check(beside) == []
    assert check(code, state=beside) == []
    rollback(beside)
    assert int(state_of(beside)["total"]) == 0
    saved = salvage(beside)
    assert (saved.data, saved.code) == (beside.read_bytes(), "the state file, which has none")


def test_a_damaged_state_file_is_mended_without_its_code(code: Path, beside: Path) -> None:
    data = bytearray(beside.read_bytes())
    at = data.rindex((5).to_bytes(8, "little"))
    data[at] ^= 0x10
    whole = beside.read_bytes()
    beside.write_bytes(data)
    found = check(code, state=beside)
    assert [each.path.startswith(f"{beside}: ") for each in found] == [True]
    assert salvage(beside).data == whole


def test_two_files_that_do_not_belong_together_are_refused(
    code: Path, beside: Path, tmp_path: Path
) -> None:
    module = attach(from_wat(OTHER), COUNTER_TENSORS)
    write_pair(module, tmp_path / "other.wasm", tmp_path / "other.state")
    text = message(StateError, lambda: Session.open(tmp_path / "other.wasm", state=beside))
    assert text.startswith("the state belongs to other code, of module digest ")
    (finding,) = check(tmp_path / "other.wasm", state=beside)
    assert (finding.severity, finding.path) == ("error", str(beside))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (("code.wasm", "model.wasm"), "model.wasm: this is no state file"),
        (("model.state", None), "this is a state file, without code"),
        (("code.wasm", None), "the module has no wasmstate.state section"),
    ],
)
def test_a_file_in_the_wrong_place_is_named(
    files: tuple[str, str | None], reason: str, code: Path
) -> None:
    path, state = files
    with pytest.raises(StateError, match=reason):
        Session.open(code.with_name(path), state=state and code.with_name(state))


def test_baked_code_holds_a_state_itself(code: Path, tmp_path: Path) -> None:
    baked = bake(tmp_path / "model.wasm")
    text = "the code is baked, so it holds a state itself: unbake it first"
    assert message(SectionError, lambda: split(baked)) == text
    assert message(SectionError, lambda: join(baked, tmp_path / "model.state")) == text


def test_code_that_kept_its_first_state_goes_on_with_the_one_beside_it(
    code: Path, beside: Path
) -> None:
    firmware = write_counter(code.with_name("firmware.wasm"))
    with Session.open(firmware, state=beside) as session:
        assert session.predict() == 5


def test_two_sessions_lose_nothing(code: Path, beside: Path) -> None:
    with (
        Session.open(code, state=beside, persist="manual") as one,
        Session.open(code, state=beside) as other,
    ):
        one.update(1)
        other.update(1)
        with pytest.raises(StateConflictError):
            one.flush()
        one.rollback()
        assert one.predict() == 6


def test_a_copy_is_one_file(code: Path, beside: Path, tmp_path: Path) -> None:
    with Session.open(code, state=beside, persist="manual") as session:
        session.update(3)
        session.save_copy(tmp_path / "copy.wasm")
    assert check(tmp_path / "copy.wasm") == []
    assert int(state_of(tmp_path / "copy.wasm")["total"]) == 8


def test_a_state_file_of_a_copy_of_the_code_is_taken(code: Path, beside: Path) -> None:
    copy = Path(shutil.copy(code, code.with_name("copy.wasm")))
    assert open_pair(copy, beside).to_bytes() == open_pair(code, beside).to_bytes()


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_what_an_interrupted_upgrade_left_is_the_old_state_file_again(
    keep: int, code: Path, beside: Path
) -> None:
    with Session.open(code, state=beside, keep=keep) as session:
        session.update(1)
        session.update(1)
    old = beside.read_bytes()
    new = attach(from_wat(OTHER), COUNTER_TENSORS)
    new_state = split(migrate(join(code, beside), new))[1]
    for_two(new_state, Module.open(beside)).save(beside, overwrite=True)
    assert holds_for_two(Module.open(beside))
    (finding,) = check(code, state=beside)
    assert "an upgrade was interrupted" in str(finding)
    assert int(State.of(join(code, beside))["total"]) == 7
    with Session.open(code, state=beside):
        pass
    left = Module.open(beside)
    assert State.of(left) == State.of(old)
    assert not holds_for_two(left)
    assert left.to_bytes() == old


def test_a_damaged_record_of_the_old_code_is_not_taken(code: Path, beside: Path) -> None:
    new = attach(from_wat(OTHER), COUNTER_TENSORS)
    data = bytearray(split(migrate(join(code, beside), new))[1].to_bytes())
    data[data.index((5).to_bytes(8, "little"))] ^= 1
    state = Module.from_bytes(data)
    assert not holds_for_two(state)
    with pytest.raises(StateError, match="the state belongs to other code"):
        join(code, state)


def test_two_halves_need_a_state_that_belongs_to_the_code(code: Path, beside: Path) -> None:
    foreign = attach(from_wat(OTHER), COUNTER_TENSORS).with_custom(
        "wasmstate.state", state_of(beside).to_content(), force=True
    )
    with pytest.raises(StateError, match="the state belongs to another module"):
        split(foreign)
    with pytest.raises(StateError, match=r"has no wasmstate\.state section"):
        join(code, code)
    with pytest.raises(StateError, match=r"this is no state file: it has code of its own"):
        join(code, foreign)
