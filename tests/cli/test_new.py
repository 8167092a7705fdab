"""wasmstate new makes a folder that builds, and whose tests pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli_runner import Wasmstate, run_command
from wasmstate import templates
from wasmstate.state.attach.schema_file import read_schema_file


@pytest.mark.parametrize("language", templates.LANGUAGES)
def test_each_language_gets_its_files_under_the_name(language: str, tmp_path: Path) -> None:
    done = run_command("new", "my-model", "--lang", language, "--into", str(tmp_path))
    folder = tmp_path / "my-model"
    suffix = templates.LANGUAGES[language].suffix
    names = ["README.md", "build.py", "model.toml", f"my-model.{suffix}", "test_model.py"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert sorted(done.stdout.split()) == sorted(str(folder / name) for name in names)
    assert f"next: cd {folder}; " in done.stderr
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not [word for word in ("NAME", "LANGUAGE", "SUFFIX", "INSTALL") if word in text]
        if path.suffix == ".py":
            compile(text, str(path), "exec")
    assert len((folder / f"my-model.{suffix}").read_text().splitlines()) < 60
    assert [each.name for each in read_schema_file(folder / "model.toml").tensors] == [
        "weights",
        "bias",
        "count",
    ]


def test_a_new_model_builds_and_its_tests_pass(tmp_path: Path, wasmstate: Wasmstate) -> None:
    wasmstate("new", "mine", "--lang", "wat", "--into", str(tmp_path))
    folder = tmp_path / "mine"
    unbuilt = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert "mine.wasm is not built yet: python build.py" in unbuilt.stdout
    for command in (["build.py"], ["-m", "pytest", "-q", "-p", "no:cacheprovider"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    model = str(folder / "mine.wasm")
    assert wasmstate("run", model, "update", "1,2,3", "4.5").exit_code == 0
    assert float(wasmstate("run", model, "predict", "1,2,3").stdout) == pytest.approx(3.375)


@pytest.mark.parametrize("name", ["", "1st", "a b", "../up", "x" * 65])
def test_a_name_that_no_file_should_have_is_misuse(name: str, wasmstate: Wasmstate) -> None:
    done = wasmstate("new", name)
    assert (done.exit_code, "a name has letters, digits, - and _" in done.stderr) == (2, True)


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path, wasmstate: Wasmstate) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    done = wasmstate("new", "mine", "--into", str(tmp_path))
    assert done.exit_code == 2
    assert "is there already; nothing was written" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
