"""What constants of the code are for: weights, or addresses, loop bounds, shifts.

A function is run on sets instead of values: a stack entry is the set of constants that it is
computed from. Integers keep the sets through arithmetic and locals, so that a constant that ends up
in an address is found out; floats are weights whatever is done with them. What instruction takes
an entry is its role. Locals are not followed path by path: a set only grows, until nothing changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from wasmstate.binary.code.immediates import BlockType
from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.spaces import Spaces

Entry = frozenset[int]
"""The offsets of the constants that a value is computed from."""

_NOTHING: Entry = frozenset()
_LARGEST = 256  # constants in one entry; a longer computation is not followed
_ROUNDS = 8  # that locals are followed through at most
_SHIFTS = frozenset({"shl", "shr_s", "shr_u", "rotl", "rotr"})
_MASKS = frozenset({"and", "or", "xor"})
_UNARY = frozenset(
    {
        *("eqz", "clz", "ctz", "popcnt", "abs", "neg", "ceil", "floor", "trunc", "nearest"),
        *("sqrt", "splat", "not", "any_true", "all_true", "bitmask"),
        *("extract_lane", "extract_lane_s", "extract_lane_u"),
    }
)
_UNARY_BEGINNINGS = (
    *("wrap_", "extend", "trunc_", "convert_", "demote_", "promote_", "reinterpret_", "extadd_"),
    *("relaxed_trunc_",),
)
_TERNARY = (
    *("bitselect", "relaxed_madd", "relaxed_nmadd", "relaxed_laneselect"),
    "dot_i8x16_i7x16_add",
)
_OTHERS = {
    **dict.fromkeys(("nop", "atomic.fence", "data.drop", "elem.drop"), (0, 0)),
    **dict.fromkeys(("table.size", "memory.size", "ref.null", "ref.func"), (0, 1)),
    **dict.fromkeys(("local.get", "global.get"), (0, 1)),
    **dict.fromkeys(("drop", "local.set", "global.set"), (1, 0)),
    **dict.fromkeys(("local.tee", "memory.grow", "table.get", "ref.is_null"), (1, 1)),
    **dict.fromkeys(("memory.fill", "memory.copy", "memory.init"), (3, 0)),
    **dict.fromkeys(("table.fill", "table.copy", "table.init"), (3, 0)),
    **dict.fromkeys(("table.set",), (2, 0)),
    **dict.fromkeys(("table.grow", "memory.atomic.notify"), (2, 1)),
    **dict.fromkeys(("memory.atomic.wait32", "memory.atomic.wait64"), (3, 1)),
    **dict.fromkeys(("i64.add128", "i64.sub128"), (4, 2)),
    **dict.fromkeys(("i64.mul_wide_s", "i64.mul_wide_u"), (2, 2)),
}
_PRIORITY = (
    *("an address", "an address or a size", "an index", "a loop bound", "a shift"),
    *("kept in a global", "a condition", "a mask of bits", "an argument of a call"),
    *("stored as it is", "part of a long computation"),
)
_LEAVES = frozenset({"br", "br_table", "return", "unreachable", "throw", "throw_ref", "rethrow"})


def constant_roles(
    spaces: Spaces, instructions: Sequence[tuple[int, Instr]]
) -> tuple[dict[int, str], dict[int, str]]:
    """What the constants of a function are for.

    Args:
        spaces: of the module.
        instructions: of the function, with their offsets.

    Returns:
        The role of each constant that is no mere value, by its offset: ``an address``, ``a loop
        bound``. And of each vector that an instruction takes, the shape that this gives it:
        ``f32x4``.
    """
    walk = _walked(spaces, instructions, 0)
    return {at: min(each, key=_PRIORITY.index) for at, each in walk.roles.items()}, walk.shapes


def address_params(spaces: Spaces, funcidx: int) -> set[int]:
    """Which parameters of a function it computes addresses from, by their indices.

    One that it only gives to other functions is not among them.
    """
    section = spaces.module.section(CodeSection)
    first = sum(isinstance(each.type, int) for each in spaces.imports)
    if section is None or not 0 <= funcidx - first < len(section.entries):
        return set()
    instructions = section.entries[funcidx - first].instructions()
    count = len(spaces.function_type(funcidx).params)
    walk = _walked(spaces, [(offset, instr) for offset, _, instr in instructions], count)
    return {i for i in range(count) if "an address" in walk.roles[_param(i)]}


def _param(index: int) -> int:
    """What stands for a parameter among the offsets of constants."""
    return -1 - index


def _walked(spaces: Spaces, instructions: Sequence[tuple[int, Instr]], params: int) -> _Walk:
    walk = _Walk(spaces)
    walk.locals.update({i: frozenset({_param(i)}) for i in range(params)})
    for _ in range(_ROUNDS):
        before = {index: len(each) for index, each in walk.locals.items()}
        walk.run(instructions)
        if {index: len(each) for index, each in walk.locals.items()} == before:
            break
    return walk


class _Walk:
    """One function on sets of constants."""

    def __init__(self, spaces: Spaces) -> None:
        self.spaces = spaces
        self.locals: dict[int, Entry] = defaultdict(frozenset)
        self.roles: dict[int, set[str]] = defaultdict(set)
        self.shapes: dict[int, str] = {}
        self.stack: list[Entry] = []
        # Height of the stack below each open block, how many results it has, whether it is a loop.
        self.blocks: list[tuple[int, int, bool]] = []

    def run(self, instructions: Sequence[tuple[int, Instr]]) -> None:
        self.stack, self.blocks = [], []
        for offset, instr in instructions:
            name = instr.mnemonic
            if name.endswith(".const"):
                self.stack.append(frozenset({offset}))
            elif name in ("block", "loop", "if", "else", "end", "try", "try_table", "delegate"):
                self._block(instr)
            elif name in _LEAVES or name.startswith("return_call"):
                self._leave(instr)
            elif name == "br_if":
                self._take("a loop bound" if self._in_loop() else "a condition")
            elif name.startswith("call"):
                self._call(instr)
            else:
                self._plain(instr)

    def _block(self, instr: Instr) -> None:
        name = instr.mnemonic
        if name == "if":
            self._take("a condition")
        if name not in ("else", "end", "delegate"):
            params, results = self._arity(instr.immediates[0])
            self.blocks.append((len(self.stack) - params, results, name == "loop"))
            return
        height, results, is_loop = self.blocks.pop() if self.blocks else (0, 0, False)
        top = self.stack[height:][-results:] if results else []
        del self.stack[max(height, 0) :]
        if name == "else":
            self.blocks.append((height, results, is_loop))
        else:
            self.stack += [_NOTHING] * (results - len(top)) + top

    def _arity(self, type_: BlockType) -> tuple[int, int]:
        if isinstance(type_.type, int):
            found = self.spaces.func_type(type_.type)
            return len(found.params), len(found.results)
        return 0, 0 if type_.type is None else 1

    def _in_loop(self) -> bool:
        return any(is_loop for _, _, is_loop in self.blocks)

    def _leave(self, instr: Instr) -> None:
        if instr.mnemonic == "br_table":
            self._take("an index")
        if instr.mnemonic.startswith("return_call"):
            self._call(instr)
        del self.stack[max(self.blocks[-1][0], 0) if self.blocks else 0 :]

    def _call(self, instr: Instr) -> None:
        name, index = instr.mnemonic, instr.immediates[0]
        if not name.endswith("call"):
            self._take("an index")  # into a table; of call_ref the function itself
            type_ = self.spaces.func_type(index)
        else:
            type_ = self.spaces.function_type(index)
        for param in reversed(type_.params):
            is_number = str(param) in ("f32", "f64", "v128")
            self._take("" if is_number else "an argument of a call")
        self.stack += [_NOTHING] * len(type_.results)

    def _plain(self, instr: Instr) -> None:
        name = instr.mnemonic
        kind, _, operation = name.partition(".")
        pops, pushes = _effect(name, kind, operation)
        if pops < 0:  # not known: what it takes and gives is left open
            self.stack.clear()
            return
        taken = [self._pop() for _ in range(pops)][::-1]
        if kind == "local":
            self._local(operation, instr.immediates[0], taken)
            return
        for each in taken:
            for offset in each:
                if _is_vector(kind):
                    self.shapes.setdefault(offset, kind)
        if name == "select":
            self._note(taken[2], "a condition")
            self.stack.append(_joined(taken[:2]))
        elif ".load" in name or ".store" in name or ".atomic." in name:
            self._note(taken[0] if taken else _NOTHING, "an address")
            if kind in ("i32", "i64") and len(taken) > 1:
                self._note(_joined(taken[1:]), "stored as it is")
            self.stack += [_NOTHING] * pushes
        elif kind in ("memory", "table"):
            self._note(_joined(taken), "an address or a size" if kind == "memory" else "an index")
            self.stack += [_NOTHING] * pushes
        elif kind == "global":
            self._note(_joined(taken), "kept in a global")
            self.stack += [_NOTHING] * pushes
        else:
            self._compute(kind, operation, taken, pushes)

    def _compute(self, kind: str, operation: str, taken: Sequence[Entry], pushes: int) -> None:
        if kind not in ("i32", "i64") or "_f" in operation:
            self.stack += [_NOTHING] * pushes  # of a float no address is made
            return
        if operation in _SHIFTS:
            self._note(taken[1], "a shift")
        elif operation in _MASKS:
            self._note(_joined(taken), "a mask of bits")
        joined = _joined(taken)
        if len(joined) > _LARGEST:
            self._note(joined, "part of a long computation")
            joined = _NOTHING
        self.stack += [joined] * pushes

    def _local(self, operation: str, index: int, taken: Sequence[Entry]) -> None:
        if operation == "get":
            self.stack.append(self.locals[index])
            return
        self.locals[index] |= taken[0]
        if operation == "tee":
            self.stack.append(self.locals[index])

    def _take(self, role: str) -> None:
        entry = self._pop()
        if role:
            self._note(entry, role)

    def _note(self, entry: Entry, role: str) -> None:
        for offset in entry:
            self.roles[offset].add(role)

    def _pop(self) -> Entry:
        height = max(self.blocks[-1][0], 0) if self.blocks else 0
        return self.stack.pop() if len(self.stack) > height else _NOTHING


def _joined(entries: Sequence[Entry]) -> Entry:
    return frozenset().union(*entries)


def _effect(name: str, kind: str, operation: str) -> tuple[int, int]:
    """How many values an instruction takes and gives; negative if that is not known."""
    if name in _OTHERS:
        return _OTHERS[name]
    if name == "select":
        return 3, 1
    if ".atomic." in name:
        if "cmpxchg" in name:
            return 3, 1
        return (2, 1) if "rmw" in name else ((1, 1) if ".load" in name else (2, 0))
    if ".store" in name:
        return 2, 0
    if ".load" in name:
        return (2, 1) if name.endswith("_lane") else (1, 1)
    if kind not in ("i32", "i64", "f32", "f64", "v128") and not _is_vector(kind):
        return -1, 0
    if operation in _UNARY or operation.startswith(_UNARY_BEGINNINGS):
        return 1, 1
    return (3, 1) if any(each in operation for each in _TERNARY) else (2, 1)


def _is_vector(kind: str) -> bool:
    return "x" in kind and kind[-1].isdigit()
