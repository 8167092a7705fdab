"""The name section: what functions and their locals were called in the source.

Source: WebAssembly Core 3.0, Appendix, "Custom Sections", "Name Section".
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from construct import Struct

from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.values import Content, List, byte, name, octets, u32
from wasmstate.errors import MalformedError

_MODULE, _FUNCTIONS, _LOCALS = 0, 1, 2

_subsection = Struct("id" / byte, "content" / octets)
_name_map = List(Struct("index" / u32, "name" / name))
_indirect_name_map = List(Struct("index" / u32, "names" / _name_map))


@dataclass(frozen=True)
class Names:
    """Names by index.

    Attributes:
        module: of the module itself.
        functions: of functions.
        locals: of each function's locals, its parameters first.
        damage: what stopped the reading, since errors in this section do not concern the module.
    """

    module: str | None = None
    functions: dict[int, str] = field(default_factory=dict)
    locals: dict[int, dict[int, str]] = field(default_factory=dict)
    damage: MalformedError | None = None


def read_names(module: Module) -> Names:
    """The names of a module; whatever is readable of a damaged name section."""
    sections = module.custom_sections("name")
    if not sections:
        return Names()
    section = sections[0]
    content = Content(section.content, section.content_offset, section.path)
    own: str | None = None
    functions: dict[int, str] = {}
    local_names: dict[int, dict[int, str]] = {}
    damage = None
    try:
        while content.tell() < content.length:
            subsection = _subsection.parse_stream(content)
            start = content.offset + content.tell() - len(subsection.content)
            inner = Content(subsection.content, start, section.path)
            if subsection.id == _MODULE:
                own = name.read(inner, ".module")
            elif subsection.id == _FUNCTIONS:
                functions = {each.index: each.name for each in _name_map.parse_stream(inner)}
            elif subsection.id == _LOCALS:
                for function in _indirect_name_map.parse_stream(inner):
                    names = {each.index: each.name for each in function.names}
                    local_names[function.index] = names
    except MalformedError as error:
        damage = error
    return Names(own, functions, local_names, damage)


def function_names(module: Module) -> dict[int, str]:
    """A name for each function that has one: its own, else that of an export, else of an import.

    A section that cannot be decoded gives none.
    """
    names: dict[int, str] = {}
    spaces = Spaces(module)
    with suppress(MalformedError):
        imported = [each for each in spaces.imports if isinstance(each.type, int)]
        names |= {i: f"{each.module}.{each.name}" for i, each in enumerate(imported)}
    with suppress(MalformedError):
        names |= {e.index: e.name for e in spaces.exports.values() if e.kind == "func"}
    return names | read_names(module).functions
