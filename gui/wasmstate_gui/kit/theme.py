"""Colours, light and dark, and the Qt palettes made from them.

Colour is never the only sign: a section has its name above its first row and a rail at the left,
a changed byte is bold and underlined, damage is hatched. The solid colours stay apart for people
who confuse red and green (Okabe and Ito's set, checked by simulation); their tints do not.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette

from wasmstate_gui.core.document.byte_kinds import KINDS


@dataclass(frozen=True)
class Theme:
    """The colours of a window.

    Attributes:
        solids: of each kind of section.
        lines: of a plot, in their order.
        tint: how much of a solid colour stands behind its bytes, 0 to 1.
        changed: behind changed bytes and cells.
        damage: the edge and hatching of damage; ``damage_ground`` and ``damage_text`` of a bar,
            ``error_text`` of a line beside a field.
    """

    is_dark: bool
    base: str
    window: str
    button: str
    line: str
    text: str
    dim: str
    accent: str
    accent_text: str
    damage: str
    damage_ground: str
    damage_text: str
    error_text: str
    notice_ground: str
    changed: str
    tint: float
    solids: tuple[str, ...]
    lines: tuple[str, ...]

    def solid(self, kind: str) -> QColor:
        """The full colour of a kind."""
        return QColor(self.solids[KINDS.index(kind)])

    def ground(self, kind: str) -> QColor:
        """The tint behind the bytes of a kind."""
        if kind in ("header", "unknown"):
            return QColor(self.base)
        return mixed(self.solid(kind), QColor(self.base), self.tint)

    def name_ink(self, kind: str) -> QColor:
        """The colour of a section's name: its own, where that can be read on the base."""
        share = 0.75 if self.is_dark else 0.7
        return mixed(self.solid(kind), QColor(self.text), share)

    def palette(self) -> QPalette:
        """Qt's palette in these colours."""
        palette = QPalette()
        role = QPalette.ColorRole
        for roles, colour in (
            ((role.Window, role.AlternateBase), self.window),
            ((role.Base,), self.base),
            ((role.Button,), self.button),
            ((role.WindowText, role.Text, role.ButtonText), self.text),
            ((role.ToolTipBase,), self.base),
            ((role.ToolTipText,), self.text),
            ((role.PlaceholderText,), self.dim),
            ((role.Highlight, role.Link, role.Accent), self.accent),
            ((role.HighlightedText,), self.accent_text),
            ((role.Mid,), self.line),
            ((role.Light,), self.base if not self.is_dark else "#3A3D41"),
            ((role.Midlight,), self.button),
            ((role.Dark,), "#9AA1A9" if not self.is_dark else "#17181A"),
            ((role.Shadow,), "#6B7280" if not self.is_dark else "#101112"),
        ):
            for each in roles:
                palette.setColor(each, QColor(colour))
        faint = mixed(QColor(self.text), QColor(self.window), 0.45)
        for each in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
            palette.setColor(QPalette.ColorGroup.Disabled, each, faint)
        return palette

    def window_style(self) -> str:
        """The style sheet of the main window."""
        # Qt draws the frame of a box darker than the window: in dark colours it cannot be seen.
        box = f"width: 11px; height: 11px; border: 1px solid {self.dim}; background: {self.base};"
        boxes = ("QCheckBox", "QAbstractItemView")
        frames = [f"{each}::indicator:unchecked {{ {box} }}" for each in boxes]
        frames.append(f"QRadioButton::indicator:unchecked {{ {box} border-radius: 6px; }}")
        return "".join(frames if self.is_dark else []) + (
            f"QStatusBar {{ border-top: 1px solid {self.line}; }}"
            "QStatusBar::item { border: none; }"
            "QStatusBar > QLabel { padding: 0 8px; }"
            "QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }"
            f"QLabel[waits=true] {{ color: {self.error_text}; font-weight: bold; }}"
            f"QMainWindow::separator {{ background: {self.line}; width: 3px; height: 3px; }}"
            f"QToolTip {{ background: {self.base}; color: {self.text};"
            f" border: 1px solid {self.line}; }}"
        )


def mixed(over: QColor, under: QColor, share: float) -> QColor:
    """One colour laid over another, ``share`` of it opaque."""
    parts = zip(over.getRgb()[:3], under.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(a * share + b * (1 - share)) for a, b in parts))


def ink_on(ground: QColor) -> QColor:
    """Black or white, whichever is read better on this ground."""
    luminance = 0.2126 * ground.redF() + 0.7152 * ground.greenF() + 0.0722 * ground.blueF()
    return QColor("#000000") if luminance > 0.45 else QColor("#FFFFFF")


LIGHT = Theme(
    is_dark=False,
    base="#FFFFFF",
    window="#EFF0F1",
    button="#F7F8F9",
    line="#C9CDD2",
    text="#1B1F24",
    dim="#565C66",
    accent="#0072B2",
    accent_text="#FFFFFF",
    damage="#D55E00",
    damage_ground="#FCE6D6",
    damage_text="#5A2700",
    error_text="#A34700",
    notice_ground="#DCEEF9",
    changed="#F2E95E",
    tint=0.22,
    solids=("#4A5058", "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#AA3377", "#8A9099"),
    lines=("#0072B2", "#C8102E", "#008560", "#AA3377", "#4A5058", "#B07A00"),
)

DARK = Theme(
    is_dark=True,
    base="#1E1F22",
    window="#2B2D30",
    button="#3C3F41",
    line="#4A4D52",
    text="#E6E6E6",
    dim="#BCC2CC",
    accent="#56B4E9",
    accent_text="#10181F",
    damage="#E8762B",
    damage_ground="#5C3210",
    damage_text="#FFE9D8",
    error_text="#FF9C5B",
    notice_ground="#1F3D50",
    changed="#5D5A2C",
    tint=0.32,
    solids=("#E6E6E6", "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D870A9", "#A1A59B"),
    lines=("#56B4E9", "#E78448", "#41CEAA", "#D870A9", "#E6E6E6", "#E69F00"),
)
