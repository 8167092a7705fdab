"""A donor made for one host: ``update()`` by the delta rule, normalised.

For a generalised linear model with its canonical link the gradient of the loss by a weight is
``(prediction - target) * x[j]``, whatever the link is, so that the host's own prediction serves as
the forward pass. The step is divided by ``1 + sum of x[j]^2``: then it converges for every scale of
the features if ``0 < rate < 2``.

Source: J. Nagumo, A. Noda, "A learning method for system identification", IEEE Transactions on
Automatic Control 12 (1967); P. McCullagh, J. A. Nelder, "Generalized Linear Models" (1989).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wasmstate.binary.module import Module
from wasmstate.runtime.assemble import assemble
from wasmstate.state.signature import Signature
from wasmstate.state.tensor import DTYPES

_FINITE = "(if (f64.ne (local.get $finite) (f64.const 0)) (then unreachable))"


@dataclass(frozen=True, slots=True)
class Cell:
    """Where the host keeps a weight.

    Attributes:
        feature: that it is multiplied with; ``None`` for a bias.
        sign: -1 if the host subtracts the product.
        dtype: ``f32`` or ``f64``.
        place: the name of an exported mutable global, or an address.
    """

    feature: int | None
    sign: int
    dtype: str
    place: str | int


def delta_rule(
    cells: Sequence[Cell], signature: Signature, forward: str | None, *, with_predict: bool
) -> Module:
    """The donor.

    Args:
        cells: the weights of the host.
        signature: of what takes the features; ``update`` takes ``y`` and ``rate``, too.
        forward: the host's function that predicts; without one the donor itself adds up
            ``bias + sum of weight[j] * x[j]``.
        with_predict: whether it exports ``predict`` as well.
    """
    return assemble("\n".join(_text(cells, signature, forward, with_predict=with_predict)))


def _text(
    cells: Sequence[Cell], signature: Signature, forward: str | None, *, with_predict: bool
) -> Iterator[str]:
    params = signature.params
    features = list(_features(signature))
    types = ["i32" if each.is_array else each.type for each in params]
    takes = " ".join(f"(param $p{i} {type_})" for i, type_ in enumerate(types))
    given = " ".join(f"(local.get $p{i})" for i in range(len(params)))
    yield "(module"
    if any(p.is_array for p in params) or any(isinstance(c.place, int) for c in cells):
        yield '  (import "host" "memory" (memory 0))'
    if forward is not None:
        result = signature.results[0]
        yield f'  (import "host" {_quoted(forward)} (func $host {takes} (result {result})))'
    for i, cell in enumerate(cells):
        if isinstance(cell.place, str):
            name = _quoted(cell.place)
            yield f'  (import "host" {name} (global $g{i} (mut {cell.dtype})))'
    yield f"  (func $predict {takes} (result f64)"
    if forward is not None:
        yield f"    {_promoted(signature.results[0], f'(call $host {given})')})"
    else:
        yield from _sum(cells, features)
    if with_predict:
        yield '  (export "predict" (func $predict))'
    yield f'  (func (export "update") {takes} (param $y f64) (param $rate f64)'
    yield "    (local $step f64) (local $finite f64)"
    yield from (f"    (local $n{i} f64)" for i in range(len(cells)))
    yield f"    (local.set $step (f64.sub (call $predict {given}) (local.get $y)))"
    yield "    (local.set $finite (f64.const 1))"
    for feature in sorted({cell.feature for cell in cells if cell.feature is not None}):
        x = features[feature]
        yield f"    (local.set $finite (f64.add (local.get $finite) (f64.mul {x} {x})))"
    yield (
        "    (local.set $step (f64.div (f64.mul (local.get $rate) (local.get $step)) "
        "(local.get $finite)))"
    )
    yield "    (local.set $finite (f64.mul (local.get $finite) (f64.const 0)))"
    for i, cell in enumerate(cells):
        change = "(local.get $step)"
        if cell.feature is not None:
            change = f"(f64.mul {change} {features[cell.feature]})"
        operation = "f64.sub" if cell.sign > 0 else "f64.add"
        yield f"    (local.set $n{i} ({operation} {_get(i, cell)} {change}))"
        if cell.dtype == "f32":  # as it will be held
            yield f"    (local.set $n{i} (f64.promote_f32 (f32.demote_f64 (local.get $n{i}))))"
        # Infinities and NaN times 0 are NaN.
        finite = f"(f64.mul (local.get $n{i}) (f64.const 0))"
        yield f"    (local.set $finite (f64.add (local.get $finite) {finite}))"
    yield f"    {_FINITE}"
    yield from (f"    {_set(i, cell)}" for i, cell in enumerate(cells))
    yield "  )"
    yield ")"


def _sum(cells: Sequence[Cell], features: Sequence[str]) -> Iterator[str]:
    text = "(f64.const 0)"
    for i, cell in enumerate(cells):
        term = _get(i, cell)
        if cell.feature is not None:
            term = f"(f64.mul {term} {features[cell.feature]})"
        text = f"({'f64.add' if cell.sign > 0 else 'f64.sub'} {text} {term})"
    yield f"    {text})"


def _features(signature: Signature) -> Iterator[str]:
    """What gives each feature as an f64."""
    for i, param in enumerate(signature.params):
        if param.default is not None:
            continue
        if not param.is_array:
            yield _promoted(param.type, f"(local.get $p{i})")
            continue
        size = DTYPES[param.dtype].itemsize
        for k in range(param.nbytes // size):
            load = f"({param.dtype}.load offset={k * size} align={size} (local.get $p{i}))"
            yield _promoted(param.dtype, load)


def _get(i: int, cell: Cell) -> str:
    if isinstance(cell.place, str):
        return _promoted(cell.dtype, f"(global.get $g{i})")
    return _promoted(cell.dtype, f"({cell.dtype}.load (i32.const {cell.place}))")


def _set(i: int, cell: Cell) -> str:
    value = f"(local.get $n{i})"
    if cell.dtype == "f32":
        value = f"(f32.demote_f64 {value})"
    if isinstance(cell.place, str):
        return f"(global.set $g{i} {value})"
    return f"({cell.dtype}.store (i32.const {cell.place}) {value})"


def _promoted(type_: str, text: str) -> str:
    return f"(f64.promote_f32 {text})" if type_ == "f32" else text


def _quoted(name: str) -> str:
    """A name as the text format writes it."""
    return '"' + "".join(f"\\{byte:02x}" for byte in name.encode()) + '"'
