"""Commands that show the history and go back in it: history, rollback, and how others show it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import FIXTURES, Wasmstate
from wasmstate import Module, State, replace_section


@pytest.fixture
def learned(model: Path, wasmstate: Wasmstate) -> Path:
    """A model at generation 3, whose ``count`` is the generation, with three older ones."""
    for count in (1, 2, 3):
        wasmstate("set", str(model), f"count={count}", "--keep", "3")
    return model


def count(path: Path) -> int:
    return int(State.of(Module.open(path))["count"])


def prev(path: Path) -> bytes:
    return Module.open(path).custom_sections("wasmstate.prev")[0].content


def test_history_lists_the_generations_with_what_is_proven(
    learned: Path, wasmstate: Wasmstate
) -> None:
    result = wasmstate("history", str(learned))
    assert result.exit_code == 0
    head, *lines = [line.split() for line in result.stdout.splitlines()]
    assert head == ["generation", "updates", "state", "changed", "parent", "section"]
    digest = State.of(Module.open(learned)).digest.hex()[:12]
    assert lines[0][:2] == ["0", "0"]
    assert lines[0][3:] == ["generation", "0", "wasmstate.prev"]
    assert [line[0] for line in lines] == ["0", "1", "2", "3"]
    assert lines[3] == ["3", "0", digest, "1", "ok", "wasmstate.state"]


def test_history_has_it_as_json(learned: Path, wasmstate: Wasmstate) -> None:
    rows = json.loads(wasmstate("history", str(learned), "--json").stdout)
    section = Module.open(learned).custom_sections("wasmstate.state")[0]
    assert [row["link"] for row in rows] == ["origin", "child", "child", "child"]
    assert rows[-1] == {
        "generation": 3,
        "update_count": 0,
        "digest": State.of(Module.open(learned)).digest.hex(),
        "changed": 1,
        "link": "child",
        "parent": "ok",
        "section": "wasmstate.state",
        "offset": section.content_offset,
        "size": section.size,
        "problem": None,
    }


def test_history_says_what_is_damaged(learned: Path, wasmstate: Wasmstate) -> None:
    content = bytearray(prev(learned))
    content[-40] ^= 1
    replace_section(learned, "wasmstate.prev", bytes(content))
    result = wasmstate("history", str(learned))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[3].split() == ["?", "?", "?", "unknown", "wasmstate.prev"]
    section = Module.open(learned).custom_sections("wasmstate.prev")[0]
    at = section.content_offset + 2 * section.size // 3
    assert lines[5] == f"at {at:#x}: regions[0].padding at content offset 0x498: must be zero"


def test_rollback_brings_back_the_generation_before_and_again_what_it_replaced(
    learned: Path, wasmstate: Wasmstate
) -> None:
    result = wasmstate("rollback", str(learned))
    assert result.stdout == "bandit.wasm: generation 3 -> 4\n"
    assert count(learned) == 2
    wasmstate("rollback", str(learned))
    assert count(learned) == 3


def test_rollback_goes_to_any_generation_in_the_file(learned: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("rollback", str(learned), "--to", "1", "--json")
    assert json.loads(result.stdout) == {
        "generation": 4,
        "replaced": 3,
        "digest": State.of(Module.open(learned)).digest.hex(),
    }
    assert count(learned) == 1
    assert wasmstate("rollback", str(learned), "--to", "2", "--keep", "1").exit_code == 0
    assert count(learned) == 2
    result = wasmstate("rollback", str(learned), "--to", "3")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: bandit.wasm: not rolled back: generation 3 is not in the file; it keeps 4\n",
    )


def test_rollback_to_the_factory_state(model: Path, wasmstate: Wasmstate) -> None:
    plain = Module.open(model).without_custom("wasmstate.state").to_bytes()
    Path("plain.wasm").write_bytes(plain)
    schema = str(FIXTURES / "src" / "bandit.toml")
    attached = wasmstate("attach", "plain.wasm", "--schema", schema, "--init", "--keep", "0")
    assert attached.exit_code == 0
    path = Path("plain.wasm")
    for total in ("count=5", "count=6"):
        wasmstate("set", "plain.wasm", total)
    names = [section.name for section in Module.open(path).custom_sections()]
    assert names[-2:] == ["wasmstate.init", "wasmstate.state"]
    assert wasmstate("rollback", "plain.wasm", "--to", "init").exit_code == 0
    assert (count(path), State.of(Module.open(path)).generation) == (0, 3)


@pytest.mark.parametrize("to", ["-1", "last", ""])
def test_a_generation_that_is_none_is_misuse(to: str, learned: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("rollback", str(learned), "--to", to)
    assert result.exit_code == 2
    assert f"{to!r} is neither a generation nor init" in result.stderr


def test_rollback_only_from_an_expected_generation(learned: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("rollback", str(learned), "--expect", "2")
    assert result.exit_code == 1
    assert "the file is at generation 3" in result.stderr
    assert count(learned) == 3


def test_rollback_refuses_values_out_of_their_bounds_unless_asked(
    model: Path, wasmstate: Wasmstate
) -> None:
    wasmstate("set", str(model), "successes=nan,1,1,1", "--out-of-bounds")
    wasmstate("set", str(model), "successes=1,1,1,1")
    result = wasmstate("rollback", str(model))
    assert (result.exit_code, "successes[0] = nan is not" in result.stderr) == (1, True)
    assert wasmstate("rollback", str(model), "--out-of-bounds").exit_code == 0


def test_run_keeps_as_many_as_it_is_told(model: Path, wasmstate: Wasmstate) -> None:
    wasmstate("run", str(model), "update", "1", "1.0", "--times", "5", "--keep", "2")
    rows = json.loads(wasmstate("history", str(model), "--json").stdout)
    assert [row["generation"] for row in rows] == [3, 4, 5]
    assert wasmstate("run", str(model), "update", "--keep", "65").exit_code == 2


def test_layout_lists_the_records(learned: Path, wasmstate: Wasmstate) -> None:
    replace_section(learned, "wasmstate.prev", b"junk" + prev(learned))
    (row,) = [
        row
        for row in json.loads(wasmstate("layout", str(learned), "--json").stdout)
        if row["name"] == "wasmstate.prev"
    ]
    size, at = (row["size"] - 4) // 3, row["content_offset"]
    assert row["records"] == [
        {"generation": None, "offset": at, "size": 4},
        *({"generation": i, "offset": at + 4 + i * size, "size": size} for i in range(3)),
    ]
    lines = wasmstate("layout", str(learned)).stdout.splitlines()
    assert lines[-5].split() == ["10.0", "no", "record", f"{at:#x}", "4"]
    assert lines[-2].split() == [
        "10.3", "generation", "2", f"{at + 4 + 2 * size:#x}", f"{size:,}",
    ]  # fmt: skip


def test_dump_shows_the_fields_of_every_record(learned: Path, wasmstate: Wasmstate) -> None:
    content = prev(learned)
    replace_section(learned, "wasmstate.prev", b"junk" + content[:-40] + b"x" + content[-39:])
    at = Module.open(learned).custom_sections("wasmstate.prev")[0].content_offset
    lines = wasmstate("dump", str(learned), "--section", "wasmstate.prev").stdout.splitlines()
    assert lines[1:3] == [
        f"  {at:#08x}  records[0] = 6a 75 6e 6b",
        f"  {at + 4:#08x}  records[1].header.magic = 89 57 53 54 0d 0a 1a 0a",
    ]
    assert any(line.endswith("records[2].payload.count = 1") for line in lines)
    assert lines[-2:] == [
        "  malformed: records[0]: no record",
        "  malformed: records[3]: regions[0].padding at content offset 0x498: must be zero",
    ]
