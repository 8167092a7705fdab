"""What stands above all else of a file: its name, badges, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wasmstate.binary.edits.bake import is_baked
from wasmstate_gui.core.document import absence
from wasmstate_gui.core.document.snapshot import Snapshot
from wasmstate_gui.core.texts import counted


@dataclass(frozen=True, slots=True)
class Badge:
    """A word on a file: ``kind`` is ``good``, ``bad``, ``state`` or ``plain``."""

    text: str
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Advice:
    """What can be done with a file: the name of a command, and why."""

    command: str
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What is known of a file at once.

    Attributes:
        name: of the file.
        size: in bytes.
        badges: what is most important of it.
        advice: what to do next.
    """

    name: str
    size: int
    badges: tuple[Badge, ...] = ()
    advice: tuple[Advice, ...] = ()


def heading(snapshot: Snapshot, validity: str) -> Heading:
    """What is known of a file at once.

    Args:
        snapshot: the file.
        validity: what the status bar says of it.
    """
    module, badges = snapshot.module, []
    if snapshot.findings:
        badges.append(Badge(counted(len(snapshot.findings), "problem"), "bad"))
    else:
        is_good = validity in ("valid", "well-formed", "component")
        badges.append(Badge(validity, "good" if is_good else "plain"))
    if snapshot.state is not None:
        badges.append(Badge(f"carries state, generation {snapshot.state.generation:,}", "state"))
    elif snapshot.is_wasm and not module.is_component:
        badges.append(Badge("state unreadable" if snapshot.has_state_section else "no state"))
    if module.damage is None and is_baked(module):
        badges.append(Badge("baked", "state"))
    return Heading(
        snapshot.path.name, snapshot.source.size, tuple(badges), tuple(_advice(snapshot))
    )


def first_repair(snapshot: Snapshot) -> str:
    """The name of the repair that fits the first problem that has one; empty if none has."""
    return next((finding.repair for finding in snapshot.findings if finding.repair), "")


def _advice(snapshot: Snapshot) -> Iterator[Advice]:
    if first_repair(snapshot):
        yield Advice("repair", "Look at what the repair would change")
    if absence.can_attach(snapshot):
        yield Advice("attach", "Let it remember: tell which bytes of its memory are S")
    if snapshot.functions:
        yield Advice("step", "Call update() and watch S change")
    if absence.can_graft(snapshot) and "update" not in snapshot.functions:
        yield Advice("graft", "Add functions, such as an update()")
    if absence.can_bake(snapshot) and not is_baked(snapshot.module):
        yield Advice("bake", "Let any runtime start from S")
    if snapshot.is_wasm and not snapshot.is_validated:
        yield Advice("verify", "Look at every byte, instructions included")
