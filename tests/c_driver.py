"""The header of device/, compiled into a driver that obeys lines."""

from __future__ import annotations

import select
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEVICE = ROOT / "device"
DRIVER = ROOT / "tests/device/driver.c"
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

COMPILER = shutil.which("gcc") or shutil.which("cc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler: apt-get install gcc")


def compile_c(source: Path, program: Path, *options: str, header: Path = DEVICE) -> Path:
    """Compile a source that includes the header of a folder; warnings are errors."""
    command = [str(COMPILER), *WARNINGS, *options, f"-I{header}", str(source), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


class Driver:
    """A running driver; :meth:`do` gives the answer to a command."""

    def __init__(self, program: Path, emulator: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*emulator, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.do("pages 0 1")

    def do(self, *words: object) -> str:
        """The answer to a command of these words."""
        self.send(*words)
        return self.answer()

    def send(self, *words: object) -> None:
        """Give a command, and do not wait."""
        assert self._process.stdin is not None
        print(*words, file=self._process.stdin, flush=True)

    def answer(self) -> str:
        """The answer to the last command."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def has_answer(self, seconds: float) -> bool:
        """True if there is one within this time."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def kill(self) -> str:
        """End it at once, as the system does when memory is short; gives what it said last."""
        self._process.kill()
        said, _ = self._process.communicate()
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.communicate()
            if kind is None:
                assert self._process.returncode == 0
