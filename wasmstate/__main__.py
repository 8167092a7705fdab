"""``python -m wasmstate``."""

from wasmstate.cli import main

if __name__ == "__main__":
    main(prog_name="wasmstate")
