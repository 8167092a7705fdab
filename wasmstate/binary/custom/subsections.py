"""Parts with a size of their own, as several custom sections have them.

Source: WebAssembly Core 3.0, Appendix, "Custom Sections", "Subsections".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from construct import Construct

from wasmstate.binary.content import Content
from wasmstate.binary.values import AnyConstruct, AnySubconstruct, Primitive, byte, u32


class Rest(Primitive):
    """All bytes up to the end; no primitive at all where none is left."""

    def read(self, content: Content, path: str) -> bytes:
        return content.read()

    def encode(self, value: bytes) -> bytes:
        return value

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        if stream.tell() == stream.length:
            return b""
        return super()._parse(stream, context, path)


rest = Rest()


def sized(stream: Content, path: str) -> Content:
    """The part of the stream that a size at the current position counts; it is skipped there."""
    start = stream.tell()
    size = u32.read(stream, f"{path} -> size")
    stream.note(f"{path} -> size", start, size)
    at = stream.tell()
    if size > stream.length - at:
        stream.malformed(f"{path} -> size", start, "length out of bounds")
    return Content(stream.read(size), stream.offset + at, stream.path, stream.trace)


def parse_whole(layout: Construct[Any, Any], inner: Content, context: Any, path: str) -> Any:
    """Decode all of a part that has a size of its own."""
    value = layout._parsereport(inner, context, path)
    if inner.tell() != inner.length:
        inner.malformed(path, inner.tell(), "size mismatch")
    return value


class Sized(AnySubconstruct):
    """A value behind the number of bytes that it takes up."""

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        return parse_whole(self.subcon, sized(stream, path), context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        content = self.subcon.build(obj)
        stream.write(u32.encode(len(content)) + content)
        return obj


@dataclass(frozen=True, slots=True)
class Subsection:
    """A part of a custom section.

    Attributes:
        id: says what the content is.
        content: as decoded; the bytes themselves if the id is not known.
    """

    id: int
    content: Any


class Subsections(AnyConstruct):
    """Subsections up to the end, each an id, a size and a content.

    Their order is not checked, nor that there is one of a kind: no reader does.

    Args:
        layouts: for each id that is known, its name and its layout.
    """

    def __init__(self, layouts: dict[int, tuple[str, Construct[Any, Any]]]) -> None:
        super().__init__()
        self.layouts = layouts

    def frames(self, stream: Content, path: str) -> Iterator[tuple[str, int, Content]]:
        """The path, the id and the undecoded content of each subsection."""
        index = 0
        while stream.tell() < stream.length:
            at = f"{path}[{index}]"
            id = byte._parse(stream, None, f"{at} -> id")
            yield at, id, sized(stream, at)
            index += 1

    def parse_one(self, at: str, id: int, inner: Content, context: Any) -> Any:
        """What the content of a subsection means."""
        name, layout = self.layouts.get(id, ("content", rest))
        return parse_whole(layout, inner, context, f"{at} -> {name}")

    def _parse(self, stream: Any, context: Any, path: str) -> list[Subsection]:
        return [
            Subsection(id, self.parse_one(at, id, inner, context))
            for at, id, inner in self.frames(stream, path)
        ]

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for subsection in obj:
            _, layout = self.layouts.get(subsection.id, ("content", rest))
            content = layout.build(subsection.content)
            stream.write(bytes([subsection.id]) + u32.encode(len(content)) + content)
        return obj
