"""Commands in the documentation with the output that they print.

A block ``console`` holds lines ``$ command``, each followed by its output. A line ``...`` stands
for any number of lines. ``python tests/transcripts.py PAGE...`` records the output again.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from cli_runner import run_command

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
MOST = 14
"""Lines of an output that a page shows."""

_SCRIPT = re.compile(r"^```python\n(?=# (\w+\.py)\n)(.*?)^```", re.M | re.S)


@dataclass(frozen=True)
class Step:
    """A command, and the lines that it is said to print."""

    command: str
    lines: tuple[str, ...]

    @property
    def argv(self) -> list[str]:
        """The words of the command, without comments."""
        return shlex.split(self.command.replace("\\\n", " "), comments=True)

    def matches(self, printed: list[str]) -> bool:
        """True if the lines are those printed, ``...`` being any of them."""
        parts = [r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\n" for line in self.lines]
        return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in printed)) is not None


def steps(block: str) -> Iterator[Step]:
    """The commands of a block, in order."""
    command: list[str] = []
    lines: list[str] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step("\n".join(command), tuple(lines))
            command, lines = [line.removeprefix("$ ")], []
        elif command and command[-1].endswith("\\") and not lines:
            command.append(line)
        else:
            lines.append(line)
    if command:
        yield Step("\n".join(command), tuple(lines))


def blocks(page: str) -> list[str]:
    """The contents of the blocks ``console`` of a page."""
    return _BLOCK.findall(page)


def run(step: Step, programs: Path | None = None) -> list[str]:
    """The lines that a command prints in the current folder.

    What installs, and the window, which other tests open, do not run here and print nothing.

    Args:
        step: the command.
        programs: the folder of ``wasmstate`` and ``python``; without it, those that run the tests,
            and commands of wasmstate run in this process.
    """
    program, *words = step.argv
    if program == "pip" or step.argv[:2] in (["python", "-m"], ["wasmstate", "inspect"]):
        return []
    if program == "wasmstate" and programs is None:
        text = run_command(*words).output
    else:
        first = programs or Path(sys.executable).parent
        path = os.pathsep.join([str(first), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(
            step.command,
            shell=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        text = done.stdout
    return [line.rstrip() for line in text.splitlines()]


def differences(page: str, programs: Path | None = None) -> list[str]:
    """The commands of a page that print something else than it says, with what they print."""
    found = []
    for step in (step for block in blocks(page) for step in steps(block)):
        printed = run(step, programs)
        if not step.matches(printed):
            found.append("\n".join([f"$ {step.command}", *printed]))
    return found


def recorded(page: str) -> str:
    """The page with the output that its commands print now; of a long one, its first lines."""

    def again(found: re.Match[str]) -> str:
        lines = []
        for step in steps(found[1]):
            printed = run(step)
            if step.lines and step.matches(printed):
                printed = list(step.lines)
            elif len(printed) > MOST:
                printed = [*printed[: MOST - 2], "..."]
            lines += [f"$ {step.command}", *printed]
        return "\n".join(["```console", *lines, "```"])

    return _BLOCK.sub(again, page)


def common(one: str, other: str) -> str:
    """What two recordings of a page have in common; ``...`` stands for what differs."""
    first, second = one.splitlines(), other.splitlines()
    lines: list[str] = []
    for kind, start, end, _, _ in SequenceMatcher(
        None, first, second, autojunk=False
    ).get_opcodes():
        lines += first[start:end] if kind == "equal" else ["..."]
    return "\n".join(lines) + "\n"


def prepare(folder: Path, page: str) -> None:
    """Write what a page needs: its scripts, and the module that a tutorial takes of a wheel."""
    spec = find_spec("vt100wasm")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = folder / "wheel" / "vt100wasm"
    package.mkdir(parents=True)
    shutil.copy(Path(spec.submodule_search_locations[0]) / "_vt100.wasm", package)
    for name, script in _SCRIPT.findall(page):
        (folder / name).write_text(script, encoding="utf-8")


def main(pages: list[Path]) -> None:
    """Record the output of pages again, each in a folder of its own."""
    for page in (page.resolve() for page in pages):
        text = page.read_text(encoding="utf-8")
        recordings = []
        for _ in range(2):  # random numbers and times differ
            with TemporaryDirectory() as folder, chdir(folder):
                prepare(Path(), text)
                recordings.append(recorded(text))
        page.write_text(common(*recordings), encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
