"""A watched module does what it did, and its notes say what became of the bytes."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from explore.random_code import modules
from models import from_wat
from stock import Stock
from support import THOROUGH
from wasmstate.binary.edits.watch import COUNT, EVENT, LOG, MOST_WRITES, Target, watch


def bits(value: Any) -> object:
    """A number that tells zeros and NaN apart."""
    return struct.pack("<d", value) if isinstance(value, float) else value


@given(modules(), st.integers(0, 256).map(lambda i: 4 * i), st.sampled_from([1, 8, 64, 200]))
@settings(max_examples=400 if THOROUGH else 25, deadline=None)
def test_a_random_module_gives_the_same_bits_and_the_last_note_is_what_is_there(
    text: str, start: int, size: int
) -> None:
    module = from_wat(text)
    watching = watch(module, Target("memory", 0, start, start + size))
    plain, watched = (Stock(m, canonical_nans=True) for m in (module, watching.module))
    held = bytearray(plain.memory(start, start + size))
    args = (-3, 1 << 40, 1.5, -2.25)
    assert bits(plain.call("predict", *args)) == bits(watched.call("predict", *args))
    assert plain.memory(0, 65536) == watched.memory(0, 65536)
    notes = f"wasmstate:memory:{watching.memory}"
    (count,) = struct.unpack("<Q", watched.memory(COUNT, COUNT + 8, notes))
    for i in range(min(count, MOST_WRITES)):
        event = watched.memory(LOG + i * EVENT, LOG + i * EVENT + 128, notes)
        address, _, _, place = struct.unpack_from("<QQQQ", event, 8)
        assert watching.sites[struct.unpack_from("<i", event)[0]].instr.mnemonic.endswith(".store")
        assert place == min(max(address, start), start + size - min(size, 64))
        held[place - start : place - start + 64] = event[64 : 64 + min(size, 64)]
    assert count or held == plain.memory(start, start + size)
    assert count > MOST_WRITES or held[:size] == plain.memory(start, start + size)
