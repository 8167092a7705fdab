"""Which numbers of a module are the weights of a generalised linear model, and of which feature.

The prediction is ``g(bias + sum of weight[j] * x[j])``, g the identity or the logistic function.
When a weight moves by d, the argument of g, which the prediction tells, moves by ``d * x[j]``, when
the bias does, by d. Each candidate, a float constant of the code or a float in the data, is moved
up and down for a few rows: one that does the same on all of them is a weight, whatever the code
looks like.

Source: P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd ed. (1989), "Canonical links".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import CallError
from wasmstate.explore.find_constants import Constant
from wasmstate.explore.learn.forward import Forward
from wasmstate.state.record import Region, RegionKind

LINKS = ("identity", "logistic")
_STEP = 0.5  # by which a candidate is moved
_ROWS = 6
_TOLERANCE = 1e-5
_MOST_BYTES = 256 << 10  # of the data that is looked at
_LARGEST = 1e6  # value of a weight
_SIZES = {"f32": 4, "f64": 8}


@dataclass(frozen=True, slots=True)
class Weight:
    """A number that the model multiplies a feature with, or adds.

    Attributes:
        feature: its index; ``None`` for the bias.
        sign: -1 if the code has its negative.
        dtype: ``f32`` or ``f64``.
        value: it.
        offsets: of the constants that are this weight; none if it lies in memory.
        address: of it in memory.
    """

    feature: int | None
    sign: int
    dtype: str
    value: float
    offsets: tuple[int, ...] = ()
    address: int | None = None

    def __str__(self) -> str:
        name = "bias" if self.feature is None else f"x[{self.feature}]"
        place = f"at address {self.address}"
        if self.offsets:
            place = "constant at " + " and ".join(f"{each:#x}" for each in self.offsets)
        return f"{name}: {'-' if self.sign < 0 else ''}{self.value:.9g}, {self.dtype} {place}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A float that may be a weight, and where it is in the instance that is tried."""

    dtype: str
    region: Region
    offset: int | None = None


def constant_candidates(
    copy: Module, constants: Sequence[Constant], names: Iterable[str]
) -> Iterator[Candidate]:
    """Constants that were unfolded to exported globals, as candidates."""
    exports = Spaces(copy).exports
    for constant, name in zip(constants, names, strict=True):
        region = Region(RegionKind.GLOBAL, exports[name].index, 0, _SIZES[constant.dtype], 0)
        yield Candidate(constant.dtype, region, constant.offset)


def memory_candidates(module: Module) -> Iterator[Candidate]:
    """The floats that the data segments of memory 0 may hold, and those behind symbols."""
    spaces = Spaces(module)
    values = [entry.value for entry in spaces.globals]
    spans = set()
    for segment in spaces.data:
        start = segment.offset.evaluate(values) if segment.offset and not segment.memidx else None
        if isinstance(start, int):
            start %= 1 << 32
            spans |= set(range(start // 4, (start + len(segment.init)) // 4))
    if len(spans) * 4 > _MOST_BYTES:
        return
    for word in sorted(spans):
        for dtype, size in _SIZES.items():
            if (word * 4) % size == 0 and (size == 4 or word + 1 in spans):
                yield Candidate(dtype, Region(RegionKind.MEMORY, 0, word * 4, size, 0))


def find_weights(
    forward: Forward,
    candidates: Iterable[Candidate],
    features: int,
    progress: Callable[[str, float | None], object] | None = None,
) -> tuple[str, list[Weight]]:
    """The link, and the weights, bias last; no weights if the model is no such one."""
    rows = np.random.default_rng(20200817).uniform(-1, 1, (_ROWS, features)).round(3)
    usual = np.array([forward(row) for row in rows])
    listed = list(candidates)
    moves: list[_Moves] = []
    for i, each in enumerate(listed):
        if progress is not None and i % 64 == 0:
            progress("moving numbers", i / len(listed))
        found = _moves(forward, each, rows, usual)
        if found is not None:
            moves.append(found)
    best: tuple[str, list[Weight]] = (LINKS[0], [])
    for link in LINKS:
        # What is printed, or held as f32, has no more digits.
        noise = (2 * forward.resolution + 1e-6 * float(np.abs(usual).max())) / _STEP
        weights = list(_matched(moves, rows, usual, link, noise))
        if len({each.feature for each in weights}) > len({each.feature for each in best[1]}):
            best = link, weights
    return best


@dataclass(frozen=True, slots=True)
class _Moves:
    """What moving a candidate did: by how much it moved, and each row's prediction then."""

    candidate: Candidate
    value: float
    moved: tuple[float, float]
    predicted: tuple[NDArray[np.float64], NDArray[np.float64]]


def _moves(
    forward: Forward,
    candidate: Candidate,
    rows: NDArray[np.float64],
    usual: NDArray[np.float64],
) -> _Moves | None:
    """What comes of it; ``None`` if the first row does not change, or a call fails."""
    region = candidate.region
    dtype = np.dtype(f"<{candidate.dtype[0]}{region.length}")
    content = forward.instance.read([region])[0]
    value = float(np.frombuffer(content, dtype)[0])
    if not abs(value) < _LARGEST:  # nor NaN
        return None
    moved, predicted = [], []
    try:
        for sign in (1, -1):
            changed = np.array([value + sign * _STEP], dtype)
            forward.instance.write([region], [changed.tobytes()])
            first = forward(rows[0])
            if first == usual[0]:
                return None
            moved.append(float(changed[0]) - value)
            predicted.append(np.array([first, *map(forward, rows[1:])]))
    except CallError:
        return None
    finally:
        forward.instance.write([region], [content])
    return _Moves(candidate, value, (moved[0], moved[1]), (predicted[0], predicted[1]))


def _matched(
    moves: Sequence[_Moves],
    rows: NDArray[np.float64],
    usual: NDArray[np.float64],
    link: str,
    noise: float,
) -> Iterator[Weight]:
    argument = _argument(usual, link)
    wanted = [*rows.T, np.ones_like(usual)]
    for each in moves:
        slopes = [
            (_argument(predicted, link) - argument) / moved
            for predicted, moved in zip(each.predicted, each.moved, strict=True)
        ]
        for index, column in enumerate(wanted):
            for sign in (1, -1):
                tolerance = _TOLERANCE + (noise if link == "identity" else noise * 10)
                if all(np.abs(slope - sign * column).max() <= tolerance for slope in slopes):
                    feature = index if index < rows.shape[1] else None
                    yield _weight(each, feature, sign)


def _argument(predicted: NDArray[np.float64], link: str) -> NDArray[np.float64]:
    """What the model applied its link to; NaN where it cannot have been this link."""
    if link == "identity":
        return predicted
    with np.errstate(all="ignore"):
        return np.log(predicted / (1 - predicted))


def _weight(moves: _Moves, feature: int | None, sign: int) -> Weight:
    candidate = moves.candidate
    if candidate.offset is None:
        address = candidate.region.address
        return Weight(feature, sign, candidate.dtype, moves.value, address=address)
    return Weight(feature, sign, candidate.dtype, moves.value, (candidate.offset,))
