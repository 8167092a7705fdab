"""``make demo``: a bandit learns, is killed in the middle of a commit, and goes on.

Then the window opens on it or, without a display, is drawn to a picture.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bandit_device import RATES, is_clicked
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from wasmstate import Module, Session, State, check

CLICKS = 2000
KILL_AFTER = 1000
ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "demo"
MODEL = FOLDER / "bandit.wasm"

console = Console(highlight=False)


def is_committing() -> bool:
    """Whether the device is in the middle of a commit: its temporary file is there."""
    return any(entry.name.endswith(".wasmstate-tmp") for entry in os.scandir(FOLDER))


def run_device(progress: Progress, task: TaskID, *, kill_after: int | None) -> int:
    """Start the device; gives the last generation that it reported before it ended."""
    device = subprocess.Popen(
        [sys.executable, ROOT / "examples" / "bandit_device.py", MODEL, str(CLICKS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert device.stdout is not None
    generation = 0
    for line in device.stdout:
        generation = int(line.split()[0])
        progress.update(task, completed=generation)
        if kill_after is not None and generation >= kill_after:
            while not is_committing():
                pass
            device.kill()  # SIGKILL: no handler runs, nothing is cleaned up
            break
    device.stdout.close()
    device.wait()
    return generation


def learn_without_a_break() -> State:
    """The state that a device reaches which is never switched off, and never writes."""
    with Session.open(ROOT / "fixtures" / "bandit.wasm", persist="manual") as session:
        for i in range(CLICKS):
            arm = session.predict()
            session.update(arm, is_clicked(arm, i))
        return session.state


def main() -> None:
    """Play the story."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    shutil.copy(ROOT / "fixtures" / "bandit.wasm", MODEL)
    size = MODEL.stat().st_size
    console.print(
        f"[bold]1.[/] A bandit of {size:,} bytes learns from {CLICKS:,} simulated adverts,"
    )
    console.print("   and commits its state to its own file after each of them.")
    with Progress(console=console) as progress:
        task = progress.add_task("learning", total=CLICKS)
        reported = run_device(progress, task, kill_after=KILL_AFTER)
        progress.stop()
        console.print(f"[bold]2.[/] Killed (SIGKILL) in a commit, after generation {reported:,}.")
    half_written = [entry for entry in FOLDER.iterdir() if entry != MODEL]
    found = check(MODEL)
    errors = [finding for finding in found if finding.severity == "error"]
    on_disk = State.of(Module.open(MODEL)).generation
    for entry in half_written:
        size = entry.stat().st_size
        console.print(f"   Left half-written: {entry.name} ({size:,} bytes).", soft_wrap=True)
    console.print(
        f"   The model itself is whole: generation {on_disk:,}, {len(errors)} errors found."
    )
    console.print(f"[bold]3.[/] Opened again, it goes on from generation {on_disk:,}.")
    with Progress(console=console) as progress:
        task = progress.add_task("learning", total=CLICKS, completed=on_disk)
        run_device(progress, task, kill_after=None)
    state = State.of(Module.open(MODEL))
    same = state.digest == learn_without_a_break().digest
    console.print(
        f"[bold]4.[/] Generation {state.generation:,}: "
        + ("bit for bit the state of a device that was never killed." if same else "NOT the same!")
    )
    _show_arms(state)
    if errors or not same:
        sys.exit(1)
    _show_window()


def _show_arms(state: State) -> None:
    table = Table("arm", "shown", "estimated rate", "true rate")
    for arm, rate in enumerate(RATES):
        successes, failures = float(state["successes"][arm]), float(state["failures"][arm])
        shown = successes + failures - 2  # the prior counts one of each
        table.add_row(
            str(arm), f"{shown:,.0f}", f"{successes / (successes + failures):.3f}", f"{rate:.3f}"
        )
    console.print(table)


def _show_window() -> None:
    window = [sys.executable, "-m", "wasmstate", "inspect", str(MODEL)]
    has_display = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_display:
        console.print("[bold]5.[/] The window opens on it; close it to end the demo.")
        sys.exit(subprocess.run(window, check=False).returncode)
    picture = FOLDER / "inspector.png"
    subprocess.run([*window, "--screenshot", str(picture)], check=True)
    console.print("[bold]5.[/] No display here; the window is drawn to a picture:")
    console.print(str(picture), soft_wrap=True)


if __name__ == "__main__":
    main()
