"""Core dumps: ``core``, ``coremodules``, ``coreinstances`` and ``corestack``.

Source: tool-conventions, "Coredump", heading "Coredump file format".
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct, Switch, this

from wasmstate.binary.types import NUMBER_TYPES
from wasmstate.binary.values import Choice, List, f32, f64, name, record, s32, s64, u32


@dataclass(frozen=True, slots=True)
class Core:
    """The process. Its ``form`` is always 0, as it is wherever it occurs in a core dump."""

    form: int
    executable_name: str


@dataclass(frozen=True, slots=True)
class CoreModule:
    """A module that was running."""

    form: int
    module_name: str


@dataclass(frozen=True, slots=True)
class CoreModules:
    """The modules that were running."""

    modules: list[CoreModule]


@dataclass(frozen=True, slots=True)
class CoreInstance:
    """An instance of a module, and which memories and globals of the core dump are its own."""

    form: int
    moduleidx: int
    memories: list[int]
    globals: list[int]


@dataclass(frozen=True, slots=True)
class CoreInstances:
    """The instances."""

    instances: list[CoreInstance]


@dataclass(frozen=True, slots=True)
class Value:
    """A local or an entry of the stack.

    Attributes:
        type: ``missing`` if the engine had optimized it out.
        value: integers as numbers, floats as their little-endian bits.
    """

    type: str
    value: int | bytes | None


@dataclass(frozen=True, slots=True)
class Frame:
    """A call; ``codeoffset`` counts from the start of the function, 0 if it is not known."""

    form: int
    instanceidx: int
    funcidx: int
    codeoffset: int
    locals: list[Value]
    stack: list[Value]


@dataclass(frozen=True, slots=True)
class CoreStack:
    """A thread: its frames, the youngest first."""

    form: int
    thread_name: str
    frames: list[Frame]


_form = "form" / Choice("malformed core dump", 0)
_types = {code: word for code, word in NUMBER_TYPES.items() if word != "v128"}
_value = record(
    Value,
    Struct(
        "type" / Choice("malformed value type", names={1: "missing"} | _types),
        "value" / Switch(this.type, {"i32": s32, "i64": s64, "f32": f32, "f64": f64}),
    ),
)
_frame = record(
    Frame,
    Struct(
        _form,
        "instanceidx" / u32,
        "funcidx" / u32,
        "codeoffset" / u32,
        "locals" / List(_value),
        "stack" / List(_value),
    ),
)
_module = record(CoreModule, Struct(_form, "module_name" / name))
_instance = record(
    CoreInstance,
    Struct(_form, "moduleidx" / u32, "memories" / List(u32), "globals" / List(u32)),
)

core = record(Core, Struct(_form, "executable_name" / name))
coremodules = record(CoreModules, Struct("modules" / List(_module)))
coreinstances = record(CoreInstances, Struct("instances" / List(_instance)))
corestack = record(CoreStack, Struct(_form, "thread_name" / name, "frames" / List(_frame)))
