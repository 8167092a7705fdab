"""Sections by pattern, in nested modules, and other names for exports and imports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from wasmtime import wat2wasm

from cli_runner import Wasmstate
from support import PREAMBLE, custom_bytes, section_bytes
from wasmstate import Module, Session, State, check, models
from wasmstate.state.code_match import belongs

NOTES = ("name", "producers", ".debug_info", ".debug_line", "metadata.code.branch_hint", "other")


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    """A model with custom sections of other tools."""
    module = models.new("epsilon_greedy", arms=2)
    for name in NOTES:
        if name not in module:
            module = module.with_custom(name, b"\0")
    path = tmp_path / "noted.wasm"
    module.save(path)
    return path


def names(path: Path) -> list[str]:
    return [section.name for section in Module.open(path).custom_sections()]


def test_a_pattern_removes_all_sections_that_it_means(noted: Path, wasmstate: Wasmstate) -> None:
    before = Module.open(noted)
    assert wasmstate("section", "remove", str(noted), ".debug*", "other").exit_code == 0
    kept = [name for name in before if name not in (".debug_info", ".debug_line", "other")]
    assert Module.open(noted).keys() == kept
    again = wasmstate("section", "remove", str(noted), ".debug*")
    assert again.stderr == f"Error: {noted}: no custom section is named '.debug*'\n"


def test_a_name_that_looks_like_a_pattern_is_that_name_first(
    noted: Path, wasmstate: Wasmstate
) -> None:
    for name in ("a[1]", "a1"):
        wasmstate("section", "add", str(noted), name, "-", input=b"")
    assert wasmstate("section", "remove", str(noted), "a[1]").exit_code == 0
    assert "a1" in names(noted)
    assert wasmstate("section", "remove", str(noted), "a[1]").exit_code == 0
    assert "a1" not in names(noted)


def test_no_pattern_takes_the_state_that_does_not_name_it(
    noted: Path, wasmstate: Wasmstate
) -> None:
    assert wasmstate("section", "remove", str(noted), "*").exit_code == 0
    assert names(noted) == ["wasmstate.state"]
    assert wasmstate("section", "remove", str(noted), "wasmstate.*").exit_code == 0
    assert names(noted) == []


def test_all_but_a_list_is_removed(noted: Path, wasmstate: Wasmstate) -> None:
    assert wasmstate("section", "remove", str(noted), "--keep", "name,.debug_*").exit_code == 0
    assert set(names(noted)) == {"name", ".debug_info", ".debug_line", "wasmstate.state"}


def test_strip_leaves_what_an_engine_reads_and_the_model_learns_on(
    noted: Path, wasmstate: Wasmstate
) -> None:
    small = noted.with_name("small.wasm")
    assert wasmstate("section", "strip", str(noted), "-o", str(small)).exit_code == 0
    assert set(names(small)) == {"metadata.code.branch_hint", "wasmstate.state"}
    assert check(small) == []
    with Session.open(small) as session:
        session.update(1, 1.0)
    assert set(names(noted)) > {"name", "other"}
    assert wasmstate("section", "strip", str(noted), "--keep", "name").exit_code == 0
    assert "name" in names(noted)


@pytest.mark.parametrize("command", ["remove", "strip"])
@pytest.mark.parametrize("keep", ["", "nmae", "name,"])
def test_a_mistyped_name_that_is_to_stay_takes_no_section_away(
    noted: Path, wasmstate: Wasmstate, command: str, keep: str
) -> None:
    before = noted.read_bytes()
    result = wasmstate("section", command, str(noted), "--keep", keep)
    assert result.exit_code == 1
    assert "no custom section is named" in result.stderr
    assert noted.read_bytes() == before


@pytest.fixture
def component(tmp_path: Path) -> Path:
    core = PREAMBLE + custom_bytes("note", b"inner") + section_bytes(5, bytes([1, 0, 1]))
    outer = b"\0asm\x0d\0\1\0" + section_bytes(1, core, width=3) + custom_bytes("note", b"outer")
    path = tmp_path / "component.wasm"
    path.write_bytes(outer)
    return path


def test_a_section_of_a_module_in_a_component_is_edited_where_it_stands(
    component: Path, wasmstate: Wasmstate
) -> None:
    inside = ["--module", "0"]
    wasmstate("section", "replace", str(component), "note", "-", *inside, input=b"longer than that")
    wasmstate("section", "rename", str(component), "note", "remark", *inside)
    wasmstate("section", "add", str(component), "more", "-", *inside, input=b"x")
    extract = wasmstate("section", "extract", str(component), "remark", *inside)
    assert extract.stdout == "longer than that"
    assert wasmstate("section", "extract", str(component), "note").stdout == "outer"
    wasmstate("section", "remove", str(component), "more", "remark", *inside)
    core = PREAMBLE + section_bytes(5, bytes([1, 0, 1]))
    assert Module.open(component).verify().sections[0].decode().to_bytes() == core


def test_strip_goes_into_the_modules_of_a_component(component: Path, wasmstate: Wasmstate) -> None:
    assert wasmstate("section", "strip", str(component)).exit_code == 0
    module = Module.open(component)
    assert module.keys() == ["core module"]
    assert module["core module"].decode().keys() == ["memory"]


def test_no_module_is_put_where_a_component_stands(component: Path) -> None:
    module = Module.open(component)
    with pytest.raises(Exception, match="another kind"):
        module.with_nested(0, module)
    with pytest.raises(Exception, match="section 1 holds no module or component: it is note"):
        module.with_nested(1, module)


IMPORTING = """(module
  (import "env" "log" (func (param f64))) (import "env" "now" (func (result f64)))
  (import "wasi" "exit" (func (param i32))))"""


def test_an_export_is_renamed_and_the_model_learns_on(noted: Path, wasmstate: Wasmstate) -> None:
    with Session.open(noted) as session:
        session.update(1, 1.0)
    result = wasmstate("rename", str(noted), "update", "learn")
    assert result.exit_code == 0, result.stderr
    module = Module.open(noted)
    state = State.of(module)
    assert belongs(state, module)
    assert state.generation == 2
    assert "learn" in state.entry_points
    assert "update" not in state.entry_points
    assert check(noted) == []
    with Session.open(noted) as session:
        session.call("learn", 1, 1.0)
        np.testing.assert_array_equal(session.value("pulls"), [0, 2])


def test_the_symbol_of_a_tensor_and_of_a_buffer_follow_their_export(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    path = tmp_path / "line.wasm"
    models.new("linear", features=2).save(path)
    state = State.open(path)
    exported = {state.place(name).removeprefix("sym:"): name for name in state}
    buffers = {str(p.place).removeprefix("sym:") for p in state.entry_points["update"].params}
    for symbol in {*exported, *buffers} - {"None"}:
        if symbol.isidentifier():
            assert wasmstate("rename", str(path), symbol, f"{symbol}_2").exit_code == 0
    with Session.open(path) as session:
        session.update([1.0, 2.0], 3.0)
        assert session.state.place("weights") in ("sym:weights_2", state.place("weights"))
    assert check(path) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("env.log", "host.print", ["host.print", "env.now", "wasi.exit"]),
        ("env", "host", ["host.log", "host.now", "wasi.exit"]),
    ],
)
def test_imports_are_renamed_one_by_one_or_by_their_module(
    tmp_path: Path, wasmstate: Wasmstate, old: str, new: str, expected: list[str]
) -> None:
    path = tmp_path / "importing.wasm"
    path.write_bytes(wat2wasm(IMPORTING))
    assert wasmstate("rename", str(path), "--import", old, new).exit_code == 0
    imports = Module.open(path).verify()["import"].decode()
    assert [f"{each.module}.{each.name}" for each in imports] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "x"], "the module has no export 'nothing'; it has "),
        (["update", "predict"], "two exports would be named 'predict'"),
        (["--import", "env.log", "x"], "the module has no import 'env.log'; it has none"),
    ],
)
def test_a_name_that_cannot_be_given_changes_nothing(
    noted: Path, wasmstate: Wasmstate, arguments: list[str], message: str
) -> None:
    before = noted.read_bytes()
    result = wasmstate("rename", str(noted), *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert noted.read_bytes() == before


def test_a_new_name_that_is_empty_is_a_usage_error(noted: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("rename", str(noted), "update", "")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, "Error: NEW is empty")


def test_an_import_needs_a_module_in_its_new_name(tmp_path: Path, wasmstate: Wasmstate) -> None:
    path = tmp_path / "importing.wasm"
    path.write_bytes(wat2wasm(IMPORTING))
    result = wasmstate("rename", str(path), "--import", "env.log", "print")
    assert "the new name 'print' of env.log has no module: mod.name" in result.stderr
