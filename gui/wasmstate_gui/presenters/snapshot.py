"""A file as it is on disk at one moment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError, StateError
from wasmstate.session import check_belongs
from wasmstate.state.check import Finding, check_module
from wasmstate.state.describe import signatures
from wasmstate.state.signature import Signature
from wasmstate.state.state import SECTION_NAME, State

_INSTRUCTIONS_UP_TO = 2 << 20  # bytes of a module whose code is checked before it is shown


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one version of a file from the next without reading it."""

    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """The stamp of a file; ``None`` if it is not there."""
        try:
            status = os.stat(path)
        except OSError:
            return None
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class Snapshot:
    """Everything that is read from a file in one go.

    The bytes are read, never mapped: a file that another process truncates would end this one.

    Attributes:
        path: where it was read from.
        stamp: taken before reading, so that a change while reading is noticed afterwards.
        data: the whole file.
        module: opened with ``strict=False``.
        state: the state on disk; ``None`` if there is none that can be read.
        functions: signatures of the exported functions, ``update`` and ``predict`` first.
        findings: what is wrong with the file.
        obstacle: why no function can be called, if so.
    """

    path: Path
    stamp: Stamp | None
    data: bytes
    module: Module
    state: State | None
    functions: Mapping[str, Signature] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    obstacle: str | None = None

    @property
    def is_wasm(self) -> bool:
        """Whether it begins as a module or a component does."""
        damage = self.module.damage
        return damage is None or damage.path not in ("magic", "version")

    @property
    def has_state_section(self) -> bool:
        """Whether there is a state section, readable or not."""
        return bool(self.module.custom_sections(SECTION_NAME))


def read_snapshot(path: Path) -> Snapshot:
    """Read and check a file. Takes its time on large files: not for the GUI thread.

    Raises:
        OSError: if the file cannot be read.
    """
    stamp = Stamp.of(path)
    data = path.read_bytes()
    module = Module.from_bytes(data, strict=False)
    findings = tuple(
        f
        for f in check_module(module, instructions=module.size <= _INSTRUCTIONS_UP_TO)
        if not _is_no_state(f)
    )
    try:
        state = State.of(module)
    except StateError as error:
        reason = _why_not(module) or str(error)
        return Snapshot(path, stamp, data, module, None, {}, findings, reason)
    try:
        check_belongs(state, module)
        functions = _functions(module, state)
    except (StateError, MalformedError) as error:
        return Snapshot(path, stamp, data, module, state, {}, findings, str(error))
    obstacle = None if functions else "the module exports no function"
    return Snapshot(path, stamp, data, module, state, functions, findings, obstacle)


def _why_not(module: Module) -> str:
    if module.is_component:
        return "only core modules can be run, and this is a component"
    return "" if module.sections else "there is nothing that could be run"


def _is_no_state(finding: Finding) -> bool:
    # A module that nobody has given a state is not damaged; the tensors panel says what to do.
    return finding.path == SECTION_NAME and finding.offset is None


def _functions(module: Module, state: State) -> dict[str, Signature]:
    names = [name for name in Spaces(module).exported_functions() if not name.startswith("_")]
    names.sort(key=lambda name: {"update": 0, "predict": 1}.get(name, 2))
    return signatures(module, names) | {
        name: signature for name, signature in state.entry_points.items() if name in names
    }
