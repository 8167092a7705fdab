"""What commits cost flash memory: bytes a day, and how long cells last at that rate.

A commit writes the whole file: unchanged ranges too, unless the file system shares them. What the
controller writes beyond that, write amplification, depends on the device.
"""

from __future__ import annotations

from dataclasses import dataclass

from wasmstate.session.policy import Policy

_BLOCK = 4096  # what file systems write at least
_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Wear:
    """What is written, by the size of a file and a policy.

    Attributes:
        bytes_per_commit: what one writes, in whole blocks of 4 KiB.
        commits_per_day: at most.
    """

    bytes_per_commit: int
    commits_per_day: float

    @property
    def bytes_per_day(self) -> float:
        """Bytes that all commits of a day write."""
        return self.bytes_per_commit * self.commits_per_day

    def years(self, capacity: int, cycles: int, amplification: float = 1.0) -> float:
        """How long flash of so many bytes lasts, if wear is levelled and nothing else writes.

        Args:
            capacity: in bytes, of what the controller levels.
            cycles: erase cycles that a cell stands.
            amplification: bytes that the controller writes for each byte it is given.
        """
        return capacity * cycles / (self.bytes_per_day * amplification) / _YEAR


def estimate_wear(size: int, persist: str, updates_per_day: float) -> Wear:
    """Estimate what commits write.

    Args:
        size: of the file, in bytes.
        persist: as for a session.
        updates_per_day: how many calls a day change S.

    Raises:
        ValueError: invalid ``persist``, or one that says nothing of how often it commits.
    """
    blocks = -(-size // _BLOCK) * _BLOCK
    return Wear(blocks, Policy.parse(persist).commits_per_day(updates_per_day, blocks))
