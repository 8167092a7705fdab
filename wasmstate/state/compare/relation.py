"""How two states are related: by their digests, not by what somebody says.

Source: docs/format.md, "Digests".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from wasmstate.state.compare.history import base_of
from wasmstate.state.state import State

Kind = Literal["same", "equal", "descendant", "ancestor", "siblings", "unrelated"]


@dataclass(frozen=True, slots=True)
class Relation:
    """How a state A and a state B are related; as text, a clause that says it.

    Attributes:
        kind: ``same``, one state; ``equal``, the same values elsewhere in a history;
            ``descendant``, B comes after A; ``ancestor``, B comes before A; ``siblings``, the two
            started from one state and went apart; ``unrelated``, they did not.
        generations: how many B is after A; less than 0 if it is before.
        proven: of a descendant or an ancestor, whether parent digests lead from one to the other;
            else only the numbers say so. Of siblings, whether the generation after the common one
            is known of both; else they may share more.
        common: of siblings, the last generation that they are known to share.
        same_code: whether the two belong to one module.
    """

    kind: Kind
    generations: int
    proven: bool = False
    common: int | None = None
    same_code: bool = True

    def __str__(self) -> str:
        steps = abs(self.generations)
        count = "one generation" if steps == 1 else f"{steps:,} generations"
        doubt = "" if self.proven else " by number; those between are not in the files"
        text = {
            "same": "the same state",
            "equal": f"equal values, {count} apart" if steps else "equal values",
            "descendant": f"the second is {count} after the first{doubt}",
            "ancestor": f"the second is {count} before the first{doubt}",
            "siblings": f"siblings: they {self._parting}",
            "unrelated": "unrelated: they did not start from one state",
        }[self.kind]
        return f"{text}; {'the same' if self.same_code else 'different'} code"

    @property
    def _parting(self) -> str:
        if self.proven:
            return f"went apart after generation {self.common}"
        return f"share generation {self.common}; whether they share more is not in the files"


def ancestry(state: State, others: Iterable[State] = ()) -> dict[int, bytes]:
    """The state digest of each generation that a state is proven to come from, its own included.

    Args:
        state: the state.
        others: states of its history, in any order; those that are not of it do not count.
    """
    lineage = state.record.lineage
    known = {0: base_of(state), state.generation: state.digest}
    if state.generation:
        known.setdefault(state.generation - 1, lineage.parent_digest)
    for other in sorted(others, key=lambda each: each.generation, reverse=True):
        if other.generation and known.get(other.generation) == other.digest:
            known.setdefault(other.generation - 1, other.record.lineage.parent_digest)
    return known


def relate(
    a: State,
    b: State,
    known_a: Mapping[int, bytes] | None = None,
    known_b: Mapping[int, bytes] | None = None,
) -> Relation:
    """How ``b`` is related to ``a``, by what is known of their :func:`ancestry`."""
    known_a = known_a or ancestry(a)
    known_b = known_b or ancestry(b)
    steps = b.generation - a.generation
    ours, theirs = a.record.lineage, b.record.lineage
    same_code = ours.module_digest == theirs.module_digest
    if a.digest == b.digest:
        is_same = steps == 0 and ours.parent_digest == theirs.parent_digest
        return Relation("same" if is_same else "equal", steps, same_code=same_code)
    if base_of(a) != base_of(b):
        return Relation("unrelated", steps, same_code=same_code)
    if steps:
        older, known = (a, known_b) if steps > 0 else (b, known_a)
        if known.get(older.generation, older.digest) == older.digest:
            kind: Kind = "descendant" if steps > 0 else "ancestor"
            proven = older.generation in known
            return Relation(kind, steps, proven, same_code=same_code)
    common = max(n for n, digest in known_a.items() if known_b.get(n) == digest)
    proven = common + 1 in known_a and common + 1 in known_b
    return Relation("siblings", steps, proven, common=common, same_code=same_code)
