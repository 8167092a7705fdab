"""What a repair would do, in lines to read before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wasmstate.state.compare.diff import TensorDiff
from wasmstate.state.damage.repair import Preview
from wasmstate_gui.core.document.destination import free_name
from wasmstate_gui.core.tensors.tensor_table import number_text
from wasmstate_gui.core.texts import counted

_BYTES, _LINES, _CELLS = 16, 200, 20


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """A repair to be agreed to.

    Attributes:
        path: of the damaged file.
        before: its bytes, as they were looked at.
        preview: what the repair makes of them.
    """

    path: Path
    before: bytes
    preview: Preview

    @property
    def title(self) -> str:
        """What it does."""
        return f"{self.preview.title}."

    @property
    def proof(self) -> str:
        """How sure it is that this is right."""
        if self.preview.proof:
            return f"Proven: {self.preview.proof} hold afterwards."
        return "Not proven: nothing says that these were the values. Look at them."

    @property
    def copy(self) -> Path:
        """Where the repaired copy goes, if nothing else is chosen."""
        return free_name(self.path.with_name(f"{self.path.stem}-repaired{self.path.suffix}"))

    @property
    def byte_summary(self) -> str:
        """``3 bytes changed in 2 places``."""
        changes = self.preview.changes
        places = counted(len(changes), "place")
        if len(self.before) != len(self.preview.data):
            sizes = f"{len(self.before):,} \u2192 {len(self.preview.data):,} bytes"
            return f"{sizes}, different in {places}"
        return f"{counted(sum(len(c.after) for c in changes), 'byte')} changed in {places}"

    def byte_lines(self) -> list[tuple[str, str, str]]:
        """Offset, bytes before, bytes after."""
        changes = self.preview.changes
        lines = [
            (f"0x{change.offset:X}", _hex(change.before), _hex(change.after))
            for change in changes[:_LINES]
        ]
        if len(changes) > _LINES:
            lines.append((f"and {len(changes) - _LINES:,} more", "", ""))
        return lines

    def cell_lines(self) -> list[tuple[str, str, str]]:
        """Cell, value before, value after."""
        lines = []
        for diff in self.preview.tensors:
            lines += _cells(diff)
        return lines


def _hex(content: bytes) -> str:
    if not content:
        return "\u2013"
    more = f" \u2026 {len(content):,} bytes" if len(content) > _BYTES else ""
    return content[:_BYTES].hex(" ").upper() + more


def _cells(diff: TensorDiff) -> list[tuple[str, str, str]]:
    if diff.kind != "changed":
        return [(diff.name, "", diff.kind)]
    lines = [
        (_name(diff.name, change.index), *_texts(change.before, change.after))
        for change in diff.changes[:_CELLS]
    ]
    if diff.count > len(lines):
        lines.append((f"{diff.name}: {diff.count - len(lines):,} more", "", ""))
    return lines


def _name(tensor: str, index: tuple[int, ...]) -> str:
    return f"{tensor}[{','.join(map(str, index))}]" if index else tensor


def _texts(before: float, after: float) -> tuple[str, str]:
    """Both values; with all their digits where fewer would not tell them apart."""
    texts = number_text(before), number_text(after)
    return texts if texts[0] != texts[1] else (repr(before), repr(after))
