"""Whole modules: every byte decoded, sections in order and in agreement."""

from __future__ import annotations

import pytest

from support import PREAMBLE, REAL_BINARIES, message, real_bytes, section_bytes
from wasmstate.binary import Module
from wasmstate.errors import MalformedError

TYPE = section_bytes(1, b"\x01\x60\x00\x00")  # () -> ()
FUNCTION = section_bytes(3, b"\x01\x00")  # one function of type 0
MEMORY = section_bytes(5, b"\x01\x00\x01")
CODE = section_bytes(10, b"\x01\x02\x00\x0b")  # one function without instructions
DATA = section_bytes(11, b"\x01\x01\x01A")  # one passive segment
DATA_COUNT = section_bytes(12, b"\x01")
DROP = section_bytes(10, b"\x01\x05\x00\xfc\x09\x00\x0b")  # data.drop 0


def found(*sections: bytes) -> list[str]:
    return [str(each) for each in Module.from_bytes(PREAMBLE + b"".join(sections)).findings()]


def test_a_sound_module_has_no_findings_and_verifies_to_itself() -> None:
    module = Module.from_bytes(PREAMBLE + TYPE + FUNCTION + CODE)
    assert module.findings() == []
    assert module.verify() is module


@pytest.mark.parametrize("name", REAL_BINARIES)
def test_real_binaries_verify(name: str) -> None:
    assert Module.from_bytes(real_bytes(name)).findings() == []


def test_sections_out_of_order_or_twice_are_found() -> None:
    assert found(MEMORY, TYPE) == [
        "sections[1] at 0xd: unexpected content after last section (type out of order or twice)"
    ]
    assert found(TYPE, TYPE) == [
        "sections[1] at 0xe: unexpected content after last section (type out of order or twice)"
    ]


def test_custom_sections_stand_anywhere_and_hold_anything() -> None:
    custom = section_bytes(0, b"\x04name\xff\xff")
    assert found(custom, TYPE, custom, FUNCTION, CODE, custom) == []


def test_a_bad_frame_behind_a_damaged_custom_section_is_its_own_fault() -> None:
    custom = section_bytes(0, b"\x04name\xff\xff")
    expected = "sections[1].id at 0x11: malformed section id (14)"
    assert (
        message(MalformedError, lambda: Module.from_bytes(PREAMBLE + custom + b"\x0e\0"))
        == expected
    )


def test_functions_and_code_must_be_as_many() -> None:
    assert found(TYPE, FUNCTION) == [
        "sections[1] at 0xe: function and code section have inconsistent lengths (1, 0)"
    ]
    assert found(TYPE, CODE) == [
        "sections[1] at 0xe: function and code section have inconsistent lengths (0, 1)"
    ]


def test_data_count_and_data_must_agree() -> None:
    assert found(DATA_COUNT, DATA) == []
    assert found(DATA_COUNT) == [
        "sections[0] at 0xa: data count and data section have inconsistent lengths (1, 0)"
    ]


def test_instructions_on_data_segments_need_a_data_count() -> None:
    assert found(TYPE, FUNCTION, DATA_COUNT, DROP, DATA) == []
    assert found(TYPE, FUNCTION, DROP, DATA) == [
        "sections[2].entries[0] at 0x16: data count section required (by data.drop)"
    ]


def test_each_independent_problem_is_found() -> None:
    bad_memory = section_bytes(5, b"\x01\x10\x01")
    two_bad_functions = section_bytes(10, b"\x02\x02\x00\xff\x02\x00\xfe")
    assert found(TYPE, section_bytes(3, b"\x02\x00\x00"), bad_memory, two_bad_functions) == [
        "sections[2].entries[0].limits.flag at 0x16: malformed limits flags",
        "sections[3].entries[0].expr.instructions[0] at 0x1d: illegal opcode ff",
        "sections[3].entries[1].expr.instructions[0] at 0x21: unexpected end",
    ]


def test_a_section_that_cannot_be_counted_is_reported_once() -> None:
    assert found(TYPE, section_bytes(3, b"\x05\x00"), CODE) == [
        "sections[1].entries at 0x10: length out of bounds"
    ]
    assert found(TYPE, FUNCTION, section_bytes(10, b"\x05\x00")) == [
        "sections[2].entries at 0x14: length out of bounds"
    ]
    assert found(section_bytes(12, b""), DATA) == ["sections[0].count at 0xa: unexpected end"]


def test_what_is_left_of_a_cut_module_is_looked_at() -> None:
    module = Module.from_bytes((PREAMBLE + TYPE + FUNCTION + CODE)[:-2], strict=False)
    assert [str(each) for each in module.findings()] == [
        "sections[2].size at 0x13: length out of bounds (the section claims 4 bytes, 2 are left)"
    ]


def test_of_a_component_the_frames_are_verified() -> None:
    component = bytes.fromhex("00 61 73 6d 0d 00 01 00 07 01 00")
    assert Module.from_bytes(component).findings() == []
    cut = Module.from_bytes(component[:-1], strict=False)
    assert len(cut.findings()) == 1


def test_verify_raises_the_first_finding() -> None:
    module = Module.from_bytes(PREAMBLE + TYPE + FUNCTION)
    assert message(MalformedError, module.verify) == str(module.findings()[0])


def test_a_bad_frame_behind_a_malformed_section_is_the_fault_of_that_section() -> None:
    bad_memory = section_bytes(5, b"\x01\x10")  # its size is one too small
    expected = "sections[0].entries[0].limits.flag at 0xb: malformed limits flags"
    assert (
        message(MalformedError, lambda: Module.from_bytes(PREAMBLE + bad_memory + b"\x99"))
        == expected
    )
