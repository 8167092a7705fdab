"""How two versions of a model differ, printed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from wasmstate import Compatibility
from wasmstate.cli.common import columns, echo, echo_block, echo_json


def show_versions(versions: Compatibility, *, as_json: bool) -> None:
    """Print the verdict of each tensor, each function that changed, and the names that differ."""
    if as_json:
        echo_json(versions_json(versions))
        return
    echo(versions.verdict)
    rows: list[tuple[str, ...]] = [
        (f"  {each.name}", each.verdict, each.old or "-", each.new or "-")
        for each in versions.tensors
    ]
    rows += [
        (f"  {each.name}()", each.verdict, each.old or "-", each.new or "-")
        for each in versions.functions
        if each.verdict != "same"
    ]
    if rows:
        echo_block(columns(rows))
    for tensor in versions.tensors:
        if tensor.reason is not None:
            echo(f"{tensor.name}: {tensor.reason}")
    for names in versions.names:
        echo(str(names))


def versions_json(versions: Compatibility) -> dict[str, Any]:
    """The same as JSON has it."""
    return {
        "verdict": versions.verdict,
        "tensors": [asdict(each) for each in versions.tensors],
        "functions": [asdict(each) for each in versions.functions],
        "names": {each.what: {"old": each.old, "new": each.new} for each in versions.names},
    }
