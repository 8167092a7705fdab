"""The library's functions take what a user has: a path, bytes, a module; and say what they need."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import support
import wasmstate
from wasmstate import Module, State

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bandit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "bandit.wasm"
    wasmstate.models.new("epsilon_greedy", arms=3).save(path)
    return path


# Each gives something that can be compared, whatever the module came as.
TAKING_A_MODULE: dict[str, Callable[[Any], Any]] = {
    "State.of": State.of,
    "bake": lambda module: wasmstate.bake(module).to_bytes(),
    "unbake": lambda module: wasmstate.unbake(module).to_bytes(),
    "check": wasmstate.check,
    "diff": lambda module: wasmstate.diff(module, module).is_empty,
    "discover": lambda module: wasmstate.discover(module, ["update:1,1.0"]).tensors,
    "history": lambda module: [entry.state for entry in wasmstate.history(module)],
    "merge": lambda module: wasmstate.merge(module, []).module.to_bytes(),
    "migrate": lambda module: wasmstate.migrate(module, module).to_bytes(),
    "plan_migration": lambda module: wasmstate.plan_migration(module, module),
    "rename_exports": lambda module: wasmstate.rename_exports(module, {"update": "x"}).to_bytes(),
    "strip": lambda module: wasmstate.strip(module).to_bytes(),
    "probe": lambda module: [each.verdict for each in wasmstate.probe(module).tensors],
}


@pytest.mark.parametrize("name", TAKING_A_MODULE)
def test_a_path_bytes_and_a_module_give_the_same(name: str, bandit: Path) -> None:
    function = TAKING_A_MODULE[name]
    expected = function(Module.open(bandit))
    for given in (bandit, str(bandit), bandit.read_bytes(), bytearray(bandit.read_bytes())):
        assert function(given) == expected


def test_attach_and_graft_take_a_path(bandit: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.wasm"
    Module.open(bandit).without_custom("wasmstate.state").save(plain)
    assert list(wasmstate.attach(plain, ["x:f64@1024"])) == list(Module.open(bandit))
    with pytest.raises(wasmstate.SectionError):  # of the donor's import, not of the path
        wasmstate.graft(plain, wasmstate.donors.donor("running-mean").to_bytes())


@pytest.mark.parametrize("name", TAKING_A_MODULE)
def test_another_type_is_named_with_the_argument(name: str) -> None:
    argument = {"diff": "a", "history": "file", "check": "file", "merge": "base"}.get(name)
    argument = argument or ("old" if "migrat" in name else "module")
    with pytest.raises(TypeError) as caught:
        TAKING_A_MODULE[name](3)
    assert str(caught.value) == f"{argument} must be a path, bytes or a Module, not int"


TAKING_A_PATH: dict[str, Callable[[Any], Any]] = {
    "commit": lambda path: wasmstate.commit(path, None),  # type: ignore[arg-type]
    "replace_section": lambda path: wasmstate.replace_section(path, "note", b""),
    "rollback": wasmstate.rollback,
    "salvage": wasmstate.salvage,
    "Session.open": wasmstate.Session.open,
}


@pytest.mark.parametrize("name", TAKING_A_PATH)
def test_a_function_that_writes_the_file_needs_its_path(name: str, bandit: Path) -> None:
    with pytest.raises(TypeError) as caught:
        TAKING_A_PATH[name](Module.open(bandit))
    assert str(caught.value) == "path must be a path, not Module"


def test_save_needs_a_path(bandit: Path) -> None:
    with pytest.raises(TypeError) as caught:
        Module.open(bandit).save(3)  # type: ignore[arg-type]
    assert str(caught.value) == "path must be a path, not int"


def test_imports_are_functions_by_module_and_name(bandit: Path) -> None:
    with pytest.raises(TypeError) as caught:
        wasmstate.Session.open(bandit, imports=[print])  # type: ignore[arg-type]
    assert str(caught.value).startswith("imports must be a dict of functions by module and name")


def test_a_commit_needs_a_state(bandit: Path) -> None:
    with pytest.raises(TypeError) as caught:
        wasmstate.commit(bandit, {"pulls": 3})  # type: ignore[arg-type]
    assert str(caught.value) == "state must be a State, as State.open() gives, not dict"


def test_devices_that_come_as_paths_are_named_by_them(bandit: Path, tmp_path: Path) -> None:
    base = tmp_path / "base.wasm"
    wasmstate.merge(bandit, []).module.save(base)
    devices = [tmp_path / "a.wasm", tmp_path / "b.wasm"]
    for arm, device in enumerate(devices):
        Module.open(base).save(device)
        with wasmstate.Session.open(device) as session:
            session.update(arm, 1.0)
    merged = wasmstate.merge(base, devices)
    assert [each.name for each in merged.devices] == [str(each) for each in devices]
    assert State.of(merged.module)["pulls"].tolist() == [1, 1, 0]


def test_a_module_is_a_mapping_of_its_sections(bandit: Path) -> None:
    module = Module.open(bandit).with_custom("note", b"tested")
    assert module.keys() == list(module) == [section.name for section in module.sections]
    assert "export" in module
    assert "note" in module
    assert module["note"].content == b"tested"
    assert module["export"].id == 7


def test_a_section_that_is_not_there_is_a_key_error_that_names_the_others(bandit: Path) -> None:
    with pytest.raises(KeyError) as caught:
        Module.open(bandit)["nothing"]
    assert isinstance(caught.value, wasmstate.UnknownSectionError)
    assert str(caught.value).startswith("no section 'nothing'; there are type, ")


def test_several_sections_of_one_name_are_counted(bandit: Path) -> None:
    module = Module.open(bandit)
    module = module.with_custom("note", b"1", index=0).with_custom("note", b"2", index=1)
    assert module.keys().count("note") == 1
    with pytest.raises(wasmstate.SectionError) as caught:
        module["note"]
    assert str(caught.value) == "2 sections are named 'note' (0, 1): custom_sections() gives them"


def test_an_index_is_no_name_of_a_section(bandit: Path) -> None:
    with pytest.raises(TypeError) as caught:
        Module.open(bandit)[0]  # type: ignore[index]
    assert str(caught.value).endswith("not int: module.sections has them by index")


def test_save_writes_a_new_file_and_replaces_one_only_on_request(
    bandit: Path, tmp_path: Path
) -> None:
    module, path = Module.open(bandit), tmp_path / "copy.wasm"
    module.save(path)
    assert path.read_bytes() == bandit.read_bytes()
    edited = module.with_custom("note", b"tested")
    with pytest.raises(wasmstate.NotCommittedError) as caught:
        edited.save(path)
    assert "there is such a file already" in str(caught.value)
    assert path.read_bytes() == bandit.read_bytes()
    edited.save(path, overwrite=True)
    assert Module.open(path)["note"].content == b"tested"
    assert [each.name for each in tmp_path.iterdir()] == ["copy.wasm"]


def test_what_a_notebook_shows_is_escaped_and_cut(bandit: Path) -> None:
    module = Module.open(bandit).with_custom("<b>\u202e", b"")
    assert "<td>&lt;b&gt;\\u202e</td>" in module._repr_html_()
    many = module.with_sections([*module.sections, *[module["<b>\u202e"]] * 100])
    assert re.search(r"and \d+ more</td>", many._repr_html_())
    state = State.of(module)
    assert "<td>pulls</td><td>i64[3]</td>" in state._repr_html_()
    changed = state.with_values({"pulls": [1, 0, 0]})
    page = wasmstate.diff(module, module.with_custom(*_section(changed)))._repr_html_()
    assert "<td>pulls</td><td>changed</td><td>1 of 3</td><td>[0]: 0 to 1 (inf)</td>" in page
    broken = state.with_values({"rewards": [float("nan"), 0, 0]})
    page = wasmstate.diff(module, module.with_custom(*_section(broken)))._repr_html_()
    assert "<td>rewards</td><td>changed</td><td>1 of 3</td><td></td>" in page


def _section(state: State) -> tuple[str, bytes]:
    lineage = replace(state.record.lineage, generation=1)
    return "wasmstate.state", State(replace(state.record, lineage=lineage)).to_content()


def test_a_section_says_what_it_is(bandit: Path) -> None:
    module = Module.from_bytes(support.PREAMBLE + b"\5\3\1\0\1").with_custom("\u202e", b"note")
    assert [repr(each) for each in module.sections] == [
        "<section 0, memory: 3 bytes at 0x8>",
        "<section 1, \\u202e: 4 bytes at 0xd>",
    ]


def test_models_and_donors_come_with_the_package() -> None:
    assert {"donors", "models"} <= set(dir(wasmstate))
    assert wasmstate.models.names()


@pytest.mark.parametrize("pattern", ["README.md", "docs/*.md", "examples/*.py"])
def test_no_example_writes_a_model_in_a_way_that_a_crash_tears(pattern: str) -> None:
    torn = re.compile(r"(write_bytes|\.write)\([^\n]*to_bytes\(\)")
    found = [path.name for path in ROOT.glob(pattern) if torn.search(path.read_text("utf-8"))]
    assert found == []


def test_strip_refuses_a_name_to_keep_that_no_section_has(bandit: Path) -> None:
    with pytest.raises(wasmstate.SectionError, match="no custom section is named 'nmae'"):
        wasmstate.strip(bandit, ["nmae"])
