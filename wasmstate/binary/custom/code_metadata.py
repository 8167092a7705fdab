"""Metadata on instructions: ``metadata.code.branch_hint`` and others.

Source: tool-conventions, "Code Metadata Framework", headings "Binary Representation" and "Code
Metadata well-known types".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from construct import Construct, Struct

from wasmstate.binary.custom.subsections import Sized, rest
from wasmstate.binary.values import Choice, List, record, u32


@dataclass(frozen=True, slots=True)
class CodeMetadataInstance:
    """What is said of one instruction.

    Attributes:
        funcpos: of the instruction, in bytes from the start of the function's locals.
        data: ``likely`` or ``unlikely`` of a branch, the number of a trace mark, else bytes.
    """

    funcpos: int
    data: str | int | bytes


@dataclass(frozen=True, slots=True)
class CodeMetadataFunc:
    """What is said of the instructions of a function."""

    idx: int
    instances: list[CodeMetadataInstance]


@dataclass(frozen=True, slots=True)
class CodeMetadata:
    """A section of code metadata."""

    funcs: list[CodeMetadataFunc]


def _of(data: Construct[Any, Any]) -> Construct[Any, Any]:
    instance = record(CodeMetadataInstance, Struct("funcpos" / u32, "data" / Sized(data)))
    func = record(CodeMetadataFunc, Struct("idx" / u32, "instances" / List(instance)))
    return record(CodeMetadata, Struct("funcs" / List(func)))


code_metadata = _of(rest)
branch_hint = _of(Choice("malformed branch hint", names={0: "unlikely", 1: "likely"}))
trace_inst = _of(u32)
