"""What bytes of an instance matter to its calls: found by changing them and calling again.

A stack, a scratch buffer and a result that is only written give themselves away: whatever they hold
before a call, nothing comes out differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wasmstate.explore.guess_types import WORD
from wasmstate.explore.trial import Call, Image, Trial

# What is changed in the bytes of a word: the lowest bit of each; a high bit of the fraction of a
# double, or of two floats. No more, for what is changed too much drowns what is added to it.
PATTERNS = (bytes([1] * WORD), bytes([0, 0, 8, 0, 0, 0, 8, 0]))


class Influence:
    """What calls give from an image on, to be compared with what they give from a changed one."""

    def __init__(self, trial: Trial, image: Image, calls: Sequence[Call]) -> None:
        self._trial = trial
        self._image = image
        self._calls = calls
        self._values, self._after = trial.outcome(image, calls)

    def of(self, region: int, spans: Iterable[tuple[int, int]]) -> bool:
        """Whether bytes matter: to a result, to other bytes, or to what they become themselves.

        Args:
            region: of the trial.
            spans: where in it they begin and end.
        """
        spans = [(start, min(end, len(self._image[region]))) for start, end in spans]
        content = self._image[region]
        return any(
            self._of(region, [(start, _turned(content[start:end], p)) for start, end in spans])
            for p in PATTERNS
        )

    def of_contents(self, region: int, start: int, contents: Iterable[bytes]) -> bool:
        """Whether one of these contents of a place makes a difference, as in :meth:`of`."""
        return any(self._of(region, [(start, content)]) for content in contents)

    def content(self, region: int, start: int, size: int) -> bytes:
        """What stands at a place of the image."""
        return self._image[region][start : start + size]

    def _of(self, region: int, pieces: Sequence[tuple[int, bytes]]) -> bool:
        changed = bytearray(self._image[region])
        for start, piece in pieces:
            changed[start : start + len(piece)] = piece
        image = (*self._image[:region], bytes(changed), *self._image[region + 1 :])
        if image == self._image:
            return False
        values, after = self._trial.outcome(image, self._calls)
        if values != self._values:
            return True
        spans = [(start, start + len(piece)) for start, piece in pieces]
        return after is not None and self._differs(region, spans, image[region], after)

    def _differs(
        self, region: int, spans: Sequence[tuple[int, int]], given: bytes, after: Image
    ) -> bool:
        assert self._after is not None  # the values would differ
        masked = []
        for image in (self._after, after):
            content = bytearray(image[region])
            for start, end in spans:
                content[start:end] = bytes(end - start)
            masked.append((*image[:region], bytes(content), *image[region + 1 :]))
        if masked[0] != masked[1]:
            return True
        # Neither overwritten nor left alone: then it was read.
        return any(
            now not in (usual, before)
            for start, end in spans
            for now, usual, before in zip(
                after[region][start:end],
                self._after[region][start:end],
                given[start:end],
                strict=True,
            )
        )


def _turned(content: bytes, pattern: bytes) -> bytes:
    repeated = (pattern * (len(content) // WORD + 1))[: len(content)]
    size = len(content)
    mixed = int.from_bytes(content, "little") ^ int.from_bytes(repeated, "little")
    return mixed.to_bytes(size, "little")
