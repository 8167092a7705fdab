"""``wasmstate from`` with files that are not of skops; tests/slow/skops_files.py has others."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from cli_runner import run_command as wasmstate


def refusal(path: Path) -> str:
    """What the command says of a file; it writes none."""
    output = path.with_suffix(".wasm")
    result = wasmstate("from", str(path), "-o", str(output))
    assert result.exit_code == 1
    assert not output.exists()
    return result.stderr.removeprefix(f"Error: {path}: ").strip()


@pytest.mark.parametrize("start", [b"\x80\x05\x95", b"\x78\x9c", b"\x1f\x8b\x08"])
def test_a_pickle_is_refused_before_it_is_loaded(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(start + bytes(20))
    assert refusal(path) == (
        "it is a pickle, which runs code when it is loaded: save the estimator with skops.io.dump()"
    )


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.csv"
    path.write_text("x,y\n1,2\n")
    assert refusal(path) == ("it is not a file of skops: save the estimator with skops.io.dump()")


def test_a_file_that_unpacks_to_more_than_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"")
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (3 << 30).to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal(path) == "it unpacks to 3221225472 bytes, at most 1073741824 are read"


@pytest.mark.skipif(find_spec("skops") is not None, reason="skops is installed")
def test_without_skops_the_package_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "{}")
    assert refusal(path) == (
        "reading it needs skops and scikit-learn: pip install 'wasmstate[sklearn]'"
    )
