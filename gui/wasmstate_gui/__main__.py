"""``python -m wasmstate_gui``."""

from __future__ import annotations

from wasmstate_gui.app import main

if __name__ == "__main__":
    main(prog_name="wasmstate inspect")
