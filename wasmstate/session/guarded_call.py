"""The running half of a session: calls after which S is well, or what it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from wasmstate.errors import ArgumentError, DeadlineError, LimitError, StateBoundsError
from wasmstate.escapes import listed
from wasmstate.runtime.arguments import entry_point
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program
from wasmstate.runtime.row_loop import rows_entry
from wasmstate.state.bounds import Look, no_clock
from wasmstate.state.bounds_fast_path import BoundsCheck
from wasmstate.state.record import RegionKind
from wasmstate.state.signature import Param, Signature, completed, required
from wasmstate.state.state import State


def _check_size(program: Program, state: State) -> None:
    """Compare S with the limit of memory before it is expanded: few bytes may claim gigabytes."""
    size, limit = sum(region.size for region in state.regions), program.limits.memory
    if limit is not None and size > limit:
        raise LimitError(f"S takes {size:,} bytes of memory, and the limit is {limit:,}").helped_by(
            "Limits.memory"
        )


class Live:
    """A model in memory: an instance that has S, and S as it was after the last call.

    A call that does not return, or that leaves S outside its bounds, ends the instance: the next
    one gets a new instance and S from before that call, as after a restart of the device. So a call
    that succeeds pays for no more than to keep the bytes of S (docs/decisions/0002).

    Args:
        program: the module.
        state: what S is, and its schema.

    Attributes:
        entries: functions of the instance that :meth:`entry` has given.
        with_defaults: names of the functions that have parameters with a default.
        contents: of the regions of S; another list after each call that changed S, never changed.

    Raises:
        CallError, StateBoundsError: if there can be no instance that holds S; LimitError if S is
            larger than the limit of memory.
    """

    def __init__(self, program: Program, state: State) -> None:
        _check_size(program, state)
        self.contents = state.contents()
        self._program = program
        self._regions = state.regions
        whole = (RegionKind.WHOLE_MEMORY, 0)
        self._holds_buffers = any((each.kind, each.index) == whole for each in state.regions)
        self._signatures = state.entry_points
        self.with_defaults = frozenset(
            name for name, each in self._signatures.items() if each.required != each.params
        )
        self._bounds = BoundsCheck(state.tensors)
        self._reads: list[Callable[[], bytes]] = []
        self.entries: dict[str, Callable[[Sequence[Any]], Any]] = {}
        self._row_entries: dict[str, Callable[[Sequence[Any]], Any]] = {}
        self._instance: Instance | None = None
        self._start()

    def run(self, entry: Callable[[Sequence[Any]], Any], args: Sequence[Any] = ()) -> Any:
        """Do something with the instance; it happens as a whole, or not at all.

        Raises:
            StateBoundsError: if it leaves S outside its bounds.
            DeadlineError: if there is no time left to check them.
        """
        before = self.contents
        reads = self._reads  # of this instance, whatever a signal handler does to it meanwhile
        look = no_clock if self._bounds.is_quick else self._deadline()
        try:
            value = entry(args)
            contents = [read() for read in reads]
            if contents != before:
                broken = self._bounds.broken(contents, look)
                if broken:
                    _raise(broken)
                self.contents = contents
        except ArgumentError:  # nothing was called, but arrays before it may be in their buffers
            if self._holds_buffers:
                self.restart()
            raise
        except BaseException:  # KeyboardInterrupt, too: the call may have changed anything
            self.restart()
            raise
        return value

    @property
    def pages(self) -> int:
        """Size of the first exported memory in pages; 0 without one."""
        return (self._instance or self._start()).pages

    def entry(self, name: str) -> Callable[[Sequence[Any]], Any]:
        """An exported function of the instance that is there now, as its signature says.

        Raises:
            CallError, SchemaError, StateBoundsError: as
                :func:`wasmstate.runtime.arguments.entry_point`.
        """
        instance = self._instance or self._start()
        if name not in self.entries:
            self.entries[name] = entry_point(instance, name, self.signature(name), self._regions)
        return self.entries[name]

    def rows_entry(self, name: str) -> Callable[[Sequence[Any]], Any]:
        """An exported row loop: see :func:`wasmstate.runtime.row_loop.rows_entry`."""
        instance = self._instance or self._start()
        if name not in self._row_entries:
            signature = self._signatures[name]
            self._row_entries[name] = rows_entry(instance, name, signature, self._regions)
        return self._row_entries[name]

    def signature(self, name: str) -> Signature | None:
        """What the schema says of a function."""
        return self._signatures.get(name)

    def params(self, name: str) -> tuple[Param, ...]:
        """What a caller has to give a function: what has no default. Raises CallError."""
        return required(self.all_params(name))

    def all_params(self, name: str) -> tuple[Param, ...]:
        """What a function takes: by its signature, else by its type. Raises CallError."""
        types = self._program.func_type(name).params
        signature = self.signature(name)
        if signature is not None:
            return signature.params
        return tuple(Param(f"p{i}", str(type_)) for i, type_ in enumerate(types))

    def completed(self, name: str, args: Sequence[Any]) -> Sequence[Any]:
        """The arguments of a call, with defaults that were left out. Raises CallError."""
        return completed(self.all_params(name), args)

    def results(self, name: str) -> list[str]:
        """The types that a function gives. Raises CallError."""
        return list(map(str, self._program.func_type(name).results))

    def restart(self) -> None:
        """End the instance; the next call gets a new one, and S as it is in ``contents``."""
        self._instance = None
        self.entries.clear()
        self._row_entries.clear()
        self._reads = []

    def _deadline(self) -> Look:
        """What looks at the clock for the checks after a call that begins now."""
        seconds = self._program.limits.seconds
        if seconds is None:
            return no_clock
        end = time.monotonic() + seconds

        def look() -> None:
            if time.monotonic() > end:
                raise DeadlineError(
                    f"the call was undone: with the check of its bounds it took longer than "
                    f"{seconds} s"
                ).helped_by("Limits.seconds")

        return look

    def _start(self) -> Instance:
        instance = Instance(self._program)
        places = instance.places(self._regions)
        for place, content in zip(places, self.contents, strict=True):
            place.write(content)
        self._reads = [place.read for place in places]
        self._instance = instance
        return instance


def _raise(broken: Sequence[tuple[str, str]]) -> NoReturn:
    raise StateBoundsError(listed([f"{name}{wrong}" for name, wrong in broken], 20, separator="; "))
