"""Writers in Python, Node and C commit to one file, and are killed while they do."""

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

C = """
import struct
import sys
from pathlib import Path
from c_driver import Driver
path, program, address = sys.argv[1:]
with Driver(Path(program)) as driver:
    while True:
        driver.do("open", path)
        driver.do("restore")
        count = struct.unpack("<q", bytes.fromhex(driver.do("peek", 0, address, 8)))[0]
        driver.do("poke", 0, address, struct.pack("<q", count + 1).hex())
        if driver.do("commit", 1).startswith("generation"):
            print("committed", flush=True)
"""


def commit_until_killed(
    path: Path, *, rounds: int, acknowledged: int, driver: Path | None = None
) -> int:
    """Let writers add one to the count of a file at once, kill all, and look at the file.

    Args:
        path: of a model that counts its updates.
        rounds: how many times they are started and killed.
        acknowledged: commits of all together in a round, before they are killed.
        driver: the headers for C, compiled; without it Python and Node write.

    Returns:
        How many commits were acknowledged.
    """
    writers = 2 if driver is None else 3
    total = 0
    least = 0  # what the file has to hold: each commit that was acknowledged
    order = random.Random(1)
    for _ in range(rounds):
        least += _commit_until(acknowledged, path, order, driver)
        total += acknowledged
        count = state_of(path).update_count
        # A commit may be in place that its writer could not acknowledge any more: one of each.
        assert least <= count <= least + writers
        assert state_of(path)["count"] == count
        least = count
        found = check(path)
        assert {finding.path for finding in found} == {str(left) for left in leftovers(path)}
        assert len(found) <= 1, found
    names = {name for name in os.listdir(path.parent) if name.startswith(path.name)}
    assert names == {path.name}, "a file was kept under another name"
    return total


def _commit_until(acknowledged: int, path: Path, order: random.Random, driver: Path | None) -> int:
    """Start all, and kill them after so many lines; gives how many lines they had written."""
    processes = [_python(PYTHON, path), start(NODE, path.parent, str(path))]
    if driver is not None:
        (count,) = (each for each in state_of(path).tensors if each.name == "count")
        address = state_of(path).regions[count.region].address + count.offset
        processes.append(_python(C, path, driver, address))
    selector = DefaultSelector()
    lines = 0
    for process in processes:
        assert process.stdout is not None
        selector.register(process.stdout, EVENT_READ)
    has_said: set[int] = set()
    while lines < acknowledged or len(has_said) < len(processes):
        for key, _ in selector.select():
            text = os.read(key.fd, 1 << 16)
            assert text, "a writer has ended"
            lines += text.count(b"\n")
            has_said.add(key.fd)
    order.shuffle(processes)
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
    for process in processes:
        rest, _ = process.communicate()
        lines += rest.count("\n")
    selector.close()
    return lines


def _python(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A writer in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        start_new_session=True,
    )
