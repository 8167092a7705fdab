"""What others install wasmstate with, or check their files with."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import yaml

from cli_runner import FIXTURES, run_command
from wasmstate import __version__

ROOT = Path(__file__).resolve().parents[1]


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)["project"]
    return found


def test_the_hook_accepts_a_sound_file_and_refuses_a_damaged_one(tmp_path: Path) -> None:
    (hook,) = read(".pre-commit-hooks.yaml")
    program, *words = shlex.split(hook["entry"])
    damaged = tmp_path / "damaged.wasm"
    damaged.write_bytes((FIXTURES / "bandit.wasm").read_bytes()[:-9])
    assert program == "wasmstate"
    assert re.search(hook["files"], "models/bandit.wasm")
    assert run_command(*words, str(FIXTURES / "bandit.wasm")).exit_code == 0
    assert run_command(*words, str(damaged)).exit_code == 1


def test_the_action_passes_its_inputs_by_the_environment_alone() -> None:
    steps = read("action.yml")["runs"]["steps"]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_the_extra_all_has_each_other_extra() -> None:
    extras = project()["optional-dependencies"]
    assert extras.pop("all") == [f"wasmstate[{','.join(sorted(extras))}]"]


def test_each_extra_is_on_the_page_about_installation() -> None:
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `wasmstate\[(\w+)\]`", page, re.M))
    assert named == set(project()["optional-dependencies"])


def test_the_recipe_has_the_version_and_the_dependencies_of_the_package() -> None:
    recipe = read("packaging/conda/recipe.yaml")
    names = [line.replace("wasmtime-py", "wasmtime") for line in recipe["requirements"]["run"]]
    assert recipe["context"]["version"] == __version__
    assert sorted(name.replace(" ", "") for name in names) == sorted(
        [*project()["dependencies"], f"python{project()['requires-python']}"]
    )
