"""Adds 1 to the state so many times, while others do the same.

Usage: adder.py FILE TIMES DURABILITY. Prints ``ready``, waits for a line of standard input, then
reads, adds and commits; whoever finds that another was faster reads again.
"""

from __future__ import annotations

import sys
from typing import cast

from wasmstate import Module, State, StateConflictError, commit
from wasmstate.storage.replace import Durability

path, times = sys.argv[1], int(sys.argv[2])
durability = cast("Durability", sys.argv[3])
print("ready", flush=True)  # noqa: T201
sys.stdin.readline()
while times:
    state = State.of(Module.open(path))
    try:
        commit(path, state.with_values({"total": int(state["total"]) + 1}), durability=durability)
    except StateConflictError:
        continue
    times -= 1
