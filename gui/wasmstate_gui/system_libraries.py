"""What Qt needs of the system, and the Debian packages that have it."""

from __future__ import annotations

import re

_PACKAGES = {
    "libglib-2.0.so": "libglib2.0-0",
    "libgthread-2.0.so": "libglib2.0-0",
    "libgobject-2.0.so": "libglib2.0-0",
    "libdbus-1.so": "libdbus-1-3",
    "libGL.so": "libgl1",
    "libEGL.so": "libegl1",
    "libxkbcommon.so": "libxkbcommon0",
    "libfontconfig.so": "libfontconfig1",
}

NO_FONT = "Qt finds no font to draw text with; on Debian: apt-get install fonts-dejavu-core"


def missing_library(error: ImportError) -> str | None:
    """The library that an import of Qt did not find and its remedy; none for another error."""
    found = re.match(r"(lib[^:\s]+): cannot open shared object file", str(error))
    if found is None:
        return None
    library = found[1]
    package = _PACKAGES.get(library.partition(".so")[0] + ".so")
    remedy = f"on Debian: apt-get install {package}" if package else "install what has it"
    return f"Qt needs the system library {library}; {remedy}"
