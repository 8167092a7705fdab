"""Commands that write: attach, set, run, section."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wasmtime

from cli_runner import FIXTURES, Wasmstate
from wasmstate import Module, State, check, commit
from wasmstate.storage.filesystem import FileSystem, using


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module without a state."""
    monkeypatch.chdir(tmp_path)
    module = Module.open(FIXTURES / "bandit.wasm").without_custom("wasmstate.state")
    Path("plain.wasm").write_bytes(module.to_bytes())
    return Path("plain.wasm")


def state_of(path: Path | str) -> State:
    return State.of(Module.open(path))


def test_attach_takes_addresses_symbols_and_globals(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "m.wasm"
    file.write_bytes(
        wasmtime.wat2wasm("""(module
            (memory (export "memory") 1)
            (global (export "weights") i32 (i32.const 64))
            (global (export "count") (mut i64) (i64.const 7))
            (data (i32.const 16) "\\01\\00\\00\\00"))""")
    )
    result = wasmstate(
        "attach",
        str(file),
        *("--tensor", "a:i32@16"),
        *("--tensor", "w:f32[2,2]@sym:weights"),
        *("--tensor", "n:i64@global:count"),
    )
    assert result.stdout == f"{file}: carries 3 tensors, 28 bytes in 3 regions\n"
    state = state_of(file)
    assert (state["a"].item(), state["w"].shape, state["n"].item()) == (1, (2, 2), 7)


def test_attach_reads_a_schema_file(plain: Path, wasmstate: Wasmstate) -> None:
    schema = str(FIXTURES / "src" / "bandit.toml")
    wasmstate("attach", str(plain), "--schema", schema, "-o", "out.wasm")
    assert Path("out.wasm").read_bytes() == (FIXTURES / "bandit.wasm").read_bytes()
    assert not Module.open(plain).custom_sections("wasmstate.state")


def test_attach_does_not_replace_another_file_unasked(plain: Path, wasmstate: Wasmstate) -> None:
    Path("out.wasm").write_text("mine")
    arguments = ["attach", str(plain), "--tensor", "n:i64@sym:count", "-o", "out.wasm"]
    assert wasmstate(*arguments).exit_code == 1
    assert Path("out.wasm").read_text() == "mine"
    assert wasmstate(*arguments, "--force").exit_code == 0
    assert list(state_of("out.wasm")) == ["n"]


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        ("w", "cannot read the tensor 'w': write name:dtype[shape]@place, for example "),
        ("w:f99@0", "w: no element type 'f99'; there are i8, u8"),
        ("w:f64[9000]@1024", "w: bytes 1024 to 73024 do not lie in the memory, which starts "),
        ("w:f64@sym:nope", "w: the module exports no global 'nope'; it exports the globals "),
        ("w:f64@global:count", "w: the global 'count' cannot change; is it the address of "),
    ],
)
def test_attach_says_what_is_wrong_with_a_tensor(
    plain: Path, wasmstate: Wasmstate, tensor: str, message: str
) -> None:
    before = plain.read_bytes()
    result = wasmstate("attach", str(plain), "--tensor", tensor)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: plain.wasm: {message}")
    assert plain.read_bytes() == before


def test_attach_without_a_tensor_is_misuse(plain: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("attach", str(plain))
    assert result.exit_code == 2
    assert "name the state: give --tensor, or --schema, or --whole-memory" in result.stderr


def test_attach_to_a_module_that_has_a_state_says_so(model: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("attach", str(model), "--tensor", "n:i64@sym:count")
    assert result.exit_code == 1
    assert "has a wasmstate.state section already" in result.stderr


def test_set_is_one_generation_for_all_its_values(model: Path, wasmstate: Wasmstate) -> None:
    np.save("f.npy", np.arange(4.0) + 1)
    result = wasmstate("set", str(model), "count=0x10", "successes[3]=2.5", "failures=@f.npy")
    assert result.stdout == "bandit.wasm: generation 1\n"
    state = state_of(model)
    assert state["count"] == 16
    assert state["successes"].tolist() == [1, 1, 1, 2.5]
    assert state["failures"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("count", "cannot read 'count': write TENSOR=VALUES, for example"),
        ("nope=1", "no tensor 'nope'; there are successes, failures, rng, count"),
        ("successes=1,2", "successes has 4 elements, 2 given"),
        ("successes[4]=1", "successes has the shape [4], no element [4]"),
        ("successes[,1]=1", "successes[,1]: element 0 is empty"),
        ("successes[1,]=1", "successes[1,]: element 1 is empty"),
        ("successes[\u0661]=1", "cannot read 'successes[\u0661]=1'"),
        ("successes[0]=1,2", "successes[0] takes one number, 2 given"),
        ("successes[0]=@f.npy", "successes: a file gives all values, not one"),
        ("successes=a,b,c,d", "successes: 'a' is not a number"),
        ("count=1.5", "count: '1.5' is not an integer"),
        ("successes=1,,2,3", "successes: element 1 is empty"),
        ("successes=1,2,3,", "successes: element 3 is empty"),
        ("successes=1,1,1,1e400", "successes: '1e400' is too large for f64"),
        ("count=1_0", "count: '1_0' is not an integer"),
        ("count=0x8000000000000000", "count: 9223372036854775808 does not fit i64"),
        ("rng=-1,0", "rng: -1 does not fit u64"),
        ("count=-1", "count = -1 is not >= 0"),
        ("successes=1,nan,1,1", "successes[1] = nan is not finite; successes[1] = nan is not > 0"),
    ],
)
def test_set_refuses_what_does_not_fit_and_writes_nothing(
    model: Path, wasmstate: Wasmstate, assignment: str, message: str
) -> None:
    before = model.read_bytes()
    result = wasmstate("set", str(model), assignment)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: bandit.wasm: {message}")
    assert model.read_bytes() == before


def test_set_with_an_expected_generation_guards_against_others(
    model: Path, wasmstate: Wasmstate
) -> None:
    wasmstate("set", str(model), "count=1")
    result = wasmstate("set", str(model), "count=2", "--expect", "0")
    assert result.exit_code == 1
    assert "the file is at generation 1, the state was made from generation 0" in result.stderr
    assert state_of(model)["count"] == 1


def test_set_names_a_file_of_values_that_cannot_be_read(model: Path, wasmstate: Wasmstate) -> None:
    Path("text.npy").write_text("no")
    result = wasmstate("set", str(model), "successes=@text.npy")
    assert (result.exit_code, "text.npy is no .npy file" in result.stderr) == (1, True)
    np.savez("archive.npz", a=np.zeros(4))
    result = wasmstate("set", str(model), "successes=@archive.npz")
    assert "archive.npz is no .npy file" in result.stderr
    assert wasmstate("set", str(model), "successes=@none.npy").exit_code == 2


def test_run_keeps_what_the_model_learns(model: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("run", str(model), "update", "2", "1.0")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == "bandit.wasm: generation 0 -> 1, 1 update in all\n"
    assert state_of(model)["successes"].tolist() == [1, 1, 2, 1]


def test_run_prints_what_the_function_gives(model: Path, wasmstate: Wasmstate) -> None:
    assert wasmstate("run", str(model), "estimate", "0").stdout == "0.5\n"
    shown = wasmstate("run", str(model), "estimate", "0", "--json").stdout
    assert json.loads(shown) == {"value": 0.5, "generation": 0}


def test_run_from_a_csv_calls_once_a_row(model: Path, wasmstate: Wasmstate) -> None:
    Path("clicks.csv").write_text("reward,when,arm\n1,9,0\n\n0,8,0\n")
    wasmstate("run", str(model), "update", "--from", "clicks.csv", "--persist", "on-close")
    state = state_of(model)
    assert (state.generation, state.update_count) == (1, 2)
    assert (state["successes"][0], state["failures"][0]) == (2, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arm,click\n1,1\n", "rows.csv, line 1: there is no column reward; there are arm, click"),
        (
            "1,1\n2\n",
            "rows.csv, line 2: 1 cell, the first line has 2\n1 call before it: generation 0 -> 1",
        ),
        ("1,1\n2,x\n", "rows.csv, line 2: reward (f64): 'x' is not a number"),
        (
            "1,1\n9,1\n",
            "rows.csv, line 2: update() trapped: wasm `unreachable` instruction executed",
        ),
        (
            "1,1\n\xff",
            "rows.csv, line 2: 1 cell, the first line has 2\n1 call before it: generation 0 -> 1",
        ),
    ],
)
def test_run_names_the_row_that_is_wrong(
    model: Path, wasmstate: Wasmstate, text: str, message: str
) -> None:
    Path("rows.csv").write_text(text, encoding="utf-8")
    result = wasmstate("run", str(model), "update", "--from", "rows.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: bandit.wasm: {message}")


def test_run_names_a_csv_that_is_no_text(model: Path, wasmstate: Wasmstate) -> None:
    Path("rows.csv").write_bytes(b"\xff\xfe1,1")
    result = wasmstate("run", str(model), "update", "--from", "rows.csv")
    assert result.exit_code == 1
    assert (
        "rows.csv: the text is not UTF-8 but seems to be utf-16: name its encoding\n"
        "What helps: --encoding\n" in result.stderr
    )


def test_run_manual_writes_nothing(model: Path, wasmstate: Wasmstate) -> None:
    before = model.read_bytes()
    wasmstate("run", str(model), "update", "1", "1", "--times", "5", "--persist", "manual")
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["update"], 1, "update(i32 f64) -> () takes 2 arguments, 0 given"),
        (["update", "1.5", "1"], 1, "update, argument arm must be an integer (i32), not 1.5"),
        (["update", "0x200000000", "1"], 1, "update, argument arm: 8589934592 does not fit i32"),
        (["learn", "1"], 1, "the module exports no function 'learn'; it exports "),
        (["update", "one", "1"], 2, "'one' is not a number"),
        (["update", "--form", "rows.csv"], 2, "No such option '--form'. Did you mean '--from'?"),
        (["update", "--persists=manual"], 2, "No such option '--persists'."),
        (["update", "1,x", "1"], 2, "'1,x' is not an array of numbers"),
        (["update", "[1,", "1"], 2, "'[1,' is not an array: Expecting value: line 1 column 4"),
        (["update", ",", "1"], 2, "',' is not an array of numbers: element 0 is empty"),
        (["update", "1,,2", "1"], 2, "'1,,2' is not an array of numbers: element 1 is empty"),
        (["update", "1,2,", "1"], 2, "'1,2,' is not an array of numbers: element 2 is empty"),
        (["update", "1_0", "1"], 2, "'1_0' is not a number"),
        (["update", "1", "1e400"], 2, "'1e400' is too large for f64"),
        (["update", "1", "[true]"], 2, "argument 1[0] must be a number or an array, not true"),
        (["update", "1", "--from", "bandit.wasm"], 2, "give the arguments, or --from, not both"),
        (["update", "1", "1", "--timeout", "0"], 2, "--timeout must be more than 0 seconds"),
    ],
)
def test_run_says_what_is_wrong_with_a_call(
    model: Path, wasmstate: Wasmstate, arguments: list[str], status: int, message: str
) -> None:
    before = model.read_bytes()
    result = wasmstate("run", str(model), *arguments)
    assert result.exit_code == status
    assert message in result.stderr.replace("\n", " ")
    assert model.read_bytes() == before


def test_run_takes_negative_numbers(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "linear.wasm"
    file.write_bytes((FIXTURES / "linear.wasm").read_bytes())
    assert wasmstate("run", str(file), "predict", "-1", "-2.5", "-0", "-1e3").stdout == "0.0\n"


def test_run_takes_arrays(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = str(tmp_path / "m.wasm")
    wasmstate("models", "new", "linear", "--features", "3", "-o", file)
    assert wasmstate("run", file, "update", "1,2,-3", "4").exit_code == 0
    assert wasmstate("run", file, "update", "[1, 2, -3]", "4").exit_code == 0
    assert float(wasmstate("run", file, "predict", "1,2,-3").stdout) > 1
    result = wasmstate("run", file, "predict", "1,2")
    assert result.exit_code == 1
    assert "argument x" in result.stderr


def test_run_of_a_module_with_imports_names_each(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "m.wasm"
    file.write_bytes(
        wasmtime.wat2wasm("""(module
            (import "env" "now" (func (result i64)))
            (memory (export "memory") 1))""")
    )
    wasmstate("attach", str(file), "--tensor", "a:i32@16")
    result = wasmstate("run", str(file), "update")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {file}: the module needs 1 import, and a model is granted none:\n"
        "  env.now () -> (i64)\n"
        "What helps: --allow env.now\n"
    )


def test_sections_are_added_listed_extracted_replaced_and_removed(
    model: Path, wasmstate: Wasmstate
) -> None:
    before = model.read_bytes()
    assert wasmstate("section", "add", str(model), "note", "-", input=b"hello").exit_code == 0
    listed = json.loads(wasmstate("section", "list", str(model), "--json").stdout)
    assert [row["name"] for row in listed] == ["name", "producers", "wasmstate.state", "note"]
    assert wasmstate("section", "extract", str(model), "note").stdout == "hello"
    wasmstate("section", "replace", str(model), "note", "-", input=b"bye")
    wasmstate("section", "extract", str(model), "note", "-o", "note.bin")
    assert Path("note.bin").read_bytes() == b"bye"
    assert wasmstate("section", "remove", str(model), "note").exit_code == 0
    assert model.read_bytes() == before


@pytest.mark.parametrize("verb", ["add", "replace"])
def test_a_state_section_is_not_made_of_what_is_no_state(
    model: Path, wasmstate: Wasmstate, verb: str
) -> None:
    words = ["section", verb, str(model), "wasmstate.state", "-"]
    state = Module.open(model).custom_sections("wasmstate.state")[0].content
    if verb == "add":
        wasmstate("section", "remove", str(model), "wasmstate.state")
    before = model.read_bytes()
    refused = wasmstate(*words, input=b"hello")
    assert refused.exit_code == 1
    assert "bandit.wasm: this is no state for wasmstate.state: " in refused.stderr
    assert "What helps: wasmstate set, wasmstate rollback, --force\n" in refused.stderr
    assert model.read_bytes() == before
    assert wasmstate(*words, "--force", input=b"hello").exit_code == 0
    wasmstate("section", "remove", str(model), "wasmstate.state")
    assert wasmstate("section", "add", *words[2:], input=state).exit_code == 0
    assert check(model) == []


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_section_is_never_extracted_over_its_module(
    model: Path, wasmstate: Wasmstate, force: list[str]
) -> None:
    before = model.read_bytes()
    Path("link.wasm").symlink_to(model)
    for output in ("bandit.wasm", "link.wasm"):
        result = wasmstate("section", "extract", str(model), "name", "-o", output, *force)
        assert result.exit_code == 1
        assert result.stderr == (
            f"Error: {output}: not written, it is bandit.wasm itself, and that is never written "
            "over: give another name\n"
        )
    assert model.read_bytes() == before


def test_a_section_is_extracted_over_another_file_only_by_force(
    model: Path, wasmstate: Wasmstate
) -> None:
    Path("note.bin").write_bytes(b"mine")
    extract = ["section", "extract", str(model), "name", "-o", "note.bin"]
    result = wasmstate(*extract)
    assert result.exit_code == 1
    assert result.stderr.endswith("note.bin: not written, there is such a file already\n")
    assert Path("note.bin").read_bytes() == b"mine"
    assert wasmstate(*extract, "--force").exit_code == 0
    assert len(Path("note.bin").read_bytes()) == 82


def test_a_section_goes_to_the_index_that_is_asked_for(model: Path, wasmstate: Wasmstate) -> None:
    wasmstate("section", "add", str(model), "first", "-", "--index", "0", "-o", "o.wasm", input=b"")
    assert Module.open("o.wasm").sections[0].name == "first"
    assert "note" not in [section.name for section in Module.open(model).sections]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "name", "-"], "there is a custom section 'name' already: replace it"),
        (["add", "x", "-", "--index", "99"], "no place 99: the module has 11 sections"),
        (["replace", "x", "-"], "no custom section is named 'x': add it"),
        (["remove", "x"], "no custom section is named 'x'"),
        (["rename", "x", "y"], "no custom section is named 'x'"),
        (["extract", "x"], "no custom section is named 'x'"),
    ],
)
def test_edits_of_sections_that_cannot_be_made_are_refused(
    model: Path, wasmstate: Wasmstate, arguments: list[str], message: str
) -> None:
    before = model.read_bytes()
    verb, *rest = arguments
    result = wasmstate("section", verb, str(model), *rest, input=b"x")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: bandit.wasm: {message}")
    assert model.read_bytes() == before


def test_extracting_one_of_several_sections_is_refused(model: Path, wasmstate: Wasmstate) -> None:
    for _ in range(2):
        wasmstate("section", "add", str(model), "twin", "-", "--index", "0", input=b"x")
    result = wasmstate("section", "extract", str(model), "twin")
    assert result.stderr == (
        "Error: bandit.wasm: 2 custom sections named 'twin': give --index, one of 0, 1\n"
    )


def test_one_of_several_sections_is_chosen_by_its_index(model: Path, wasmstate: Wasmstate) -> None:
    for content in (b"second", b"first"):
        wasmstate("section", "add", str(model), "twin", "-", "--index", "0", input=content)
    assert wasmstate("section", "extract", str(model), "--index", "1").stdout == "second"
    wasmstate("section", "replace", str(model), "twin", "-", "--index", "1", input=b"other")
    assert wasmstate("section", "extract", str(model), "twin", "--index", "1").stdout == "other"
    wasmstate("section", "replace", str(model), "-", "--index", "0", input=b"new")
    wasmstate("section", "rename", str(model), "single", "--index", "0")
    wasmstate("section", "remove", str(model), "--index", "1")
    assert wasmstate("section", "extract", str(model), "single").stdout == "new"
    assert wasmstate("section", "rename", str(model), "single", "twin").exit_code == 0
    assert [s.content for s in Module.open(model).custom_sections("twin")] == [b"new"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["extract", "--index", "99"], "Error: bandit.wasm: section 99 is no custom section"),
        (["remove", "--index", "0"], "Error: bandit.wasm: section 0 is no custom section"),
        (
            ["remove", "name", "--index", "9"],
            "Error: bandit.wasm: section 9 is named 'producers', not 'name'",
        ),
        (["rename", "name", "producers"], "Error: bandit.wasm: there is a custom section"),
        (["rename", "producers"], "Error: give NAME and NEW, or --index and NEW"),
        (["replace", "-"], "Error: give NAME and CONTENT, or --index and CONTENT"),
        (["remove"], "Error: give one or more NAMES, or --index, or --keep"),
        (["remove", "a", "b", "--index", "1"], "Error: give one or more NAMES, or --index"),
        (["remove", "a", "--keep", "b"], "Error: give one or more NAMES, or --index, or --keep"),
        (["extract"], "Error: give NAME, or --index"),
    ],
)
def test_a_section_that_is_not_chosen_is_asked_for(
    model: Path, wasmstate: Wasmstate, arguments: list[str], message: str
) -> None:
    before = model.read_bytes()
    verb, *rest = arguments
    result = wasmstate("section", verb, str(model), *rest)
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert model.read_bytes() == before


def with_nameless(model: Path) -> None:
    data = model.read_bytes()
    last = Module.open(model).sections[-1].offset
    model.write_bytes(data[:last] + b"\0\x05\x03a\xffbc" + data[last:])


def test_a_section_whose_name_is_not_utf8_is_listed_renamed_and_removed(
    model: Path, wasmstate: Wasmstate
) -> None:
    whole = model.read_bytes()
    with_nameless(model)
    fault = "bandit.wasm: sections[10].name at 0xa6b: malformed UTF-8 encoding"
    listed = wasmstate("section", "list", str(model))
    assert "10   0  a\\xffb" in listed.stdout
    assert listed.stderr.startswith(f"Error: {fault}")
    added = wasmstate("section", "add", str(model), "more", "-", "-o", "more.wasm", input=b"")
    assert added.exit_code == 0
    assert added.stderr == (
        "Warning: still malformed: sections[10].name at 0xa6b: malformed UTF-8 encoding\n"
    )
    renamed = wasmstate("section", "rename", str(model), "--index", "10", "ab", "-o", "named.wasm")
    assert (renamed.exit_code, renamed.stderr) == (0, "")
    assert Module.open("named.wasm").verify().custom_sections("ab")[0].content == b"c"
    assert wasmstate("section", "remove", str(model), "--index", "10").exit_code == 0
    assert model.read_bytes() == whole


def test_a_section_of_unknown_id_is_removed_by_its_index(model: Path, wasmstate: Wasmstate) -> None:
    whole = model.read_bytes()
    model.write_bytes(whole + b"\x0e\x02ab")
    assert wasmstate("section", "remove", str(model), "--index", "11").exit_code == 0
    assert model.read_bytes() == whole


def test_sections_of_a_file_that_ends_too_early_are_not_edited(
    model: Path, wasmstate: Wasmstate
) -> None:
    model.write_bytes(model.read_bytes()[:-1])
    result = wasmstate("section", "remove", str(model), "name")
    assert "length out of bounds" in result.stderr


def test_a_module_with_no_custom_section_lists_none(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "m.wasm"
    file.write_bytes(b"\0asm\1\0\0\0")
    assert wasmstate("section", "list", str(file)).stdout == "no custom sections\n"


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wasmstate", "--version"], capture_output=True, text=True
    )
    assert done.stdout.startswith("wasmstate, version ")


@pytest.mark.parametrize("older", [False, True])
def test_listing_a_layout_loads_neither_numpy_nor_wasmtime_nor_rich(
    older: bool, tmp_path: Path
) -> None:
    model = shutil.copy(FIXTURES / "bandit.wasm", tmp_path)
    if older:
        commit(model, State.of(Module.open(model)).with_values({"count": 1}))
    script = (
        "import sys; from wasmstate.cli import main;"
        f"main(['layout', {str(model)!r}], standalone_mode=False);"
        "print(sorted({'numpy', 'wasmtime', 'rich', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        (["--help"], {"json", "difflib", "runpy", "numpy", "wasmtime"}),
        (
            ["run", "bandit.wasm", "update", "1", "1.0"],
            {
                *("email", "zipfile", "gzip", "pyarrow", "rich", "difflib", "html"),
                *("wasmstate.models", "wasmstate.session.why", "wasmstate.session.drift"),
                *("wasmstate.binary.follow", "wasmstate.binary.custom.linking"),
            },
        ),
    ],
    ids=["help", "run"],
)
def test_what_a_command_does_not_use_is_not_loaded(
    words: list[str], unwanted: set[str], tmp_path: Path
) -> None:
    shutil.copy(FIXTURES / "bandit.wasm", tmp_path)
    script = (
        "import sys; from wasmstate.cli import main\n"
        f"try: main({words!r})\n"
        f"finally: print(sorted({unwanted!r} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["set", "bandit.wasm", "count=0"],
        ["run", "bandit.wasm", "update", "2", "1.0"],
        ["section", "add", "bandit.wasm", "note", "bandit.wasm"],
        ["section", "replace", "bandit.wasm", "producers", "bandit.wasm"],
        ["section", "remove", "bandit.wasm", "wasmstate.state"],
        ["bake", "bandit.wasm"],
    ],
    ids=" ".join,
)
def test_a_file_with_other_names_is_written_only_if_that_is_allowed(
    words: list[str], model: Path, wasmstate: Wasmstate
) -> None:
    Path("other.wasm").hardlink_to(model)
    before = model.read_bytes()
    refused = wasmstate(*words)
    assert refused.exit_code == 1
    assert "the file has 2 names (hard links)" in refused.stderr
    assert model.read_bytes() == before
    assert wasmstate(*words, "--break-links").exit_code == 0
    assert model.read_bytes() != before
    assert Path("other.wasm").read_bytes() == before


def test_what_could_not_be_kept_is_told(model: Path, wasmstate: Wasmstate) -> None:
    class Labelled(FileSystem):
        def list_xattrs(self, fd: int) -> list[str]:
            return ["security.label"]

        def get_xattr(self, fd: int, name: str) -> bytes:
            return str(fd).encode()

        def set_xattr(self, fd: int, name: str, value: bytes) -> None:
            raise PermissionError(errno.EPERM, "no")

    with using(Labelled()):
        result = wasmstate("set", str(model), "count=0")
    assert (result.exit_code, result.stdout) == (0, "bandit.wasm: generation 1\n")
    assert result.stderr == (
        f"Warning: {model.absolute()}: committed, but not kept: attribute security.label\n"
    )


def test_a_core_module_and_its_sections_are_extracted_from_a_component(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    core = b"\0asm\1\0\0\0" + b"\0\x07\x04notehi"
    inner = b"\0asm\x0d\0\1\0" + bytes([1, len(core)]) + core
    file = tmp_path / "component.wasm"
    file.write_bytes(b"\0asm\x0d\0\1\0" + bytes([4, len(inner)]) + inner)
    written = str(tmp_path / "core.wasm")
    extract = ("section", "extract", str(file), "--module")
    assert wasmstate(*extract, "0.0", "-o", written).exit_code == 0
    assert Path(written).read_bytes() == core
    assert wasmstate(*extract, "0.0", "note").stdout == "hi"
    listed = wasmstate("section", "list", str(file), "--module", "0.0").stdout
    assert listed.splitlines()[1].split() == ["0", "0", "note", "0x1c", "2"]
    for number in ("1", "0.x"):
        assert "no module" in wasmstate(*extract, number).stderr
    plain = wasmstate("section", "extract", written, "--module", "0")
    assert plain.stderr.endswith("inside: this is no component with modules in it\n")


def test_checksums_of_the_sections_of_others_are_kept_on_request(
    tmp_path: Path, wasmstate: Wasmstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Path(shutil.copy(FIXTURES / "bandit.wasm", tmp_path))
    result = wasmstate("section", "sums", "bandit.wasm")
    assert result.stdout == "bandit.wasm: checksums of 2 custom sections\n"
    assert wasmstate("check", "bandit.wasm").stdout == "bandit.wasm: ok\n"
    data = bytearray(model.read_bytes())
    data[Module.open(model).custom_sections("name")[0].end - 2] ^= 1
    model.write_bytes(data)
    assert (
        "name: its CRC-32 is not the one that was kept" in wasmstate("check", "bandit.wasm").stdout
    )
