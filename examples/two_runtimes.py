"""One file, stepped in turn by Python and by Node, which knows nothing of states.

    python examples/two_runtimes.py

After bake(), any runtime starts from S: Node learns some rows in its own instance and says what
came out, which is committed to the file; then Python goes on. The bits are those of one model that
saw all rows in one runtime.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from wasmstate import Module, Session, State, bake, commit, models

DEVICE = Path(__file__).with_name("two_runtimes.mjs")


def step_in_node(path: Path, rows: list[list[float]]) -> None:
    """Let Node learn rows from the baked file, and commit what came out."""
    words = ["node", str(DEVICE), str(path), json.dumps(rows)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    state = State.of(Module.open(path))
    values = {
        name: np.frombuffer(bytes.fromhex(text), state[name].dtype).reshape(state[name].shape)
        for name, text in json.loads(done.stdout).items()
    }
    commit(path, state.with_values(values))


def main() -> tuple[State, State]:
    """The state that was stepped in turn, and that of one runtime."""
    rows = np.random.default_rng(1).normal(size=(60, 3)).tolist()
    new = models.new("linear", features=2)
    with TemporaryDirectory() as name:
        both, one = Path(name) / "both.wasm", Path(name) / "one.wasm"
        bake(new).save(both)
        new.save(one)
        for start in range(0, 60, 20):
            with Session.open(both) as session:
                for *x, y in rows[start : start + 10]:
                    session.update(x, y)
            step_in_node(both, rows[start + 10 : start + 20])
        with Session.open(one) as session:
            for *x, y in rows:
                session.update(x, y)
        return State.of(Module.open(both)), State.of(Module.open(one))


if __name__ == "__main__":
    turns, alone = main()
    print("in turn", turns["weights"], "alone", alone["weights"])
    print("the same bits" if turns.contents() == alone.contents() else "different bits")
