"""``make bench``: learning row by row, beside packages that do the same.

Linear regression by stochastic gradient descent on the 1,001 rows of River's TrumpApproval, six
features and the intercept, each feature scaled to mean 0 and deviation 1. A pass is over all rows,
with a new model; what it is given stands in memory before the time starts. Each package has a
process of its own, in a virtual environment of its own in build/peers, and they take turns. Nothing
here passes or fails: the figures are for docs/benchmarks.md.
"""

from __future__ import annotations

import csv
import gzip
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from peers import Tool

RATE = 0.005
ROUNDS = 5
PASSES = 15

RUNNER = """
import json, statistics, sys, time
setup, start, task, weights, path, passes = sys.argv[1:]
names = {"rows": json.load(open(path)), "rate": RATE, "path": path}
exec(setup, names)
start, task = compile(start, "start", "exec"), compile(task, "task", "exec")
seconds = []
for _ in range(int(passes)):
    exec(start, names)
    started = time.process_time()
    exec(task, names)
    seconds.append(time.process_time() - started)
found = [float(each) for each in eval(weights, names)]
print(json.dumps({"seconds": statistics.median(seconds), "weights": found}))
""".replace("RATE", str(RATE))

# The model that wasmstate ships, in a file of its own that each round writes and opens anew.
OURS_SETUP = """
import os, struct
from dataclasses import replace
import numpy as np
import wasmtime
from wasmstate import Module, Session, State, models
from wasmstate.state.attach.describe import with_state

module = models.new("linear", features=6, lr=rate)
x = [row[:-1] for row in rows]
y = [row[-1] for row in rows]
xs, ys = np.array(x), np.array(y)
model = os.path.join(os.path.dirname(path), "model.wasm")
content = module.to_bytes()
"""
ROW_BY_ROW_SETUP = (
    OURS_SETUP
    + """
state = State.of(module)
names = {name: each for name, each in state.entry_points.items() if name != "update_many"}
schema = replace(state.schema, entry_points=names)
record = replace(state.record, schema=schema.encode())
content = with_state(module, State(record, schema)).to_bytes()
"""
)
OURS_START = """
open(model, "wb").write(content)
session = Session.open(model, persist="manual")
update = session.update
"""
OURS_WEIGHTS = "[*session.state['weights'], session.state['bias']]"


@dataclass(frozen=True)
class Learner:
    """A way to learn from the rows.

    Attributes:
        name: in the table.
        tool: whose environment it runs in.
        setup, start, task, weights: Python: before all rounds, before each, the round itself, and
            the weights with the intercept at the end.
    """

    name: str
    tool: Tool
    setup: str
    start: str
    task: str
    weights: str

    def run(self, path: Path) -> dict[str, Any]:
        """The median seconds of a round, and the weights."""
        folder = self.tool.folder
        python = folder / "bin" / "python" if self.tool.requirement else Path(sys.executable)
        words = [self.setup, self.start, self.task, self.weights, str(path), str(PASSES)]
        done = subprocess.run(
            [str(python), "-c", RUNNER, *words], check=True, stdout=subprocess.PIPE, text=True
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


OURS = Tool("wasmstate", "", {})
RIVER = Tool("River", "river==0.26.1", {})
VW = Tool("Vowpal Wabbit", "vowpalwabbit==9.11.9", {})
SKLEARN = Tool("scikit-learn", "scikit-learn==1.9.1", {})

LEARNERS = (
    Learner(
        "River, `learn_one`",
        RIVER,
        """
from river import linear_model, optim
x = [{f"x{i}": value for i, value in enumerate(row[:-1])} for row in rows]
y = [row[-1] for row in rows]
""",
        """
model = linear_model.LinearRegression(optimizer=optim.SGD(rate), intercept_lr=rate)
learn = model.learn_one
""",
        "for features, target in zip(x, y): learn(features, target)",
        "[*(model.weights[f'x{i}'] for i in range(6)), model.intercept]",
    ),
    Learner(
        "`session.update`, of lists",
        OURS,
        OURS_SETUP,
        OURS_START,
        "for features, target in zip(x, y): update(features, target)",
        OURS_WEIGHTS,
    ),
    Learner(
        "`session.update`, of NumPy rows",
        OURS,
        OURS_SETUP,
        OURS_START,
        "for features, target in zip(xs, y): update(features, target)",
        OURS_WEIGHTS,
    ),
    Learner(
        "`session.update_many`",
        OURS,
        OURS_SETUP,
        OURS_START,
        "session.update_many(xs, ys)",
        OURS_WEIGHTS,
    ),
    Learner(
        "`session.update_many`, no loop in the module",
        OURS,
        ROW_BY_ROW_SETUP,
        OURS_START,
        "session.update_many(xs, ys)",
        OURS_WEIGHTS,
    ),
    Learner(
        "wasmtime-py's public calls, nothing checked",
        OURS,
        OURS_SETUP
        + """
state = State.of(Module.from_bytes(content))
engine = wasmtime.Engine()
compiled = wasmtime.Module(engine, content)
pack = struct.Struct("<6d").pack
""",
        """
store = wasmtime.Store(engine)
exports = wasmtime.Instance(store, compiled, []).exports(store)
memory, func = exports["memory"], exports["update"]
address, weights, bias = (exports[name].value(store) for name in ("x", "weights", "bias"))
for region, bytes_ in zip(state.regions, state.contents()):
    memory.write(store, bytes_, region.address)
write = memory.write
""",
        """
for features, target in zip(x, y):
    write(store, pack(*features), address)
    func(store, address, target)
""",
        "struct.unpack('<6d', memory.read(store, weights, weights + 48))"
        " + struct.unpack('<d', memory.read(store, bias, bias + 8))",
    ),
    Learner(
        "Vowpal Wabbit, `learn` of a line",
        VW,
        """
from vowpalwabbit import Workspace
lines = [
    f"{row[-1]!r} | " + " ".join(f"x{i}:{value!r}" for i, value in enumerate(row[:-1])) + " c:1"
    for row in rows
]
""",
        """
model = Workspace(
    f"--sgd --power_t 0 --noconstant -l {rate} --min_prediction -1e6 --max_prediction 1e6",
    quiet=True,
)
learn = model.learn
""",
        "for line in lines: learn(line)",
        "[model.get_weight_from_name(f'x{i}') for i in range(6)]"
        " + [model.get_weight_from_name('c')]",
    ),
    Learner(
        "scikit-learn, `partial_fit` of a row",
        SKLEARN,
        """
import numpy as np
from sklearn.linear_model import SGDRegressor
x = [np.array([row[:-1]]) for row in rows]
y = [np.array([row[-1]]) for row in rows]
""",
        """
model = SGDRegressor(learning_rate="constant", eta0=2 * rate, penalty=None)
learn = model.partial_fit
""",
        "for features, target in zip(x, y): learn(features, target)",
        "[*model.coef_, *model.intercept_]",
    ),
)


def numpy_weights(rows: list[list[float]]) -> list[float]:
    """What plain float64 arithmetic gives, term by term from left to right."""
    weights, bias = np.zeros(6), np.float64(0)
    for *x, y in rows:
        value = np.float64(0)
        for weight, each in zip(weights, x, strict=True):
            value = value + weight * each
        step = np.float64(RATE) * (2.0 * (value + bias - y))
        weights = weights - step * np.array(x)
        bias = bias - step
    return [*weights.tolist(), float(bias)]


def read_rows() -> list[list[float]]:
    """TrumpApproval, scaled; the target stands last."""
    (path,) = RIVER.folder.glob("lib/*/site-packages/river/datasets/trump_approval.csv.gz")
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    target = "five_thirty_eight"
    names = [name for name in rows[0] if name != target]
    table = np.array([[float(row[name]) for name in [*names, target]] for row in rows])
    table[:, :-1] = (table[:, :-1] - table[:, :-1].mean(0)) / table[:, :-1].std(0)
    found: list[list[float]] = table.tolist()
    return found


def measure(path: Path, learners: Sequence[Learner]) -> list[tuple[str, float, float]]:
    """For each learner its rows a second, and how far its weights are from NumPy's."""
    rows = read_rows()
    path.write_text(json.dumps(rows))
    exact = np.array(numpy_weights(rows))
    seconds: list[list[float]] = [[] for _ in learners]
    differences = [0.0 for _ in learners]
    for _ in range(ROUNDS):
        for i, learner in enumerate(learners):
            found = learner.run(path)
            seconds[i].append(found["seconds"])
            differences[i] = float(np.abs(np.array(found["weights"]) - exact).max())
    rates = [len(rows) / statistics.median(each) for each in seconds]
    names = [learner.name for learner in learners]
    return list(zip(names, rates, differences, strict=True))


def installed(learner: Learner) -> bool:
    """Install what a learner needs; says so if it cannot be."""
    try:
        learner.tool.install()
    except subprocess.CalledProcessError:
        print(f"{learner.tool.requirement} cannot be installed: left out", file=sys.stderr)
        return False
    return True


def main() -> None:
    """Measure, and print a table."""
    learners = [learner for learner in LEARNERS if installed(learner)]
    with TemporaryDirectory() as folder:
        found = measure(Path(folder, "rows.json"), learners)
    river = found[0][1]
    print("| | rows a second | against River | weights differ from NumPy's by |")
    print("| --- | --- | --- | --- |")
    for name, rate, difference in found:
        print(f"| {name} | {rate:,.0f} | {rate / river:.2f} | {difference:.1e} |")


if __name__ == "__main__":
    main()
