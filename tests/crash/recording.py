"""What was recorded, and what of it a crash leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from crash.image import File, Image
from crash.micro import Data, Micro, Names, Size, journaled_from, lasting_from, micro_operations
from crash.operations import Acknowledge, Attributes, Create, Operation, describe
from crash.rebuild import build_image, tear


@dataclass(frozen=True, slots=True)
class CrashState:
    """One legal state of the disk after a crash. Its ``repr`` is a regression test's literal.

    Attributes:
        model: what the file system promises: see :mod:`crash.models`.
        done: how many operations were made before the crash.
        lost: the parts that were made and did not reach the disk, by index.
        torn: a part and those of its sectors that reached the disk; of a change of names without
            any, the names did, and not what they say of their files.
        fill: what the bytes hold that belong to a file and were never written.
    """

    model: str
    done: int
    lost: tuple[int, ...] = ()
    torn: tuple[int, tuple[int, ...]] | None = None
    fill: int = 0


@dataclass(frozen=True)
class Recording:
    """The files there were, all of them on the disk, and what was done then."""

    before: Image
    operations: Sequence[Operation]

    @cached_property
    def parts(self) -> list[Micro]:
        """What reaches the disk independently."""
        return micro_operations(self.before, self.operations)

    @cached_property
    def created(self) -> dict[int, Attributes]:
        """The attributes that files were made with."""
        return {each.inode: each.attributes for each in self.operations if isinstance(each, Create)}

    @cached_property
    def lasting_from(self) -> list[int]:
        """For each part how many operations were done when POSIX says that it lasts."""
        return lasting_from(self.parts, self.operations)

    @cached_property
    def journaled_from(self) -> list[int]:
        """For each part how many operations were done when it lasts in a journal."""
        return journaled_from(self.parts, self.operations)

    def made(self, done: int) -> range:
        """The indices of the parts that so many operations have made."""
        return range(sum(part.at < done for part in self.parts))

    def image(self, state: CrashState) -> dict[str, File]:
        """The files that a crash leaves."""
        kept: list[Micro] = []
        lost = frozenset(state.lost)
        for i in self.made(state.done):
            part = self.parts[i]
            if state.torn is not None and i == state.torn[0]:
                if isinstance(part, Names):
                    kept += [
                        part,
                        *(
                            Size(part.at, inode, 0, False)
                            for _, inode in part.leads
                            if inode is not None
                        ),
                    ]
                else:
                    assert isinstance(part, Data)
                    kept += tear(part, state.torn[1])
            elif i not in lost:
                kept.append(part)
        return build_image(
            self.before,
            self.created,
            kept,
            fill=state.fill,
            data_carries_size=state.model in ("ext4", "journal"),
        )

    def acknowledged(self, state: CrashState) -> int:
        """The generation that must be there at least."""
        return max(
            (
                operation.generation
                for operation in self.operations[: state.done]
                if isinstance(operation, Acknowledge)
                and (state.model == "kill" or operation.survives == "power")
            ),
            default=0,
        )

    def explain(self, state: CrashState) -> str:
        """Where the crash came and what it lost, for a reader."""
        lines = [
            f"{'->' if i == state.done - 1 else '  '} {i:3} {describe(operation)}"
            for i, operation in enumerate(self.operations[: state.done])
        ]
        lost = [f"lost: part {i}, {_describe(self.parts[i])}" for i in state.lost]
        if state.torn is not None:
            i, reached = state.torn
            lost.append(f"torn: part {i}, {_describe(self.parts[i])}, only sectors {reached}")
        return "\n".join(["crash after the operation that is marked", *lines, *lost, repr(state)])


def _describe(part: Micro) -> str:
    text = repr(part)
    if isinstance(part, Data):
        text = f"Data of #{part.inode}, bytes {part.offset} to {part.offset + len(part.data)}"
    return f"{text}, of operation {part.at}"
