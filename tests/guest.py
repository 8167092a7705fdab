"""A model in an instance of its own, driven as a device drives it: by addresses, with no session.

So a test sees what the kernel itself does with bad input, and which bytes it leaves.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import wasmtime
from numpy.typing import NDArray

from wasmstate import Module, Param, Session, State
from wasmstate.models import Family, describe, new
from wasmstate.runtime.program import Program
from wasmstate.state.tensor import DTYPES

_ENGINE = wasmtime.Engine()


@cache
def _compiled(code: bytes) -> wasmtime.Module:
    return wasmtime.Module(_ENGINE, code)


class Guest:
    """A model that runs.

    Args:
        module: with a state.
        family: its name; of a fitted estimator's model that is of none, nothing.
    """

    def __init__(self, module: Module, family: str | None = None) -> None:
        self._family = family
        self._module = module
        self._state = State.of(module)
        self._store = wasmtime.Store(_ENGINE)
        instance = wasmtime.Instance(
            self._store, _compiled(module.without_custom("wasmstate.state").to_bytes()), []
        )
        self._exports = instance.exports(self._store)
        memory = self._exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        self.memory = memory
        for region, content in zip(self._state.regions, self._state.contents(), strict=True):
            memory.write(self._store, content, region.address)

    @classmethod
    def new(cls, family: str, **options: Any) -> Self:
        """A new model that runs."""
        if describe(family).takes_seed:
            options.setdefault("seed", 7)
        return cls(new(family, **options), family)

    @property
    def family(self) -> Family:
        """What the model is one of."""
        assert self._family is not None
        return describe(self._family)

    @property
    def state(self) -> State:
        """S as it is in memory now."""
        contents = [
            bytes(self.memory.read(self._store, region.address, region.end))
            for region in self._state.regions
        ]
        return self._state.with_contents(contents)

    def __getitem__(self, tensor: str) -> NDArray[Any]:
        return self.state[tensor]

    def with_values(self, **values: Any) -> Guest:
        """Another instance, with other values in its state."""
        return self._with(self.state.with_values(values))

    def resumed(self) -> Guest:
        """Another instance that goes on from the bytes of the state section."""
        return self._with(self.state)

    def _with(self, state: State) -> Guest:
        again = self._module.with_custom("wasmstate.state", state.to_content())
        return Guest(Module.from_bytes(again.to_bytes()), self._family)

    def address(self, place: str) -> int:
        """An address, or what an exported symbol says."""
        if place.isdecimal():
            return int(place)
        item = self._exports[place]
        assert isinstance(item, wasmtime.Global)
        return int(item.value(self._store))

    def params(self, function: str) -> tuple[Param, ...]:
        """What a function takes."""
        return self._state.entry_points[function].params

    def call(self, name: str, *args: Any) -> Any:
        """Call a function; arrays go through the buffers that the signature names."""
        given: list[int | float] = []
        for arg, param in zip(args, self.params(name), strict=True):
            if param.place is not None:
                address = self.address(param.place.removeprefix("sym:"))
                content = np.asarray(arg, DTYPES[param.dtype]).tobytes()
                self.memory.write(self._store, content, address)
                given.append(address)
            else:
                given.append(float(arg) if param.dtype == "f64" else int(arg))
        function = self._exports[name]
        assert isinstance(function, wasmtime.Func)
        return function(self._store, *given)

    def feed(self, *columns: Any) -> Self:
        """Learn from many rows, as many at a time as ``update_many`` takes."""
        arrays = [np.asarray(column) for column in columns]
        most = self.params("update_many")[0].shape[0]
        for start in range(0, len(arrays[0]), most):
            part = [array[start : start + most] for array in arrays]
            self.call("update_many", *part, len(part[0]))
        return self


def session_on(module: Module) -> Session:
    """A session that is never written."""
    return Session(Path("model.wasm"), module, Program(module), State.of(module), persist="manual")
