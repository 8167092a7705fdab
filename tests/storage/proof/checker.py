"""What must hold of the files that a crash has left, whatever the crash was."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Sequence
from pathlib import Path

from crash.explore import BrokenPromiseError
from crash.image import File, Image, attributes_of
from storage.proof.run import NAME
from storage.proof.scenarios import Steps, new_file
from wasmstate import FileKeptWarning, Module, State, WasmstateError, check, commit
from wasmstate.state.code_match import check_belongs
from wasmstate.state.damage.check import Finding


class Whole:
    """The file is one of these generations, whole, and the next commit leaves nothing beside it.

    Args:
        generations: the file as it was at first and after each step; ``None`` if it was not there.
        synced: whether the permissions must be those of the file, too. Those that were not synced
            may be lost, but never let more people in.
        ordered: whether names may be lost after the call has returned; then a leftover may be
            neither of the two files that its writer knew, and is kept.
    """

    def __init__(
        self, generations: Sequence[File | None], *, synced: bool = True, ordered: bool = False
    ) -> None:
        self._synced = synced
        self._ordered = ordered
        self._generations = list(generations)
        self._states = {
            load(Module.from_bytes(file.data)).digest for file in generations if file is not None
        }

    def __call__(self, folder: Path) -> int | None:
        path = folder / NAME
        generation = self._generation(path)
        beside = [name for name in self._names(folder) if name != NAME]
        if generation is not None:
            findings = check(path) if path.exists() else []
            known = [os.path.basename(finding.path) for finding in findings if _is_left(finding)]
            if len(known) < len(findings):
                raise BrokenPromiseError(f"check finds {findings}")
            if path.exists() and known != beside:
                raise BrokenPromiseError(
                    f"check does not know the files beside it, {set(beside) - set(known)}"
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore" if self._ordered else "error", FileKeptWarning)
                list(recover(path))
            left = self._names(folder)
            if left != [NAME] or check(path):
                raise BrokenPromiseError(f"after the next commit there are {left}")
        return generation

    def _names(self, folder: Path) -> list[str]:
        names = sorted(os.listdir(folder))
        return [name for name in names if not self._ordered or ".rescued-" not in name]

    def _generation(self, path: Path) -> int | None:
        if not path.exists():
            if None not in self._generations:
                raise BrokenPromiseError("the file is gone")
            return self._generations.index(None)
        data, attributes = path.read_bytes(), attributes_of(path)
        for i, file in enumerate(self._generations):
            if file is not None and data == file.data:
                lost = attributes != file.attributes
                if lost and (self._synced or attributes.mode & ~file.attributes.mode):
                    raise BrokenPromiseError(f"the file has {attributes}, it had {file.attributes}")
                return i
        self._must_be_noticed(path)
        return None

    def _must_be_noticed(self, path: Path) -> None:
        """Damage may be beside the state; then the state must be one that was committed."""
        if all(_is_left(finding) for finding in check(path)):
            raise BrokenPromiseError("check finds nothing wrong with a damaged file")
        try:
            state = load(Module.open(path))
        except WasmstateError:
            return
        if state.digest not in self._states:
            raise BrokenPromiseError("a damaged state loads without an error")


def same(image: Image) -> Hashable:
    """Of the files beside the model it only counts whether there is something in them.

    That is so because nobody reads them: one test does without this, and finds the same.
    """
    beside = sorted(
        (len(file.data) > 0, file.attributes, os.path.splitext(name)[1])
        for name, file in image.items()
        if name != NAME
    )
    return image.get(NAME), *beside


def load(module: Module) -> State:
    """The state that a session would take."""
    state = State.of(module)
    check_belongs(state, module)
    return state


def recover(path: Path) -> Steps:
    """What the next user does: commit. If there is no file he writes it first."""
    if not path.exists():
        yield from new_file(path)
    commit(path, State.of(Module.open(path)))
    yield "full"


def _is_left(finding: Finding) -> bool:
    return finding.severity == "warning" and finding.path.endswith(".wasmstate-tmp")
