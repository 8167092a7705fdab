"""Tables in HTML, for the ``_repr_html_`` that notebooks show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wasmstate.escapes import visible

MOST_ROWS = 60
"""A notebook cell shows this number of rows of a table, and the count of the others."""


def html_table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; all text is escaped, names from files too.

    Args:
        title: stands above it.
        head: the names of the columns.
        rows: what stands in each column, as text or by ``str``.
    """
    given = list(rows)
    shown = [_row("td", row) for row in given[:MOST_ROWS]]
    if len(given) > MOST_ROWS:
        more = f"and {len(given) - MOST_ROWS:,} more"
        shown.append(f'<tr><td colspan="{len(head)}">{more}</td></tr>')
    return (
        f"<table><caption>{_text(title)}</caption>"
        f"<thead>{_row('th', head)}</thead><tbody>{''.join(shown)}</tbody></table>"
    )


def _row(tag: str, cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_text(cell)}</{tag}>' for cell in cells)}</tr>"


def _text(cell: object) -> str:
    from html import escape  # noqa: PLC0415 (only notebooks need it)

    return escape(visible(str(cell)))
