"""``wasmstate attach``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmstate.cli.common import (
    about,
    echo,
    existing_file,
    keep_option,
    no_validate,
    plural,
    readable_file,
)
from wasmstate.cli.destination import Destination, destination_options
from wasmstate.cli.functions import function_option, signatures_of
from wasmstate.cli.grant_options import grant_options, grant_words
from wasmstate.escapes import listed

if TYPE_CHECKING:
    from wasmstate import GrantOptions


_NAME_IT = "name the state: give --tensor, or --schema, or --whole-memory"


@click.command("attach")
@click.argument("file", type=existing_file)
@click.option(
    "--tensor", "tensors", multiple=True, metavar="NAME:TYPE[SHAPE]@PLACE", help="May be repeated."
)
@function_option
@click.option("--schema", type=readable_file, help="A file that describes the tensors.")
@click.option(
    "--whole-memory", is_flag=True, help="S is all of memory and every global that can change."
)
@keep_option
@click.option("--init", "keep_init", is_flag=True, help="Keep generation 0 for ever, to reset to.")
@destination_options()
@grant_options
@no_validate
def command(
    file: Path,
    tensors: tuple[str, ...],
    functions: tuple[str, ...],
    schema: Path | None,
    whole_memory: bool,
    keep: int | None,
    keep_init: bool,
    to: Destination,
    grants: GrantOptions,
    no_validate: bool,
) -> None:
    """Give a module a state section, so that it remembers what it learns.

    TYPE is one of i8 u8 i16 u16 i32 u32 i64 u64 f16 f32 f64. PLACE is an address in linear
    memory, sym:NAME for an exported constant global that holds the address (what C and Rust give
    for an exported static), or global:NAME for a mutable global, by its export, its name in the
    name section, or its index. The initial values are those that the memory holds when the module
    is instantiated. A program with a heap keeps its state anywhere: give --whole-memory.
    With --function alone, a state that is there keeps what its functions take.

    \b
    Examples:  wasmstate attach model.wasm --tensor 'w:f32[4]@1024'
               wasmstate attach model.wasm --tensor 'w:f32[4]@sym:weights' \\
                                           --tensor 'n:i64@global:count'
               wasmstate attach model.wasm --tensor 'w:f64[3]@sym:w' \\
                                           --function 'update(x: f64[3]@sym:x, y: f64)'
               wasmstate attach model.wasm --schema model.toml -o learning.wasm
               wasmstate attach model.wasm --whole-memory
    """
    only_functions = bool(functions) and not tensors and schema is None and not whole_memory
    if not (tensors or schema or whole_memory or functions):
        raise click.UsageError(_NAME_IT)

    from wasmstate.binary.module import Module  # noqa: PLC0415 (--help needs none of these)
    from wasmstate.binary.spaces import Spaces  # noqa: PLC0415
    from wasmstate.runtime.grants import Grants, needed_grants  # noqa: PLC0415
    from wasmstate.runtime.validate import validate  # noqa: PLC0415
    from wasmstate.session.attach import attach  # noqa: PLC0415
    from wasmstate.state.attach.schema_file import SchemaFile, read_schema_file  # noqa: PLC0415
    from wasmstate.state.change.declare import declare  # noqa: PLC0415
    from wasmstate.state.state import SECTION_NAME, State  # noqa: PLC0415
    from wasmstate.state.tensor import TensorSpec  # noqa: PLC0415

    described = SchemaFile(())
    if schema is not None:
        with about(schema):
            described = read_schema_file(schema)

    def edit(module: Module) -> Module:
        if not no_validate:
            module = validate(module)
        if only_functions and not module.custom_sections(SECTION_NAME):
            raise click.UsageError(_NAME_IT)
        if only_functions:
            return declare(module, signatures_of(module, functions))
        return attach(
            module,
            [*described.tensors, *map(TensorSpec.parse, tensors)],
            values=described.values,
            entry_points={**described.entry_points, **signatures_of(module, functions)},
            metadata=described.metadata,
            whole_memory=whole_memory,
            keep=1 if keep is None else keep,
            keep_init=keep_init,
            **grants,
        )

    with about(file):
        path = to.write(file, edit)
        written = Module.open(path)
        state = State.of(written)
        spaces = Spaces(written)
    size = sum(region.size for region in state.regions)
    echo(
        f"{path}: carries {plural(len(state), 'tensor')}, {plural(size, 'byte')} "
        f"in {plural(len(state.regions), 'region')}"
    )
    needed = needed_grants(spaces)
    if missing := Grants.of(**needed).missing(spaces):
        echo(f"it cannot be called: no option grants its imports {listed(missing)}", err=True)
    elif words := grant_words(needed):
        echo(f"call it with {words}, as in 'wasmstate run', for what it imports", err=True)
