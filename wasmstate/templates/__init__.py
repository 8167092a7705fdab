"""Folders for models of one's own, in several languages: code, build file, schema, test, README."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_IN = ".in"  # what the names of templates end with, so that no tool takes them for code


@dataclass(frozen=True, slots=True)
class Language:
    """A language that a model can be written in.

    Attributes:
        name: as people write it.
        suffix: of its files.
        install: the command that installs what compiles it.
    """

    name: str
    suffix: str
    install: str


LANGUAGES = {
    "c": Language("C", "c", "pip install ziglang"),
    "rust": Language("Rust", "rs", "rustup target add wasm32-unknown-unknown"),
    "zig": Language("Zig", "zig", "pip install ziglang"),
    "assemblyscript": Language("AssemblyScript", "ts", "npm install assemblyscript"),
    "wat": Language("the WebAssembly text format", "wat", "pip install wasmtime"),
}
"""By the names of their folders."""


def project_files(name: str, language: str) -> dict[str, bytes]:
    """The content of each file of a new model, by its name.

    Args:
        name: of the model: it becomes the name of files, and part of texts.
        language: of :data:`LANGUAGES`.

    Raises:
        OSError: a template cannot be read.
    """
    chosen = LANGUAGES[language]
    words = {"NAME": name, "LANGUAGE": chosen.name, "SUFFIX": chosen.suffix}
    words["INSTALL"] = chosen.install
    found = {}
    for folder in (language, "common"):
        for path in sorted((_FOLDER / folder).glob(f"*{_IN}")):
            text = path.read_text(encoding="utf-8")
            for word, value in words.items():
                text = text.replace(word, value)
            found[path.name.removesuffix(_IN).replace("NAME", name)] = text.encode()
    return found
