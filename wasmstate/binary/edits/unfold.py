"""Unfolding: constants of the code that become loads from memory, or reads of globals.

The elements lie behind the memory that the module had, which starts with as many pages more: no
address that its data, stack or heap use is taken. Each array of elements gets its address exported
under its name, as C and Rust export a static. What was there before is kept in the custom section
``wasmstate.unfolded``, so that :func:`wasmstate.binary.edits.fold.fold_code` gives it back.

Source: docs/format.md, "Unfolding".
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from wasmstate.binary.code.immediates import MemArg
from wasmstate.binary.code.instructions import Expr, Instr, instruction
from wasmstate.binary.custom.unfolded import Unfolded, UnfoldedCell, UnfoldedConstant, unfolded
from wasmstate.binary.edits.bake import check_rewritable, grown_memory, is_baked
from wasmstate.binary.edits.export import export_name
from wasmstate.binary.edits.rewrite import Rewrite, imported_functions, rewrite
from wasmstate.binary.edits.unfold_record import code_splices, kept_sections
from wasmstate.binary.module import Module
from wasmstate.binary.section_list import append
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.data import Data, DataSection, data_
from wasmstate.binary.sections.export import Export, ExportSection
from wasmstate.binary.sections.export import export as export_layout
from wasmstate.binary.sections.global_ import Global, GlobalSection, global_
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import GlobalType, Limits, MemType
from wasmstate.errors import SectionError

UNFOLDED_NAME = "wasmstate.unfolded"
SIZES = {"i32": 4, "i64": 8, "f32": 4, "f64": 8, "v128": 16}
_ALIGNMENT = 16
_OWN = "wasmstate."


@dataclass(frozen=True, slots=True)
class Element:
    """A value that constants of the code are read from.

    Attributes:
        valtype: of the constants.
        init: its bytes, little endian.
        offsets: of the instructions, in the file.
    """

    valtype: str
    init: bytes
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """Elements of one type that lie one behind the other.

    Attributes:
        name: that its address is exported under; of globals the name, or ``name_0``, ``name_1``.
        elements: in order.
        cells: where the elements are already; if none are given, new ones are made.
    """

    name: str
    elements: tuple[Element, ...]
    cells: tuple[UnfoldedCell, ...] = ()

    def exports(self, *, as_globals: bool) -> list[str]:
        """The names of the exports that it adds."""
        if self.cells:
            return []
        if not as_globals or len(self.elements) == 1:
            return [self.name]
        return [f"{self.name}_{i}" for i in range(len(self.elements))]


def is_unfolded(module: Module) -> bool:
    """Whether constants of the module's code are read from elsewhere."""
    return bool(module.custom_sections(UNFOLDED_NAME))


def constant_bytes(instr: Instr) -> bytes:
    """The value of a constant as memory holds it."""
    value = instr.immediates[0]
    if isinstance(value, int):
        size = SIZES[instr.mnemonic.partition(".")[0]]
        return (value % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(value)


def unfold_code(
    module: Module, arrays: Sequence[Array], digest: bytes, *, as_globals: bool = False
) -> Module:
    """A copy of the module whose constants at these offsets are read from new elements.

    Args:
        module: a core module.
        arrays: the elements, each with the constants that are read from it.
        digest: of the module, kept for the way back.
        as_globals: whether each element is a mutable global.

    Raises:
        SectionError: naming what stands in the way.
        MalformedError: if a section that is needed cannot be decoded.
    """
    check_unfoldable(module)
    spaces = Spaces(module)
    _check_exports(spaces, arrays, as_globals=as_globals)
    raw = _constants(module, arrays)
    with_cells = _with_globals if as_globals else _with_memory
    edited, added = with_cells(module, spaces, [each for each in arrays if not each.cells])
    cells = _all_cells(arrays, added)
    reads = _reads(arrays, cells)
    edited, constants = _with_reads(edited, module, reads)
    old, new = module.section(CodeSection), edited.section(CodeSection)
    splices = code_splices(old, new, constants, raw, reads) if old and new else []
    sections = list(kept_sections(module, edited, splices))
    content = unfolded.build(Unfolded(1, digest, sections, cells, constants, bytes(4)))[:-4]
    content += zlib.crc32(content).to_bytes(4, "little")
    place = len(edited.sections)
    while place and edited.sections[place - 1].id == CUSTOM_ID and _is_own(edited, place - 1):
        place -= 1
    return edited.with_custom(UNFOLDED_NAME, content, index=place)


def check_unfoldable(module: Module) -> None:
    """Check that nothing stands in the way, whichever constants are chosen. Raises SectionError."""
    check_rewritable(module)
    if is_baked(module):
        raise SectionError("the module is baked: unbake it first")
    if is_unfolded(module):
        raise SectionError("the module is unfolded already: fold it first").helped_by("fold()")


def _is_own(module: Module, index: int) -> bool:
    return module.sections[index].name.startswith(_OWN)


def _check_exports(spaces: Spaces, arrays: Sequence[Array], *, as_globals: bool) -> None:
    taken: set[str] = set(spaces.exports)
    for array in arrays:
        for name in array.exports(as_globals=as_globals):
            if name in taken:
                raise SectionError(f"{name!r} is exported already: give another name")
            taken.add(name)


def _constants(module: Module, arrays: Sequence[Array]) -> dict[int, bytes]:
    """The bytes of the instruction at each offset, a constant of the type of its element."""
    wanted: dict[int, str] = {}
    for array in arrays:
        for element in array.elements:
            for offset in element.offsets:
                if offset in wanted:
                    raise SectionError(f"the constant at {offset:#x} is given twice")
                wanted[offset] = element.valtype
    found = instructions_at(module, wanted)
    for offset, (_, instr) in found.items():
        if instr.mnemonic != f"{wanted[offset]}.const":
            raise SectionError(
                f"{instr} at {offset:#x} is no {wanted[offset]}.const: only constants unfold"
            )
    return {offset: raw for offset, (raw, _) in found.items()}


def instructions_at(module: Module, offsets: Iterable[int]) -> dict[int, tuple[bytes, Instr]]:
    """The instructions at these offsets, with their bytes.

    Raises:
        SectionError: if no instruction of a function begins at one, with what is there.
    """
    known = set(offsets)
    wanted = sorted(known)
    found: dict[int, tuple[bytes, Instr]] = {}
    section = module.section(CodeSection)
    for func in section.entries if section else ():
        first = bisect_left(wanted, func.offset)
        if first < len(wanted) and wanted[first] < func.offset + len(func.content):
            for offset, raw, instr in func.instructions():
                if offset in known:
                    found[offset] = raw, instr
    for offset in wanted:
        if offset not in found:
            where = _what_is_at(module, offset)
            raise SectionError(f"no instruction begins at {offset:#x}: {where}")
    return found


def functions_at(module: Module, offsets: Iterable[int]) -> list[int]:
    """The indices of the functions that instructions at these offsets stand in."""
    wanted = sorted(offsets)
    section = module.section(CodeSection)
    first = imported_functions(module)
    found = []
    for index, func in enumerate(section.entries if section else ()):
        at = bisect_left(wanted, func.offset)
        if at < len(wanted) and wanted[at] < func.offset + len(func.content):
            found.append(first + index)
    return found


def _what_is_at(module: Module, offset: int) -> str:
    section = next((s for s in module.sections if s.offset <= offset < s.end), None)
    if section is None:
        return "the file has no such byte in a section"
    if isinstance(section, CodeSection):
        return "it is within an instruction, or between functions"
    kinds = {
        "global": "initial values",
        "data": "addresses of data",
        "element": "places of elements",
    }
    if section.name in kinds:
        return (
            f"it lies in the {section.name} section, whose {kinds[section.name]} hold before S is "
            "there; only code can read S"
        )
    return f"it lies in the {section.name} section"


def _all_cells(arrays: Sequence[Array], added: Iterable[UnfoldedCell]) -> list[UnfoldedCell]:
    new = iter(added)
    return [
        cell
        for array in arrays
        for cell in (array.cells or tuple(islice(new, len(array.elements))))
    ]


def _with_globals(
    module: Module, spaces: Spaces, arrays: Sequence[Array]
) -> tuple[Module, list[UnfoldedCell]]:
    added, exports = [], []
    cells: list[UnfoldedCell] = []
    for array in arrays:
        names = array.exports(as_globals=True)
        for name, element in zip(names, array.elements, strict=True):
            type_ = element.valtype
            if type_ == "v128":
                raise SectionError(f"{name}: S has no globals of type v128: keep it in memory")
            number = int.from_bytes(element.init, "little", signed=True)
            value = number if type_.startswith("i") else element.init
            init = Expr((Instr(f"{type_}.const", (value,)),))
            index = len(spaces.globals) + len(cells)
            added.append(global_.build(Global(GlobalType(type_, True), init)))
            exports.append(export_layout.build(Export(name, "global", index)))
            cells.append(UnfoldedCell("global", index, SIZES[type_]))
    sections = append(module.sections, GlobalSection, added)
    return module.with_sections(append(sections, ExportSection, exports)), cells


def _with_memory(
    module: Module, spaces: Spaces, arrays: Sequence[Array]
) -> tuple[Module, list[UnfoldedCell]]:
    if not arrays:
        return module, []
    _check_memory(module, spaces)
    memory = spaces.memories[0] if spaces.memories else MemType(Limits(0, 0))
    exports = _memory_export(spaces)
    start = _aligned(memory.limits.min * memory.page_size)
    image, cells = bytearray(), []
    values: list[bytes] = []
    for array in arrays:
        image += bytes(_aligned(len(image)) - len(image))
        exports.append(Export(array.name, "global", len(spaces.globals) + len(values)))
        address = _address(start + len(image))
        values.append(global_.build(Global(GlobalType("i32", False), address)))
        for element in array.elements:
            cells.append(UnfoldedCell("memory", start + len(image), len(element.init)))
            image += element.init
    memories = [_enlarged(memory, start + len(image)), *spaces.memories[1:]]
    edited = module.with_entries({MemorySection: memories})
    sections = append(edited.sections, GlobalSection, values)
    sections = append(sections, ExportSection, [export_layout.build(each) for each in exports])
    segment = data_.build(Data(0, None, _address(start), bytes(image)))
    return module.with_sections(append(sections, DataSection, [segment])), cells


def _memory_export(spaces: Spaces) -> list[Export]:
    """The export that memory 0 lacks, if it does."""
    if any((e.kind, e.index) == ("memory", 0) for e in spaces.exports.values()):
        return []
    is_free = not spaces.memories and "memory" not in spaces.exports
    return [Export("memory" if is_free else export_name("memory", 0), "memory", 0)]


def _check_memory(module: Module, spaces: Spaces) -> None:
    reason = None
    section = module.section(MemorySection)
    if spaces.memories and len(section.entries if section else ()) < len(spaces.memories):
        reason = "the memory is imported: how large it is, and what lies behind, is for the host"
    elif spaces.memories and spaces.memories[0].limits.is_shared:
        reason = "the memory is shared"
    elif spaces.memories and spaces.memories[0].limits.is_64_bit:
        reason = "the memory has addresses of 64 bits"
    else:
        code = module.section(CodeSection)
        first = imported_functions(module)
        for index, func in enumerate(code.entries if code else ()):
            if func.uses(frozenset({"memory.size"})):
                reason = (
                    f"function {first + index} looks how large the memory is (memory.size): a heap "
                    "may take what is appended for its own"
                )
                break
    if reason is not None:
        raise SectionError(
            f"the constants cannot be kept in memory: {reason}; keep each in a global"
        ).helped_by("as_globals")


def _enlarged(memory: MemType, end: int) -> MemType:
    """The memory with room up to ``end``; it may grow by as many pages as before."""
    pages = -(-end // memory.page_size)
    limits = memory.limits
    if limits.max is not None:
        memory = MemType(replace(limits, max=limits.max + pages - limits.min))
    most = (1 << 32) // memory.page_size
    if pages > most:
        raise SectionError(f"memory 0 would start with {pages} pages, {most} are the most")
    return grown_memory(0, memory, pages)


def _address(address: int) -> Expr:
    # The constant is signed: the upper half of the addresses is negative.
    return Expr((Instr("i32.const", ((address + (1 << 31)) % (1 << 32) - (1 << 31),)),))


def _aligned(address: int) -> int:
    return -(-address // _ALIGNMENT) * _ALIGNMENT


def _reads(arrays: Sequence[Array], cells: Sequence[UnfoldedCell]) -> dict[int, tuple[int, bytes]]:
    """For the offset of each constant the index of its cell, and the bytes that read it."""
    elements = [element for array in arrays for element in array.elements]
    return {
        offset: (number, _read(cell, element.valtype))
        for number, (element, cell) in enumerate(zip(elements, cells, strict=True))
        for offset in element.offsets
    }


def _read(cell: UnfoldedCell, valtype: str) -> bytes:
    if cell.kind == "global":
        return instruction.encode(Instr("global.get", (cell.place,)))
    load = Instr(f"{valtype}.load", (MemArg(cell.size.bit_length() - 1, cell.place),))
    return instruction.encode(Instr("i32.const", (0,))) + instruction.encode(load)


def _with_reads(
    edited: Module, module: Module, reads: Mapping[int, tuple[int, bytes]]
) -> tuple[Module, list[UnfoldedConstant]]:
    old, new = module.section(CodeSection), edited.section(CodeSection)
    rewrites: dict[int, Rewrite] = {}
    constants: list[UnfoldedConstant] = []
    wanted = sorted(reads)
    assert old is not None  # there are constants in it
    assert new is not None
    for index, (func, moved) in enumerate(zip(old.entries, new.entries, strict=True)):
        first = bisect_left(wanted, func.offset)
        inside = wanted[first : bisect_left(wanted, func.offset + len(func.content))]
        if inside:
            shift = moved.offset - func.offset  # sections before the code may have grown
            rewrites[index] = Rewrite({each + shift: reads[each][1] for each in inside})
            constants += [
                UnfoldedConstant(index, each - func.offset, reads[each][0]) for each in inside
            ]
    return rewrite(edited, rewrites), constants
