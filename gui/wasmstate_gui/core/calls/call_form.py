"""The form of a call: fields from the signature, checked as the user types."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wasmstate.errors import ArgumentError
from wasmstate.session.class_labels import ClassLabels
from wasmstate.session.names import Names
from wasmstate.session.numerals import parse_float, parse_integer, split_numbers
from wasmstate.state.signature import NUMERIC, Param, Signature
from wasmstate.state.state import State
from wasmstate_gui.core.calls.protocol import Outcome
from wasmstate_gui.core.texts import counted

_MOST_FIELDS = 12
"""More features than this are one field, as any array is."""

_F32_MAX = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]


@dataclass(frozen=True, slots=True)
class Argument:
    """The value of a field: a number, a list for an array, or why the text is invalid."""

    value: Any
    error: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one exported function."""

    name: str
    signature: Signature
    names: Names = field(default_factory=lambda: Names({}))

    @property
    def label(self) -> str:
        """``update(arm: i32, reward: f64) -> ()``."""
        return f"{self.name}{self.signature}"

    @property
    def fields(self) -> tuple[Param, ...]:
        """One a parameter; one a feature, where the model keeps a few names of them."""
        return tuple(field for param in self.signature.params for field in self._split(param))

    @property
    def columns(self) -> tuple[Param, ...]:
        """What a row of a table has to give."""
        return self.signature.required

    @property
    def action(self) -> str:
        """What the button says."""
        return "Step" if self.name == "update" else "Call"

    @property
    def obstacle(self) -> str:
        """Why this function cannot be called from here, if so."""
        strange = [p.type for p in self.fields if not p.is_array and p.type not in NUMERIC]
        return f"a value of type {strange[0]} cannot be given from outside" if strange else ""

    def defaults(self) -> list[str]:
        """What the fields hold at first."""
        texts = [_default(param) for param in self.fields]
        if self._class is not None and self.names.classes is not None:
            texts[self._class] = str(self.names.classes.labels[0])
        return texts

    @property
    def _class(self) -> int | None:
        """Which field holds the label of a class."""
        return self.names.class_position(self.fields)

    def values(self, arguments: Sequence[Argument]) -> list[Any]:
        """What the function is called with; parameters that have a default may have no value."""
        given = iter(arguments)
        found: list[Any] = []
        for param in self.signature.params:
            parts = [next(given).value for _ in self._split(param)]
            found.append(parts if self._is_split(param) else parts[0])
        return [each for each in found if each is not None]

    def texts(self, args: Sequence[Any]) -> list[str]:
        """The texts of all fields for these arguments, as :meth:`values` gives them."""
        found = self.defaults()
        params = self.signature.params
        if len(args) < len(params):
            params = self.signature.required
        at = {param.name: i for i, param in enumerate(self.fields)}
        for param, value in zip(params, args, strict=False):
            parts = value if self._is_split(param) else [value]
            for part, each in zip(self._split(param), parts, strict=True):
                found[at[part.name]] = _text(each)
        return found

    def _is_split(self, param: Param) -> bool:
        return self.names.is_features(param) and param.shape[0] <= _MOST_FIELDS

    def _split(self, param: Param) -> list[Param]:
        features = self.names.features
        if features is None or not self._is_split(param):
            return [param]
        return [Param(name, param.dtype) for name in features.names]

    def arguments(self, texts: Sequence[str]) -> list[Argument]:
        """What the texts of all fields mean."""
        return [
            _parse_label(self.names.classes, text)
            if i == self._class and self.names.classes is not None
            else parse_argument(param, text)
            for i, (param, text) in enumerate(zip(self.fields, texts, strict=True))
        ]


def forms(functions: Mapping[str, Signature], metadata: Mapping[str, Any]) -> list[Form]:
    """A form for each function, in the order given.

    Args:
        functions: by name.
        metadata: of the state, which may name features and classes.
    """
    names = Names(metadata)
    return [Form(name, signature, names) for name, signature in functions.items()]


def _text(value: object) -> str:
    return re.sub(r"[\[\]]", "", str(value)) if isinstance(value, list) else str(value)


def _parse_label(classes: ClassLabels, text: str) -> Argument:
    try:
        return Argument(classes.parse(text))
    except ArgumentError as error:
        return Argument(None, str(error))


def parse_argument(param: Param, text: str) -> Argument:
    """Read what is typed for a parameter: a number, or those of an array with commas or spaces."""
    if not param.is_array:
        return _parse_number(param.type, text)
    try:
        texts = split_numbers(re.sub(r"[\[\]()]", " ", text))
    except ArgumentError as error:
        return Argument(None, str(error))
    count = math.prod(param.shape)
    if len(texts) != count:
        return Argument(None, f"{counted(len(texts), 'number')}, {param.type} takes {count}")
    numbers = [_parse_number(param.dtype, each) for each in texts]
    for i, number in enumerate(numbers):
        if number.error:
            return Argument(None, f"number {i}: {number.error}")
    values = np.empty(count, object)
    values[:] = [number.value for number in numbers]
    return Argument(values.reshape(param.shape).tolist())


def _default(param: Param) -> str:
    if param.default is not None:
        return str(param.default)
    zero = "0" if param.dtype[0] in "iu" else "0.0"
    return ", ".join([zero] * math.prod(param.shape))


def _parse_number(type: str, text: str) -> Argument:
    text = text.strip().replace("\u2212", "-")
    if not text:
        return Argument(None, f"a value is missing ({type})")
    if type[0] in "iu":
        return _integer(type, text)
    try:
        value = parse_float(text)
    except ArgumentError as error:
        return Argument(None, str(error))
    if type == "f32" and _F32_MAX < abs(value) < float("inf"):
        return Argument(None, f"{text} is too large for f32 (at most 3.4e38)")
    return Argument(value)


def _integer(type: str, text: str) -> Argument:
    try:
        value = parse_integer(text)
    except ArgumentError as error:
        return Argument(None, str(error))
    bits = int(type[1:])
    low, high = 0 if type[0] == "u" else -(1 << bits - 1), (1 << bits) - 1
    if not low <= value <= high:
        return Argument(None, f"{text} does not fit {type} ({low} to {high})")
    return Argument(value)


def seconds_text(seconds: float) -> str:
    """A duration with three digits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("\u00b5s", 1e6)):
        if seconds * factor >= 1 or unit == "\u00b5s":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError


def value_text(value: object) -> str:
    """``()``, ``3``, ``0.5`` or ``(1, 2)``."""
    if value is None:
        return "()"
    if isinstance(value, list):
        return f"({', '.join(map(str, value))})"
    return str(value)


def change_text(before: State, state: State) -> str:
    """How much of S a call changed."""
    old, new = ([np.frombuffer(each, np.uint8) for each in s.contents()] for s in (before, state))
    counts = []
    for tensor in state.tensors:
        part = slice(tensor.offset, tensor.offset + tensor.nbytes)
        counts.append(int(np.count_nonzero(old[tensor.region][part] != new[tensor.region][part])))
    changed, tensors = sum(counts), sum(count > 0 for count in counts)
    if not changed:
        return "S unchanged"
    return f"{counted(changed, 'byte')} changed in {counted(tensors, 'tensor')}"


def result_text(outcome: Outcome, start: State, end: State) -> str:
    """The line under the buttons after a call that returned."""
    pages, pages_after = outcome.pages
    taken, value = seconds_text(outcome.seconds), value_text(outcome.value)
    returned = f"{outcome.name} returned {value} in {taken}"
    if outcome.done > 1:
        last = "" if outcome.value is None else f", at last {value}"
        returned = f"{outcome.name} returned {outcome.done:,} times in {taken}{last}"
    change = change_text(start, end)
    parts = [
        returned,
        change,
        f"memory {counted(pages, 'page')}",
    ]
    if pages != pages_after:
        parts[2] = f"memory {pages}\u2192{counted(pages_after, 'page')}"
    if outcome.name == "predict" and change != "S unchanged":
        parts[1] = f"predict() must not change S, but {change}"
    if outcome.drifts is not None:
        parts.append(f"{counted(outcome.drifts, 'drift')} told")
    if outcome.stopped:
        parts.insert(0, f"Stopped after call {outcome.done:,}: the condition holds")
    return " \u00b7 ".join(parts)


def failure_text(outcome: Outcome) -> str:
    """The box under the buttons after a call that did not return."""
    if outcome.done:
        return f"{outcome.text}. S is as call {outcome.done:,} left it."
    return f"{outcome.text}. S is what it was."
