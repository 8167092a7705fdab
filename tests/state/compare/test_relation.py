"""How two states are related, by their digests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.compare.test_history import CHAIN, FOREIGN, ONE, OTHER, THREE, TWO, ZERO, chain
from wasmstate.state.compare.relation import ancestry, relate
from wasmstate.state.state import State

COPY = State.from_content(TWO.to_content())
AGAIN = State(replace(TWO.record, lineage=replace(TWO.record.lineage, generation=9)))
# They share generation 3, and neither proves it.
HERE, THERE = chain(6)[5], chain(6, lambda n: n + (n > 3))[5]
RECOMPILED = State(
    replace(THREE.record, lineage=replace(THREE.record.lineage, module_digest=b"x" * 32))
)


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (TWO, COPY, "the same state; the same code"),
        (TWO, AGAIN, "equal values, 7 generations apart; the same code"),
        (ONE, TWO, "the second is one generation after the first; the same code"),
        (TWO, ONE, "the second is one generation before the first; the same code"),
        (ZERO, THREE, "the second is 3 generations after the first; the same code"),
        (TWO, OTHER[1], "siblings: they went apart after generation 0; the same code"),
        (
            HERE,
            THERE,
            (
                "siblings: they share generation 0; whether they share more is not in the files; "
                "the same code"
            ),
        ),
        (OTHER[0], TWO, "siblings: they went apart after generation 0; the same code"),
        (FOREIGN[1], TWO, "unrelated: they did not start from one state; the same code"),
        (TWO, RECOMPILED, "the second is one generation after the first; different code"),
        (
            ONE,
            THREE,
            (
                "the second is 2 generations after the first by number; those between are not in "
                "the files; the same code"
            ),
        ),
    ],
)
def test_the_relation_of_two_states_is_said_in_words(a: State, b: State, text: str) -> None:
    assert str(relate(a, b)) == text


def test_equal_values_of_another_parent_are_not_the_same_state() -> None:
    other = State(replace(TWO.record, lineage=replace(TWO.record.lineage, parent_digest=b"x" * 32)))
    assert str(relate(TWO, other)) == "equal values; the same code"


def test_a_history_proves_what_two_states_alone_do_not() -> None:
    assert not relate(ONE, THREE).proven
    assert relate(ONE, THREE, known_b=ancestry(THREE, CHAIN)).proven
    assert relate(THREE, ONE, known_a=ancestry(THREE, CHAIN)).generations == -2


def test_a_history_disproves_what_the_numbers_say() -> None:
    relation = relate(OTHER[0], THREE, known_b=ancestry(THREE, CHAIN))
    assert (relation.kind, relation.common) == ("siblings", 0)


def test_siblings_are_known_to_share_what_both_histories_have() -> None:
    mine = State(replace(THREE.record, payload=bytes([7]) + THREE.record.payload[1:]))
    relation = relate(THREE, mine, ancestry(THREE, CHAIN), ancestry(mine, CHAIN))
    assert str(relation) == "siblings: they went apart after generation 2; the same code"


def test_states_of_another_history_prove_nothing() -> None:
    assert ancestry(THREE, [*OTHER, *FOREIGN]) == {
        0: ZERO.digest,
        2: TWO.digest,
        3: THREE.digest,
    }
    assert ancestry(ZERO) == {0: ZERO.digest}
