"""The treemap of a file: sections by their size, and in them functions and segments."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from wasmstate.escapes import visible
from wasmstate_gui.core.module.treemap import Area, Tile, squarified
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme, ink_on, mixed

_HEADING = 16
_HEIGHT = 190
_LEAST_FOR_PARTS = 24  # pixels of a side
_LEAST_FOR_A_NAME = 34
_SHADE = 0.82


class TreemapView(QWidget):
    """Shows tiles; a click goes to the bytes of one, arrow keys go from section to section."""

    chosen = Signal(int, int)
    """The bytes of a tile."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Sizes in the file")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(_HEIGHT)
        self._theme = LIGHT
        self._tiles: Sequence[Tile] = ()
        self._places: list[tuple[Tile, QRectF, bool]] = []  # a section before its parts
        self._here = 0

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show other tiles."""
        self._tiles, self._here = tiles, 0
        self.setAccessibleDescription(", ".join(f"{t.name} {t.size:,} bytes" for t in tiles))
        self._lay_out()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, _HEIGHT)

    def tile_at(self, place: QPointF) -> Tile | None:
        """The smallest tile at a place."""
        found = [tile for tile, rect, _ in self._places if rect.contains(place)]
        return found[-1] if found else None

    def place_of(self, name: str) -> QPointF:
        """The middle of a tile."""
        return next(rect for tile, rect, _ in self._places if tile.name == name).center()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        tile = self.tile_at(event.position())
        if tile is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(tile)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if by is None or not self._tiles:
            super().keyPressEvent(event)
            return
        self._here = min(max(self._here + by, 0), len(self._tiles) - 1)
        self._choose(self._tiles[self._here])
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tile = self.tile_at(QPointF(event.pos()))
            if tile is not None:
                whole = sum(each.size for each in self._tiles)
                share = f"{tile.size:,} bytes, {100 * tile.size / whole:.1f} %"
                QToolTip.showText(event.globalPos(), tooltip(f"{tile.name}\n{share}"), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setPointSizeF(8.5)
        painter.setFont(font)
        base = QColor(self._theme.base)
        for tile, rect, is_part in self._places:
            colour = self._theme.solid(tile.kind)
            ground = mixed(colour, base, _SHADE) if is_part else colour
            painter.fillRect(rect, ground)
            if is_part:
                painter.setPen(QPen(base, 0.6))
                painter.drawRect(rect)
            self._paint_name(painter, tile, rect, ink_on(ground))
        if self.hasFocus() and self._tiles:
            painter.setPen(QPen(QColor(self._theme.text), 2))
            here = self._tiles[self._here]
            painter.drawRect(next(rect for tile, rect, _ in self._places if tile is here))

    def _paint_name(self, painter: QPainter, tile: Tile, rect: QRectF, ink: QColor) -> None:
        if rect.width() < _LEAST_FOR_A_NAME or rect.height() < _HEADING - 3:
            return
        painter.setPen(ink)
        room = rect.adjusted(4, 1, -2, 0)
        metrics = painter.fontMetrics()
        name = metrics.elidedText(
            visible(tile.name), Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, name)

    def _choose(self, tile: Tile) -> None:
        if tile.end > tile.start:
            self.chosen.emit(tile.start, tile.end)

    def _lay_out(self) -> None:
        self._places = []
        whole = Area(0, 0, self.width(), self.height())
        for tile, area in _placed(self._tiles, whole):
            self._places.append((tile, _rect(area.inner(0.5, 0.5)), False))
            if min(area.width, area.height) >= _LEAST_FOR_PARTS:
                inner = area.inner(2, _HEADING)
                parts = _placed(tile.children, inner)
                self._places += [(part, _rect(each), True) for part, each in parts]
        self.update()


def _placed(tiles: Sequence[Tile], area: Area) -> list[tuple[Tile, Area]]:
    tiles = sorted((tile for tile in tiles if tile.size), key=lambda tile: -tile.size)
    return list(zip(tiles, squarified([tile.size for tile in tiles], area), strict=True))


def _rect(area: Area) -> QRectF:
    return QRectF(area.x, area.y, area.width, area.height)
