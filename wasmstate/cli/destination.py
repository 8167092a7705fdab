"""Where an edited module goes: into its file, or into a copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wasmstate.cli.common import break_links, echo, new_file, plural

if TYPE_CHECKING:
    from wasmstate.binary.module import Module


@dataclass(frozen=True)
class Destination:
    """What the user chose.

    Attributes:
        output: of a copy; ``None`` for the file itself.
        force: whether a file that is there may be replaced by the copy.
        break_links: see :func:`wasmstate.commit`.
    """

    output: Path | None
    force: bool
    break_links: bool

    def write(self, file: Path, edit: Callable[[Module], Module], *, strict: bool = True) -> Path:
        """Write the edited module crash-safely; gives the path of the written file.

        Args:
            file: of the module.
            edit: gives the edited one; its errors leave everything as it was.
            strict: whether the file has to be a well-formed module.
        """
        from wasmstate.binary.module import Module  # noqa: PLC0415 (--help needs none of these)
        from wasmstate.storage.commit import rewrite, write_new  # noqa: PLC0415

        if self.output is None:
            rewrite(file, edit, strict=strict, allow_break_links=self.break_links)
            return file
        write_new(self.output, edit(Module.open(file, strict=strict)), overwrite=self.force)
        return self.output


def destination_options(
    force_help: str = "Replace the output file if there is one.",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options of a command that edits FILE; it is called with a Destination as ``to``."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "-o", "--output", type=new_file, help="Write a copy, and leave FILE as it is."
        )
        @click.option("--force", is_flag=True, help=force_help)
        @break_links
        @wraps(command)
        def with_destination(
            *args: Any, output: Path | None, force: bool, break_links: bool, **options: Any
        ) -> None:
            command(*args, to=Destination(output, force, break_links), **options)

        return with_destination

    return decorated


def echo_size(path: Path) -> None:
    """Say which file was written, and how large it is."""
    echo(f"{path}: {plural(path.stat().st_size, 'byte')}")
