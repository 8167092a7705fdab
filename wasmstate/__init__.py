"""Make a WebAssembly binary remember.

A model compiled to WebAssembly is y = f(x; S). Its state S lives in a custom section of the same
file; this package reads it, runs the model, and rewrites the section so that no crash leaves
anything but the old state or the new one.

Names are loaded when they are first used: ``import wasmstate`` loads neither wasmtime nor NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wasmstate.errors import (
    ArgumentError,
    CallError,
    ColumnError,
    CommitError,
    DeadlineError,
    DurabilityUnknownError,
    LimitError,
    LinkError,
    MalformedError,
    NotCommittedError,
    SchemaError,
    SectionError,
    StateBoundsError,
    StateConflictError,
    StateCorruptError,
    StateError,
    TrapError,
    WasmstateError,
)

if TYPE_CHECKING:
    from wasmstate.binary.module import Module
    from wasmstate.binary.sections.base import Section
    from wasmstate.models.fitted import from_sklearn
    from wasmstate.runtime.limits import Limits
    from wasmstate.session.attach import attach
    from wasmstate.session.baking import bake
    from wasmstate.session.constants import Folded
    from wasmstate.session.discovering import discover
    from wasmstate.session.discovery import Discovered, Discovery, LeftOut
    from wasmstate.session.drifting import Drift, DriftWatch, find_drifts
    from wasmstate.session.predicting import PredictChangedStateWarning
    from wasmstate.session.probing import Probe, Probed, probe
    from wasmstate.session.replaying import ReplayStep, replay
    from wasmstate.session.scailable import ScailableModel
    from wasmstate.session.session import Session
    from wasmstate.session.trial import Call
    from wasmstate.state.baking import unbake
    from wasmstate.state.byte_diff import ByteRange, SectionDiff
    from wasmstate.state.call_log import CallLog, read_log
    from wasmstate.state.check import Finding
    from wasmstate.state.compare import Diff, diff
    from wasmstate.state.diff import CellChange, TensorDiff
    from wasmstate.state.grafting import graft
    from wasmstate.state.history import HistoryEntry, history
    from wasmstate.state.merging import Contribution, Merge, MergedTensor, merge
    from wasmstate.state.migrating import Migration, MigrationStep, migrate, plan_migration
    from wasmstate.state.recovery.saved import Salvage, SavedTensor
    from wasmstate.state.relation import Relation
    from wasmstate.state.signature import Param, Signature
    from wasmstate.state.state import State
    from wasmstate.state.tensor import Tensor, TensorSpec
    from wasmstate.storage.check import check
    from wasmstate.storage.commit import commit, replace_section
    from wasmstate.storage.metadata import MetadataNotKeptWarning
    from wasmstate.storage.rollback import rollback
    from wasmstate.storage.salvage import salvage

__version__ = "0.1.0"

_HOMES = {
    "ByteRange": "wasmstate.state.byte_diff",
    "Call": "wasmstate.session.trial",
    "CallLog": "wasmstate.state.call_log",
    "CellChange": "wasmstate.state.diff",
    "Contribution": "wasmstate.state.merging",
    "Diff": "wasmstate.state.compare",
    "Discovered": "wasmstate.session.discovery",
    "Discovery": "wasmstate.session.discovery",
    "Drift": "wasmstate.session.drifting",
    "DriftWatch": "wasmstate.session.drifting",
    "Finding": "wasmstate.state.check",
    "Folded": "wasmstate.session.constants",
    "HistoryEntry": "wasmstate.state.history",
    "LeftOut": "wasmstate.session.discovery",
    "Limits": "wasmstate.runtime.limits",
    "Merge": "wasmstate.state.merging",
    "MergedTensor": "wasmstate.state.merging",
    "MetadataNotKeptWarning": "wasmstate.storage.metadata",
    "Migration": "wasmstate.state.migrating",
    "MigrationStep": "wasmstate.state.migrating",
    "Module": "wasmstate.binary.module",
    "Param": "wasmstate.state.signature",
    "PredictChangedStateWarning": "wasmstate.session.predicting",
    "Probe": "wasmstate.session.probing",
    "Probed": "wasmstate.session.probing",
    "Relation": "wasmstate.state.relation",
    "ReplayStep": "wasmstate.session.replaying",
    "Salvage": "wasmstate.state.recovery.saved",
    "SavedTensor": "wasmstate.state.recovery.saved",
    "ScailableModel": "wasmstate.session.scailable",
    "Section": "wasmstate.binary.sections.base",
    "SectionDiff": "wasmstate.state.byte_diff",
    "Session": "wasmstate.session.session",
    "Signature": "wasmstate.state.signature",
    "State": "wasmstate.state.state",
    "Tensor": "wasmstate.state.tensor",
    "TensorDiff": "wasmstate.state.diff",
    "TensorSpec": "wasmstate.state.tensor",
    "attach": "wasmstate.session.attach",
    "bake": "wasmstate.session.baking",
    "check": "wasmstate.storage.check",
    "commit": "wasmstate.storage.commit",
    "diff": "wasmstate.state.compare",
    "discover": "wasmstate.session.discovering",
    "find_drifts": "wasmstate.session.drifting",
    "from_sklearn": "wasmstate.models.fitted",
    "graft": "wasmstate.state.grafting",
    "history": "wasmstate.state.history",
    "merge": "wasmstate.state.merging",
    "migrate": "wasmstate.state.migrating",
    "plan_migration": "wasmstate.state.migrating",
    "probe": "wasmstate.session.probing",
    "read_log": "wasmstate.state.call_log",
    "replace_section": "wasmstate.storage.commit",
    "replay": "wasmstate.session.replaying",
    "rollback": "wasmstate.storage.rollback",
    "salvage": "wasmstate.storage.salvage",
    "unbake": "wasmstate.state.baking",
}

__all__ = [
    "ArgumentError",
    "ByteRange",
    "Call",
    "CallError",
    "CallLog",
    "CellChange",
    "ColumnError",
    "CommitError",
    "Contribution",
    "DeadlineError",
    "Diff",
    "Discovered",
    "Discovery",
    "Drift",
    "DriftWatch",
    "DurabilityUnknownError",
    "Finding",
    "Folded",
    "HistoryEntry",
    "LeftOut",
    "LimitError",
    "Limits",
    "LinkError",
    "MalformedError",
    "Merge",
    "MergedTensor",
    "MetadataNotKeptWarning",
    "Migration",
    "MigrationStep",
    "Module",
    "NotCommittedError",
    "Param",
    "PredictChangedStateWarning",
    "Probe",
    "Probed",
    "Relation",
    "ReplayStep",
    "Salvage",
    "SavedTensor",
    "ScailableModel",
    "SchemaError",
    "Section",
    "SectionDiff",
    "SectionError",
    "Session",
    "Signature",
    "State",
    "StateBoundsError",
    "StateConflictError",
    "StateCorruptError",
    "StateError",
    "Tensor",
    "TensorDiff",
    "TensorSpec",
    "TrapError",
    "WasmstateError",
    "__version__",
    "attach",
    "bake",
    "check",
    "commit",
    "diff",
    "discover",
    "find_drifts",
    "from_sklearn",
    "graft",
    "history",
    "merge",
    "migrate",
    "plan_migration",
    "probe",
    "read_log",
    "replace_section",
    "replay",
    "rollback",
    "salvage",
    "unbake",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
