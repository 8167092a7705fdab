"""Functions of another module to be added: what they import, and what is exported afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from wasmstate import donors
from wasmstate.binary.edits.graft import resolve_imports
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError, SectionError
from wasmstate.state.change.graft import graft
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.wizards.file_plan import FilePlan
from wasmstate_gui.core.wizards.plan import Say, Verdict, silently

_MOST = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """A donor, and how it is grafted.

    Attributes:
        donor: the name of one that is shipped; empty for a file.
        path: of that file.
        names: of exports of the host, by the name that the donor imports them by.
        replaces: whether exports of the donor take the place of the host's.
    """

    donor: str
    path: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from.

    Attributes:
        exports: of the host, by kind.
        fitting: the first of the donors that are shipped whose imports the host has; else the
            first.
    """

    exports: Mapping[str, list[str]]
    fitting: str


class GraftPlan(FilePlan):
    """A module that functions are added to."""

    def offer(self, *, say: Say = silently) -> Offer:
        """What a donor could import, and the donor that fits. Raises MalformedError."""
        found: dict[str, list[str]] = {}
        for name, export in Spaces(self.module).exports.items():
            found.setdefault(export.kind, []).append(name)
        exports = {kind: names[:_MOST] for kind, names in found.items()}
        return Offer(exports, self._fitting())

    def _fitting(self) -> str:
        for name in donors.names():
            with suppress(SectionError):
                resolved = resolve_imports(self.module, donors.donor(name))
                if all(each.index is not None for each in resolved):
                    return name
        return donors.names()[0]

    def judge(self, choice: Choice, *, say: Say = silently) -> Verdict:
        """What each import of the donor is, and what stands in the way."""
        if not choice.donor and not choice.path.strip():
            return Verdict(hint="Choose the file of the donor.")
        donor = _donor(choice)
        resolved = resolve_imports(self.module, donor, names=choice.names)
        lines = tuple((each.name, each.kind, each.found, each.reason) for each in resolved)
        missing = {each.name: each.reason for each in resolved if each.reason}
        if missing:
            text = f"The host lacks what the donor imports: {', '.join(missing)}"
            return Verdict(problem=text, lines=lines)
        try:
            after = self.make(choice)
        except SectionError as error:
            return Verdict(problem=told(error), lines=lines)
        return Verdict(self._summary(donor, after), lines=lines)

    def make(self, choice: Choice, *, say: Say = silently) -> Module:
        """The grafted module. Raises as :func:`~wasmstate.state.change.graft.graft`."""
        return graft(
            self.module, _donor(choice), names=choice.names, replace_exports=choice.replaces
        )

    def _taken(self, donor: Module) -> set[str]:
        return set(Spaces(donor).exports) & set(Spaces(self.module).exports)

    def _summary(self, donor: Module, after: Module) -> str:
        taken = self._taken(donor)
        functions = Spaces(donor).exported_functions()
        instead = " instead of the host\u2019s"
        texts = [
            f"{name}{type_}{instead if name in taken else ''}" for name, type_ in functions.items()
        ]
        return f"Exported afterwards, too: {', '.join(texts)}. File: {self.growth(after)}."


def _donor(choice: Choice) -> Module:
    """The donor. Raises SectionError if it cannot be read."""
    if choice.donor:
        return donors.donor(choice.donor)
    path = Path(choice.path).expanduser()
    try:
        return Module.open(path)
    except OSError as error:
        raise SectionError(f"{path}: {error.strerror}") from error
    except MalformedError as error:
        raise SectionError(f"{path.name} is no module: {error}") from error
