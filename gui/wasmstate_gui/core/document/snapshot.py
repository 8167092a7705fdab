"""A file as it is on disk at one moment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.binary.source import READ_WHOLE, Source, open_source
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError, StateError
from wasmstate.state.attach.describe import signatures
from wasmstate.state.code_match import check_belongs
from wasmstate.state.damage.check import Finding, check_module
from wasmstate.state.damage.tensor_trust import Remnant, remains
from wasmstate.state.signature import Signature
from wasmstate.state.state import SECTION_NAME, State
from wasmstate_gui.core.document.edited_source import is_open_file, same_bytes

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
    """What is known of a file.

    Small files are read in one go. Of large ones the descriptor is kept and the bytes are read
    when they are shown, so that they stay those of one moment when another file takes the name.

    Attributes:
        path: where it was read from.
        stamp: taken before reading, so that a change while reading is noticed afterwards.
        source: the bytes of the whole file.
        module: opened with ``strict=False``.
        state: the state on disk; ``None`` if there is none that can be read.
        functions: signatures of the exported functions, ``update`` and ``predict`` first.
        findings: what is wrong with the file.
        obstacle: why no function can be called, if so.
        remains: the tensors of a state that cannot be read, as they stand.
        is_checked: whether the last four are known yet.
        is_verified: whether every instruction was looked at, too.
        is_validated: whether an engine would load it, as far as that can be known.
    """

    path: Path
    stamp: Stamp | None
    source: Source
    module: Module
    state: State | None
    functions: Mapping[str, Signature] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    obstacle: str | None = "the file is being checked"
    remains: tuple[Remnant, ...] = ()
    is_checked: bool = False
    is_verified: bool = False
    is_validated: bool = False

    @cached_property
    def is_wasm(self) -> bool:
        """Whether it begins as a module or a component does."""
        damage = self.module.damage
        return damage is None or damage.path not in ("magic", "version")

    @cached_property
    def has_state_section(self) -> bool:
        """Whether there is a state section, readable or not."""
        return bool(self.module.custom_sections(SECTION_NAME))

    def is_file_of(self, other: Snapshot) -> bool:
        """Whether it is one file that was written into, not another that has taken its name."""
        one, two = self.stamp, other.stamp
        return one is not None and two is not None and one.inode == two.inode

    def is_same_as(self, other: Snapshot) -> bool:
        """Whether the files hold the same bytes; takes its time on large files.

        Raises:
            MalformedError, OSError: as
                :func:`~wasmstate_gui.core.document.edited_source.same_bytes`.
        """
        if self.is_file_of(other) and is_open_file(self.source):
            # Bytes that were written into an open file show through its old descriptor, too.
            return self.stamp == other.stamp
        return same_bytes(self.source, other.source)


def read_snapshot(path: Path) -> Snapshot:
    """Read and check a file. Takes its time on large files: not for the GUI thread.

    Raises:
        OSError: if the file cannot be read.
        MalformedError: if a large file became shorter meanwhile.
    """
    return checked(look_at(path))


def look_at(path: Path) -> Snapshot:
    """Read what the layout needs; small files are checked, too. Raises as :func:`read_snapshot`."""
    stamp = Stamp.of(path)
    found = snapshot_of(open_source(path), path, stamp)
    return found if found.source.size > READ_WHOLE else checked(found)


def snapshot_of(source: Source, path: Path, stamp: Stamp | None) -> Snapshot:
    """The layout and the state of these bytes, not checked yet."""
    module = Module.from_source(source, strict=False)
    try:
        state = State.of(module)
    except StateError:
        state = None
    return Snapshot(path, stamp, source, module, state)


def checked(snapshot: Snapshot) -> Snapshot:
    """The same file with what is wrong with it, and what can be called.

    Raises:
        MalformedError: if a large file became shorter meanwhile.
        OSError: if it cannot be read.
    """
    module, state = snapshot.module, snapshot.state
    if snapshot.is_checked:
        return snapshot
    is_verified = module.size <= _INSTRUCTIONS_UP_TO
    findings = _findings(check_module(module, instructions=is_verified))
    found = replace(snapshot, findings=findings, obstacle=None, is_checked=True)
    found = replace(found, is_verified=is_verified)
    if state is None:
        why = _why_not(module) or _damage(findings) or _no_state(module)
        return replace(found, obstacle=why, remains=remains(module))
    if module.damage is not None:
        return replace(found, obstacle=f"this is no module: {module.damage}")
    try:
        check_belongs(state, module)
        functions = _functions(module, state)
    except (StateError, MalformedError) as error:
        return replace(found, obstacle=str(error))
    obstacle = None if functions else "the module exports no function"
    return replace(found, functions=functions, obstacle=obstacle)


def verified(snapshot: Snapshot, findings: Iterable[Finding]) -> Snapshot:
    """The same file after every byte of it was looked at, instructions included.

    Args:
        snapshot: the file, checked or not.
        findings: what is wrong with it.

    Raises:
        MalformedError, OSError: as :func:`checked`.
    """
    return replace(
        checked(snapshot), findings=_findings(findings), is_verified=True, is_validated=True
    )


def _findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    # A module that nobody has given a state is not damaged; the tensors panel says what to do.
    return tuple(f for f in found if f.path != SECTION_NAME or f.offset is not None)


def _no_state(module: Module) -> str:
    try:
        State.of(module)
    except StateError as error:
        return str(error)
    raise AssertionError("a state that could be read was passed over")  # pragma: no cover


def _damage(findings: Iterable[Finding]) -> str:
    """What is wrong with the bytes of the state, at their place in the file."""
    for each in findings:
        if SECTION_NAME in each.path and each.offset is not None:
            return f"the state is damaged at 0x{each.offset:X}: {each.reason}"
    return ""


def _why_not(module: Module) -> str:
    if module.is_component:
        return "only core modules can be run, and this is a component"
    return "" if module.sections else "there is nothing that could be run"


_RUN_AT_START = ("_start", "_initialize")
"""Exports that the runtime calls once; no other name is special."""


def _functions(module: Module, state: State) -> dict[str, Signature]:
    names = [name for name in Spaces(module).exported_functions() if name not in _RUN_AT_START]
    names.sort(key=lambda name: {"update": 0, "predict": 1}.get(name, 2))
    return signatures(module, names) | {
        name: signature for name, signature in state.entry_points.items() if name in names
    }
