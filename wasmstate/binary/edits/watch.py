"""Watching: a copy of a module that notes each write to some bytes, or to a global.

Behind each store, and each other instruction that writes to the memory, a function is called that
was appended to the module. If the write touches what is watched, it notes the instruction, its
operands, what is there by then and the frames of the stack, in a memory of its own. Nothing leaves
the module, so a store that touches other bytes costs two comparisons.

The engine's stack cannot be seen from inside. Each function has a frame in the new memory instead:
its arguments, and the call that it is doing. A local holds the place of its own frame and a global
the place of the next one, which each call sets again, so that an exception leaves no frame behind.

Source: WebAssembly Core 3.0, Validation, "Instructions".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wasmstate.binary.code.immediates import BlockType, MemArg
from wasmstate.binary.code.instructions import Expr, Instr, expr, instruction
from wasmstate.binary.edits.export import with_reachable
from wasmstate.binary.edits.rewrite import Rewrite, rewrite
from wasmstate.binary.edits.writes import WriteTo, write_of
from wasmstate.binary.module import Module
from wasmstate.binary.section_list import append
from wasmstate.binary.sections.code import CodeSection, Func, Locals, locals_list
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import Global, GlobalSection, global_
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.type import RecType, SubType, TypeSection, rectype
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import PAGE_SIZE, FuncType, GlobalType, Limits, MemType, memtype
from wasmstate.binary.values import u32

MOST_WRITES = 1000
"""Writes that are noted; further ones are counted."""

WINDOW = 64
"""Bytes of what is watched that are noted behind each write."""

FRAME = 128
"""Bytes of a frame: the call that is being done, the function, its arguments."""

FRAME_ARGS = 16
"""Where the arguments begin in a frame, each eight bytes."""

MOST_ARGS = (FRAME - FRAME_ARGS) // 8
FRAMES = 32
"""Innermost frames that are noted of a write."""

EVENT = 128 + FRAMES * FRAME
_STACK = 8 << 20  # more frames than the engine's own stack has room for
_COUNT = _STACK
LOG = _STACK + 16
SIZE = -(-(LOG + MOST_WRITES * EVENT) // PAGE_SIZE) * PAGE_SIZE
"""Size of the new memory."""

COUNT = _COUNT
"""Where it has how many writes there were, as an i64."""

_TO_BITS = {
    "i32": (Instr("i64.extend_i32_u"),),
    "i64": (),
    "f32": (Instr("i32.reinterpret_f32"), Instr("i64.extend_i32_u")),
    "f64": (Instr("i64.reinterpret_f64"),),
    "v128": (Instr("i64x2.extract_lane", (0,)),),
}
"""What makes eight bytes of a value."""

_SCRATCH = ("i32", "i32", "i32", "i64", "i64", "i64", "f32", "f64", "v128")
"""Locals that operands are put aside in."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is watched.

    Attributes:
        kind: ``memory`` or ``global``.
        index: of it.
        start: the first byte; 0 of a global.
        end: the first byte behind.
        holes: starts and ends of bytes in it that are not watched; a write that touches others,
            too, is noted.
    """

    kind: str
    index: int
    start: int
    end: int
    holes: tuple[tuple[int, int], ...] = ()

    @property
    def window(self) -> int:
        """How many of the bytes are noted of each write."""
        return 0 if self.holes else min(self.end - self.start, WINDOW)


@dataclass(frozen=True, slots=True)
class Site:
    """An instruction that writes, or calls.

    Attributes:
        function: its index.
        offset: of the instruction, in the file of the module as it was.
        instr: it.
    """

    function: int
    offset: int
    instr: Instr


@dataclass(frozen=True, slots=True)
class Watching:
    """A module that notes writes.

    Attributes:
        module: the copy.
        sites: the instructions, by the numbers that the notes have.
        memory: the index of the memory with the notes, which is exported.
        pointer: the index of the global that has the place of the next frame: 0 before a call.
    """

    module: Module
    sites: tuple[Site, ...]
    memory: int
    pointer: int


def watch(module: Module, target: Target) -> Watching:
    """A copy of the module that notes each write to the target.

    Raises:
        MalformedError: if a section that is needed cannot be decoded.
    """
    return _Watch(module, target).run()


class _Watch:
    def __init__(self, module: Module, target: Target) -> None:
        self.module = module
        self.target = target
        self.spaces = Spaces(module)
        self.memory = len(self.spaces.memories)
        self.pointer = len(self.spaces.globals)
        self.note = len(self.spaces.functions)
        self.sites: list[Site] = []

    def run(self) -> Watching:
        section = self.module.section(CodeSection)
        entries = section.entries if section else ()
        first = self.note - len(entries)
        rewrites = {
            index: self._function(first + index, func) for index, func in enumerate(entries)
        }
        edited = rewrite(self.module, rewrites, is_kept=False)
        types = self.module.section(TypeSection)
        typeidx = len(types.subtypes()) if types else 0
        params = ("i32", "i64", "i64", "i64", "i32")
        note = rectype.build(RecType((SubType(FuncType(params, ())),)))
        pages = SIZE // PAGE_SIZE
        frames = Global(GlobalType("i32", True), Expr((Instr("i32.const", (0,)),)))
        sections = append(edited.sections, TypeSection, [note])
        sections = append(sections, FunctionSection, [u32.encode(typeidx)])
        sections = append(
            sections, MemorySection, [memtype.build(MemType(Limits(1, pages, pages)))]
        )
        sections = append(sections, GlobalSection, [global_.build(frames)])
        body = self._note()
        sections = append(sections, CodeSection, [u32.encode(len(body)) + body])
        items = [("memory", self.memory), ("global", self.pointer)]
        module = with_reachable(edited.with_sections(sections), items)
        return Watching(module, tuple(self.sites), self.memory, self.pointer)

    def _function(self, funcidx: int, func: Func) -> Rewrite:
        params = self.spaces.function_type(funcidx).params
        base = len(params) + sum(run.count for run in func.locals())
        replaced = {}
        for offset, raw, instr in func.instructions():
            name = instr.mnemonic
            if name.startswith("return_call"):
                replaced[offset] = _code(_get(base), _set_global(self.pointer)) + raw
            elif name in ("call", "call_indirect", "call_ref"):
                replaced[offset] = self._before_call(base, self._site(funcidx, offset, instr)) + raw
            else:
                write = write_of(instr, self._address)
                if write is not None and (write.kind, write.index) == (
                    self.target.kind,
                    self.target.index,
                ):
                    if write.kind == "global":
                        type_ = str(self.spaces.globals[write.index].type.valtype)
                        write = write.of_type(type_)
                    site = self._site(funcidx, offset, instr)
                    replaced[offset] = self._noted(base, site, write, raw)
        prologue = _code(
            Instr("global.get", (self.pointer,)),
            Instr("local.tee", (base,)),
            _const("i32", funcidx),
            self._store("i32", 4),
            *self._arguments(base, list(map(str, params))),
        )
        scratch = tuple(Locals(1, each) for each in _SCRATCH) if self._has_writes(funcidx) else ()
        return Rewrite(replaced, prologue, (Locals(1, "i32"), *scratch))

    def _address(self, memory: int) -> str:
        return "i64" if self.spaces.memories[memory].limits.is_64_bit else "i32"

    def _has_writes(self, funcidx: int) -> bool:
        return any(
            site.function == funcidx and not site.instr.mnemonic.startswith("call")
            for site in reversed(self.sites)
        )

    def _site(self, funcidx: int, offset: int, instr: Instr) -> int:
        self.sites.append(Site(funcidx, offset, instr))
        return len(self.sites) - 1

    def _before_call(self, base: int, site: int) -> bytes:
        return _code(
            _get(base),
            _const("i32", site),
            self._store("i32", 0),
            _get(base),
            _const("i32", FRAME),
            Instr("i32.add"),
            _set_global(self.pointer),
        )

    def _arguments(self, base: int, types: Sequence[str]) -> Iterator[Instr]:
        """Put the arguments into the frame; what is no number is left out."""
        for i, type_ in enumerate(types[:MOST_ARGS]):
            if type_ in _TO_BITS:
                yield from (_get(base), _get(i), *_TO_BITS[type_])
                yield self._store("i64", FRAME_ARGS + 8 * i)

    def _noted(self, base: int, site: int, write: WriteTo, raw: bytes) -> bytes:
        """An instruction that writes, and behind it the call that notes it."""
        free = [(type_, base + 1 + i) for i, type_ in enumerate(_SCRATCH)]
        places = []
        for type_ in write.operands:
            found = next(each for each in free if each[0] == type_)
            free.remove(found)
            places.append(found)
        operands = [_get(index) for _, index in places]
        aside = [Instr("local.set", (index,)) for _, index in reversed(places)]
        if write.kind == "global":
            address: list[Instr] = [_const("i64", 0)]
        else:
            type_, index = places[0]
            address = [_get(index), *_TO_BITS[type_], _const("i64", _signed(write.offset))]
            address.append(Instr("i64.add"))
        if write.count is None:
            size = [_const("i64", write.size)]
        else:
            type_, index = places[write.count]
            size = [_get(index), *_TO_BITS[type_]]
        type_, index = places[write.value]
        return (
            _code(*aside, *operands)
            + raw
            + _code(
                _const("i32", site),
                *address,
                *size,
                *(_get(index), *_TO_BITS[type_]),
                _get(base),
                Instr("call", (self.note,)),
            )
        )

    def _note(self) -> bytes:
        """The function that notes a write: (site, address, size, value, frame)."""
        site, address, size, value, frame, event, first, place = range(8)
        target, window = self.target, self.target.window
        is_memory = target.kind == "memory"
        outside = [
            _get(size),
            Instr("i64.eqz"),
            Instr("br_if", (0,)),
            _get(address),
            _const("i64", _signed(target.end)),
            Instr("i64.ge_u"),
            Instr("br_if", (0,)),
            _get(address),
            _get(size),
            Instr("i64.add"),
            _const("i64", _signed(target.start)),
            Instr("i64.le_u"),
            Instr("br_if", (0,)),
        ]
        for start, end in target.holes:
            inside = (_const("i64", _signed(start)), Instr("i64.ge_u"))
            ends = (_get(address), _get(size), Instr("i64.add"), _const("i64", _signed(end)))
            outside += [
                *(_get(address), *inside, *ends, Instr("i64.le_u"), Instr("i32.and")),
                Instr("br_if", (0,)),
            ]
        count = [
            _const("i32", 0),
            _const("i32", 0),
            self._load("i64", _COUNT),
            _const("i64", 1),
            Instr("i64.add"),
            Instr("local.tee", (place,)),
            self._store("i64", _COUNT),
            _get(place),
            _const("i64", MOST_WRITES),
            Instr("i64.gt_u"),
            Instr("br_if", (0,)),
            _get(place),
            Instr("i32.wrap_i64"),
            _const("i32", 1),
            Instr("i32.sub"),
            _const("i32", EVENT),
            Instr("i32.mul"),
            _const("i32", LOG),
            Instr("i32.add"),
            Instr("local.set", (event,)),
        ]
        # The window begins at the write, as far as it lies in what is watched.
        begin = [
            *_limited(_get(address), _const("i64", _signed(target.start)), "i64.gt_u"),
            Instr("local.set", (place,)),
            *_limited(_get(place), _const("i64", _signed(target.end - window)), "i64.lt_u"),
            Instr("local.set", (place,)),
        ]
        head = [
            each
            for at, (index, type_) in {
                0: (site, "i32"),
                4: (frame, "i32"),
                8: (address, "i64"),
                16: (size, "i64"),
                24: (value, "i64"),
                32: (place, "i64"),
            }.items()
            for each in (_get(event), _get(index), self._store(type_, at))
        ]
        if is_memory:
            wrap = [] if self._address(target.index) == "i64" else [Instr("i32.wrap_i64")]
            content = [
                *(_get(event), _const("i32", 64), Instr("i32.add")),
                *(_get(place), *wrap),
                _const("i32", window),
                Instr("memory.copy", (self.memory, target.index)),
            ]
        else:
            type_ = str(self.spaces.globals[target.index].type.valtype)
            bits = (Instr("global.get", (target.index,)), *_TO_BITS[type_])
            content = [_get(event), *bits, self._store("i64", 64)]
        most = _const("i32", (FRAMES - 1) * FRAME)
        stack = [
            # From the frame 31 above, or from the first one.
            *(_get(frame), most, Instr("i32.sub"), _const("i32", 0)),
            *(_get(frame), most, Instr("i32.gt_u"), Instr("select")),
            Instr("local.set", (first,)),
            *(_get(event), _const("i32", 128), Instr("i32.add")),
            _get(first),
            *(_get(frame), _get(first), Instr("i32.sub"), _const("i32", FRAME), Instr("i32.add")),
            Instr("memory.copy", (self.memory, self.memory)),
        ]
        body = [
            Instr("block", (BlockType(None),)),
            *outside,
            *count,
            *begin,
            *head,
            *content,
            *stack,
            Instr("end"),
        ]
        locals_ = (Locals(2, "i32"), Locals(1, "i64"))
        return locals_list.encode(locals_) + expr.encode(Expr(tuple(body)))

    def _store(self, type_: str, at: int) -> Instr:
        return Instr(f"{type_}.store", (self._memarg(type_, at),))

    def _load(self, type_: str, at: int) -> Instr:
        return Instr(f"{type_}.load", (self._memarg(type_, at),))

    def _memarg(self, type_: str, at: int) -> MemArg:
        return MemArg(2 if type_ == "i32" else 3, at, self.memory or None)


def _limited(value: Instr, limit: Instr, compare: str) -> list[Instr]:
    """The value if the comparison with the limit holds, else the limit."""
    return [value, limit, value, limit, Instr(compare), Instr("select")]


def _code(*instrs: Instr) -> bytes:
    return b"".join(map(instruction.encode, instrs))


def _const(type_: str, value: int) -> Instr:
    return Instr(f"{type_}.const", (value,))


def _signed(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _get(index: int) -> Instr:
    return Instr("local.get", (index,))


def _set_global(index: int) -> Instr:
    return Instr("global.set", (index,))
