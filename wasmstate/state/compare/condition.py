"""Conditions on a state that a person types: ``isnan(w).any()``, ``abs(dS) > 1``.

A condition is an expression in the words of NumPy over the tensors of the state. It is taken
apart and worked out here, never handed to ``eval``: it may come from a file or another person.

Names: each tensor's own, ``S["any name"]`` for those that are no identifier, ``dS`` for the
Euclidean norm of what the step changed in the floating-point tensors, ``y`` for what the call
returned, ``step`` for its number, ``drift`` for whether a detector that watches told one.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from wasmstate.errors import SchemaError
from wasmstate.escapes import listed
from wasmstate.state.state import State

EXTRAS = ("dS", "y", "step")
DRIFT = "drift"

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "all": np.all,
    "any": np.any,
    "exp": np.exp,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "log": np.log,
    "max": np.max,
    "mean": np.mean,
    "min": np.min,
    "norm": np.linalg.norm,
    "sqrt": np.sqrt,
    "std": np.std,
    "sum": np.sum,
}
_METHODS = ("all", "any", "max", "mean", "min", "std", "sum")
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
    ast.Mod: np.mod,
    ast.Pow: np.float_power,  # in floats: 9**9**9 is inf, and does not take the day
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_LONGEST = 1000


class Condition:
    """An expression that is true or false of a state.

    Args:
        text: the expression.
        state: whose tensors it may name; its values are used to try it once.
        is_watched: whether it may name ``drift``, which is then given to :meth:`holds`.

    Raises:
        SchemaError: if it cannot be read, names what is not there, or is no yes or no.
    """

    def __init__(
        self, text: str, state: Mapping[str, Any] | State, *, is_watched: bool = False
    ) -> None:
        self.text = text.strip()
        if len(self.text) > _LONGEST:
            raise self._refused(f"it has more than {_LONGEST} characters")
        try:
            self._tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise self._refused("it is no expression") from error
        watched = {DRIFT: False} if is_watched else {}
        self.holds(state, dS=0.0, y=0.0, step=0, **watched)

    def holds(self, state: Mapping[str, Any] | State, **extras: float | None) -> bool:
        """Whether it is true of these values.

        Args:
            state: arrays by tensor name.
            extras: ``dS``, ``y`` and ``step``, of which one that is ``None`` or missing is NaN;
                ``drift``.

        Raises:
            SchemaError: as the constructor.
        """
        try:
            # Dividing by zero and the like give what IEEE 754 says, without a word.
            with np.errstate(all="ignore"):
                result = np.asarray(self._value(self._tree, state, extras))
        except RecursionError as error:
            raise self._refused("it is nested too deeply") from error
        except (TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
            raise self._refused(str(error)) from error
        if result.size != 1:
            raise self._refused("it gives many values; add .any() or .all()")
        if result.dtype != np.bool_:
            raise self._refused("it is no yes or no; compare with something")
        return bool(result.item())

    def _value(self, node: ast.expr, state: Any, extras: Mapping[str, Any]) -> Any:
        def of(child: ast.expr) -> Any:
            return self._value(child, state, extras)

        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return number
            case ast.Name(id="S") | ast.Subscript(value=ast.Name(id="S"), slice=ast.Name()):
                raise self._refused('write S["name"]')
            case ast.Name(id=name):
                return self._named(name, state, extras)
            case ast.Subscript(value=ast.Name(id="S"), slice=ast.Constant(value=str() as name)):
                return self._named(name, state, {})
            case ast.Subscript(value=array, slice=index):
                return of(array)[self._index(index)]
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if (
                name in _FUNCTIONS
            ):
                return _FUNCTIONS[name](of(argument))
            case ast.Call(func=ast.Attribute(value=array, attr=name), args=[], keywords=[]) if (
                name in _METHODS
            ):
                return _FUNCTIONS[name](of(array))
            case ast.Attribute(value=array, attr="T"):
                return np.transpose(of(array))
            case ast.Attribute(value=array, attr="size"):
                return np.size(of(array))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](_number(of(left)), _number(of(right)))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](of(operand))
            case ast.BoolOp(op=op, values=values):
                return (all if isinstance(op, ast.And) else any)(bool(of(each)) for each in values)
            case ast.Compare(left=left, ops=ops, comparators=right):
                return self._compare([of(each) for each in (left, *right)], ops)
        raise self._refused(f"{ast.unparse(node)!r} cannot be used here")

    def _compare(self, values: list[Any], ops: list[ast.cmpop]) -> Any:
        result: Any = np.True_
        for left, op, right in zip(values, ops, values[1:], strict=False):
            if type(op) not in _OPERATORS:
                raise self._refused("compare with <, <=, >, >=, == or !=")
            result = result & np.asarray(_OPERATORS[type(op)](left, right))
        return result

    def _named(self, name: str, state: Any, extras: Mapping[str, Any]) -> Any:
        if name in state:
            return state[name]
        if name in EXTRAS or name in extras:
            value = extras.get(name)
            return np.nan if value is None else value
        if name == DRIFT:
            raise self._refused("drift is known only while a detector watches the rows")
        known = listed(dict.fromkeys([*list(state)[:20], *EXTRAS, *extras]), 30)
        raise self._refused(f"there is no {name!r}; there are {known}")

    def _index(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() as number):
                return number
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
                return -number
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(each and self._index(each) for each in (lower, upper, step)))
            case ast.Tuple(elts=parts):
                return tuple(self._index(part) for part in parts)
        raise self._refused("an index is an integer or a slice")

    def _refused(self, reason: str) -> SchemaError:
        return SchemaError(f"cannot use the condition {self.text[:80]!r}: {reason}")


def _number(value: Any) -> Any:
    """Python's own integers grow without end when they are multiplied; these do not."""
    return np.float64(value) if isinstance(value, int) and abs(value) > 1 << 31 else value


def step_size(before: State, after: State) -> float:
    """``dS``: the Euclidean norm of the difference of the floating-point tensors."""
    total = 0.0
    for tensor in after.tensors:
        if tensor.dtype.startswith("f"):
            with np.errstate(all="ignore"):
                difference = after[tensor.name].astype(np.float64) - before[tensor.name]
                # Not np.vdot: BLAS would wake a thread a core for it, and then wait for them.
                total += float(np.square(difference).sum())
    return float(np.sqrt(total))
