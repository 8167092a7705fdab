"""``wasmstate strings`` and ``wasmstate uses``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import from_wat

TEXT = """
(module
  (memory (export "memory") 1)
  (func $warn (param i32))
  (func (export "update") (call $warn (i32.const 100)))
  (data (i32.const 100) "out of memory\\n\\00tip\\00twice"))
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "m.wasm"
    from_wat(TEXT).save(file)
    return str(file)


def test_texts_are_listed_with_offset_and_address(path: str, wasmstate: Wasmstate) -> None:
    offset = Path(path).read_bytes().index(b"out of")
    assert wasmstate("strings", path).stdout.splitlines() == [
        f"{offset:#08x}         100  out of memory\\n",
        f"{offset + 19:#08x}         119  twice",
    ]
    (told, *_) = json.loads(wasmstate("strings", path, "--least", "3", "--json").stdout)
    assert told == {
        "segment": 0,
        "offset": offset,
        "size": 14,
        "address": 100,
        "text": "out of memory\n",
    }


def test_uses_of_a_string_are_those_of_its_address(path: str, wasmstate: Wasmstate) -> None:
    offset = Path(path).read_bytes().index(b"\x41\xe4\x00\x10")
    lines = wasmstate("uses", path, "--string", "of mem").stdout.splitlines()
    assert lines[0] == '"out of memory\\n" at address 0x64: 2 uses'
    assert lines[1] == f"  {offset:#08x}  func 1 <update>  i32.const 100"
    (told, _) = json.loads(wasmstate("uses", path, "--address", "0x64", "--json").stdout)
    assert (told["name"], told["function"], told["offset"]) == ("update", 1, offset)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--function", "warn"), 0, ""),
        (("--function", "update"), 0, ""),
        (("--string", "twice"), 1, ""),
        (("--string", "none"), 1, "strings with 'none' are in no data segment"),
        (("--function", "none"), 1, "no function 'none': give a name, or an index"),
        (("--address", "x"), 2, "'x' is no address: write 1040 or 0x410"),
        ((), 2, "give one of --function, --global, --address and --string"),
        (("--global", "0", "--function", "0"), 2, "give one of --function"),
    ],
)
def test_the_status_says_whether_something_uses_it(
    options: tuple[str, ...], status: int, message: str, path: str, wasmstate: Wasmstate
) -> None:
    result = wasmstate("uses", path, *options)
    assert result.exit_code == status
    assert message in result.stderr


@pytest.mark.parametrize("words", [("strings",), ("uses", "--function", "0")])
def test_what_is_no_module_is_an_error(
    words: tuple[str, ...], tmp_path: Path, wasmstate: Wasmstate
) -> None:
    file = tmp_path / "noise.wasm"
    file.write_bytes(b"no module at all")
    result = wasmstate(words[0], str(file), *words[1:])
    assert (result.exit_code, result.stdout.strip()) == (1, "")
    assert "magic header not detected" in result.stderr


def test_texts_before_damage_are_listed(path: str, wasmstate: Wasmstate) -> None:
    file = Path(path)
    file.write_bytes(file.read_bytes() + b"\x0b\x7f")
    result = wasmstate("strings", path)
    assert result.exit_code == 1
    assert "out of memory" in result.stdout
    assert "length out of bounds" in result.stderr
