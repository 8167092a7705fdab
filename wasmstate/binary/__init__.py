"""What a module is made of: preamble, sections, types, values. Written with construct."""

from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section

__all__ = ["Module", "Section"]
