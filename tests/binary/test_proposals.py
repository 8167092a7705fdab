"""Files of proposals after WebAssembly 3.0: named, kept, and not called damaged."""

from __future__ import annotations

import pickle

import pytest

from support import custom_bytes, message, module_bytes, module_of, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.binary.code.opcodes import PLAIN, PREFIXED
from wasmstate.binary.entry_ranges import entry_starts
from wasmstate.binary.proposals import OPCODES
from wasmstate.binary.sections.import_ import Import, ImportSection
from wasmstate.binary.sections.nested import NestedSection
from wasmstate.binary.types import GlobalType, Limits, MemType, memtype
from wasmstate.errors import MalformedError, SectionError, UnsupportedError
from wasmstate.state.damage.check import check_module

TYPE = section_bytes(1, unhex("01 60 00 00"))
FUNCTION = section_bytes(3, unhex("01 00"))


def with_code(code: str) -> bytes:
    body = unhex(f"00 {code} 0b")
    return module_bytes(
        TYPE, FUNCTION, section_bytes(10, bytes([1, len(body)]) + body), custom_bytes("last")
    )


UNSUPPORTED = {
    "type": (section_bytes(1, unhex("02 60 00 00 5d 00")), "the type 'cont'", "stack-switching"),
    "shared type": (
        section_bytes(1, unhex("01 65 60 00 00")),
        "the type 'shared'",
        "shared-everything-threads",
    ),
    "value type": (
        section_bytes(1, unhex("01 60 01 68 00")),
        "the heap type 'cont'",
        "stack-switching",
    ),
    "heap type": (
        section_bytes(1, unhex("01 60 01 63 65 6e 00")),
        "the heap type 'shared'",
        "shared-everything-threads",
    ),
    "table": (
        section_bytes(4, unhex("01 70 02 00")),
        "a shared table",
        "shared-everything-threads",
    ),
    "global": (
        section_bytes(6, unhex("01 7f 03 41 00 0b")),
        "a shared global",
        "shared-everything-threads",
    ),
}
CODE = {
    "e0 00": ("cont.new (e0)", "stack-switching"),
    "e6 00 00": ("switch (e6)", "stack-switching"),
    "fc 12 00": ("memory.discard (fc 12)", "memory-control"),
    "fd a0 02": ("an f16x8 instruction (fd 120)", "half-precision"),
    "fe 03 01": ("a memory ordering", "shared-everything-threads"),
    "fe 10 22 01 00": ("a memory ordering", "shared-everything-threads"),
    "fe 72": ("ref.i31_shared (fe 72)", "shared-everything-threads"),
}


@pytest.mark.parametrize(
    ("data", "what", "proposal"),
    [
        *((module_bytes(s, custom_bytes("last")), *rest) for s, *rest in UNSUPPORTED.values()),
        *((with_code(code), *rest) for code, rest in CODE.items()),
    ],
    ids=[*UNSUPPORTED, *CODE],
)
def test_what_a_proposal_uses_is_named_with_it_and_kept(
    data: bytes, what: str, proposal: str
) -> None:
    module = Module.from_bytes(data)
    (error,) = module.findings()
    assert isinstance(error, UnsupportedError)
    assert error.proposal == proposal
    assert error.reason == f"{what} is of the {proposal} proposal, not decoded here"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert module.with_custom("last", b"x").without_custom("last").sections
    assert module.to_bytes() == data
    (found, *_) = check_module(module)
    assert (found.severity, found.path, found.offset) == ("warning", error.path, error.offset)
    assert found.advice.startswith("the file is newer than this program, not damaged")


def test_no_instruction_is_both_decoded_and_unsupported() -> None:
    known: set[tuple[int | None, int]] = {(None, code) for code in PLAIN}
    known |= {(prefix, code) for prefix, table in PREFIXED.items() for code in table}
    assert not known & set(OPCODES)


def test_inside_a_component_it_is_unsupported_too() -> None:
    nested = section_bytes(1, module_bytes(UNSUPPORTED["type"][0]))
    component = Module.from_bytes(b"\0asm\x0d\0\1\0" + nested)
    (error,) = component.findings()
    assert isinstance(error, UnsupportedError)
    assert error.path == "sections[0].sections[0].entries[1]"
    assert isinstance(component.sections[0], NestedSection)


COMPACT = section_bytes(
    2,
    unhex("""
        03                             # three groups
        01 61 00 7f 02                 # of "a", each with its type
            01 62 00 00                # "b", a function of type 0
            01 63 03 7f 00             # "c", a global
        01 7a 00 7e 03 7f 01 02        # of "z", all mutable globals
            01 64 01 65                # "d", "e"
        01 6d 00 00 00                 # a function with an empty name, as ever
    """),
)


def test_imports_written_together_are_decoded() -> None:
    module = module_of(TYPE, COMPACT).verify()
    section = module.section(ImportSection)
    assert section is not None
    expected = [
        Import("a", "b", "func", 0),
        Import("a", "c", "global", GlobalType("i32", mut=False)),
        Import("z", "d", "global", GlobalType("i32", mut=True)),
        Import("z", "e", "global", GlobalType("i32", mut=True)),
        Import("m", "", "func", 0),
    ]
    assert section.entries == expected
    at = section.content_offset
    assert list(entry_starts(section)) == [at + 1, at + 10, at + 15, at + 25, at + 27, at + 32]
    fields = section.fields()
    assert [field.offset for field in fields] == sorted(field.offset for field in fields)
    assert fields[2][0] == "entries[0].is_group"
    plain = module.with_entries({ImportSection: [*expected, expected[0]]})
    assert plain.section(ImportSection).entries == [*expected, expected[0]]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("05", "entries at 0xa: length out of bounds"),
        ("01 01 61 00 7f 05", "entries[0] at 0xf: length out of bounds"),
        ("01 01 61 00 7d", "entries[0].kind at 0xe: malformed import kind"),
        ("01 01 61 01 62 7f", "entries[0].kind at 0xf: malformed import kind"),
        ("01 01 61 00", "entries[0].kind at 0xe: unexpected end"),
    ],
)
def test_imports_that_are_malformed_are_refused_at_their_byte(content: str, expected: str) -> None:
    module = module_of(section_bytes(2, unhex(content)))
    assert message(MalformedError, module.verify) == f"sections[0].{expected}"


@pytest.mark.parametrize("flag", ["08", "09", "0c", "0f", "10"])
def test_a_table_has_no_page_size(flag: str) -> None:
    module = module_of(section_bytes(4, unhex(f"01 70 {flag} 00 00 00")))
    expected = "sections[0].entries[0].type.limits.flag at 0xc: malformed limits flags"
    assert message(MalformedError, module.verify) == expected


def test_a_page_size_is_a_number_of_64_bits() -> None:
    module = module_of(section_bytes(5, unhex("01 08 00 40")))
    expected = "sections[0].entries[0].limits.page_size_log2 at 0xd: invalid custom page size"
    assert message(MalformedError, module.verify) == expected
    assert module_of(section_bytes(5, unhex("01 08 00 3f"))).verify()
    assert memtype.build(MemType(Limits(8, 0, None, 63))) == unhex("08 00 3f")
    refused = message(SectionError, lambda: memtype.build(MemType(Limits(8, 0, None, 64))))
    assert refused == "cannot encode the page size 2**64: it does not fit u64"
