"""The sample that can be opened without having a file."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from wasmstate.samples import SAMPLES

_PREFIX = "wasmstate-sample-"


def sample_copy() -> Path:
    """A copy of the bandit in a folder of its own: writing must not change the installed one.

    The folder is removed when the program ends; what a killed one left, with the next sample.

    Raises:
        OSError: if the sample is not there, or cannot be copied.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "bandit.wasm"
    path.write_bytes(SAMPLES["bandit"].files()[path.name])
    return path


def _sweep() -> None:
    """Remove the folders of this user's programs that have ended."""
    if os.name != "posix":
        return  # a process cannot be asked there whether it runs
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            is_mine = folder.lstat().st_uid == os.geteuid() and folder.is_dir()
            if is_mine and process.isdecimal() and not _runs(int(process)):
                shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
