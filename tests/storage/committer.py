"""Commits for ever, until killed: one child for each line of standard input.

Usage: committer.py FILE. Imports once, then forks for each line; a child prints its process id,
then each generation as soon as its commit has returned. When a child has ended, ``dead`` is
printed.
"""

from __future__ import annotations

import os
import sys

import numpy as np

from wasmstate import Module, State, commit


def say(text: str) -> None:
    """Print a line at once, in one piece: the process may be killed right after it."""
    os.write(1, f"{text}\n".encode())


def commit_for_ever(path: str) -> None:
    """Fill S with the number of its generation, again and again."""
    state = State.of(Module.open(path))
    shape = state.tensor("weights").shape
    while True:
        values = np.full(shape, state.generation + 1, np.int64)
        state = commit(path, state.with_values({"weights": values}))
        say(str(state.generation))


for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        say(str(os.getpid()))
        commit_for_ever(sys.argv[1])
    os.waitpid(child, 0)
    say("dead")
