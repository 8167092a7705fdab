"""The committed kernels are what their sources make."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from wasmstate.models import describe, names

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(find_spec("ziglang") is None, reason="ziglang is not installed: make kernels")
def test_the_kernels_are_what_their_sources_make() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "kernels" / "make.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr


def test_every_source_has_its_kernel_and_every_kernel_its_source() -> None:
    sources = files_below("kernels", ".c")
    assert sources == files_below("wasmstate/models", ".wasm")
    assert {path.stem for path in sources if path.parent == Path()} == set(names())


def files_below(folder: str, suffix: str) -> set[Path]:
    """The files of a folder and its folders, as they stand there, without the suffix."""
    paths = (ROOT / folder).rglob(f"*{suffix}")
    return {path.relative_to(ROOT / folder).with_suffix("") for path in paths}


def test_every_model_has_a_card() -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    headings = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    assert headings[headings.index(names()[0]) :] == names()


def test_every_tensor_and_function_of_a_family_is_in_its_kernel() -> None:
    from wasmstate.binary.module import Module
    from wasmstate.binary.spaces import Spaces

    for name in names():
        family = describe(name)
        exports = Spaces(Module.from_bytes(family.kernel())).exports
        functions = {each.name for each in exports.values() if each.kind == "func"}
        assert functions == set(family.entry_points), name
        assert {tensor.name for tensor in family.tensors} <= set(exports), name
