"""Colours that people without one kind of cones tell apart, too.

Source: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
Deficiency", IEEE TVCG 15(6), 2009, matrices of severity 1.0, for linear RGB.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from wasmstate_gui.kit.theme import DARK, LIGHT, Theme

EYES = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# sRGB to XYZ under D65: IEC 61966-2-1.
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = [0.9505, 1.0, 1.089]


def linear(colour: str) -> NDArray[np.float64]:
    """Linear RGB, of 0 to 1."""
    rgb = np.array(QColor(colour).getRgbF()[:3])  # type: ignore[index]
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eyes: str) -> NDArray[np.float64]:
    """CIE L*a*b* of a colour as these eyes see it."""
    seen = np.clip(np.array(EYES[eyes]) @ linear(colour), 0, 1)
    xyz = np.array(TO_XYZ) @ seen / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    low, high = sorted(float(np.dot(TO_XYZ[1], linear(each))) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("what", ["lines", "solids"])
def test_no_two_lines_and_no_two_kinds_of_sections_look_alike(
    theme: Theme, eyes: str, what: str
) -> None:
    colours = getattr(theme, what)
    distances = {
        (one, other): float(np.linalg.norm(lab(one, eyes) - lab(other, eyes)))
        for one, other in combinations(colours, 2)
    }
    nearest = min(distances, key=distances.__getitem__)
    assert distances[nearest] >= 10, (nearest, distances[nearest])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_stand_out_from_their_ground(theme: Theme) -> None:
    for ink, ground in (
        (theme.text, theme.base),
        (theme.text, theme.window),
        (theme.dim, theme.base),
        (theme.dim, theme.window),
        (theme.text, theme.changed),
        (theme.accent_text, theme.accent),
        (theme.damage_text, theme.damage_ground),
        (theme.error_text, theme.window),
    ):
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert all(contrast(line, theme.base) >= 3 for line in theme.lines)
