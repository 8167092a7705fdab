"""Opening a large module for the first time, and again with its compiled form in the cache.

    python benchmarks/compile_cache.py FILE [--repeat N]

From the file to the first call: its frames read, its digest taken, compiled or loaded and checked,
instantiated with imports that trap, its first exported function without parameters called.
"""

from __future__ import annotations

import statistics
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import wasmtime

from wasmstate import Module
from wasmstate.runtime.cache import Cache, entry_name
from wasmstate.runtime.program import _engine


def first_call(path: Path, cache: Cache, *, cached: bool) -> float:
    """Seconds from the file to the end of its first call."""
    engine, _ = _engine(False)
    start = time.perf_counter()
    module = Module.open(path)
    name = entry_name(module, False)
    compiled = cache.load(engine, name)
    assert (compiled is not None) == cached
    if compiled is None:
        compiled = wasmtime.Module(engine, module.to_bytes())
    store = wasmtime.Store(engine)
    store.set_epoch_deadline(1 << 40)
    linker = wasmtime.Linker(engine)
    linker.define_unknown_imports_as_traps(compiled)
    instance = linker.instantiate(store, compiled)
    functions = [e for e in instance.exports(store).values() if isinstance(e, wasmtime.Func)]
    for function in functions[:1]:
        if not function.type(store).params:
            with suppress(wasmtime.Trap, wasmtime.WasmtimeError):  # at the first import it calls
                function(store)
    seconds = time.perf_counter() - start
    if not cached:
        cache.store(name, bytes(compiled.serialize()))
    return seconds


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--repeat", default=7, show_default=True)
def main(file: Path, repeat: int) -> None:
    """Measure one file."""
    with TemporaryDirectory() as folder:
        cache = Cache(Path(folder, "cache"), Path(folder, "key", "cache.key"))
        cold = first_call(file, cache, cached=False)
        warm = [first_call(file, cache, cached=True) for _ in range(repeat)]
        size = sum(each.stat().st_size for each in Path(folder, "cache").iterdir())
    median = statistics.median(warm)
    click.echo(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB, compiled {size / 1e6:.1f} MB")
    click.echo(f"first call: {cold:.2f} s uncached, {median:.3f} s cached: 1/{cold / median:.0f}")


if __name__ == "__main__":
    main()
