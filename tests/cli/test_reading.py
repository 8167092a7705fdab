"""Commands that read: layout, state, check, diff."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import Result

from cli_runner import FIXTURES, Wasmstate
from wasmstate import Module, State


def test_layout_lists_the_sections_in_file_order(model: Path, wasmstate: Wasmstate) -> None:
    lines = wasmstate("layout", str(model)).stdout.splitlines()
    assert lines[0] == "module, 3,901 bytes"
    assert lines[1] == " #  id  section          offset   size"
    assert lines[-1] == "10   0  wasmstate.state   0xa67  1,216"


def test_layout_as_json_has_the_six_keys_of_the_contract(model: Path, wasmstate: Wasmstate) -> None:
    rows = json.loads(wasmstate("layout", str(model), "--json").stdout)
    assert rows[0] == {
        "index": 0,
        "id": 1,
        "name": "type",
        "offset": 8,
        "size": 21,
        "content_offset": 10,
    }
    assert [row["content_offset"] + row["size"] for row in rows[:-1]] == [
        row["offset"] for row in rows[1:]
    ]


def test_layout_of_a_component_lists_its_sections(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "component.wasm"
    file.write_bytes(bytes.fromhex("00 61 73 6d 0d 00 01 00  07 01 00"))
    assert wasmstate("layout", str(file)).stdout == (
        "component, 11 bytes\n#  id  section  offset  size\n0   7  type        0x8     1\n"
    )


@pytest.mark.parametrize(
    ("layer", "expected"),
    [("01 00 00 00", "module, 8 bytes\nno sections\n"), ("0d 00 01 00", "component, 8 bytes\n")],
)
def test_layout_of_an_empty_module_says_so(
    tmp_path: Path, wasmstate: Wasmstate, layer: str, expected: str
) -> None:
    file = tmp_path / "empty.wasm"
    file.write_bytes(bytes.fromhex("00 61 73 6d" + layer))
    result = wasmstate("layout", str(file))
    assert result.stdout.startswith(expected)
    assert result.stdout.endswith("no sections\n")


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        (b"\x0e\x02ab", "id at 0xa67: malformed section id (14)"),
        (b"\0\x04\x03a\xffb", "name at 0xa6b: malformed UTF-8 encoding"),
    ],
)
def test_one_malformed_frame_hides_neither_the_state_nor_the_layout(
    model: Path, wasmstate: Wasmstate, section: bytes, fault: str
) -> None:
    whole = wasmstate("state", str(model)).stdout
    data = model.read_bytes()
    model.write_bytes(data[:0xA67] + section + data[0xA67:])
    error = f"Error: bandit.wasm: sections[10].{fault}\n"
    for command, shown in (
        ("state", whole),
        ("layout", "11   0  wasmstate.state"),
        ("dump", "sections[11] wasmstate.state at"),
    ):
        result = wasmstate(command, str(model))
        assert shown in result.stdout
        assert result.stderr.startswith(error)
        assert result.exit_code == 1
    for command in ("run", "set", "rollback", "history"):
        rest = {"run": ["predict"], "set": ["count=1"]}.get(command, [])
        result = wasmstate(command, str(model), *rest)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(error)
    (finding,) = wasmstate("check", str(model)).stdout.splitlines()
    assert finding.startswith(f"bandit.wasm: error: sections[10].{fault}; the 11 other sections")


NESTED = bytes.fromhex("""
    00 61 73 6d 0d 00 01 00           00 02 01 61
    04 16  00 61 73 6d 0d 00 01 00
           01 0c  00 61 73 6d 01 00 00 00  05 02 01 10
""")
"""A component in which a component holds a core module whose memory is malformed."""


def test_layout_of_a_component_lists_what_is_nested_below_it(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    file = tmp_path / "component.wasm"
    file.write_bytes(NESTED)
    lines = wasmstate("layout", str(file)).stdout.splitlines()
    assert lines == [
        "component, 36 bytes",
        "    #  id  section        offset  size",
        "    0   0  a                 0x8     0",
        "    1   4  component         0xc    22",
        "  1.0   1    core module    0x16    12",
        "1.0.0   5      memory       0x20     2",
    ]


def test_layout_of_a_component_as_json_nests_what_is_nested(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    file = tmp_path / "component.wasm"
    file.write_bytes(NESTED)
    rows = json.loads(wasmstate("layout", str(file), "--json").stdout)
    assert [row["name"] for row in rows] == ["a", "component"]
    assert "sections" not in rows[0]
    (core,) = rows[1]["sections"]
    assert core["sections"] == [
        {"index": 0, "id": 5, "name": "memory", "offset": 32, "size": 2, "content_offset": 34}
    ]


def test_layout_tells_of_damage_to_what_is_nested(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "component.wasm"
    # the size of the memory section is one too large
    file.write_bytes(NESTED[:-3] + b"\x03\x01\x00")
    result = wasmstate("layout", str(file))
    assert "core module" in result.stdout
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"Error: {file}: sections[1].sections[0].sections[0].size at 0x21: length out of bounds "
        "(the section claims 3 bytes, 2 are left)\n"
    )


def test_check_tells_of_what_is_malformed_in_a_nested_module(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    file = tmp_path / "component.wasm"
    file.write_bytes(NESTED)
    result = wasmstate("check", str(file))
    assert result.stdout.splitlines()[0] == (
        f"{file}: error: sections[1].sections[0].sections[0].entries[0].limits.flag at 0x23: "
        "malformed limits flags; this part cannot be used; the other sections are not concerned"
    )


def test_layout_of_a_damaged_file_lists_what_is_before_the_damage(
    model: Path, wasmstate: Wasmstate
) -> None:
    model.write_bytes(model.read_bytes()[:200])
    result = wasmstate("layout", str(model))
    assert result.exit_code == 1
    assert "export" in result.stdout
    assert result.stderr == (
        "Error: bandit.wasm: sections[6].size at 0xa4: length out of bounds (the section claims "
        "2271 bytes, 34 are left)\n"
        "See all that is wrong with it: wasmstate check bandit.wasm\n"
    )


def test_state_shows_generation_and_tensors(model: Path, wasmstate: Wasmstate) -> None:
    lines = wasmstate("state", str(model)).stdout.splitlines()
    assert lines[0].startswith("generation 0, 0 updates, 88 bytes in 1 region, state ")
    assert lines[2] == "successes  f64[4]  sym:successes  [1. 1. 1. 1.]"


def test_state_as_json_is_the_document_of_the_contract(model: Path, wasmstate: Wasmstate) -> None:
    document = json.loads(wasmstate("state", str(model), "--json", "--tensor", "count").stdout)
    assert document == {
        "generation": 0,
        "tensors": {"count": {"dtype": "i64", "shape": [], "values": 0, "place": "sym:count"}},
    }


def test_numbers_that_json_lacks_are_written_as_texts(model: Path, wasmstate: Wasmstate) -> None:
    wasmstate("set", str(model), "successes=nan,inf,-inf,0", "--out-of-bounds")
    document = json.loads(wasmstate("state", str(model), "--json").stdout)
    assert document["tensors"]["successes"]["values"] == ["nan", "inf", "-inf", 0.0]


def test_one_tensor_is_shown_whole(model: Path, wasmstate: Wasmstate) -> None:
    shown = wasmstate("state", str(model), "--tensor", "rng").stdout
    assert "count" not in shown
    assert "11400714819323198485" in shown


def test_a_tensor_that_is_not_there_is_named_with_those_that_are(
    model: Path, wasmstate: Wasmstate
) -> None:
    result = wasmstate("state", str(model), "--tensor", "w")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: bandit.wasm: no tensor 'w'; there are successes, failures, rng, count\n",
    )


def test_check_says_ok_of_a_sound_file(model: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("check", str(model))
    assert (result.exit_code, result.stdout) == (0, "bandit.wasm: ok\n")


def test_check_names_place_reason_and_remedy(model: Path, wasmstate: Wasmstate) -> None:
    damaged = bytearray(model.read_bytes())
    damaged[-100] ^= 1  # in the payload
    model.write_bytes(damaged)
    result = wasmstate("check", str(model))
    assert result.exit_code == 1
    assert result.stdout == (
        "bandit.wasm: error (likely): sections[10].wasmstate.state.regions[0] at 0xed9: the CRC-32 "
        "is wrong, and one flipped bit explains it: bit 0 of byte 0xed9, in successes[3]; it can "
        "be mended, and the state digest (SHA-256) proves the result [repair: mend-record]\n"
    )
    (finding,) = json.loads(wasmstate("check", str(model), "--json").stdout)
    assert finding["file"] == "bandit.wasm"
    assert finding["offset"] == 0xED9
    assert (finding["certainty"], finding["repair"]) == ("likely", "mend-record")


def test_a_leftover_of_a_dead_writer_is_a_warning_and_no_error(
    model: Path, wasmstate: Wasmstate
) -> None:
    Path(".bandit.wasm.0123456789abcdef.wasmstate-tmp").write_bytes(b"half")
    result = wasmstate("check", str(model))
    assert result.exit_code == 0
    assert "warning: .bandit.wasm.0123456789abcdef.wasmstate-tmp: left by a writer" in result.stdout
    assert result.stdout.endswith("bandit.wasm: ok\n")


def test_diff_shows_the_cells_that_changed(model: Path, wasmstate: Wasmstate) -> None:
    Path("after.wasm").write_bytes(model.read_bytes())
    wasmstate("set", "after.wasm", "successes[2]=4.5", "count=3")
    result = wasmstate("diff", str(model), "after.wasm")
    assert result.exit_code == 1
    head, _, bytes_ = result.stdout.partition("bytes of the state section:\n")
    assert head == (
        "generation 0 -> 1: the second is one generation after the first; the same code\n"
        "successes: 1 of 4 cells changed\n"
        "  [2]  1.0  ->  4.5  +3.5  350 %  9,570,149,208,162,304 ulp\n"
        "count: 1 of 1 cell changed\n"
        "    0  ->  3  +3  from 0\n"
    )
    section = Module.open("after.wasm").custom_sections("wasmstate.state")[0]
    state = State.of(Module.open("after.wasm"))
    high = section.content_offset + state.content_offset("successes") + 2 * 8 + 6
    count = section.content_offset + state.content_offset("count")
    assert bytes_.splitlines()[-3:] == [
        f"  {high:#08x}   2 bytes  successes",
        f"  {count:#08x}    1 byte  count",
        f"  {section.end - 24:#08x}  24 bytes  trailer",
    ]


def test_diff_of_one_file_compares_with_the_generation_before(
    model: Path, wasmstate: Wasmstate
) -> None:
    wasmstate("set", str(model), "successes[2]=4.5")
    result = wasmstate("diff", str(model), "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    change = {
        "index": [2],
        "before": 1.0,
        "after": 4.5,
        "relative": 3.5,
        "ulps": 9570149208162304,
        "absolute": 3.5,
    }
    assert document["tensors"] == [
        {
            "name": "successes",
            "kind": "changed",
            "size": 4,
            "count": 1,
            "changes": [change],
            "largest": change,
            "not_finite": 0,
        }
    ]
    assert document["before"]["generation"] == 0
    assert document["after"]["digest"] == State.of(Module.open(model)).digest.hex()
    assert document["relation"]["text"] == (
        "the second is one generation after the first; the same code"
    )
    assert {"part": "payload", "tensor": "successes"}.items() <= document["ranges"][-2].items()
    assert document["sections"] == []


def test_diff_of_one_file_without_a_history_is_refused(model: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("diff", str(model))
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: bandit.wasm: the file keeps no older generation to compare with\n",
    )


def test_diff_names_other_sections_and_values_that_are_no_numbers(
    model: Path, wasmstate: Wasmstate
) -> None:
    wasmstate("set", str(model), "successes=nan,nan,2,inf", "--out-of-bounds")
    Path("note.bin").write_bytes(b"12345")
    Path("before.wasm").write_bytes((FIXTURES / "bandit.wasm").read_bytes())
    wasmstate("section", "add", str(model), "note", "note.bin")
    result = wasmstate("diff", "before.wasm", str(model), "--limit", "0")
    assert "successes: 4 of 4 cells changed, [3] most: inf %; 3 not finite now\n" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("section note: added, at 0x")
    assert result.stdout.endswith(", 5 bytes\n")


def test_diff_of_equal_states_is_nothing(model: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("diff", str(model), str(model))
    assert (result.exit_code, result.stdout) == (
        0,
        "generation 0 -> 0: the same state; the same code\nthe values are equal\n",
    )


def test_diff_shows_some_cells_and_counts_the_rest(model: Path, wasmstate: Wasmstate) -> None:
    Path("after.wasm").write_bytes(model.read_bytes())
    wasmstate("set", "after.wasm", "successes=2,2,2,2")
    shown = wasmstate("diff", str(model), "after.wasm", "--limit", "1").stdout
    assert "  [0]  1.0  ->  2.0  +1  100 %  4,503,599,627,370,496 ulp\n  and 3 more\n" in shown


def test_diff_of_states_with_other_tensors_names_them(model: Path, wasmstate: Wasmstate) -> None:
    other = str(Path(__file__).resolve().parents[2] / "fixtures" / "linear.wasm")
    shown = wasmstate("diff", str(model), other).stdout
    assert "successes: removed\n" in shown
    assert "weights: added\n" in shown
    assert "unrelated: they did not start from one state; different code\n" in shown
    assert "bytes: the two records are not laid out alike\n" in shown
    assert "section code: changed, at 0x" in shown


def test_a_generation_that_is_in_the_file_can_be_shown(model: Path, wasmstate: Wasmstate) -> None:
    wasmstate("set", str(model), "count=7")
    shown = wasmstate("state", str(model), "--generation", "0", "--json")
    assert json.loads(shown.stdout)["tensors"]["count"]["values"] == 0
    shown = wasmstate("state", str(model), "--generation", "1", "--tensor", "count")
    assert shown.stdout.splitlines()[-1].split() == ["count", "i64", "sym:count", "7"]
    result = wasmstate("state", str(model), "--generation", "3")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: bandit.wasm: generation 3 is not in the file; it keeps 0, 1\n",
    )


def test_a_pipe_and_a_broken_link_are_refused_in_words(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    link = tmp_path / "link.wasm"
    link.symlink_to("gone.wasm")
    for file, reason in {
        "-": "it is read here and there, a pipe will not do: save it first",
        str(link): f"{link} is a link to gone.wasm, which leads nowhere",
    }.items():
        result = wasmstate("layout", file)
        assert result.exit_code == 2
        assert result.stderr.endswith(f"Error: Invalid value for 'FILE': {reason}\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize(
    "words",
    [
        "layout {}", "dump {}", "state {}", "attach {} --tensor w:f32@0", "set {} a=1",
        "run {} predict", "check {}", "salvage {}", "rollback {}", "history {}", "diff {}",
        "section list {}", "section extract {} note", "section add {} note bandit.wasm",
        "section replace {} note bandit.wasm", "section remove {} note", "bake {}", "unbake {}",
        "graft {} bandit.wasm -o o.wasm", "discover {} --call update(1)", "probe {}",
        "predict {} [1]", "merge {} bandit.wasm", "migrate {} bandit.wasm",
        "drift {} --from bandit.wasm", "replay {} --log bandit.wasm",
        "bisect {} --log bandit.wasm --until count>1", "salvage bandit.wasm --donor {}",
        "diff bandit.wasm {}", "run bandit.wasm update 0 1 --watch-drift {}",
    ],
)  # fmt: skip
def test_what_is_no_file_is_misuse_of_every_command(
    model: Path, wasmstate: Wasmstate, words: str
) -> None:
    os.mkfifo("pipe.wasm")
    for file, reason in {
        "pipe.wasm": "it is read here and there, a pipe will not do: save it first",
        os.devnull: "a device and a socket are no files",
    }.items():
        result = wasmstate(*words.format(file).split())
        assert result.exit_code == 2
        assert reason in result.stderr or "neither a file nor a link to one" in result.stderr


NOT_WASM = {
    "empty": (b"", "magic at 0x0: unexpected end (the file is empty)"),
    "text": (b"hello world", "magic at 0x0: magic header not detected"),
    "zeros": (
        bytes(100),
        (
            "magic at 0x0: magic header not detected (zeros: a file that was not synced before a "
            "crash looks like this)"
        ),
    ),
    "no state": (b"\0asm\1\0\0\0", "the module has no wasmstate.state section"),
}


@pytest.mark.parametrize("case", NOT_WASM)
@pytest.mark.parametrize(
    "command",
    [["state"], ["set", "w=1"], ["run", "update"], ["diff"]],
    ids=lambda words: words[0],
)
def test_bad_files_are_refused_by_name_and_reason(
    command: list[str], case: str, tmp_path: Path, wasmstate: Wasmstate
) -> None:
    content, reason = NOT_WASM[case]
    file = tmp_path / "bad.wasm"
    file.write_bytes(content)
    arguments = [command[0], str(file), *command[1:]]
    if command == ["diff"]:
        arguments.append(str(file))
    result = wasmstate(*arguments)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == f"Error: {file}: {reason}"
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "arguments",
    [
        ["layout", "none.wasm"],
        ["state", "none.wasm"],
        ["check", "none.wasm"],
        ["run", "none.wasm", "update"],
        ["attach", "none.wasm", "--tensor", "w:f32@0"],
        ["section", "list", "none.wasm"],
    ],
    ids=lambda words: words[0],
)
def test_a_missing_file_is_misuse(arguments: list[str], wasmstate: Wasmstate) -> None:
    result: Result = wasmstate(*arguments)
    assert result.exit_code == 2
    assert "'none.wasm' does not exist" in result.stderr


def test_help_lists_every_command_without_loading_any(wasmstate: Wasmstate) -> None:
    result = wasmstate("--help")
    assert result.exit_code == 0
    assert re.search(
        r"^  inspect +Open the window, or draw it to a picture\.$", result.stdout, re.M
    )


def test_an_unknown_command_is_misuse(wasmstate: Wasmstate) -> None:
    assert wasmstate("lay").exit_code == 2


@pytest.mark.parametrize(
    "command",
    ["layout", "state", "attach", "set", "run", "check", "rollback", "history", "diff", "section"],
)
def test_the_help_of_every_command_has_an_example(command: str, wasmstate: Wasmstate) -> None:
    pages = [wasmstate(command, "--help").stdout]
    if command == "section":
        names = ["list", "extract", "add", "replace", "remove"]
        pages = [wasmstate(command, name, "--help").stdout for name in names]
    assert [page for page in pages if "Example" not in page] == []


def test_what_state_shows_is_what_the_library_reads(model: Path, wasmstate: Wasmstate) -> None:
    document = json.loads(wasmstate("state", str(model), "--json").stdout)
    state = State.of(Module.open(model))
    assert {n: t["values"] for n, t in document["tensors"].items()} == {
        name: state[name].tolist() for name in state
    }
