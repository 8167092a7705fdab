"""What docs/models.md says of its table of figures is what the table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wasmstate import models

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
_UNITS = {"": 1.0, "k": 1e3, "M": 1e6}
_NAMES = {"river": "River", "scikit-learn": "scikit-learn", "vowpalwabbit": "Vowpal Wabbit"}

Figures = dict[str, dict[str, float]]
"""For each model, rows a second: of ``update_many``, ``update``, and the packages that have it."""


def figures(page: str) -> Figures:
    """The table, read."""
    lines = page[page.index("| model | options |") :].split("\n\n", maxsplit=1)[0].splitlines()
    head, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    names = [cell.split()[0].strip("`") for cell in head]
    return {
        row[0].strip("`"): {
            name: rate(cell)
            for name, cell in zip(names, row, strict=True)
            if cell and name in ("update_many", "update", *_NAMES)
        }
        for row in rows
        if row[names.index("update")]  # a model that is told of steps has another interface
    }


def rate(cell: str) -> float:
    """Rows a second, of ``53.7 M`` or ``242 k``."""
    number, _, unit = cell.partition(" ")
    return float(number) * _UNITS[unit]


def sentences(table: Figures) -> str:
    """What the table says, in words."""
    many = [
        (row["update_many"] / row[peer], model, peer)
        for model, row in table.items()
        for peer in _NAMES
        if peer in row
    ]
    least, model, peer = min(many)
    text = (
        f"`update_many` is ahead of all three wherever they have something, by {least:.1f} times "
        f"(`{model}`, {_NAMES[peer]}) and more. "
    )
    took = sorted(1e6 / row["update"] for row in table.values())
    median = took[len(took) // 2]
    text += (
        f"One call of `update` a row takes {took[0]:.1f} to {took[-1]:.1f} µs, {median:.1f} in the "
        "median. "
    )
    for peer, name in _NAMES.items():
        ratios = {model: row["update"] / row[peer] for model, row in table.items() if peer in row}
        behind = [model for model, ratio in ratios.items() if ratio < 1]
        if not behind:
            text += f"It is ahead of {name} everywhere, by {min(ratios.values()):.2g} times and "
            text += "more. "
            continue
        ahead = [model for model in ratios if model not in behind]
        slowest = min(behind, key=lambda model: table[model][peer])
        fastest = max(behind, key=lambda model: table[model][peer])
        text += (
            f"It is ahead of {name} for {_listed(ahead)}; {name} is ahead for {_listed(behind)}, "
            f"where its row takes {1e6 / table[fastest][peer]:.1f} (`{fastest}`) to "
            f"{1e6 / table[slowest][peer]:.1f} µs (`{slowest}`). "
        )
    return text.strip()


def _listed(models: list[str]) -> str:
    *most, last = (f"`{model}`" for model in models)
    return f"{', '.join(most)} and {last}"


def test_the_sentences_about_the_figures_are_what_the_table_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    expected = sentences(figures(page))
    assert expected in re.sub(r"\s+", " ", page)


@pytest.mark.parametrize(
    ("river", "said"),
    [(1e3, "It is ahead of River everywhere, by 2 times"), (4e3, "River is ahead for `a` and")],
)
def test_other_figures_give_other_sentences(river: float, said: str) -> None:
    row = {"update_many": 9e3, "update": 2e3, "scikit-learn": 1e3, "vowpalwabbit": 1e3}
    table = {"a": {**row, "river": river}, "b": {**row, "river": river}, "c": {**row, "river": 1e3}}
    table["d"] = table["c"]
    assert said in sentences(table)


def test_the_readme_counts_the_models() -> None:
    page = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    count = len(models.names())
    assert f"names {count - 1} other models" in page
    assert f"| {count} models that learn, ready to be used" in page
