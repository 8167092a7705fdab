"""The running half of a session: calls after which S is well, or what it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wasmstate.errors import ArgumentError, StateBoundsError
from wasmstate.runtime.arguments import entry_point
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program
from wasmstate.state.quick import BoundsCheck
from wasmstate.state.state import State


class Live:
    """A model in memory: an instance that has S, and S as it was after the last call.

    A call that does not return, or that leaves S outside its bounds, ends the instance: the next
    one gets a new instance and S from before that call, as after a restart of the device. So a call
    that succeeds pays for no more than to keep the bytes of S (docs/decisions/0002).

    Args:
        program: the module.
        state: what S is, and its schema.

    Attributes:
        contents: of the regions of S; another list after each call that changed S, never changed.

    Raises:
        CallError, StateBoundsError: if there can be no instance that holds S.
    """

    def __init__(self, program: Program, state: State) -> None:
        self.contents = state.contents()
        self._program = program
        self._regions = state.regions
        self._signatures = state.entry_points
        self._bounds = BoundsCheck(state.tensors)
        self._reads: list[Callable[[], bytes]] = []
        self._entries: dict[str, Callable[..., Any]] = {}
        self._instance: Instance | None = None
        self._start()

    def call(self, name: str, args: Sequence[Any]) -> Any:
        """Call an exported function; raises as :meth:`wasmstate.Session.call`."""
        entry = self._entries.get(name) or self.entry(name)
        before = self.contents
        try:
            value = entry(*args)
            contents = [read() for read in self._reads]
            if contents != before:
                self._check(contents)
                self.contents = contents
        except ArgumentError:
            raise  # nothing was called
        except BaseException:  # KeyboardInterrupt, too: the call may have changed anything
            self.restart()
            raise
        return value

    def entry(self, name: str) -> Callable[..., Any]:
        """An exported function of the instance that is there now, as its signature says.

        Raises:
            CallError, SchemaError, StateBoundsError: as
                :func:`wasmstate.runtime.arguments.entry_point`.
        """
        instance = self._instance or self._start()
        if name not in self._entries:
            self._entries[name] = entry_point(
                instance, name, self._signatures.get(name), self._regions
            )
        return self._entries[name]

    def restart(self, contents: list[bytes] | None = None) -> None:
        """End the instance; the next call gets a new one, with these contents or those of now."""
        self._instance = None
        self._entries.clear()
        self._reads.clear()
        if contents is not None:
            self.contents = contents

    def _start(self) -> Instance:
        instance = self._program.instantiate()
        places = instance.places(self._regions)
        for place, content in zip(places, self.contents, strict=True):
            place.write(content)
        self._reads = [place.read for place in places]
        self._instance = instance
        return instance

    def _check(self, contents: Sequence[bytes]) -> None:
        broken = self._bounds.broken(contents)
        if broken:
            raise StateBoundsError("; ".join(f"{name}{wrong}" for name, wrong in broken))
