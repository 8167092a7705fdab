"""Which commands are usable now."""

from __future__ import annotations

from dataclasses import dataclass

from wasmstate_gui.core.document import absence
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.snapshot import Snapshot
from wasmstate_gui.core.module.heading import first_repair
from wasmstate_gui.core.timeline.timeline import Timeline
from wasmstate_gui.core.window.commands import COMMANDS


@dataclass(frozen=True)
class Situation:
    """What the window shows and does; its properties enable commands.

    Attributes:
        document: the open file, or ``None``.
        timeline: its steps, or ``None``.
        is_running: True while a call runs.
        is_verifying: True while a verification runs.
        can_step, can_run, can_predict: whether the form of the call allows it.
    """

    document: Document | None = None
    timeline: Timeline | None = None
    is_running: bool = False
    is_verifying: bool = False
    can_step: bool = False
    can_run: bool = False
    can_predict: bool = False

    @property
    def is_dirty(self) -> bool:
        """Changes are in memory only."""
        return self._document is not None and self._document.is_dirty

    @property
    def is_open(self) -> bool:
        """A file is open, and no call runs."""
        return self._document is not None

    @property
    def is_busy(self) -> bool:
        """A call or a verification runs."""
        return self.is_running or self.is_verifying

    @property
    def can_verify(self) -> bool:
        """A file is open, and not being verified."""
        return self.document is not None and not self.is_verifying

    @property
    def has_state(self) -> bool:
        """The file carries a state."""
        return self.document is not None and self.document.state is not None

    @property
    def can_repair(self) -> bool:
        """A problem has a repair."""
        return self._base is not None and bool(first_repair(self._base))

    @property
    def can_attach(self) -> bool:
        """The module can be given a state."""
        return self._base is not None and absence.can_attach(self._base)

    @property
    def can_graft(self) -> bool:
        """Functions can be added to the module."""
        return self._base is not None and absence.can_graft(self._base)

    @property
    def can_bake(self) -> bool:
        """The state can be baked into the module."""
        return self._base is not None and absence.can_bake(self._base)

    @property
    def can_unbake(self) -> bool:
        """The module is baked."""
        return self._base is not None and absence.can_unbake(self._base)

    @property
    def can_go_back(self) -> bool:
        """An older step exists."""
        return self._timeline is not None and self._timeline.position > 0

    @property
    def can_go_forward(self) -> bool:
        """A newer step exists."""
        timeline = self._timeline
        return timeline is not None and timeline.position < len(timeline.path) - 1

    @property
    def is_call(self) -> bool:
        """A call made the shown step."""
        return self._timeline is not None and self._timeline.call is not None

    @property
    def can_play(self) -> bool:
        """The branch has more than one step."""
        return self._timeline is not None and len(self._timeline.path) > 1

    @property
    def has_branches(self) -> bool:
        """Another branch leaves the path."""
        return self._timeline is not None and self._timeline.other_branch(1) is not None

    @property
    def _document(self) -> Document | None:
        return None if self.is_running else self.document

    @property
    def _timeline(self) -> Timeline | None:
        return None if self.is_running else self.timeline

    @property
    def _base(self) -> Snapshot | None:
        return None if self._document is None else self._document.base


def usable(now: Situation) -> dict[str, bool]:
    """Whether each command that depends on the situation is usable, by its name."""
    return {each.name: getattr(now, each.usable) for each in COMMANDS if each.usable}
