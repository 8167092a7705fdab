"""Everything that wasmstate raises.

    WasmstateError
    ├── MalformedError            bytes that the binary format does not allow
    │   └── UnsupportedError      bytes of a proposal that are not decoded here
    ├── InvalidError              a well-formed module that breaks a rule: no engine loads it
    ├── SectionError              an edit that cannot be made
    ├── StateError
    │   ├── StateCorruptError     a state section whose bytes contradict each other
    │   ├── SchemaError           a description of S that cannot be right
    │   │   └── UnknownTensorError  a name of no tensor; also a KeyError
    │   ├── StateBoundsError      values of S outside what its schema allows, or outside memory
    │   └── StateConflictError    somebody else committed in between
    ├── CommitError
    │   ├── NotCommittedError     the old file is untouched
    │   ├── CommittedLateError    a commit failed, a later one succeeded
    │   └── DurabilityUnknownError  the new file is in place, maybe not yet safe from a power cut
    └── CallError
        ├── ArgumentError         the call was not begun: its arguments do not fit
        ├── LinkError             the module cannot be instantiated: it imports what nobody grants
        ├── TrapError             the call trapped
        ├── DeadlineError         the call ran out of its time
        └── LimitError            a call, or a compilation, ran out of what it may use

A file that cannot be opened or read at all raises :class:`OSError`, as everywhere in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

Remedy = Literal[
    "Limits.compile_memory",
    "Limits.compile_seconds",
    "Limits.memory",
    "Limits.seconds",
    "Module.with_content()",
    "Module.with_name()",
    "Module.without_custom()",
    "Module.without_section()",
    "ScailableModel",
    "Section.content",
    "State.with_values()",
    "accept",
    "allow",
    "allow_break_links",
    "allow_equal",
    "as_globals",
    "assume_base",
    "attach()",
    "bake()",
    "columns",
    "decisions",
    "donor",
    "encoding",
    "entry_points",
    "features",
    "fill",
    "fold()",
    "force",
    "keep_base",
    "merge()",
    "merged",
    "migrate()",
    "pages",
    "record",
    "replace_exports",
    "resume",
    "rollback()",
    "root",
    "salvage()",
    "separator",
    "single_thread",
    "skip_unlabelled",
    "trusted",
    "wasi",
]
"""What of the library helps: a function, or an argument of the one that was called.

The text of an error says what is wrong. How its user gets at what helps is for the program to say
that shows it: the command line has options and commands for it, the window buttons.
"""


class WasmstateError(Exception):
    """The common base: ``except WasmstateError`` catches whatever this library raises.

    Every argument goes to ``args``, because an error has to survive pickling on its way from a
    worker process to the window.

    Attributes:
        remedies: what helps; a traceback shows it, the text does not.
    """

    remedies: tuple[Remedy, ...] = ()

    def helped_by(self, *remedies: Remedy) -> Self:
        """The error, with what helps."""
        if remedies:
            self.remedies = remedies
            self.add_note(f"What helps: {', '.join(remedies)}")
        return self


class _LocatedError(WasmstateError):
    """An error that names a part, the place of its first bad byte, and the reason."""

    counted_from = ""

    def __init__(self, path: str, offset: int, reason: str) -> None:
        super().__init__(path, offset, reason)
        self.path = path
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} at {self.counted_from}{self.offset:#x}: {self.reason}"


class MalformedError(_LocatedError):
    """Bytes that the binary format does not allow.

    Attributes:
        path: where in the module, as a reader would index it.
        offset: of the first bad byte, from the start of the file.
        reason: one clause, no capital, no full stop; the official test suite's where it has one.
    """


class UnsupportedError(MalformedError):
    """Bytes that WebAssembly 3.0 does not allow and a known proposal does.

    The file is newer than this library, not damaged. What holds the bytes cannot be decoded, and
    is kept as it is.

    Attributes:
        proposal: the name of the proposal.
    """

    def __init__(self, path: str, offset: int, reason: str, proposal: str) -> None:
        super().__init__(path, offset, reason)
        self.args = (path, offset, reason, proposal)
        self.proposal = proposal


class InvalidError(WasmstateError):
    """A well-formed module that breaks a rule of validation: no engine loads it.

    Attributes:
        offset: of the first fault, from the start of the file.
        reason: in wasmtime's words.
    """

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(offset, reason)
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        return f"not valid at {self.offset:#x}: {self.reason}; no engine loads such a module"


class SectionError(WasmstateError):
    """An edit that cannot be made: no such section, or a value that does not fit."""


class UnknownSectionError(SectionError, KeyError):
    """A module has no section of that name; also a :class:`KeyError`."""

    __str__ = Exception.__str__  # a KeyError shows the repr of its text


class StateError(WasmstateError):
    """Something about the state S or its section."""


class StateCorruptError(StateError, _LocatedError):
    """A state section whose bytes contradict each other, or do not belong to this module.

    Attributes:
        path: the part of the record: ``header.generation``, ``regions[2]``.
        offset: of the part, in bytes from the start of the section's content.
        reason: one clause, no capital, no full stop.
    """

    counted_from = "content offset "


class SchemaError(StateError):
    """A description of S that cannot be right, or does not fit the module it is for."""


class UnknownTensorError(SchemaError, KeyError):
    """A state has no tensor of that name; also a :class:`KeyError`, for a state is a mapping."""

    __str__ = Exception.__str__  # a KeyError shows the repr of its text


class StateBoundsError(StateError):
    """Values of S outside what the schema allows, or a tensor that ends past the memory."""


class StateConflictError(StateError):
    """Somebody else committed since this state was read; nothing was written.

    Attributes:
        expected: the generation the caller had read.
        found: the generation that is on disk now.
    """

    def __init__(self, message: str, expected: int, found: int) -> None:
        super().__init__(message, expected, found)
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return str(self.args[0])


class CommitError(WasmstateError):
    """A commit that did not end in "the new state is safely on disk"."""


class NotCommittedError(CommitError):
    """The old file is untouched; whatever was written has been removed."""


class CommittedLateError(CommitError):
    """A commit failed and a later one succeeded: the file holds S.

    What was to be done after the call whose commit failed was not done.
    """


class DurabilityUnknownError(CommitError):
    """The new file is in place, but its folder is not known to be synced.

    A reader sees the new state now. A power cut may still bring the old one back. Committing
    again blindly is wrong: the generation on disk has moved on.
    """


class CallError(WasmstateError):
    """A call into the module that did not return; S is what it was before the call."""


class ArgumentError(CallError):
    """The call was not begun: the function takes other arguments, or not these values.

    Attributes:
        row: of several rows the first one with such a value, from 0; else ``None``.
    """

    row: int | None = None


class ColumnError(ArgumentError):
    """A table has other columns than the arguments of a call are taken from.

    Attributes:
        header: what its first line calls the columns; empty if it does not.
        count: how many columns it has.
    """

    def __init__(self, message: str, header: tuple[str, ...] = (), count: int = 0) -> None:
        super().__init__(message, header, count)
        self.header = header
        self.count = count

    def __str__(self) -> str:
        return str(self.args[0])


class LinkError(CallError):
    """The module cannot be instantiated, because it imports what nobody grants.

    Attributes:
        missing: each import as ``module.name (type)``.
        grants: the options of :meth:`wasmstate.Session.open` that grant all that it imports; empty
            if none do.
    """

    def __init__(
        self,
        message: str,
        missing: tuple[str, ...] = (),
        grants: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, missing, grants)
        self.missing = missing
        self.grants = dict(grants or {})

    def __str__(self) -> str:
        return str(self.args[0])


class TrapError(CallError):
    """The call trapped."""


class DeadlineError(CallError):
    """The call ran longer than its deadline and was ended."""


class LimitError(CallError):
    """A call, or a compilation, needed more than its limits allow: memory, fuel, seconds."""
