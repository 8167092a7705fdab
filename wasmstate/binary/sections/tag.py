"""The tag section.

Source: WebAssembly Core 3.0, Binary Format, "Tag Section".
"""

from __future__ import annotations

from typing import ClassVar

from construct import Struct

from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import TagType, tagtype
from wasmstate.binary.values import List


class TagSection(ListSection[TagType]):
    """Tags in index order, imported ones not counted."""

    layout: ClassVar[Layout] = Struct("entries" / List(tagtype))
