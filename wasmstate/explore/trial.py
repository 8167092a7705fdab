"""Trying calls out: an instance whose whole state is put back as often as is needed.

Nothing here touches a file. What is observed is all that a module without imports, or with
a stub of WASI, can change: linear memory and the globals that can change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wasmstate.binary.edits.export import with_reachable
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import ArgumentError, CallError
from wasmstate.runtime.arguments import entry_point
from wasmstate.runtime.grants import Grants
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.session.strict_json import check_numbers, parse_json
from wasmstate.state.element_counts import with_counts
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.signature import Signature
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import Tensor

SIZES = {"i32": 4, "i64": 8, "f32": 4, "f64": 8}
Image = tuple[bytes, ...]
"""The bytes of each region of a trial."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an exported function.

    Attributes:
        name: of the export.
        args: a number for each number, a list for each array of its signature.
    """

    name: str
    args: tuple[Any, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Call:
        """Read ``update:1.0,0.5``; an array stands in brackets, ``update:[1,2],0.5``.

        Raises:
            ArgumentError: if it cannot be read.
        """
        name, _, given = text.partition(":")
        try:
            args = parse_json(f"[{given}]")
            for i, each in enumerate(args):
                check_numbers(each, f"argument {i}")
        except ArgumentError as error:
            raise ArgumentError(
                f"cannot read the call {text!r}: write NAME:ARGUMENTS, for example "
                f"update:1.0,0.5 or, with an array, update:[1,2],0.5: {error}"
            ) from error
        return cls(name.strip(), tuple(args))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})"


def calls_of(calls: Iterable[str | Call]) -> list[Call]:
    """The calls, those that are texts read.

    Raises:
        ArgumentError: if there is none, or one cannot be read.
    """
    found = [Call.parse(each) if isinstance(each, str) else each for each in calls]
    if not found:
        raise ArgumentError("give one call at least, for example update:1.0,0.5")
    return found


class Trial:
    """A module whose calls are tried out.

    Args:
        module: a core module; if it carries a state, trials begin with it.
        entry_points: signatures, besides those of the state's schema.
        limits: of every call.
        grants: what the module is granted of its imports.

    Attributes:
        spaces: of the module, everything exported that can change.
        regions: what is observed: every memory, then every global that can change.

    Raises:
        CallError: if the module cannot be run.
        StateError: if it carries a state that cannot be read.
    """

    def __init__(
        self,
        module: Module,
        entry_points: Mapping[str, Signature] | None = None,
        limits: Limits | None = None,
        grants: Grants | None = None,
    ) -> None:
        state = State.of(module) if module.custom_sections(SECTION_NAME) else None
        spaces = Spaces(module)
        cells = [
            (index, str(entry.type.valtype))
            for index, entry in enumerate(spaces.globals)
            if entry.type.mut and str(entry.type.valtype) in SIZES
        ]
        memories = range(len(spaces.memories))
        items = [("memory", i) for i in memories] + [("global", i) for i, _ in cells]
        self.program = Program(with_reachable(module, items), limits, grants)
        self.spaces = self.program.spaces
        self.regions = [
            *(Region(RegionKind.WHOLE_MEMORY, i, 0, 0, 0) for i in memories),
            *(Region(RegionKind.GLOBAL, i, 0, SIZES[type_], 0) for i, type_ in cells),
        ]
        self.state = state
        known = dict(state.entry_points) if state is not None else {}
        self.signatures = known | {
            name: with_counts(spaces, name, each) for name, each in dict(entry_points or {}).items()
        }
        self._instance: Instance | None = None

    def place(self, state: State, tensor: Tensor) -> tuple[int, int]:
        """The index of the region that has a tensor of the module's state, and where in it."""
        region = state.regions[tensor.region]
        is_global = region.kind is RegionKind.GLOBAL
        index = next(
            i
            for i, each in enumerate(self.regions)
            if (each.kind is RegionKind.GLOBAL, each.index) == (is_global, region.index)
        )
        start = region.address if region.kind is RegionKind.MEMORY else 0
        return index, start + tensor.offset

    def start(self) -> Image:
        """The image of a new instance, with S restored if the module carries one."""
        instance = self._fresh()
        if self.state is not None:
            instance.write(self.state.regions, self.state.contents())
        return self.image()

    def image(self) -> Image:
        """All that the instance holds now."""
        return tuple(self._current().read(self.regions))

    def restore(self, image: Image) -> None:
        """Make the instance hold an image. Raises LimitError if its memory may not grow so far."""
        instance = self._current()
        if any(
            len(now) > len(then)
            for now, then in zip(instance.read(self.regions), image, strict=True)
        ):
            instance = self._fresh()  # memory cannot shrink
        instance.write(self.regions, image)

    def call(self, call: Call) -> Any:
        """Do one call. Raises CallError as :meth:`Session.call`."""
        instance = self._current()
        entry = entry_point(instance, call.name, self.signatures.get(call.name), ())
        return entry(call.args)

    def outcome(self, image: Image, calls: Sequence[Call]) -> tuple[list[str], Image | None]:
        """What calls give from an image on.

        Returns:
            What each gave, as text with all digits, and the image behind them; the kind of the
            error and ``None`` where one did not return.
        """
        self.restore(image)
        values = []
        for call in calls:
            try:
                values.append(repr(self.call(call)))
            except CallError as error:
                self.forget()
                return [*values, type(error).__name__], None
        return values, self.image()

    def forget(self) -> None:
        """End the instance, after a call that did not return."""
        self._instance = None

    def _current(self) -> Instance:
        return self._instance or self._fresh()

    def _fresh(self) -> Instance:
        self._instance = Instance(self.program)
        return self._instance
