"""Models with Scailable's interface: text in through a buffer of the module's, text out.

There are three dialects. The first takes ``{"input": [[1, 2, 3]]}``; the second has ``score()``
besides, which is passed a pointer to doubles; the third, which imports ``wasi_snapshot_preview1``,
takes ``{"input": "<base64 of float32>", "type": "raw"}``, and without the type silently predicts
for zeros.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.errors import ArgumentError, CallError, LinkError, SchemaError
from wasmstate.runtime.grants import Grants
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.runtime.wasi import SCAILABLE, ExitError, WasiStub, is_scailable
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import check_unmasked

Dialect = Literal["json", "raw"]
"""How the input is written: as JSON numbers, or as base64 of float32, little endian."""


class ScailableModel:
    """A model with Scailable's interface, which only predicts.

    It gets stubs for what it imports of WASI: no files, no clock, no randomness. If the module
    carries a state, S is restored after ``_start``. A call that fails ends the instance, and the
    next one gets a new one; both buffers of a call are given back, so memory does not grow.

    Args:
        module: with the functions ``malloc_buffer``, ``pred``, ``get_out_len``, ``get_out_loc``
            and ``free_buffer``.
        dialect: of the input; found out from what the module imports if not given.
        limits: of every call.

    Raises:
        LinkError: if the module has another interface, or imports more than WASI.
        CallError: if it cannot be instantiated, or its ``_start`` fails.
        StateError: if it carries a state that cannot be read.
    """

    def __init__(
        self, module: Module, *, dialect: Dialect | None = None, limits: Limits | None = None
    ) -> None:
        self._wasi = WasiStub()
        if dialect not in (None, "json", "raw"):
            raise ValueError(f"dialect must be json or raw, not {dialect!r}")
        self._state = State.of(module) if module.custom_sections(SECTION_NAME) else None
        self._program = Program(module, limits, Grants(self._wasi))
        spaces = self._program.spaces
        if not is_scailable(spaces):
            wanted = ", ".join(f"{name} {type_}" for name, type_ in SCAILABLE.items())
            raise LinkError(f"the module has not Scailable's interface: it would export {wanted}")
        namespaces = {each.module for each in spaces.imports}
        self.dialect: Dialect = dialect or (
            "raw" if "wasi_snapshot_preview1" in namespaces else "json"
        )
        self._instance: Instance | None = None
        _ = self.instance

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        dialect: Dialect | None = None,
        limits: Limits | None = None,
    ) -> Self:
        """The model in a file. Raises as the class, :class:`MalformedError`, :class:`OSError`."""
        return cls(Module.open(path), dialect=dialect, limits=limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._instance = None

    @property
    def pages(self) -> int:
        """Size of the memory in pages."""
        return self.instance.pages

    @property
    def instance(self) -> Instance:
        """The instance that predicts; a new one after a call that failed.

        :meta private:
        """
        if self._instance is None:
            instance = Instance(self._program)
            if "_start" in self._program.functions:
                try:
                    instance.call("_start", [])
                except ExitError as error:
                    if error.code != 0:
                        raise
            if self._state is not None:
                instance.write(self._state.regions, self._state.contents())
            self._instance = instance
        return self._instance

    def predict(self, inputs: Sequence[Any]) -> list[Any]:
        """What the model gives for an input.

        Args:
            inputs: numbers, or rows of numbers, as the model wants them.

        Returns:
            The list that stands in its answer as ``output``.

        Raises:
            ArgumentError: if these are no finite numbers.
            CallError: if ``pred`` says that it failed, with what it wrote; if its answer cannot be
                read; and as :meth:`Session.call`.
        """
        text = self._payload(inputs)
        answer = self._guarded(lambda instance: self._exchange(instance, text))
        try:
            output = json.loads(answer)["output"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CallError(f"pred() answered {answer[:200]!r}, which has no output") from error
        return output if isinstance(output, list) else [output]

    def score(self, features: Sequence[float]) -> float:
        """What ``score()`` gives for features, which are passed as doubles.

        Raises:
            ArgumentError: if these are no numbers.
            CallError: if the module has no such function, and as :meth:`Session.call`.
        """
        type_ = str(self._program.func_type("score"))
        if type_ != "(i32) -> (f64)":
            raise CallError(f"score is {type_}; Scailable's takes a pointer and gives an f64")
        content = _numbers(features, "<f8").tobytes()

        def scored(instance: Instance) -> float:
            address = _put(instance, content)
            value = instance.call("score", [address])
            instance.call("free_buffer", [address])
            return float(value)

        return float(self._guarded(scored))

    def _payload(self, inputs: Sequence[Any]) -> bytes:
        if self.dialect == "raw":
            content = base64.b64encode(_numbers(inputs, "<f4").tobytes()).decode()
            return json.dumps({"input": content, "type": "raw"}).encode()
        return json.dumps({"input": _numbers(inputs, None).tolist()}).encode()

    def _exchange(self, instance: Instance, text: bytes) -> bytes:
        given = _put(instance, text + b"\0")
        code = instance.call("pred", [])
        if code != 0:
            said = self._wasi.text.decode("utf-8", "replace").strip()
            raise CallError(f"pred() gave {code}, it failed{f': {said}' if said else ''}")
        size = instance.call("get_out_len", []) % (1 << 32)
        found = instance.call("get_out_loc", [])
        # Only now a view: memory may have grown, and moved.
        answer = instance.span(found % (1 << 32), size).read()
        instance.call("free_buffer", [given])
        if found != given:
            instance.call("free_buffer", [found])
        return answer.rstrip(b"\0")

    def _guarded(self, use: Any) -> Any:
        instance = self.instance
        self._wasi.text = b""
        try:
            return use(instance)
        except BaseException:
            self._instance = None  # it may have done half of it, and has kept its buffers
            raise


def _put(instance: Instance, content: bytes) -> int:
    address: int = instance.call("malloc_buffer", [len(content)])
    if not address:
        raise CallError(f"malloc_buffer({len(content)}) gave 0: it has no memory left")
    instance.span(address % (1 << 32), len(content)).write(content)
    return address


def _numbers(values: Sequence[Any], dtype: str | None) -> np.ndarray[Any, Any]:
    try:
        check_unmasked("the input", values)
        array = np.asarray(values)
    except SchemaError as error:
        raise ArgumentError(str(error)) from error
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"the input must be numbers or rows of numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise ArgumentError("the input must be numbers or rows of numbers")
    if dtype is not None:
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    if not np.isfinite(array).all():
        raise ArgumentError("the input has numbers that are not finite, or too large for float32")
    return array
