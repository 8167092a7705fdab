"""What the About page says."""

from __future__ import annotations

import platform

import wasmstate

_PACKAGES = ("PySide6-Essentials", "pyqtgraph", "wasmtime", "construct", "numpy")


def about_lines() -> list[tuple[str, str]]:
    """Names and versions, for a report of a bug."""
    return [
        ("wasmstate", wasmstate.__version__),
        ("Python", platform.python_version()),
        *((name, _version(name)) for name in _PACKAGES),
        ("system", platform.platform(terse=True)),
    ]


def _version(name: str) -> str:
    # It loads the parsers of mail, for which no window should wait.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"
