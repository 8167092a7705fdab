"""Reading in one look gives what the declarations and the module give."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.damaged import after_update, fixture_model
from support import FIXTURES, PREAMBLE, custom_bytes, fewer_examples
from wasmstate import Module, State, WasmstateError
from wasmstate.binary.only_custom import only_custom
from wasmstate.binary.source import READ_WHOLE
from wasmstate.state import layout
from wasmstate.state.layout import FixedStruct

STRUCTS = {"header": layout.header, "region": layout.region, "trailer": layout.trailer}
DATA = after_update(fixture_model("bandit"), {"count": 3}).to_bytes()


@pytest.mark.parametrize("name", STRUCTS)
@given(data=st.data())
def test_a_struct_is_read_and_written_as_it_is_declared(name: str, data: st.DataObject) -> None:
    declared: FixedStruct = STRUCTS[name]
    size = declared.sizeof()
    raw = data.draw(st.binary(min_size=size, max_size=size))
    fields = declared.unpack(raw)._asdict()
    parsed = declared.parse(raw)
    assert fields == {key: value for key, value in parsed.items() if not key.startswith("_")}
    assert declared.pack(**fields) == declared.build(fields) == raw
    assert [each._asdict() for each in declared.unpack_all(raw + raw)] == [fields, fields]


@fewer_examples
@given(st.data())
def test_a_file_is_read_as_its_module_is_whatever_is_wrong_with_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    mutant = bytearray(DATA)
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(mutant) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "twice"])):
            case "flip":
                mutant[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del mutant[at:]
            case "insert":
                mutant[at:at] = data.draw(st.binary(max_size=4))
            case "twice":  # two sections of one name
                mutant += DATA[Module.from_bytes(DATA).sections[-1].offset :]
        if not mutant:
            break
    path = tmp_path_factory.getbasetemp() / "mutant.wasm"
    path.write_bytes(mutant)
    assert outcome(lambda: State.open(path)) == outcome(lambda: State.of(Module.open(path)))


def outcome(read: object) -> object:
    assert callable(read)
    try:
        return read().to_content()
    except WasmstateError as error:
        return type(error), str(error)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.wasm")), ids=lambda path: path.name)
def test_every_fixture_is_read_as_its_module_is(path: Path) -> None:
    assert outcome(lambda: State.open(path)) == outcome(lambda: State.of(Module.open(path)))


def test_metadata_that_somebody_changes_are_not_the_next_one_s() -> None:
    state = State.of(Module.from_bytes(DATA))
    before = dict(state.metadata)
    state.metadata.setdefault("list", []).append("x")  # type: ignore[attr-defined]
    assert State.of(Module.from_bytes(DATA)).metadata == before


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0asm\x0d\0\1\0", "a component"),
        (PREAMBLE + b"\x0e\0", "an unknown section"),
        (PREAMBLE + b"\0\5", "a section that ends past the file"),
        (PREAMBLE + b"\0\2\5n", "a name that ends past its section"),
        (PREAMBLE + b"\0\2\1\xff", "a name that is not UTF-8"),
        (PREAMBLE + b"\0\x80\x80\x80\x80\x80\x80", "a size of too many bytes"),
        (PREAMBLE + custom_bytes("other", b""), "no such section"),
        (PREAMBLE + custom_bytes("note", b"1") + custom_bytes("note", b"2"), "two of them"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_unusual_is_left_to_the_module(data: bytes, why: str) -> None:
    assert only_custom(data, b"note") is None
    usual = PREAMBLE + custom_bytes("other", b"") + custom_bytes("note", b"1")
    assert only_custom(usual, b"note") == b"1"


def test_a_large_file_is_not_read_whole_for_its_state(tmp_path: Path) -> None:
    path = tmp_path / "large.wasm"
    large = Module.from_bytes(DATA).with_custom("ballast", bytes(READ_WHOLE), index=0)
    large.save(path)
    assert State.open(path) == State.of(Module.from_bytes(DATA))
