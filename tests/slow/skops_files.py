"""``make models``: ``wasmstate from`` with estimators that skops has saved."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agreement import peer
from cli_runner import run_command as wasmstate
from wasmstate import Session

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("linear_model.RidgeClassifier", {}),
    ("ensemble.RandomForestClassifier", {"n_estimators": 10, "random_state": 0}),
    ("ensemble.GradientBoostingClassifier", {"n_estimators": 5, "random_state": 0}),
    ("ensemble.HistGradientBoostingClassifier", {"max_iter": 5}),
    ("ensemble.IsolationForest", {"random_state": 0}),
    ("neural_network.MLPClassifier", {"hidden_layer_sizes": (9, 9), "max_iter": 900}),
    ("naive_bayes.BernoulliNB", {"binarize": 2.0}),
]


def saved(path: Path, kind: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """An estimator fitted on iris and saved, and the rows."""
    x, y = peer("sklearn.datasets.load_iris")(return_X_y=True)
    estimator = peer(f"sklearn.{kind}")(**options).fit(x, np.array(["a", "b", "c"])[y])
    peer("skops.io.dump")(estimator, path)
    return estimator, x


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_a_saved_estimator_becomes_a_model(
    tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    estimator, x = saved(tmp_path / "m.skops", kind, options)
    output = str(tmp_path / "m.wasm")
    result = wasmstate("from", str(tmp_path / "m.skops"), "-o", output, "--pages", "9")
    assert result.exit_code == 0, result.stderr
    assert f" of sklearn.{kind.partition('.')[2]}, " in result.stdout
    with Session.open(output) as session:
        assert (session.predict_many(x) == estimator.predict(x)).all()


def test_a_model_that_needs_more_pages_names_the_option(tmp_path: Path) -> None:
    path = tmp_path / "m.skops"
    saved(path, "ensemble.RandomForestClassifier", {"n_estimators": 400, "random_state": 0})
    result = wasmstate("from", str(path), "-o", str(tmp_path / "m.wasm"))
    assert result.exit_code == 1
    assert "pages of memory (64 KiB each), not 1: give pages=" in result.stderr
    assert "What helps: --pages" in result.stderr


def test_a_type_that_is_not_trusted_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.skops"
    peer("skops.io.dump")({"a": peer("fractions.Fraction")}, path)
    result = wasmstate("from", str(path), "-o", str(tmp_path / "m.wasm"))
    assert result.exit_code == 1
    assert "fractions.Fraction" in result.stderr
    assert "What helps: --trust" in result.stderr


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_refused_with_a_reason(tmp_path: Path, seed: int) -> None:
    """Arrays of other sizes and values, and a schema that is cut: an error or a model, no crash."""
    rng = np.random.default_rng(seed)
    path, broken = tmp_path / "m.skops", tmp_path / "broken.skops"
    saved(path, *KINDS[seed % len(KINDS)])
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(broken, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "schema.json" and seed % 4 == 0:
                document = json.loads(content)
                keys = list(document["content"]["content"])
                del document["content"]["content"][keys[int(rng.integers(len(keys)))]]
                content = json.dumps(document).encode()
            elif name.endswith(".npy") and rng.random() < 0.5:
                array = bytearray(content)
                array[-int(rng.integers(1, 9))] ^= int(rng.integers(1, 256))
                content = bytes(array)
            copy.writestr(name, content)
    result = wasmstate("from", str(broken), "-o", str(tmp_path / "m.wasm"), "--pages", "9")
    assert result.exit_code in (0, 1)
    assert result.exit_code == 0 or result.stderr.startswith(f"Error: {broken}: ")
