"""Files of many devices: scanned into a table, queried, merged.

Needs the extra ``wasmstate[fleet]``; ``import wasmstate`` does not load it.
"""

from __future__ import annotations

try:
    from wasmstate.fleet.errors import EngineError, FleetError
    from wasmstate.fleet.estimators import Estimate
    from wasmstate.fleet.evaluate import Evaluation, evaluate
    from wasmstate.fleet.merge_table import TableMerge, merge_table
    from wasmstate.fleet.query import Answer, query
    from wasmstate.fleet.report import report
    from wasmstate.fleet.scan import Progress, scan
    from wasmstate.fleet.summary import Summary, summary_of
except ModuleNotFoundError as error:
    reason = f"wasmstate.fleet needs {error.name}: pip install 'wasmstate[fleet]'"
    raise ModuleNotFoundError(reason, name=error.name) from error

__all__ = [
    "Answer",
    "EngineError",
    "Estimate",
    "Evaluation",
    "FleetError",
    "Progress",
    "Summary",
    "TableMerge",
    "evaluate",
    "merge_table",
    "query",
    "report",
    "scan",
    "summary_of",
]
