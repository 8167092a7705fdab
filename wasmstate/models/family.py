"""What a family of models is: options, tensors, entry points; and making a model of it."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.escapes import listed
from wasmstate.models.naming import metadata_of
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.state.bounds import parse_bound
from wasmstate.state.signature import Signature
from wasmstate.state.tensor import TensorSpec

Values = Mapping[str, float]
"""Options by name, and ``rows``: how many rows ``update_many`` takes at once."""

_SHAPE = re.compile(r"\[([a-z_0-9+*, ]*)\]")
_MAGNITUDE = ("<= 1e9", ">= -1e9")
"""Beyond it squares and sums of what is learned overflow; none of the options means more."""
_LIMIT = re.compile(r"(<=?) ([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Option:
    """What somebody who makes a model decides.

    Attributes:
        name: also of the tensor that keeps it.
        help: one clause.
        default: ``None`` if it must be given.
        integer: whether it is a whole number.
        bounds: conditions on the value: ``finite``, or comparisons such as ``>= 0``.
    """

    name: str
    help: str
    default: float | None = None
    integer: bool = False
    bounds: tuple[str, ...] = ()

    def check(self, value: object) -> float:
        """The value as it will be kept.

        Raises:
            SchemaError: if it is not a number of the right kind, or out of its bounds.
        """
        kinds = (int, np.integer) if self.integer else (int, float, np.integer, np.floating)
        if not isinstance(value, kinds) or isinstance(value, bool):
            wanted = "a whole number" if self.integer else "a number"
            raise SchemaError(f"{self.name} must be {wanted}, not {value!r}")
        number = int(value) if self.integer else float(value)
        for bound in (*self.bounds, "finite", *_MAGNITUDE):
            if parse_bound(bound)(np.asarray(float(number))) is not None:
                raise SchemaError(f"{self.name} must be {bound}, not {number}")
        return number


@dataclass(frozen=True, slots=True)
class TensorTemplate:
    """A tensor whose shape depends on options.

    Attributes:
        spec: ``name:dtype[shape]``, the shape in names of options: ``mean:f64[features+1]``.
        merge: as in :class:`wasmstate.TensorSpec`.
        bounds: likewise.
        unit: likewise.
        value: gives its first value, from options and random numbers from 0 to 2**64 - 1, if that
            is neither the option of its name nor zeros.
    """

    spec: str
    merge: str
    bounds: tuple[str, ...] = ()
    unit: str | None = None
    value: Callable[[Values, Iterator[int]], Any] | None = None

    @property
    def name(self) -> str:
        """Unique in its family."""
        return self.spec.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models.

    Attributes:
        name: as in ``wasmstate models new NAME``; also that of the kernel.
        summary: one line.
        source: of the equations.
        options: in the order in which a form shows them.
        tensors: of S, in the order in which they are shown.
        entry_points: signatures by the name of the function, dimensions in names of options.
        max_rows: how many rows the buffers of columns hold.
        buffers: how many numbers those of matrices hold, by the option that is a row's length.
        room: products of options, and the largest that the kernel has room for.
        derived: sizes of tensors that follow from options, by the name that shapes have for them.
        takes_seed: whether it has random numbers in its first state.
        only_with: tensors and functions that a model has only if an option is not 0, by the option.
        fixed: sizes that a model keeps for good, because others would give its numbers another
            meaning.
    """

    name: str
    summary: str
    source: str
    options: tuple[Option, ...]
    tensors: tuple[TensorTemplate, ...]
    entry_points: Mapping[str, str]
    max_rows: int
    buffers: Mapping[str, int] = field(default_factory=dict)
    room: Mapping[str, int] = field(default_factory=dict)
    derived: Mapping[str, Callable[[Values], float]] = field(default_factory=dict)
    takes_seed: bool = False
    only_with: Mapping[str, Collection[str]] = field(default_factory=dict)
    fixed: Collection[str] = ()

    def option(self, name: str) -> Option:
        """An option.

        Raises:
            SchemaError: if there is none of that name.
        """
        for each in self.options:
            if each.name == name:
                return each
        known = ", ".join(option.name for option in self.options)
        raise SchemaError(f"{self.name} has no option {name!r}; it has {known}")

    def values(self, options: Mapping[str, object]) -> dict[str, float]:
        """All options, checked, with defaults for those that are not given.

        Raises:
            SchemaError: naming the option and what is wrong.
        """
        given = {name: self.option(name).check(value) for name, value in options.items()}
        values = {}
        for option in self.options:
            value = given.get(option.name, option.default)
            if value is None:
                raise SchemaError(f"{self.name} needs {option.name}: {option.help}")
            values[option.name] = value
        for switch, parts in self.only_with.items():
            for name, value in given.items():
                is_said = value != self.option(name).default
                if name in parts and name != switch and is_said and not values[switch]:
                    raise SchemaError(f"{name} has no use in a model whose {switch} are 0")
        values |= {name: size(values) for name, size in self.derived.items()}
        for product, most in self.room.items():
            size = _size(product, values)
            if size > most:
                raise SchemaError(
                    f"{product.replace('*', ' * ')} = {size} does not fit one page of memory: "
                    f"at most {most} can be"
                )
        sizes = [size // int(values[option]) for option, size in self.buffers.items()]
        return values | {"rows": min([self.max_rows, *sizes])}

    def has(self, part: str, values: Values) -> bool:
        """Whether a model with these options has a tensor or a function of the family."""
        return all(values[option] or part not in parts for option, parts in self.only_with.items())

    def templates(self, values: Values) -> list[TensorTemplate]:
        """The tensors of a model with these options, without their sizes."""
        return [template for template in self.tensors if self.has(template.name, values)]

    def tensor_specs(self, values: Values) -> list[TensorSpec]:
        """The tensors of a model with these options."""
        specs = []
        for template in self.templates(values):
            text = _with_sizes(template.spec, values)
            spec = TensorSpec.parse(f"{text}@sym:{template.name}")
            bounds = template.bounds
            if spec.dtype == "u32" and template.name in values:
                # The tensors have this size: there is no other that could be right.
                bounds = tuple(f"{sign} {values[template.name]}" for sign in (">=", "<="))
            specs.append(
                TensorSpec(
                    spec.name,
                    spec.dtype,
                    spec.shape,
                    spec.place,
                    template.unit,
                    template.merge,
                    bounds or self._option_bounds(template.name),
                )
            )
        return specs

    def _option_bounds(self, name: str) -> tuple[str, ...]:
        bounds = [option.bounds for option in self.options if option.name == name]
        return ("finite", *bounds[0]) if bounds else ()

    def signatures(self, values: Values) -> dict[str, Signature]:
        """The entry points of a model with these options."""
        return {
            name: Signature.parse(_with_limits(_with_sizes(text, values), values))
            for name, text in self.entry_points.items()
            if self.has(name, values)
        }

    def make(
        self,
        seed: int | None,
        options: Mapping[str, object],
        feature_names: Sequence[str] | None = None,
        labels: Sequence[Any] | None = None,
    ) -> Module:
        """A model: the kernel, with the options in its state. Args and raises as :func:`new`."""
        named = metadata_of(feature_names, labels)
        options = {**options}
        self._count("features", feature_names, options)
        self._count("classes", labels, options)
        values = self.values(options)
        if seed is None:
            seed = secrets.randbits(64)
        elif not self.takes_seed:
            raise SchemaError(f"{self.name} has no random numbers: it takes no seed")
        given = {
            template.name: template.value(values, random_numbers(seed))
            if template.value
            else values[template.name]
            for template in self.templates(values)
            if template.value or template.name in values
        }
        module = Module.from_bytes(self.kernel())
        state = describe(
            module,
            self.tensor_specs(values),
            entry_points=self.signatures(values),
            metadata={"model": self.name, "summary": self.summary, **named},
        )
        return with_state(module, state.with_values(given))

    def _count(self, size: str, names: Sequence[Any] | None, options: dict[str, object]) -> None:
        """Let the names say how many there are."""
        if names is None:
            return
        known = {option.name for option in self.options}
        if size in known:
            count = options.setdefault(size, len(names))
        else:  # a model of two classes has no option for them
            takes_label = " label: i" in self.entry_points["update"]
            count = 2 if size == "classes" and takes_label else 0
            if not count:
                raise SchemaError(f"{self.name} has no {size} to name")
        if count != len(names):
            raise SchemaError(
                f"{len(names)} names for {count} {size}: {listed([repr(each) for each in names])}"
            )

    def kernel(self) -> bytes:
        """The code, without a state."""
        return (files("wasmstate.models") / f"{self.name}.wasm").read_bytes()


def random_numbers(seed: int) -> Iterator[int]:
    """The numbers of SplitMix64, from 0 to 2**64 - 1.

    Raises:
        SchemaError: if the seed does not fit 64 bits.

    Source: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators"
    (2014), with the constants of S. Vigna, splitmix64.c (2015).
    """
    is_whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not is_whole or not 0 <= seed < 1 << 64:
        raise SchemaError(f"the seed must be a whole number from 0 to 2**64 - 1, not {seed!r}")
    return _split_mix(int(seed))


def _split_mix(state: int) -> Iterator[int]:
    mask = (1 << 64) - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        yield z ^ z >> 31


def _with_sizes(text: str, values: Values) -> str:
    def sizes(match: re.Match[str]) -> str:
        return f"[{','.join(str(_size(part, values)) for part in match[1].split(','))}]"

    return _SHAPE.sub(sizes, text)


def _with_limits(text: str, values: Values) -> str:
    return _LIMIT.sub(lambda match: f"{match[1]} {values[match[2]]}", text)


def _size(text: str, values: Values) -> int:
    """The number that ``features``, ``features+1`` or ``arms*replicates``."""
    return sum(
        math.prod(int(values.get(factor, factor)) for factor in term.strip().split("*"))
        for term in text.split("+")
    )
