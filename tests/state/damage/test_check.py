"""What is wrong with a file: each finding with its place and what to do."""

from __future__ import annotations

import numpy as np

from state.modules import COUNT, MEMORY, wat
from state.records import record_bytes
from support import PREAMBLE, custom_bytes, module_bytes, module_of, section_bytes
from wasmstate.binary import Module
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.state.damage.check import check_module
from wasmstate.state.tensor import TensorSpec

PLAIN = wat(MEMORY, COUNT)
TENSORS = [
    TensorSpec("w", "f32", (2,), "64", bounds=("finite",)),
    TensorSpec("my [n]", "i64", (), "global:count", bounds=(">= 0",)),
]
STATE = describe(PLAIN, TENSORS)
SOUND = with_state(PLAIN, STATE)
WHERE = f"sections[{len(PLAIN.sections)}].wasmstate.state"
CONTENT = SOUND.sections[-1].content_offset
NO_STATE = "warning: wasmstate.state: the file carries no state; attach one"


def found(data: bytes | Module) -> list[str]:
    data = data.to_bytes() if isinstance(data, Module) else data
    return [str(each) for each in check_module(Module.from_bytes(data, strict=False))]


def test_a_sound_module_with_a_sound_state_has_no_findings() -> None:
    assert found(SOUND) == []


def test_a_module_without_a_state_is_told_how_to_get_one() -> None:
    assert found(PLAIN) == [NO_STATE]
    (finding,) = check_module(PLAIN)
    assert finding.offset is None


def test_a_file_that_is_no_module_has_one_finding() -> None:
    assert found(b"hello") == [
        "error: magic at 0x0: magic header not detected; restore the file from a copy"
    ]
    assert found(b"MZ\x90\0") == [
        (
            "error (likely): magic at 0x0: magic header not detected: this is a native program; "
            "compile it for a wasm32 target"
        )
    ]
    assert found(b"\0asm\2\0\0\0") == [
        "error: version at 0x4: unknown binary version; restore the file from a copy"
    ]


def test_a_cut_that_took_the_state_does_not_advise_to_attach_another() -> None:
    cut = SOUND.to_bytes()[: SOUND.sections[0].offset + 3]
    finding = check_module(Module.from_bytes(cut, strict=False))
    assert [str(each) for each in finding] == [
        (
            "error (likely): sections[0].size at 0x9: length out of bounds "
            "(the section claims 3 bytes, 1 are left): the file is cut; "
            "nothing before it can be used: restore the file from a copy"
        ),
        (
            "warning: wasmstate.state: no state is found in what can be read; "
            "restore the file from a copy: a new state would begin with nothing learned"
        ),
    ]
    assert found(b"\0")[0].startswith("error (likely): magic at 0x0: the only byte is zero")


def test_a_file_cut_short_says_what_is_readable() -> None:
    data = SOUND.to_bytes()[:-1]
    section = SOUND.sections[-1]
    at, index, size = section.offset + 1, section.index, section.size + 1 + len(section.name)
    assert found(data) == [
        (
            f"error (likely): sections[{index}].size at {at:#x}: length out of bounds "
            f"(the section claims {size} bytes, {size - 1} are left): the file is cut; "
            f"the {index} sections before it are readable; of the state w, my [n] can be salvaged"
        ),
        (
            f"error: wasmstate.state record at {CONTENT:#x}: a record of the state stands where "
            "no section is known; what is proven of it can be salvaged"
        ),
    ]


def test_every_section_that_cannot_be_decoded_is_found() -> None:
    data = module_bytes(section_bytes(5, b"\1\x10\0"), section_bytes(3, b"\1"))
    assert found(data)[:3] == [
        (
            "error: sections[0].entries[0].limits.flag at 0xb: malformed limits flags; "
            "this part cannot be used; the other sections are not concerned"
        ),
        (
            "error: sections[1] at 0xd: unexpected content after last section (function out of "
            "order or twice); this part cannot be used; the other sections are not concerned"
        ),
        (
            "error: sections[1].entries at 0xf: length out of bounds; "
            "this part cannot be used; the other sections are not concerned"
        ),
    ]


def test_a_damaged_custom_section_is_a_warning() -> None:
    data = module_bytes(custom_bytes("build_id", b"\2\0"), custom_bytes("note", b"\2\0"))
    warning, _ = check_module(Module.from_bytes(data))
    assert str(warning) == (
        "warning: sections[0].id at 0x13: length out of bounds; "
        "only what reads this custom section is concerned"
    )


def test_what_is_wrong_with_a_nested_module_is_found_in_the_component() -> None:
    damaged = custom_bytes("build_id", b"\2\0")
    core = module_bytes(damaged, section_bytes(5, b"\1\x10\0"))
    component = b"\0asm\x0d\0\1\0" + section_bytes(7, b"\0") + section_bytes(1, core)
    assert found(component)[:2] == [
        (
            "error: sections[1].sections[1].entries[0].limits.flag at 0x25: malformed limits "
            "flags; this part cannot be used; the other sections are not concerned"
        ),
        (
            "warning: sections[1].sections[0].id at 0x20: length out of bounds; "
            "only what reads this custom section is concerned"
        ),
    ]


def test_instructions_are_looked_at_unless_time_is_short() -> None:
    type_, function = section_bytes(1, b"\1\x60\0\0"), section_bytes(3, b"\1\0")
    module = module_of(type_, function, section_bytes(10, b"\1\2\0\xff"))
    assert next(each.reason for each in check_module(module)) == "illegal opcode ff"
    assert [str(each) for each in check_module(module, instructions=False)] == [NO_STATE]


def test_a_component_is_told_where_a_state_goes() -> None:
    (finding,) = check_module(Module.from_bytes(b"\0asm\x0d\0\1\0"))
    assert str(finding) == (
        "warning: wasmstate.state: the file carries no state; "
        "it is a component; a state goes into the core module inside it"
    )


def test_a_damaged_state_is_found_at_its_byte_in_the_file() -> None:
    data = bytearray(SOUND.to_bytes())
    data[CONTENT : CONTENT + 4] = b"PK\3\4"
    data[-4:] = bytes(4)  # a trailer that is whole would tell what the header was
    assert found(bytes(data)) == [
        (
            f"error: {WHERE}.header.magic at {CONTENT:#x}: "
            "is 50 4b 03 04 0d 0a 1a 0a, not that of a state record; "
            "restore the file from a copy, or attach a new state"
        )
    ]


def test_a_schema_that_cannot_be_is_found() -> None:
    data = PREAMBLE + custom_bytes("wasmstate.state", record_bytes(schema={"tensors": 1}), width=5)
    assert found(data) == [
        (
            "error: sections[0].wasmstate.state.schema at 0x1e: tensors must be a list; "
            "attach a new state"
        )
    ]


def test_other_code_than_the_state_was_attached_to_is_found() -> None:
    other = with_state(wat(MEMORY, '(global (export "count") (mut i64) (i64.const 9))'), STATE)
    assert found(other) == [
        (
            f"error: {WHERE}.header.module_digest at {other.sections[-1].content_offset + 80:#x}: "
            "the code is not the one that the state was attached to; "
            "attach a new state, or put the right code back"
        )
    ]


def test_values_out_of_their_bounds_are_found_at_the_tensor() -> None:
    state = STATE.with_values({"w": [0, np.inf], "my [n]": -1})
    assert found(with_state(PLAIN, state)) == [
        (
            f"error: {WHERE}.w at {CONTENT + STATE.content_offset('w'):#x}: "
            "w[1] = inf is not finite; set other values"
        ),
        (
            f"error: {WHERE}.my [n] at {CONTENT + STATE.content_offset('my [n]'):#x}: "
            "my [n] = -1 is not >= 0; set other values"
        ),
    ]


def test_two_states_are_found_and_each_is_looked_at() -> None:
    content = bytearray(STATE.to_content())
    content[-1] ^= 1
    module = SOUND.with_custom(
        "wasmstate.state", bytes(content), index=len(SOUND.sections), force=True
    )
    second = module.sections[-1]
    damage, twice = check_module(module)
    assert (damage.path, damage.offset) == (
        f"sections[{second.index}].wasmstate.state.trailer.crc32",
        second.content_offset + len(content) - 4,
    )
    assert str(twice) == (
        f"error: sections[{second.index}] at {second.offset:#x}: "
        "2 sections are named wasmstate.state; keep the right one only [repair: keep-newest]"
    )
