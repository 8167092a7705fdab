"""Models of each kind of region, and S of the same bits in a driver and in Python."""

from __future__ import annotations

from c_driver import Driver
from models import COUNTER, COUNTER_TENSORS, FIXTURES, model
from wasmstate import Module, State
from wasmstate.state.record import RegionKind

PAGE = 1 << 16
_LINE = 1024  # bytes of one poke

TWO_MEMORIES = """
(module
  (memory (export "memory") 1 1) (memory (export "heap") 2 2)
  (global (export "a") (mut i64) (i64.const 5)) (global (export "b") (mut f32) (f32.const 1.5))
  (func (export "update")))
"""
WHOLE = """
(module
  (memory (export "memory") 1 4) (global (export "top") (mut i32) (i32.const 64))
  (data (i32.const 1000) "heap") (data (i32.const 65530) "end")
  (func (export "update")))
"""


def guests() -> dict[str, bytes]:
    """Modules by what is special about them."""
    found = {
        name: (FIXTURES / f"{name}.wasm").read_bytes()
        for name in ("bandit", "linear", "welford", "liveness")
    }
    found["range and global"] = model(COUNTER, *COUNTER_TENSORS).to_bytes()
    for keep in (0, 2, 3):
        found[f"keep {keep}"] = model(COUNTER, *COUNTER_TENSORS, keep=keep).to_bytes()
    found["two memories"] = model(
        TWO_MEMORIES,
        "x:f64[700]@mem:heap:60000",
        "y:u8[3]@mem:memory:7",
        "a:i64@global:a",
        "b:f32@global:b",
    ).to_bytes()
    found["whole memory"] = model(WHOLE, whole_memory=True, keep=2).to_bytes()
    found["initial state kept"] = model(COUNTER, *COUNTER_TENSORS, keep_init=True).to_bytes()
    state_first = Module.from_bytes(found["keep 2"])
    found["sections behind the state"] = state_first.with_custom("notes", b"kept").to_bytes()
    return found


def poke_all(driver: Driver, state: State, contents: list[bytes]) -> None:
    """Give the instance of a driver the contents of the regions."""
    for region, content in zip(state.regions, contents, strict=True):
        if region.kind is RegionKind.GLOBAL:
            driver.do("global", region.index, content.hex())
            continue
        pages = -(-(region.start + len(content)) // PAGE)
        driver.do("pages", region.index, pages)
        for at in range(0, len(content), _LINE):
            driver.do("poke", region.index, region.start + at, content[at : at + _LINE].hex())


def peek_all(driver: Driver, state: State) -> list[bytes]:
    """The contents of the regions in the instance of a driver."""
    return [
        bytes.fromhex(
            driver.do("peek-global", region.index, region.size)
            if region.kind is RegionKind.GLOBAL
            else driver.do("peek", region.index, region.start, region.size)
        )
        for region in state.regions
    ]


def make_room(driver: Driver, state: State) -> None:
    """Give the instance of a driver the memories that the module starts with."""
    for region in state.regions:
        if region.kind is not RegionKind.GLOBAL:
            whole = region.kind is RegionKind.WHOLE_MEMORY
            driver.do("pages", region.index, 1 if whole else -(-region.end // PAGE))


def custom(name: str, content: bytes) -> bytes:
    """A custom section, its size in five bytes."""
    body = bytes([len(name)]) + name.encode() + content
    size = bytes(len(body) >> 7 * i & 127 | (128 if i < 4 else 0) for i in range(5))
    return b"\0" + size + body
