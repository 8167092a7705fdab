"""The program: ``wasmstate-inspector``, also ``wasmstate inspect``.

Qt is imported after the display was looked for: without one it ends the process, without a way to
say what would help.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from wasmstate.frozen import run_child
from wasmstate_gui.kit.import_ahead import import_without_qt, no_garbage
from wasmstate_gui.system_libraries import missing_library

_NO_DISPLAY = """Error: there is no display (DISPLAY and WAYLAND_DISPLAY are not set).
To draw the window to a picture instead: wasmstate inspect FILE --screenshot OUT.png"""


_LARGEST = 8192
"""Pixels a side; no screen has more, and a picture of 8192x8192 takes 256 MB of memory."""

_PNG = b"\x89PNG\r\n\x1a\n"


class _Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            self.fail(f"{value} is no size: write it like 1440x900", param, ctx)
        if len(width) > 5 or len(height) > 5 or max(int(width), int(height)) > _LARGEST:
            self.fail(f"{value} is too large: at most {_LARGEST}x{_LARGEST}", param, ctx)
        return int(width), int(height)


class _Program(click.Command):
    """The program; a frozen one is its child processes, too."""

    def main(self, *args: Any, **options: Any) -> Any:
        if not run_child(sys.argv[1:]):
            return super().main(*args, **options)
        return None


@click.command(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT.png",
    help="Draw the window to a picture and end; needs no display.",
)
@click.option(
    "--step",
    "steps",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Call update() N times first, with zeros.",
)
@click.option("--panel", metavar="NAME", help="Show this panel, such as Module or Problems.")
@click.option("--dark/--light", "dark", default=None, help="Colours; the system's if not given.")
@click.option(
    "--size",
    type=_Size(),
    help="Size of the window; at first 1440x900 or what the screen has room for.",
)
def main(
    file: Path | None,
    screenshot: Path | None,
    steps: int,
    panel: str | None,
    dark: bool | None,
    size: tuple[int, int] | None,
) -> None:
    """Look at a WebAssembly module, its state S, and what its update() does to S."""
    if find_spec("PySide6") is None:
        raise click.UsageError("the window needs Qt: pip install 'wasmstate[gui]'")
    if screenshot is not None:
        if screenshot.suffix.lower() != ".png":
            raise click.UsageError(f"{screenshot}: a picture is written as PNG: name it OUT.png")
        if file and file.exists() and screenshot.exists() and screenshot.samefile(file):
            raise click.UsageError(f"{screenshot} is the file that is to be looked at")
        if screenshot.exists() and not _is_png(screenshot):
            raise click.UsageError(f"{screenshot} exists and is no PNG picture: name another file")
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif not _has_display():
        click.echo(_NO_DISPLAY, err=True)
        sys.exit(2)
    try:
        run = load(for_file=file is not None)
    except ImportError as error:
        missing = missing_library(error)
        if missing is None:
            raise
        raise click.UsageError(missing) from error
    sys.exit(run(file, screenshot, steps, panel, dark, size))


def load(*, for_file: bool) -> Callable[..., int]:
    """Import the window, and what a file needs, if it is to be opened at once."""
    with no_garbage():
        if for_file:
            # What is not of Qt comes first: PySide reads the source of what is imported after it.
            import_without_qt()
            import_module("wasmstate_gui.window.late_imports")
        run: Callable[..., int] = import_module("wasmstate_gui.run").run
        gc.freeze()  # nor is it looked through again
    return run


def _is_png(path: Path) -> bool:
    """Whether a picture may be replaced by a newer one."""
    try:
        with path.open("rb") as file:
            return path.is_file() and file.read(len(_PNG)) == _PNG
    except OSError:
        return False


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)
