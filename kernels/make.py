"""Make the kernels from their sources: ``make kernels``.

Needs the package ziglang; version 0.17.1 made the committed binaries. One version makes the same
bytes in every directory, with a warm cache or a cold one.

Compiling and linking are two calls: in a single one, zig drops the name section as soon as there is
no DWARF, and the inspector shows its names.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

SOURCES = Path(__file__).resolve().parent
KERNELS = SOURCES.parent / "wasmstate" / "models"

COMPILE = (
    *("cc", "-c", "-std=c17", "-O2", "-g0", "-Wall", "-Wextra", "-Werror"),
    # No more than WebAssembly 1.0: every runtime knows it.
    *("-target", "wasm32-freestanding", "-mcpu=mvp", "-ffreestanding", "-fno-builtin"),
    # A fused multiply-add rounds once where NumPy rounds twice: the bits would differ.
    "-ffp-contract=off",
    "-fno-sanitize=undefined",
    # With --export-dynamic below: only what is marked STATE, BUFFER or EXPORT is exported.
    "-fvisibility=hidden",
)
LINK = (
    *("wasm-ld", "--no-entry", "--export-dynamic"),
    # The stack lies below the state: one that overflows traps and does not run into the state.
    *("--stack-first", "-z", "stack-size=1024"),
    *("--initial-memory=65536", "--max-memory=65536"),
)

FITTED = (
    # Their tensors begin where all that the kernel declares ends.
    "--export=__heap_base",
    # Padded integers cost little beside the kernel of a family, and much in one that is small.
    *("--compress-relocations", "--strip-debug"),
)


def zig(*arguments: str | Path) -> None:
    """Run one of zig's tools; what it has to say goes to stderr."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


def compile_kernel(source: Path) -> bytes:
    """Make the module of one C source."""
    with TemporaryDirectory() as directory:
        # The linker writes the last part of this path to the name section.
        module = Path(directory, f"{source.stem}.wasm")
        compiled = module.with_suffix(".o")
        zig(*COMPILE, source, "-o", compiled)
        more = FITTED if source.parent != SOURCES else ()
        zig(*LINK, *more, compiled, "-o", module)
        return module.read_bytes()


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a kernel is not up to date.")
@click.argument("names", nargs=-1)
def main(check: bool, names: tuple[str, ...]) -> None:
    """Make the kernels NAMES, or all, one for each C source."""
    stale = []
    for source in sorted(SOURCES.rglob("*.c")):
        if names and source.stem not in names:
            continue
        kernel = KERNELS / source.relative_to(SOURCES).with_suffix(".wasm")
        content = compile_kernel(source)
        if not kernel.is_file() or kernel.read_bytes() != content:
            stale.append(kernel.name)
            if not check:
                kernel.write_bytes(content)
    if stale and check:
        raise click.ClickException(f"not what the sources make: {', '.join(stale)}")
    click.echo(f"made: {', '.join(stale)}" if stale else "all kernels are what the sources make")


if __name__ == "__main__":
    main()
