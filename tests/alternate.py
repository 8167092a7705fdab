"""Python and Node commit to one file, and are killed while they do."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from models import state_of
from node import start
from wasmstate import check
from wasmstate.storage.temporary import leftovers

PYTHON = """
import sys
from wasmstate import Session, StateConflictError
with Session.open(sys.argv[1], persist="manual") as session:
    while True:
        session.update(1.0)
        try:
            session.flush()
        except StateConflictError:
            session.rollback()
        else:
            print("committed", flush=True)
"""

NODE = """
import { writeSync } from "node:fs";
import { open } from "wasmstate";
import { FileStore } from "wasmstate/node";
const model = await open(new FileStore(process.argv[1]), { persist: "manual" });
for (;;) {
  await model.update(1);
  try {
    await model.commit();
    writeSync(1, "committed\\n");
  } catch (error) {
    if (error.code !== "conflict") throw error;
    await model.rollback();
  }
}
"""


def commit_until_killed(path: Path, *, rounds: int, acknowledged: int) -> int:
    """Let both add one to the count of a file at once, kill both, and look at the file.

    Args:
        path: of a model that counts its updates.
        rounds: how many times both are started and killed.
        acknowledged: commits of both together in a round, before they are killed.

    Returns:
        How many commits were acknowledged.
    """
    total = 0
    least = 0  # what the file has to hold: each commit that was acknowledged
    order = random.Random(1)
    for _ in range(rounds):
        least += _commit_until(acknowledged, path, order)
        total += acknowledged
        count = state_of(path).update_count
        # A commit may be in place that its writer could not acknowledge any more: one of each.
        assert least <= count <= least + 2
        assert state_of(path)["count"] == count
        least = count
        found = check(path)
        assert {finding.path for finding in found} == {str(left) for left in leftovers(path)}
        assert len(found) <= 1, found
    names = {name for name in os.listdir(path.parent) if name.startswith(path.name)}
    assert names == {path.name}, "a file was kept under another name"
    return total


def _commit_until(acknowledged: int, path: Path, order: random.Random) -> int:
    """Start both, and kill them after so many lines; gives how many lines they had written."""
    words = [sys.executable, "-c", PYTHON, str(path)]
    processes = [
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True),
        start(NODE, path.parent, str(path)),
    ]
    selector = DefaultSelector()
    lines = 0
    for process in processes:
        assert process.stdout is not None
        selector.register(process.stdout, EVENT_READ)
    has_said: set[int] = set()
    while lines < acknowledged or len(has_said) < 2:
        for key, _ in selector.select():
            text = os.read(key.fd, 1 << 16)
            assert text, "a writer has ended"
            lines += text.count(b"\n")
            has_said.add(key.fd)
    order.shuffle(processes)
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    for process in processes:
        rest, _ = process.communicate()
        lines += rest.count("\n")
    selector.close()
    return lines
