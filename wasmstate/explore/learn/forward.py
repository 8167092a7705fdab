"""The forward pass of a module that predicts: features in, one number out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from wasmstate.binary.module import Module
from wasmstate.errors import ArgumentError, CallError
from wasmstate.runtime.arguments import entry_point
from wasmstate.runtime.grants import Grants
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.session.scailable import ScailableModel
from wasmstate.state.record import Region
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import DTYPES


class Forward(Protocol):
    """A forward pass whose weights can be changed.

    Attributes:
        resolution: the least difference of two results that is told.
    """

    resolution: float

    def __call__(self, features: Sequence[float]) -> float:
        """What is predicted. Raises CallError if the call fails or gives no number."""
        ...

    @property
    def instance(self) -> Instance:
        """The instance that holds the weights."""
        ...


class FunctionForward:
    """A function that takes the features as numbers or arrays, and gives one number.

    Raises:
        ArgumentError: if it takes or gives something else.
        CallError: if the module cannot be instantiated.
        SchemaError: if the signature is not that of the function.
    """

    resolution = 0.0

    def __init__(
        self,
        module: Module,
        name: str,
        signature: Signature,
        grants: Grants | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._params = signature.required
        feature_count(name, signature)
        self.instance: Instance = Instance(Program(module, limits, grants))
        regions: Sequence[Region] = ()
        if module.custom_sections(SECTION_NAME):
            state = State.of(module)
            regions = state.regions
            self.instance.write(regions, state.contents())
        self._entry = entry_point(self.instance, name, signature, regions)

    def __call__(self, features: Sequence[float]) -> float:
        """What is predicted."""
        return float(self._entry(arguments(self._params, features)))


class TextForward:
    """The text interface of Scailable's binaries: ``pred()`` with one row.

    Raises:
        LinkError: if the module has another interface.
        CallError: if it cannot be instantiated.
    """

    resolution = 1e-6  # printed with six decimals

    def __init__(self, module: Module, limits: Limits | None = None) -> None:
        self._model = ScailableModel(module, limits=limits)

    @property
    def instance(self) -> Instance:
        """The instance that predicts."""
        return self._model.instance

    def __call__(self, features: Sequence[float]) -> float:
        """What is predicted."""
        row = [float(each) for each in features]
        output: Any = self._model.predict(row if self._model.dialect == "raw" else [row])
        while isinstance(output, list) and len(output) == 1:
            output = output[0]
        if isinstance(output, bool) or not isinstance(output, (int, float)):
            raise CallError(f"pred() gives {str(output)[:80]}, not one number")
        return float(output)


def feature_count(name: str, signature: Signature) -> int:
    """How many features a function takes: the floats without a default, the elements of arrays.

    Raises:
        ArgumentError: if it takes anything else, or gives more or less than one float.
    """
    count = 0
    for param in signature.required:
        if param.dtype not in ("f32", "f64"):
            raise ArgumentError(
                f"{name} takes {param}: features are f32 or f64; if {param.name} is the address of "
                "an array, or always the same number, write so: "
                f"{name}(x: f64[3]@sym:x, n: i32 = 3)"
            ).helped_by("entry_points")
        count += param.nbytes // DTYPES[param.dtype].itemsize
    if len(signature.results) != 1 or signature.results[0] not in ("f32", "f64"):
        raise ArgumentError(f"{name}{signature} does not give one float")
    if not count:
        raise ArgumentError(f"{name} takes no features")
    return count


def arguments(params: Sequence[Param], features: Sequence[float]) -> list[Any]:
    """The features as the arguments of a function."""
    found: list[Any] = []
    at = 0
    for param in params:
        if not param.is_array:
            found.append(features[at])
            at += 1
            continue
        count = param.nbytes // DTYPES[param.dtype].itemsize
        found.append(_shaped(features[at : at + count], param.shape))
        at += count
    return found


def _shaped(values: Sequence[float], shape: Sequence[int]) -> list[Any]:
    if len(shape) == 1:
        return list(values)
    size = len(values) // shape[0]
    return [_shaped(values[i * size :][:size], shape[1:]) for i in range(shape[0])]
