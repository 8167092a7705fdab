"""Components: what is nested in them is opened as a binary in its own right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import custom_bytes, message, module_bytes, section_bytes
from wasmstate.binary import Module
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.nested import MAX_DEPTH, NestedSection
from wasmstate.binary.source import BytesSource, SubSource
from wasmstate.binary.verify import custom_findings
from wasmstate.errors import MalformedError

COMPONENT_PREAMBLE = b"\0asm\x0d\0\x01\0"
MEMORY = section_bytes(5, b"\x01\x00\x02")
BAD_MEMORY = section_bytes(5, b"\x01\x10\x02")  # no such limits flags
CORE = module_bytes(MEMORY)


def component_bytes(*sections: bytes) -> bytes:
    return COMPONENT_PREAMBLE + b"".join(sections)


def core_module(data: bytes) -> bytes:
    return section_bytes(1, data)


def nested(data: bytes) -> bytes:
    return section_bytes(4, data)


TREE = component_bytes(
    section_bytes(7, b"\0"),  # offset 8: a type
    core_module(CORE),  # 0xb: a core module, from 0xd on
    nested(  # 0x1a: a component, from 0x1c on
        component_bytes(
            custom_bytes("a"),  # 0x24
            core_module(module_bytes(custom_bytes("b"), MEMORY)),  # 0x28: from 0x2a on
        )
    ),
)


def inside(component: Module) -> list[tuple[str, Module]]:
    return list(component.modules())


def refusal(data: bytes) -> str:
    component = Module.from_bytes(data)
    return message(MalformedError, lambda: inside(component))


def found(data: bytes) -> list[str]:
    return [str(each) for each in Module.from_bytes(data, strict=False).findings()]


def test_a_core_module_is_opened_where_it_stands() -> None:
    section = Module.from_bytes(TREE).sections[1]
    core = section.decode()
    assert isinstance(core, Module)
    assert section.decode() is core
    assert section.fields() == []
    assert not core.is_component
    assert core.parent_offset == section.content_offset == 0xD
    assert core.to_bytes() == CORE
    memory = core.section(MemorySection)
    assert memory is not None
    assert (memory.offset, memory.entries[0].limits.min) == (8, 2)


def test_nothing_of_a_nested_module_is_copied_until_it_is_asked_for() -> None:
    core = Module.from_bytes(TREE).sections[1].decode()
    source = core.sections[0].frame.source
    assert isinstance(source, SubSource)
    assert isinstance(source.source, BytesSource)
    assert source.source.data == TREE


def test_a_large_component_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "large.wasm"
    path.write_bytes(
        component_bytes(section_bytes(0, b"\x01x" + bytes(9 << 20)), core_module(CORE))
    )
    ((where, core),) = inside(Module.open(path))
    assert where == "sections[1]"
    assert core.to_bytes() == CORE


def test_all_that_is_nested_is_found_with_its_path() -> None:
    modules = inside(Module.from_bytes(TREE))
    assert [(path, module.is_component, module.parent_offset) for path, module in modules] == [
        ("sections[1]", False, 0xD),
        ("sections[2]", True, 0x1C),
        ("sections[2].sections[1]", False, 0xE),
    ]
    assert modules[2][1].custom_sections("b")


def test_a_core_module_has_nothing_nested() -> None:
    assert inside(Module.from_bytes(CORE)) == []


def test_an_edited_nested_module_remembers_where_it_came_from() -> None:
    core = Module.from_bytes(TREE).sections[1].decode()
    edited = core.with_custom("note", b"x")
    assert edited.parent_offset == 0xD
    assert edited.to_bytes().startswith(CORE)


def test_a_component_edited_before_a_nested_module_gives_its_new_place() -> None:
    edited = Module.from_bytes(TREE).with_custom("note", b"x", index=0)
    first, _ = next(edited.modules())
    assert first == "sections[2]"
    core = edited.sections[2].decode()
    assert core.parent_offset == 0xD + edited.sections[0].end - 8
    assert core.to_bytes() == CORE


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (core_module(b""), "sections[0].magic at 0xa: unexpected end (the file is empty)"),
        (core_module(CORE[:6]), "sections[0].version at 0x10: unexpected end"),
        (
            core_module(CORE[:-1]),
            (
                "sections[0].sections[0].size at 0x13: length out of bounds "
                "(the section claims 3 bytes, 2 are left)"
            ),
        ),
        (
            core_module(module_bytes(BAD_MEMORY, b"\x99")),
            "sections[0].sections[0].entries[0].limits.flag at 0x15: malformed limits flags",
        ),
        (
            core_module(component_bytes()),
            "sections[0].version at 0xe: unknown binary version (not that of a core module)",
        ),
        (
            nested(CORE),
            "sections[0].version at 0xe: unknown binary version (not that of a component)",
        ),
        (
            nested(component_bytes(core_module(b"MZ"))),
            ("sections[0].sections[0].magic at 0x14: unexpected end (magic header not detected)"),
        ),
    ],
)
def test_a_nested_binary_that_is_malformed_is_refused_at_its_byte(
    section: bytes, expected: str
) -> None:
    assert refusal(component_bytes(section)) == expected


def test_what_is_readable_of_a_damaged_nested_module_is_given_if_asked() -> None:
    component = Module.from_bytes(component_bytes(core_module(CORE + b"\x99")))
    (section,) = component.sections
    assert isinstance(section, NestedSection)
    core = section.open(strict=False)
    assert [each.name for each in core.sections] == ["memory"]
    assert str(core.damage) == "sections[1].size at 0xe: unexpected end"


def test_a_bad_frame_behind_a_nested_module_is_its_own_fault() -> None:
    data = component_bytes(core_module(b""), b"\x99\x00")
    expected = "sections[1].id at 0xa: malformed section id (153)"
    assert message(MalformedError, lambda: Module.from_bytes(data)) == expected
    assert found(data) == [
        "sections[0].magic at 0xa: unexpected end (the file is empty)",
        expected,
    ]


def deep(depth: int) -> bytes:
    data = component_bytes()
    for _ in range(depth):
        data = component_bytes(nested(data))
    return data


def test_components_may_be_nested_so_deep() -> None:
    modules = inside(Module.from_bytes(deep(MAX_DEPTH)))
    assert len(modules) == MAX_DEPTH
    assert modules[-1][0] == ".".join(["sections[0]"] * MAX_DEPTH)
    assert found(deep(MAX_DEPTH)) == []


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500])
def test_components_nested_deeper_are_malformed(depth: int) -> None:
    path = ".".join(["sections[0]"] * (MAX_DEPTH + 1))
    reason = "nested too deep (no more than 64 are read)"
    problem = refusal(deep(depth))
    assert problem.startswith(f"{path} at ")
    assert problem.endswith(f": {reason}")
    assert found(deep(depth)) == [problem]
    assert list(custom_findings(Module.from_bytes(deep(depth)))) == []


def test_what_is_malformed_in_a_nested_module_is_found_in_the_component() -> None:
    bad = core_module(module_bytes(BAD_MEMORY))
    component = component_bytes(bad, nested(component_bytes(custom_bytes("a"), bad)), bad)
    problem = "entries[0].limits.flag at {:#x}: malformed limits flags"
    assert found(component) == [
        f"sections[0].sections[0].{problem.format(0x15)}",
        f"sections[1].sections[1].sections[0].{problem.format(0x32)}",
        f"sections[2].sections[0].{problem.format(0x41)}",
    ]
    assert message(MalformedError, Module.from_bytes(component).verify) == found(component)[0]


def test_sound_nested_modules_are_no_findings() -> None:
    assert found(TREE) == []


def test_how_far_a_component_is_looked_at_is_told_from_its_own_start() -> None:
    reached: list[int] = []
    assert Module.from_bytes(TREE).findings(progress=reached.append) == []
    ends = [TREE.index(MEMORY) + len(MEMORY), TREE.rindex(MEMORY) + len(MEMORY)]
    assert reached == ends


def test_damaged_custom_sections_are_found_at_any_depth() -> None:
    bad = custom_bytes("build_id", b"\x02\x00")
    data = component_bytes(
        bad, nested(component_bytes(core_module(module_bytes(bad, MEMORY)))), custom_bytes("a")
    )
    component = Module.from_bytes(data)
    assert component.findings() == []
    assert [str(each) for each in custom_findings(component)] == [
        "sections[0].id at 0x13: length out of bounds",
        "sections[1].sections[0].sections[0].id at 0x34: length out of bounds",
    ]


def test_a_part_of_a_source_ends_where_it_ends() -> None:
    part = SubSource(SubSource(BytesSource(b"0123456789"), 2, 6), 1, 4)
    assert part.read(0, 4) == b"3456"
    assert part.read(1, 99) == b"456"
    assert part.read(4, 1) == part.read(9, 1) == b""


pieces: st.SearchStrategy[bytes] = st.deferred(
    lambda: st.one_of(
        st.binary(max_size=6),
        st.builds(section_bytes, st.integers(0, 13), st.binary(max_size=6)),
        st.lists(pieces, max_size=3).map(lambda p: core_module(module_bytes(*p))),
        st.lists(pieces, max_size=3).map(lambda p: nested(component_bytes(*p))),
    )
)


@given(st.lists(pieces, max_size=4))
def test_no_component_whatever_raises_anything_else(parts: list[bytes]) -> None:
    data = component_bytes(*parts)
    component = Module.from_bytes(data, strict=False)
    assert component.to_bytes() == data
    for problem in (*component.findings(), *custom_findings(component)):
        assert 0 <= problem.offset <= len(data)
    try:
        for _, module in component.modules():
            module.section(ExportSection)
    except MalformedError as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017
