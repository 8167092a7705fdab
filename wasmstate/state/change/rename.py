"""Other names for exports and imports, in a module whose state goes by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.import_ import Import, ImportSection
from wasmstate.errors import SectionError
from wasmstate.escapes import listed
from wasmstate.state.change.bake import bake_state, unbake
from wasmstate.state.change.successor import carry_on
from wasmstate.state.code_match import check_belongs
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.place import symbol_of
from wasmstate.state.signature import Param
from wasmstate.state.state import State


def rename_exports(module: ModuleLike, names: Mapping[str, str]) -> Module:
    """A copy of a module whose exports have other names.

    A state that the module carries goes on as the next generation: its entry points and symbols
    have the new names. All code keeps its bytes.

    Args:
        module: a path, bytes or a Module.
        names: new names by old ones; two exports may exchange theirs.

    Raises:
        SectionError: there is no such export, or two would have one name.
        StateError: the module carries a damaged state.
        MalformedError: the export section cannot be decoded.
    """
    module = as_module(module)
    section = module.section(ExportSection)
    exports = [] if section is None else list(section.entries)
    _check(names, [each.name for each in exports], "export")
    changed = [replace(each, name=names.get(each.name, each.name)) for each in exports]
    return _edited(
        module,
        lambda code: code.with_entries({ExportSection: changed}),
        names,
    )


def rename_imports(module: ModuleLike, names: Mapping[str, str]) -> Module:
    """A copy of a module that asks for its imports by other names.

    Args:
        module: a path, bytes or a Module.
        names: new names by old ones, ``{"env.log": "host.print"}``; a module's name alone,
            ``{"env": "host"}``, stands for all that is imported from it.

    Raises:
        SectionError: there is no such import, or a new name does not fit the old one.
        StateError: the module carries a damaged state.
        MalformedError: the import section cannot be decoded.
    """
    module = as_module(module)
    section = module.section(ImportSection)
    imports = [] if section is None else list(section.entries)
    known = [f"{each.module}.{each.name}" for each in imports]
    _check_known(names, {*known, *(each.module for each in imports)}, known, "import")
    changed = [_renamed(each, names) for each in imports]
    return _edited(module, lambda code: code.with_entries({ImportSection: changed}), {})


def _renamed(import_: Import, names: Mapping[str, str]) -> Import:
    whole = f"{import_.module}.{import_.name}"
    if whole in names:
        module, dot, name = names[whole].rpartition(".")
        if not dot:
            raise SectionError(f"the new name {names[whole]!r} of {whole} has no module: mod.name")
        return replace(import_, module=module, name=name)
    return replace(import_, module=names.get(import_.module, import_.module))


def _check(names: Mapping[str, str], known: Sequence[str], kind: str) -> None:
    _check_known(names, set(known), known, kind)
    after = [names.get(name, name) for name in known]
    for name in names.values():
        if after.count(name) > 1:
            raise SectionError(f"two exports would be named {name!r}")


def _check_known(
    names: Mapping[str, str], valid: set[str], known: Sequence[str], kind: str
) -> None:
    for name in names:
        if name not in valid:
            raise SectionError(f"the module has no {kind} {name!r}; it has {listed(known, 20)}")


def _placed(param: Param, names: Mapping[str, str]) -> Param:
    """A parameter whose buffer is found by the new name of its symbol."""
    symbol = symbol_of(param.place or "")
    if symbol is None or symbol not in names:
        return param
    return replace(param, place=str(param.place).removesuffix(symbol) + names[symbol])


def _edited(module: Module, edit: Callable[[Module], Module], names: Mapping[str, str]) -> Module:
    """The edited module, with the state it carries described for it."""
    code = unbake(module)
    edited = edit(code)
    if not module.custom_sections(STATE_SECTION):
        return edited
    state = State.of(module)
    check_belongs(state, module)
    schema = replace(
        state.schema,
        tensors=tuple(
            replace(each, symbol=each.symbol and names.get(each.symbol, each.symbol))
            for each in state.tensors
        ),
        entry_points={
            names.get(name, name): replace(
                signature, params=tuple(_placed(param, names) for param in signature.params)
            )
            for name, signature in state.entry_points.items()
        },
    )
    described = State(replace(state.record, schema=schema.encode()), schema)
    after = carry_on(edited, described, code)
    return bake_state(after, State.of(after)) if is_baked(module) else after
