"""The values every section is made of: bytes, integers, names, lists, records.

Source: WebAssembly Core 3.0, Binary Format, "Values" and "Conventions".

They are constructs of our own where construct's differ from the format: its ``VarInt`` accepts
integers of any length and writes them back shortened, its ``GreedyRange`` takes every error for
the end of the list, its ``Prefixed`` ignores what the inner construct leaves over, and its errors
know neither indices nor offsets. These raise :class:`~wasmstate.errors.MalformedError` with the
path, the byte and the reason, and can tell of each field where it stood and how wide it was.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from construct import Adapter, Construct, Subconstruct

from wasmstate.binary.content import Content
from wasmstate.errors import SectionError

if TYPE_CHECKING:  # construct's classes take type parameters in its stubs only
    AnyConstruct = Construct[Any, Any]
    AnyAdapter = Adapter[Any, Any, Any, Any]
    AnySubconstruct = Subconstruct[Any, Any, Any, Any]
else:
    AnyConstruct, AnyAdapter, AnySubconstruct = Construct, Adapter, Subconstruct


class Primitive(AnyConstruct):
    """A construct without parts. Subclasses say how it is read and how written."""

    def read(self, content: Content, path: str) -> Any:
        """Decode one value from the current position."""
        raise NotImplementedError

    def encode(self, value: Any) -> bytes:
        """The shortest encoding of a value."""
        raise NotImplementedError

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        start = stream.tell()
        value = self.read(stream, path)
        stream.note(path, start, value)
        return value

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        stream.write(self.encode(obj))
        return obj


class Byte(Primitive):
    """One byte, not a LEB128."""

    def read(self, content: Content, path: str) -> int:
        raw = content.read(1)
        if not raw:
            content.malformed(path, content.tell(), "unexpected end")
        return raw[0]

    def encode(self, value: int) -> bytes:
        return bytes([value])


class Choice(Primitive):
    """A primitive of which only some values are defined; they may stand for something.

    Args:
        reason: what to say of any other value.
        choices: the values allowed.
        names: instead of ``choices``, what each allowed value stands for.
        of: how the value is written; one byte if nothing is said.
    """

    def __init__(
        self,
        reason: str,
        *choices: int,
        names: dict[int, Any] | None = None,
        of: Primitive | None = None,
    ) -> None:
        super().__init__()
        self.reason = reason
        self.of = of or byte
        self.values = {c: c for c in choices} if names is None else names
        self.codes = {value: code for code, value in self.values.items()}

    def read(self, content: Content, path: str) -> Any:
        start = content.tell()
        code = self.of.read(content, path)
        if code not in self.values:
            content.malformed(path, start, self.reason)
        return self.values[code]

    def encode(self, value: Any) -> bytes:
        if value not in self.codes:
            raise SectionError(f"cannot encode {value!r}: {self.reason}")
        return self.of.encode(self.codes[value])


class Leb128(Primitive):
    """An integer of at most ``bits`` bits in LEB128.

    It may be longer than its value needs, up to ``ceil(bits / 7)`` bytes; the bits of the last
    byte that lie beyond ``bits`` must be zero, or copies of the sign.
    """

    def __init__(self, bits: int, *, signed: bool = False) -> None:
        super().__init__()
        self.bits = bits
        self.signed = signed

    def read(self, content: Content, path: str) -> int:
        value = shift = 0
        while True:
            left = self.bits - shift
            if left <= 0:
                content.malformed(path, content.tell(), "integer representation too long")
            raw = content.read(1)
            if not raw:
                content.malformed(path, content.tell(), "unexpected end")
            byte = raw[0]
            if left < 7:
                unused = (-1 << (left - 1 if self.signed else left)) & 0x7F
                if byte & unused and not (self.signed and byte & unused == unused):
                    content.malformed(path, content.tell() - 1, "integer too large")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if self.signed and byte & 0x40:
            value -= 1 << shift
        return value

    def encode(self, value: int) -> bytes:
        if not isinstance(value, int):
            raise SectionError(f"cannot encode {value!r}: an integer belongs here")
        low, high = (
            (-1 << self.bits - 1, 1 << self.bits - 1) if self.signed else (0, 1 << self.bits)
        )
        if not low <= value < high:
            kind = "s" if self.signed else "u"
            raise SectionError(f"cannot encode {value}: it does not fit {kind}{self.bits}")
        out = bytearray()
        while True:
            byte = value & 0x7F
            value >>= 7
            last = value == (-1 if byte & 0x40 else 0) if self.signed else value == 0
            if last:
                out.append(byte)
                return bytes(out)
            out.append(byte | 0x80)

    def encode_padded(self, value: int, width: int) -> bytes:
        """The unsigned value in exactly ``width`` bytes."""
        shortest = self.encode(value)
        if len(shortest) >= width:
            return shortest
        padding = bytes([0x80] * (width - len(shortest) - 1)) + b"\0"
        return shortest[:-1] + bytes([shortest[-1] | 0x80]) + padding


class Raw(Primitive):
    """A fixed number of bytes, such as the bits of a float."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def read(self, content: Content, path: str) -> bytes:
        raw = content.read(self.length)
        if len(raw) < self.length:
            content.malformed(path, content.tell(), "unexpected end")
        return raw

    def encode(self, value: bytes) -> bytes:
        if len(value) != self.length:
            raise SectionError(f"cannot encode {len(value)} bytes where {self.length} belong")
        return value


class Octets(Primitive):
    """A list of bytes."""

    def read(self, content: Content, path: str) -> Any:
        start = content.tell()
        length = u32.read(content, path)
        if length > content.length - content.tell():
            content.malformed(path, start, "length out of bounds")
        return content.read(length)

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise SectionError(f"cannot encode {value!r}: bytes belong here")
        return u32.encode(len(value)) + bytes(value)


class Name(Octets):
    """A list of bytes that must be UTF-8: no overlong forms, no surrogates."""

    def read(self, content: Content, path: str) -> str:
        raw: bytes = super().read(content, path)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            start = content.tell() - len(raw)
            content.malformed(path, start + error.start, "malformed UTF-8 encoding")

    def encode(self, value: str) -> bytes:
        if not isinstance(value, str):
            raise SectionError(f"cannot encode {value!r}: a name belongs here")
        try:
            return super().encode(value.encode("utf-8"))
        except UnicodeEncodeError as error:
            raise SectionError(f"cannot encode the name {value!r}: {error.reason}") from error


class List(AnySubconstruct):
    """A list of entries, with their number first.

    Each entry takes a byte at least, so a number above what is left is an error before anything
    is allocated.
    """

    def _parse(self, stream: Any, context: Any, path: str) -> list[Any]:
        start = stream.tell()
        count = u32.read(stream, path)
        if count > stream.length - stream.tell():
            stream.malformed(path, start, "length out of bounds")
        stream.note(f"{path} -> count", start, count)
        parse = self.subcon._parsereport
        return [parse(stream, context, f"{path}[{i}]") for i in range(count)]

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        stream.write(u32.encode(len(obj)))
        for i, entry in enumerate(obj):
            self.subcon._build(entry, stream, context, f"{path}[{i}]")
        return obj


class Record(AnyAdapter):
    """A construct ``Struct`` decoded to a dataclass of the same field names."""

    def __init__(self, cls: type[Any], struct: Construct[Any, Any]) -> None:
        super().__init__(struct)
        self.cls = cls
        self.names = [field.name for field in fields(cls)]

    def _decode(self, obj: Any, context: Any, path: str) -> Any:
        return self.cls(*[obj[name] for name in self.names])

    def _encode(self, obj: Any, context: Any, path: str) -> dict[str, Any]:
        return {name: getattr(obj, name) for name in self.names}


def record(cls: type[Any], struct: Construct[Any, Any]) -> Construct[Any, Any]:
    """Decode ``struct`` to an instance of the dataclass ``cls``."""
    return Record(cls, struct)


def decode(layout: Construct[Any, Any], content: Content) -> Any:
    """Decode all of the content.

    Raises:
        MalformedError: naming the field and the byte; also when bytes are left over.
    """
    value = layout.parse_stream(content)
    if content.tell() != content.length:
        content.malformed("", content.tell(), "section size mismatch")
    return value


byte = Byte()
u32 = Leb128(32)
u64 = Leb128(64)
s32 = Leb128(32, signed=True)
s33 = Leb128(33, signed=True)
s64 = Leb128(64, signed=True)
f32 = Raw(4)
f64 = Raw(8)
octets = Octets()
name = Name()
