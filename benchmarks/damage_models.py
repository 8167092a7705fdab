"""``make bench-damage``: how much damage the files of learned models notice, beside ours.

A linear model of six features, learned from 200 rows, as each package saves it. Of every byte one
bit is flipped, the file is loaded, and the model predicts ten rows. A damage is noticed if loading
raises or ends the process, and silent else, be the prediction another or not. Each load has a
process of its own. Nothing here passes or fails: the figures are for docs/benchmarks.md.

The peers are installed in an environment of their own in build/peers.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "build" / "peers" / "damage-models"
REQUIREMENTS = ("vowpalwabbit==9.11.9", "river==0.26.1", "scikit-learn==1.9.1", "joblib==1.6.0")
ROWS = 200
SECONDS = 20
SAME, OTHER, NOTICED = 0, 1, 2

Row = tuple[list[float], float]
Load = Callable[[Path], list[float]]


def rows() -> list[Row]:
    """The same rows for all."""
    dice = random.Random(11)
    x = [[dice.gauss(0, 1) for _ in range(6)] for _ in range(ROWS)]
    return [(row, sum(row) + dice.gauss(0, 0.1)) for row in x]


def vowpal_wabbit(path: Path) -> Load:
    """Its own format, by ``Workspace.save``."""
    workspace = import_module("vowpalwabbit").Workspace

    def text(x: list[float]) -> str:
        return "| " + " ".join(f"x{i}:{value}" for i, value in enumerate(x))

    model = workspace("--quiet")
    for x, y in rows():
        model.learn(f"{y} {text(x)}")
    model.save(str(path))
    model.finish()

    def load(path: Path) -> list[float]:
        model = workspace(f"--quiet -t -i {path}")
        return [float(model.predict(text(x))) for x, _ in rows()[:10]]

    return load


def river(path: Path) -> Load:
    """By pickle, as its documentation says."""
    pickle = import_module("pickle")
    model = import_module("river.linear_model").LinearRegression()
    for x, y in rows():
        model.learn_one(dict(enumerate(x)), y)
    path.write_bytes(pickle.dumps(model))

    def load(path: Path) -> list[float]:
        model = pickle.loads(path.read_bytes())
        return [float(model.predict_one(dict(enumerate(x)))) for x, _ in rows()[:10]]

    return load


def joblib(path: Path) -> Load:
    """A model of scikit-learn by joblib, as its documentation says."""
    library = import_module("joblib")
    model = import_module("sklearn.linear_model").SGDRegressor(random_state=0)
    x, y = zip(*rows(), strict=True)
    library.dump(model.fit(x, y), path)

    def load(path: Path) -> list[float]:
        found: list[float] = library.load(path).predict(x[:10]).tolist()
        return found

    return load


PEER_FORMATS: dict[str, Callable[[Path], Load]] = {
    "Vowpal Wabbit": vowpal_wabbit,
    "River, pickle": river,
    "scikit-learn, joblib": joblib,
}


def in_a_process(load: Load, path: Path, right: list[float]) -> int:
    """What comes of loading a file; a crash, or no end, is noticed."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        try:
            os._exit(SAME if load(path) == right else OTHER)
        except BaseException:  # noqa: BLE001 (whatever it is, it is noticed)
            os._exit(NOTICED)
    status = os.waitpid(child, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else NOTICED


def outcomes(make: Callable[[Path], Load]) -> dict[str, int]:
    """How many flips are noticed, and what comes of the others."""
    dice = random.Random(231)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model"
        load = make(path)
        right, data = load(path), path.read_bytes()
        found: Counter[int] = Counter()
        for at in range(len(data)):
            flipped = data[at] ^ 1 << dice.randrange(8)
            path.write_bytes(data[:at] + bytes([flipped]) + data[at + 1 :])
            found[in_a_process(load, path, right)] += 1
    return {"size": len(data), "same": found[SAME], "other": found[OTHER]}


def wasmstate() -> dict[str, int]:
    """Of the state section, which is what a device writes."""
    from wasmstate import Module, Session, State, WasmstateError, models

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.wasm"
        path.write_bytes(models.new("linear", features=6).to_bytes())
        with Session.open(path, persist="on-close") as session:
            for x, y in rows():
                session.update(x, y)
        content = State.of(Module.open(path)).to_content()
    dice, silent = random.Random(231), 0
    for at in range(len(content)):
        flipped = content[at] ^ 1 << dice.randrange(8)
        try:
            State.from_content(content[:at] + bytes([flipped]) + content[at + 1 :])
            silent += 1
        except WasmstateError:
            pass
    return {"size": len(content), "same": silent, "other": 0}


def install() -> Path:
    """The Python of the peers' environment."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        venv.create(PEERS, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, *REQUIREMENTS], check=True)
    return python


def main() -> None:
    """Measure, and print a table in Markdown."""
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(outcomes(PEER_FORMATS[sys.argv[2]])))
        return
    python = install()
    found = {"**wasmstate**, the state": wasmstate()}
    for name in PEER_FORMATS:
        words = [str(python), __file__, "--peer", name]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
        found[name] = json.loads(done.stdout.splitlines()[-1])
    print("\n| | bytes | flips that load silently | and predict otherwise |")
    print("| --- | --- | --- | --- |")
    for name, each in found.items():
        silent = each["same"] + each["other"]
        print(f"| {name} | {each['size']:,} | {silent:,} of {each['size']:,} | {each['other']:,} |")


if __name__ == "__main__":
    main()
