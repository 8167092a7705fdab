"""What a module is granted of what it imports.

Nothing is granted by default. A memory or a table is nothing of the host's: each instance gets one
of its own, empty and as large as the import says, so that what a call does depends on S alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, TypedDict

import wasmtime

from wasmstate.binary.sections.import_ import Import
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import GlobalType, TableType
from wasmstate.errors import CallError, LinkError, Remedy
from wasmstate.escapes import lines
from wasmstate.runtime.host_functions import (
    Imports,
    check_imports,
    host_function,
    host_global,
    trapping,
)
from wasmstate.runtime.providers import provider
from wasmstate.runtime.wasi import (
    NAMESPACES,
    Wasi,
    WasiStub,
    imports_wasi_alone,
    is_of_wasi,
    is_scailable,
    wasi_stub,
)

_FEW = 3  # functions that are named one by one


class GrantOptions(TypedDict, total=False):
    """Grants, as :meth:`wasmstate.Session.open` takes them: its arguments of these names."""

    wasi: Wasi
    imports: Imports | None
    allow: Collection[str]
    single_thread: bool


@dataclass(frozen=True, slots=True)
class Grants:
    """What is granted to a module.

    Attributes:
        wasi: the functions of WASI, if they are granted.
        imports: functions and numbers by module and name; one of WASI comes before ``wasi``.
        allow: imported functions, ``env.abort`` or all of ``env``, that trap when called.
        single_thread: whether a shared memory is taken as one that is not shared.
    """

    wasi: WasiStub | None = None
    imports: Imports = field(default_factory=dict)
    allow: Collection[str] = ()
    single_thread: bool = False

    @classmethod
    def of(
        cls,
        wasi: Wasi = "none",
        imports: Imports | None = None,
        allow: Collection[str] = (),
        single_thread: bool = False,
    ) -> Grants:
        """Grants from options.

        Raises:
            TypeError: if ``imports`` or ``allow`` is something else.
            ValueError: for an invalid ``wasi``.
        """
        check_imports(imports or {})
        if isinstance(allow, str):
            raise TypeError(f"allow must be a list of names, not {allow!r}")
        return cls(wasi_stub(wasi), imports or {}, allow, single_thread)

    def check(self, spaces: Spaces) -> None:
        """Check that all that a module imports is granted.

        Raises:
            LinkError: naming each import that is not, and the grants that would do.
        """
        missing = [each for each in spaces.imports if not self._has(each)]
        is_shared = any(memory.limits.is_shared for memory in spaces.memories)
        if missing or (is_shared and not self.single_thread):
            raise self._error(spaces, missing)

    def missing(self, spaces: Spaces) -> list[str]:
        """The imports that are not granted, as text: ``env.__memory_base global``."""
        return [_text(spaces, each) for each in spaces.imports if not self._has(each)]

    def externs(self, store: wasmtime.Store, imports: Collection[wasmtime.ImportType]) -> list[Any]:
        """What the module imports, for one instance.

        Raises:
            CallError: if a host function has other types than numbers.
        """
        return [self._extern(store, each) for each in imports]

    def _has(self, item: Import) -> bool:
        given = self.imports.get(item.module, {}).get(item.name)
        match item.type:
            case int():
                is_allowed = item.module in self.allow or f"{item.module}.{item.name}" in self.allow
                return callable(given) or is_allowed or (self.wasi is not None and is_of_wasi(item))
            case GlobalType():
                return given is not None and not item.type.mut
        return _is_made(item)

    def _extern(self, store: wasmtime.Store, item: wasmtime.ImportType) -> Any:
        type_, name = item.type, item.name or ""
        what = f"{item.module}.{name}"
        given = self.imports.get(item.module, {}).get(name)
        match type_:
            case wasmtime.MemoryType():
                return wasmtime.Memory(store, type_)
            case wasmtime.TableType():
                return wasmtime.Table(store, type_, None)
            case wasmtime.GlobalType():
                return host_global(store, what, type_, given)
            case wasmtime.FuncType():
                if given is not None:
                    return host_function(store, what, type_, given)
                if self.wasi is not None and item.module in NAMESPACES:
                    return self.wasi.function(store, name, type_)
                return trapping(store, what, type_)
        raise CallError(f"{what}: such an import cannot be granted")

    def _error(self, spaces: Spaces, missing: Collection[Import]) -> LinkError:
        shared = (
            "the memory is shared between threads, and a model runs in one: it can be taken as a "
            "memory of one thread"
        )
        if not missing:
            return LinkError(shared, (), needed_grants(spaces)).helped_by("single_thread")
        listing = [_text(spaces, each) for each in missing]
        has_grants = self.imports or self.allow or self.wasi is not None
        are = "is" if len(missing) == 1 else "are"
        why = f" that {are} not granted" if has_grants else ", and a model is granted none"
        count = f"{len(missing)} import{'s' * (len(missing) != 1)}"
        text = f"the module needs {count}{why}:{lines(listing)}"
        if is_scailable(spaces):
            text += "\n  It has Scailable's interface, and can predict with stubs for these."
            return LinkError(text, tuple(listing)).helped_by("ScailableModel")
        is_shared = any(memory.limits.is_shared for memory in spaces.memories)
        needed = needed_grants(spaces)
        if imports_wasi_alone(spaces) and not is_shared:
            text += "\n  They are functions of WASI, and a stub of it serves: an empty system."
            return LinkError(text, tuple(listing), needed).helped_by("wasi")
        functions = [each for each in missing if each.kind == "func"]
        known = sorted({p for each in functions if (p := provider(each.module, each.name))})
        if known:
            text += f"\n  Such imports are usually provided by {' and '.join(known)}."
        if is_shared and not self.single_thread:
            text += f"\n  And {shared}."
        hopeless = [each for each in missing if not _is_made(each) and each.kind != "func"]
        if hopeless:
            return LinkError(text, tuple(listing))
        remedies: list[Remedy] = []
        if self.wasi is None and "wasi" in needed:
            remedies.append("wasi")
        if any(not is_of_wasi(each) for each in missing):
            remedies.append("allow")
        if is_shared and not self.single_thread:
            remedies.append("single_thread")
        return LinkError(text, tuple(listing), needed).helped_by(*remedies)


def needed_grants(spaces: Spaces) -> GrantOptions:
    """The options with which a session opens a module that imports what it does.

    Functions of WASI get its stub, all others trap when they are called. What no option grants
    is left: see :meth:`Grants.missing`.
    """
    needed = GrantOptions()
    if any(map(is_of_wasi, spaces.imports)):
        needed["wasi"] = "stub"
    functions = [each for each in spaces.imports if each.kind == "func" and not is_of_wasi(each)]
    names = tuple(dict.fromkeys(f"{each.module}.{each.name}" for each in functions))
    modules = tuple(dict.fromkeys(each.module for each in functions))
    if functions:
        needed["allow"] = names if len(names) <= _FEW else modules
    if any(memory.limits.is_shared for memory in spaces.memories):
        needed["single_thread"] = True
    return needed


def _is_made(item: Import) -> bool:
    """Whether each instance gets one of its own: a memory, a table of elements that may be null."""
    if isinstance(item.type, TableType):
        return str(item.type.reftype) in ("funcref", "externref")
    return item.kind == "memory"


def _text(spaces: Spaces, item: Import) -> str:
    kind = str(spaces.func_type(item.type)) if isinstance(item.type, int) else item.kind
    return f"{item.module}.{item.name} {kind}"
