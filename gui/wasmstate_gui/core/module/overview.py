"""What a module is: who made it, what it needs and offers, what takes how much of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wasmstate.binary.module import Module
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError
from wasmstate_gui.core.document.layout_rows import kind_of
from wasmstate_gui.core.module.entry_tables import ModuleTable, module_table
from wasmstate_gui.core.module.treemap import Tile
from wasmstate_gui.core.texts import counted

_MOST_TILES = 250  # of a section; the smallest of more are one tile
_MOST_LISTED = 12
_LARGEST = 10
_LONGEST = 40  # characters of a word
_UNKNOWN = "not stated"
_HOSTS = {
    "wasi_snapshot_preview1": "WASI preview 1",
    "wasi_unstable": "WASI preview 0",
    "wasi": "WASI threads",
    "": "(no name)",
    "env": "env (of the C toolchain)",
}


@dataclass(frozen=True, slots=True)
class Overview:
    """A module in words and rectangles.

    Attributes:
        facts: headings with their texts.
        tiles: the sections with their parts, the largest first.
        largest: the largest functions.
    """

    facts: tuple[tuple[str, str], ...] = ()
    tiles: tuple[Tile, ...] = ()
    largest: tuple[Tile, ...] = ()


def overview(module: Module) -> Overview:
    """Look through a module; takes its time with large ones.

    What cannot be decoded is left out: the problems tell of it.
    """
    functions = module_table("Functions", module)
    tiles = _tiles(module, functions)
    facts = (
        ("Made by", _told(lambda: _producers(module, "processed-by", "sdk"))),
        ("Language", _told(lambda: _producers(module, "language"))),
        ("Features", _told(lambda: _features(module))),
        ("Memory", _told(lambda: _memory(module))),
        ("Imports", _told(lambda: _imports(module))),
        ("Exports", _told(lambda: _exports(module))),
        ("Functions", _told(lambda: _functions(module, functions))),
    )
    code = next((tile.children for tile in tiles if tile.kind == "code"), ())
    largest = tuple(tile for tile in code if tile.end > tile.start)[:_LARGEST]
    return Overview(tuple(fact for fact in facts if fact[1]), tiles, largest)


def _told(look: Callable[[], str]) -> str:
    try:
        return look()
    except MalformedError:
        return "malformed: see the problems"


def _producers(module: Module, *kinds: str) -> str:
    found = [
        f"{value.name} {value.version}".strip()
        for section in module.custom_sections("producers")
        for each in section.decode().fields
        if each.field_name in kinds
        for value in each.field_values
    ]
    return " ".join(map(_shortened, ", ".join(found).split())) or _UNKNOWN


def _features(module: Module) -> str:
    found = [
        each.feature if each.prefix == "+" else f"{each.prefix}{each.feature}"
        for section in module.custom_sections("target_features")
        for each in section.decode().features
    ]
    return ", ".join(found) or _UNKNOWN


def _memory(module: Module) -> str:
    found = []
    for memory in Spaces(module).memories:
        limits = memory.limits
        parts = [counted(limits.min, "page"), _bytes(limits.min * memory.page_size)]
        if limits.max is None:
            parts.append("grows without a limit of its own")
        elif limits.max == limits.min:
            parts.append("does not grow")
        else:
            parts.append(f"grows to {_bytes(limits.max * memory.page_size)}")
        parts += ["shared"] * limits.is_shared + ["64 bit"] * limits.is_64_bit
        found.append(", ".join(parts))
    return "; ".join(found) or "none"


def _bytes(size: int) -> str:
    if size < 1 << 20:
        return f"{size / 1024:,.0f} KiB"
    return f"{size / (1 << 20):,.1f} MiB" if size < 1 << 30 else f"{size / (1 << 30):,.1f} GiB"


def _imports(module: Module) -> str:
    hosts: dict[str, list[str]] = {}
    for each in Spaces(module).imports:
        hosts.setdefault(each.module, []).append(each.name)
    return (
        "\n".join(
            f"{_HOSTS.get(host, _shortened(host))}: {_listed(names)}"
            for host, names in sorted(hosts.items())
        )
        or "none: it runs anywhere"
    )


def _exports(module: Module) -> str:
    spaces = Spaces(module)
    kinds: dict[str, list[str]] = {}
    for each in spaces.exports.values():
        kinds.setdefault(each.kind, []).append(each.name)
    return "\n".join(f"{kind}: {_listed(names)}" for kind, names in kinds.items()) or "none"


def _functions(module: Module, functions: ModuleTable) -> str:
    if functions.damage:
        return functions.damage
    code = module.section(CodeSection)
    own = len(code.entries) if code is not None else 0
    named = f", {len(functions.names):,} with a name" if functions.names else ", without names"
    return f"{own:,} of its own, {functions.count - own:,} imported{named}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LISTED
    shown = ", ".join(_shortened(name) for name in names[:_MOST_LISTED])
    return shown + (f" and {more:,} more" if more > 0 else "")


def _shortened(word: str) -> str:
    return word if len(word) <= _LONGEST else f"{word[: _LONGEST - 1]}\u2026"


def _tiles(module: Module, functions: ModuleTable) -> tuple[Tile, ...]:
    double = Counter(section.name for section in module.sections)
    found = []
    for section in module.sections:
        number = f" {section.index}" if double[section.name] > 1 else ""
        kind, size = kind_of(section), section.end - section.offset
        children = tuple(_parts(module, section, functions, kind))
        name = f"{section.name}{number}"
        found.append(Tile(name, kind, section.offset, section.end, size, children))
    return tuple(sorted(found, key=lambda tile: -tile.size))


def _parts(module: Module, section: Section, functions: ModuleTable, kind: str) -> Iterator[Tile]:
    """The largest functions of the code, or segments of the data; of other sections nothing."""
    if section.id == CUSTOM_ID or section.fault is not None:
        return
    if isinstance(section, CodeSection):
        table, noun = functions, "function"
    elif isinstance(section, DataSection):
        table, noun = module_table("Data", module), "segment"
    else:
        return
    inside = range(section.offset, section.end)
    rows = [row for row in range(table.count) if table.starts[row] in inside]
    rows.sort(key=lambda row: table.starts[row] - table.ends[row])
    for row in rows[:_MOST_TILES]:
        start, end = table.span(row)
        named = table.cells(row)[1] or f"{noun} {row}"
        yield Tile(named, kind, start, end, end - start)
    others = rows[_MOST_TILES:]
    if others:
        size = sum(table.ends[row] - table.starts[row] for row in others)
        at = section.offset
        yield Tile(f"{counted(len(others), f'smaller {noun}')}", kind, at, at, size)
