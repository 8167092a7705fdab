"""Icons, drawn in the palette's colour: the style's own are black on the dark ground."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

SIZE = 20


def icon(name: str, colour: QColor, faint: QColor | None = None) -> QIcon:
    """The icon of an action; ``faint`` is its colour when the action is disabled."""
    result = QIcon(_drawn(name, colour))
    if name in _WHEN_ON:
        on = _drawn(_WHEN_ON[name], colour)
        result.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
    if faint is not None:
        result.addPixmap(_drawn(name, faint), QIcon.Mode.Disabled)
    return result


def swatch(colour: QColor, edge: QColor, *, damaged: bool) -> QIcon:
    """The square before a section's name; damage adds an exclamation mark."""
    pixmap = _blank()
    painter = _painter(pixmap, edge)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRect(QRectF(3, 3, 14, 14))
    if damaged:
        painter.setBrush(edge)
        painter.drawRect(QRectF(8.5, 4.5, 3, 7))
        painter.drawRect(QRectF(8.5, 13, 3, 2.8))
    painter.end()
    return QIcon(pixmap)


def _drawn(name: str, colour: QColor) -> QPixmap:
    pixmap = _blank()
    painter = _painter(pixmap, colour)
    _SHAPES[name](painter)
    painter.end()
    return pixmap


def _blank() -> QPixmap:
    pixmap = QPixmap(QSize(SIZE, SIZE) * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def _painter(pixmap: QPixmap, colour: QColor) -> QPainter:
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(colour, 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    return painter


def _polygon(*points: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(*point) for point in points])


def _open(painter: QPainter) -> None:
    painter.drawPolyline(
        _polygon((3, 15.5), (3, 5), (7.5, 5), (9.5, 7), (15, 7), (15, 9.5), (6, 9.5), (3, 15.5))
    )
    painter.drawPolyline(_polygon((3, 15.5), (14.5, 15.5), (17.5, 9.5), (15, 9.5)))


def _write(painter: QPainter) -> None:
    painter.drawLine(QPointF(10, 3), QPointF(10, 12))
    painter.drawPolyline(_polygon((6.2, 8.4), (10, 12.2), (13.8, 8.4)))
    painter.drawPolyline(_polygon((3.5, 13), (3.5, 16.5), (16.5, 16.5), (16.5, 13)))


def _revert(painter: QPainter) -> None:
    path = QPainterPath(QPointF(4, 8))
    path.lineTo(12, 8)
    path.arcTo(QRectF(8.5, 8, 8, 8), 90, -180)
    path.lineTo(8, 16)
    painter.drawPath(path)
    painter.drawPolyline(_polygon((7.4, 4.4), (3.8, 8), (7.4, 11.6)))


def _filled(painter: QPainter, *shapes: QPolygonF) -> None:
    painter.setBrush(painter.pen().color())
    for shape in shapes:
        painter.drawPolygon(shape)


def _step(painter: QPainter) -> None:
    _filled(painter, _polygon((5, 4), (14, 10), (5, 16)))
    painter.drawLine(QPointF(16.5, 4), QPointF(16.5, 16))


def _predict(painter: QPainter) -> None:
    path = QPainterPath(QPointF(2.5, 10))
    path.quadTo(10, 1.5, 17.5, 10)
    path.quadTo(10, 18.5, 2.5, 10)
    painter.drawPath(path)
    painter.setBrush(painter.pen().color())
    painter.drawEllipse(QPointF(10, 10), 2.2, 2.2)


def _run(painter: QPainter) -> None:
    _filled(
        painter,
        _polygon((3.5, 4.5), (10, 10), (3.5, 15.5)),
        _polygon((10.5, 4.5), (17, 10), (10.5, 15.5)),
    )


def _play(painter: QPainter) -> None:
    _filled(painter, _polygon((6, 4), (15.5, 10), (6, 16)))


def _pause(painter: QPainter) -> None:
    _filled(
        painter,
        _polygon((5.5, 4.5), (8, 4.5), (8, 15.5), (5.5, 15.5)),
        _polygon((12, 4.5), (14.5, 4.5), (14.5, 15.5), (12, 15.5)),
    )


def _stop(painter: QPainter) -> None:
    _filled(painter, _polygon((5, 5), (15, 5), (15, 15), (5, 15)))


def _back(painter: QPainter) -> None:
    _filled(painter, _polygon((13, 4.5), (6, 10), (13, 15.5)))


def _forward(painter: QPainter) -> None:
    _filled(painter, _polygon((7, 4.5), (14, 10), (7, 15.5)))


def _first(painter: QPainter) -> None:
    _filled(painter, _polygon((15, 4.5), (8, 10), (15, 15.5)))
    painter.drawLine(QPointF(5, 4.5), QPointF(5, 15.5))


def _last(painter: QPainter) -> None:
    _filled(painter, _polygon((5, 4.5), (12, 10), (5, 15.5)))
    painter.drawLine(QPointF(15, 4.5), QPointF(15, 15.5))


def _diff(painter: QPainter) -> None:
    painter.drawRect(QRectF(2.8, 3.8, 8, 9))
    painter.setBrush(painter.pen().color())
    painter.drawRect(QRectF(9.2, 7.8, 8, 9))


def _verify(painter: QPainter) -> None:
    pen = painter.pen()
    pen.setWidthF(2.4)
    painter.setPen(pen)
    painter.drawPolyline(_polygon((3.5, 10.5), (8, 15), (16.5, 5)))


def _follow(painter: QPainter) -> None:
    painter.drawArc(QRectF(4, 4, 12, 12), 20 * 16, 140 * 16)
    painter.drawArc(QRectF(4, 4, 12, 12), 200 * 16, 140 * 16)
    _filled(
        painter,
        _polygon((16.8, 4.2), (16.8, 9), (12.6, 8)),
        _polygon((3.2, 15.8), (3.2, 11), (7.4, 12)),
    )


def _error(painter: QPainter) -> None:
    painter.drawLine(QPointF(5, 5), QPointF(15, 15))
    painter.drawLine(QPointF(15, 5), QPointF(5, 15))


def _warning(painter: QPainter) -> None:
    painter.drawPolygon(_polygon((10, 3.5), (17.5, 16.5), (2.5, 16.5)))
    painter.drawLine(QPointF(10, 8.5), QPointF(10, 12))
    painter.drawPoint(QPointF(10, 14.3))


def _info(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(10, 10), 7.2, 7.2)
    painter.drawLine(QPointF(10, 9.5), QPointF(10, 14))
    painter.drawPoint(QPointF(10, 6.5))


_WHEN_ON = {"play": "pause"}
"""What stands in the place of an icon while its action is on."""

_SHAPES: dict[str, Callable[[QPainter], None]] = {
    "open": _open,
    "write": _write,
    "revert": _revert,
    "step": _step,
    "predict": _predict,
    "run": _run,
    "play": _play,
    "pause": _pause,
    "stop": _stop,
    "back": _back,
    "forward": _forward,
    "first": _first,
    "last": _last,
    "diff": _diff,
    "verify": _verify,
    "follow": _follow,
    "error": _error,
    "warning": _warning,
    "info": _info,
}
