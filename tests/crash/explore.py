"""Every crash state of a recording is made on a real disk, and looked at by a checker."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from crash.image import Image, write_image
from crash.models import MODELS, Model
from crash.recording import CrashState, Recording


class BrokenPromiseError(AssertionError):
    """What a checker raises: the files that a crash has left are not as promised."""


Checker = Callable[[Path], int | None]
"""Looks at the folder of files that a crash has left, and may change it. Gives the generation that
it holds, ``None`` for damage that the program notices; raises :class:`BrokenPromiseError`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A crash state that breaks a promise."""

    recording: Recording
    state: CrashState
    reason: str

    def __str__(self) -> str:
        return f"{self.state.model}: {self.reason}\n{self.recording.explain(self.state)}"


@dataclass
class Result:
    """What came out.

    Attributes:
        states: how many were looked at, by model.
        images: one of each kind of files that a crash left, by what the checker said of it.
        failures: the first ones of each model.
    """

    states: Counter[str] = field(default_factory=Counter)
    images: dict[tuple[object, ...], Image] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    @property
    def caught_by(self) -> set[str]:
        """The models that have a state which breaks a promise."""
        return {failure.state.model for failure in self.failures}


def explore(
    recording: Recording,
    check: Checker,
    scratch: Path,
    *,
    same: Callable[[Image], Hashable] = lambda image: tuple(image.items()),
    since: int = 0,
    tears_allowed: bool = False,
    models: Mapping[str, Model] = MODELS,
) -> Result:
    """Look at every crash state, until one breaks a promise; then go on with the next model.

    Args:
        recording: of the program.
        check: is called once for each distinct set of files.
        scratch: an empty folder, best in memory.
        same: gives equal values for files that the checker need not tell apart; all of their
            bytes and attributes if not given.
        since: how many operations are made at least before the crash; for a recording that begins
            like another one.
        tears_allowed: whether a power cut may damage the files, if that is noticed. The death of
            the process never may.
        models: what file systems promise, by name.
    """
    result = Result()
    verdicts: dict[Hashable, int | BrokenPromiseError | None] = {}
    fresh = (scratch / str(i) for i in count())
    for model, states in models.items():
        for state in states(recording):
            if state.done < since:
                continue
            result.states[model] += 1
            image = recording.image(state)
            key = same(image)
            if key not in verdicts:
                verdicts[key] = _look(image, check, next(fresh))
            verdict = verdicts[key]
            reason = _broken(
                verdict, recording.acknowledged(state), tears_allowed and model != "kill"
            )
            if reason:
                result.failures.append(Failure(recording, state, reason))
                break
            result.images.setdefault(_kind(verdict, image), image)
    return result


def look(recording: Recording, state: CrashState, check: Checker, scratch: Path) -> int | None:
    """Look at one crash state, as :func:`explore` does: what a regression test calls."""
    write_image(recording.image(state), scratch)
    return check(scratch)


def _look(image: Image, check: Checker, folder: Path) -> int | BrokenPromiseError | None:
    folder.mkdir()
    write_image(image, folder)
    try:
        return check(folder)
    except BrokenPromiseError as broken:
        return broken
    finally:
        shutil.rmtree(folder)


def _broken(
    verdict: int | BrokenPromiseError | None, acknowledged: int, tears_allowed: bool
) -> str:
    if isinstance(verdict, BrokenPromiseError):
        return str(verdict)
    if verdict is None:
        return "" if tears_allowed and not acknowledged else "the file is damaged"
    if verdict < acknowledged:
        return f"generation {acknowledged} was acknowledged, generation {verdict} is there"
    return ""


def _kind(verdict: object, image: Image) -> tuple[object, ...]:
    """What the checker said, and how many files there are, empty ones and others."""
    return verdict, *sorted(len(file.data) > 0 for file in image.values())
