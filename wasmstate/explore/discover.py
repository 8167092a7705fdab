"""Finding the state of a module that nobody described: what its calls change, and then read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.explore.call_graph import reached_code
from wasmstate.explore.discovery_result import Discovered, Discovery, LeftOut
from wasmstate.explore.guess_types import WORD, Run, runs_of
from wasmstate.explore.influence import Influence
from wasmstate.explore.memory_map import Areas
from wasmstate.explore.trial import Call, Image, Trial, calls_of
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.limits import Limits
from wasmstate.state.lists import check_list
from wasmstate.state.place import with_memory
from wasmstate.state.record import RegionKind
from wasmstate.state.signature import Signature
from wasmstate.state.tensor import DTYPES, TensorSpec

_JOINS = 8  # bytes of zeros that may lie between two elements of a tensor without a symbol
_SINGLY = 512  # words that are tried one by one; more of them are tried range by range
_LARGEST = 1 << 19  # bytes of a symbol that no call changed, up to which it is tried

Tell = Callable[[str, float | None], object]
"""Takes what is being done, and how much of it is, 0 to 1, if that is known."""


def discover(
    module: ModuleLike,
    calls: Iterable[str | Call],
    *,
    entry_points: Mapping[str, Signature] | None = None,
    rounds: int = 3,
    limits: Limits | None = None,
    progress: Tell | None = None,
    **grants: Unpack[GrantOptions],
) -> Discovery:
    """Propose tensors for a module: run calls, see what they change, and what of it they read.

    Args:
        module: a core module: a path, bytes or a Module; it is not changed. If it carries a state,
            its signatures are used.
        calls: ``update:1.0,0.5`` as text, or as :class:`Call`; together they should change all
            that can be learned, each with other numbers.
        entry_points: signatures of functions that take arrays.
        rounds: how often the calls are made, one after the other.
        limits: of every call; two seconds if not given.
        progress: is told now and then what is being done, and how much of it is.
        grants: ``wasi``, ``imports``, ``allow`` and ``single_thread``, as :meth:`Session.open`
            takes them.

    Raises:
        ArgumentError: if a call cannot be read, or does not fit the function.
        CallError: if the module cannot be run, or a call does not return.
        SchemaError: if a signature does not fit the module.
        ValueError: if ``rounds`` is not positive; for an invalid ``wasi``.
    """
    module = as_module(module)
    check_list("calls", calls)
    if rounds < 1:
        raise ValueError(f"rounds must be positive, not {rounds}")
    given = calls_of(calls)
    tell = progress or _nobody_asks
    tell("compiling the module", None)
    trial = Trial(module, entry_points, limits or Limits(seconds=2.0), Grants.of(**grants))
    images = [trial.start()]
    for i in range(rounds):
        for j, call in enumerate(given):
            tell(f"calling {call.name}()", (i * len(given) + j) / (rounds * len(given)))
            trial.call(call)
            images.append(trial.image())
    return _Search(Spaces(module), trial, given, images, tell).result()


def _nobody_asks(what: str, share: float | None) -> None:
    """Takes the place of a progress bar."""


class _Search:
    """From the images behind each call to a proposal."""

    def __init__(
        self,
        spaces: Spaces,
        trial: Trial,
        calls: Sequence[Call],
        images: Sequence[Image],
        tell: Tell,
    ) -> None:
        self._tell = tell
        self._spaces = spaces
        self._trial = trial
        self._images = images
        self._influence = Influence(trial, images[-1], calls)
        self._areas = Areas(spaces, trial, calls, images)
        self._stores = {
            instr.mnemonic
            for _, _, instr in reached_code(spaces, [call.name for call in calls])
            if ".store" in instr.mnemonic or instr.mnemonic.startswith("memory.")
        }
        self._changed = self._changed_words() if spaces.memories else []
        self._left_out: list[LeftOut] = []
        self._is_on_heap = False

    def result(self) -> Discovery:
        found = list(self._globals())
        if self._spaces.memories:
            found = [*self._tensors(), *found]
        signatures = dict(self._trial.signatures)
        return Discovery(tuple(found), tuple(self._left_out), self._is_on_heap, signatures)

    def _globals(self) -> Iterator[Discovered]:
        for i, region in enumerate(self._trial.regions):
            if region.kind is not RegionKind.GLOBAL or self._areas.is_stack_pointer(region.index):
                continue
            values = [image[i] for image in self._images]
            if len(set(values)) == 1:
                continue
            type_ = str(self._spaces.globals[region.index].type.valtype)
            name = self._areas.global_name(region.index) or f"global {region.index}"
            why = None
            if not self._influence.of(i, [(0, region.length)]):
                why = "written, but no call reads it"
            elif type_ == "i32" and self._areas.is_heap_top(values, self._changed):
                why = "the top of a heap"
                self._is_on_heap = True
            if why is not None:
                self._left_out.append(LeftOut(None, region.length, f"the global {name}: {why}"))
                continue
            yield Discovered(
                TensorSpec(name, type_, (), self._areas.global_place(region.index)),
                is_changed=True,
                certainty="high",
                reasons=("calls change and read it", "a global"),
            )

    def _changed_words(self) -> list[int]:
        """The indices of the words that some call changed."""
        mask = np.zeros(len(self._images[-1][0]) // WORD, bool)
        for before, after in pairwise(image[0] for image in self._images):
            old, new = (np.frombuffer(each, np.uint64) for each in (before, after))
            mask[: len(old)] |= old != new[: len(old)]
            mask[len(old) : len(new)] |= new[len(old) :] != 0
        return [int(i) for i in np.flatnonzero(mask)]

    def _tensors(self) -> Iterator[Discovered]:
        reasons: dict[int, str] = {}
        words, kept = [], set()
        for word in self._changed:
            reason = self._areas.why_left_out(word)
            if reason is None:
                words.append(word)
            else:
                reasons[word] = reason
        groups = _groups(words, singly=len(words) <= _SINGLY)
        for i, group in enumerate(groups):
            self._tell("trying what calls read of what they changed", i / len(groups))
            if not self._influence.of(0, [(word * WORD, word * WORD + WORD) for word in group]):
                reasons |= dict.fromkeys(group, "scratch: written, but no call reads it")
                continue
            for word in group:
                if self._areas.is_on_heap(word):
                    reasons[word] = "on a heap, where nothing has a fixed place"
                    self._is_on_heap = True
                else:
                    kept.add(word)
        self._left_out += _left_out(reasons)
        yield from self._named(kept)
        yield from self._unnamed(sorted(kept))

    def _named(self, kept: set[int]) -> Iterator[Discovered]:
        """Tensors behind symbols; takes their words out of ``kept``."""
        edges = self._areas.edges()
        symbols = sorted(self._areas.symbols.items(), key=lambda item: item[1])
        for i, (name, address) in enumerate(symbols):
            self._tell("trying what calls read of the symbols", i / len(symbols))
            end = next((each for each in edges if each > address), None)
            if end is None:  # nothing says where the last one ends: where calls changed it
                last = max((w for w in kept if address < w * WORD + WORD), default=address // WORD)
                end = last * WORD + WORD
            if any(start < end and address < stop for start, stop, _ in self._areas.buffers):
                continue
            inside = {w for w in kept if w * WORD + WORD > address and w * WORD < end}
            if not inside and (
                end - address > _LARGEST or not self._influence.of(0, [(address, end)])
            ):
                continue
            kept -= inside
            yield from self._symbol(name, address, end, is_changed=bool(inside))

    def _symbol(
        self, name: str, address: int, end: int, *, is_changed: bool
    ) -> Iterator[Discovered]:
        words = range(address // WORD, -(-end // WORD))
        runs = [r for r in self._runs(words, joins=end - address) if address <= r.address < end]
        why = "calls change and read it" if is_changed else "calls read it, none changed it"
        for run in runs:
            is_all = len(runs) == 1
            start = address if is_all else run.address
            size = DTYPES[run.dtype].itemsize
            stop = min(run.address + run.size, end)
            if is_all and not (size < WORD and end - stop < WORD):  # else padding follows
                stop = end
            count = (stop - start) // size
            is_first = start == address
            yield Discovered(
                TensorSpec(
                    name if is_first else f"{name}_{start}",
                    run.dtype,
                    (count,) if count > 1 else (),
                    with_memory(self._spaces, 0, f"sym:{name}" if is_first else str(start)),
                ),
                is_changed=is_changed,
                certainty="high" if run.is_certain and is_all and is_changed else "medium",
                reasons=(why, f"the symbol {name}"),
            )

    def _unnamed(self, words: Sequence[int]) -> Iterator[Discovered]:
        for run in self._runs(words, joins=_JOINS):
            count = run.size // DTYPES[run.dtype].itemsize
            yield Discovered(
                TensorSpec(
                    f"at_{run.address}",
                    run.dtype,
                    (count,) if count > 1 else (),
                    with_memory(self._spaces, 0, str(run.address)),
                ),
                is_changed=True,
                certainty="medium" if run.is_certain else "low",
                reasons=("calls change and read it", "no symbol tells where it ends"),
            )

    def _runs(self, words: Sequence[int], *, joins: int) -> list[Run]:
        values = np.zeros((len(self._images), len(words)), np.uint64)
        indices = np.array(words, np.int64)
        for row, image in zip(values, self._images, strict=True):
            whole: NDArray[np.uint64] = np.frombuffer(image[0], np.uint64)
            there = indices < len(whole)
            row[there] = whole[indices[there]]
        return runs_of(values, words, self._stores, joins=joins)


def _groups(words: Sequence[int], *, singly: bool) -> list[list[int]]:
    """Each word by itself, or those that are neighbours together."""
    groups: list[list[int]] = []
    for word in words:
        if not singly and groups and groups[-1][-1] + 1 == word:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _left_out(reasons: Mapping[int, str]) -> Iterator[LeftOut]:
    """Neighbouring words of one reason together."""
    start = end = 0
    why = None
    for word in sorted(reasons):
        if why is not None and (word != end or reasons[word] != why):
            yield LeftOut(start * WORD, (end - start) * WORD, why)
            why = None
        if why is None:
            start, why = word, reasons[word]
        end = word + 1
    if why is not None:
        yield LeftOut(start * WORD, (end - start) * WORD, why)
