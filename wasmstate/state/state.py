"""The state S: named arrays, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, PathLike, as_module
from wasmstate.binary.only_custom import only_custom
from wasmstate.binary.source import BytesSource, open_source
from wasmstate.errors import SchemaError, StateBoundsError, StateError, UnknownTensorError
from wasmstate.escapes import listed
from wasmstate.html_table import html_table
from wasmstate.state.layout import MAX_COUNT
from wasmstate.state.memory_image import decode_part, image_runs, with_part
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.reading import decode_record
from wasmstate.state.record import Record, Region, RegionKind, contents_of, fill, fill_stored
from wasmstate.state.schema import Schema
from wasmstate.state.signature import Signature
from wasmstate.state.tensor import Tensor, TensorSpec, shape_text, values_text

SECTION_NAME = STATE_SECTION
_NAME = STATE_SECTION.encode()


def record_of(module: Module) -> Record:
    """The record that a module carries, its schema not decoded. Raises as :meth:`State.of`."""
    sections = module.custom_sections(SECTION_NAME)
    if not sections:
        raise StateError(f"the module has no {SECTION_NAME} section").helped_by("attach()")
    if len(sections) > 1:
        places = " and ".join(str(section.index) for section in sections)
        raise StateError(
            f"the module has {len(sections)} {SECTION_NAME} sections ({places}); "
            "which of them holds cannot be told"
        )
    return decode_record(sections[0].content)


class State(Mapping[str, NDArray[Any]]):
    """A state S, as values that do not change: a mapping from names to arrays.

    ``state["weights"]`` is a read-only NumPy array of the tensor's shape and element type, so
    ``dict(state)`` and ``numpy.savez(path, **state)`` do what they say. Two states are
    equal if their records are: values bit for bit, schema, generation and lineage; for values
    alone, compare :attr:`digest`.

    Args:
        record: the bytes and their lineage.
        schema: what the bytes mean; decoded from the record if not given.
    """

    def __init__(self, record: Record, schema: Schema | None = None) -> None:
        self.record = record
        self.schema = schema or Schema.decode(record.schema, record.regions)
        self._tensors = {tensor.name: tensor for tensor in self.schema.tensors}

    @classmethod
    def of(cls, module: ModuleLike | State, argument: str = "module") -> State:
        """The state that a module carries.

        Args:
            module: a path, bytes or a Module; a State is given back as it is.
            argument: the name of the caller's argument, for the error of a wrong type.

        Raises:
            TypeError: another type.
            MalformedError: the bytes are not a well-formed module.
            OSError: the file cannot be read.
            StateCorruptError: if the section's bytes contradict each other.
            SchemaError: if its schema cannot be right.
            StateError: if the module has no state section, or more than one.
        """
        return module if isinstance(module, State) else cls(record_of(as_module(module, argument)))

    @classmethod
    def open(cls, path: PathLike) -> State:
        """The state in a file. Raises as :meth:`of`, MalformedError, and OSError."""
        source = open_source(path)
        if isinstance(source, BytesSource):
            content = only_custom(source.data, _NAME)
            if content is not None:
                return cls(decode_record(content))
        return cls.of(Module.from_source(source))

    @classmethod
    def from_content(cls, content: bytes) -> State:
        """The state in the content of a state section.

        Raises:
            StateCorruptError: if the bytes contradict each other, or are not exactly one record.
            SchemaError: if the schema cannot be right.
        """
        return cls(decode_record(content))

    def to_content(self) -> bytes:
        """The content of a state section that holds this state.

        Of a state that was read, the bytes that were read, also what a newer version added.
        """
        return self.record.encode()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """In the order of the schema."""
        return self.schema.tensors

    @property
    def regions(self) -> tuple[Region, ...]:
        """The ranges of memory and the globals that S consists of."""
        return self.record.regions

    @property
    def entry_points(self) -> Mapping[str, Signature]:
        """Signatures by the name of the exported function."""
        return self.schema.entry_points

    @property
    def metadata(self) -> Mapping[str, Any]:
        """A copy of what the author of the state added, to be changed at will."""
        return deepcopy(self.schema.metadata)

    @property
    def generation(self) -> int:
        """How often the state was committed since it was attached.

        A state with other values keeps the generation that it was made from, until a commit gives
        it the next: this is what the commit compares with the file.
        """
        return self.record.lineage.generation

    @property
    def update_count(self) -> int:
        """How many calls of ``update()`` the state has seen."""
        return self.record.lineage.update_count

    @property
    def keep(self) -> int:
        """How many older generations a commit keeps in the file."""
        return self.record.keep

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of regions, schema and values; equal states have equal digests."""
        return self.record.digest()

    def __getitem__(self, name: str) -> NDArray[Any]:
        tensor = self.tensor(name)
        region = self.regions[tensor.region]
        if self.is_whole_memory and "_contents" not in self.__dict__:
            # Few bytes may claim gigabytes of memory: only the part that is asked for is made.
            stored = self.record.region_bytes(tensor.region)
            if region.kind is not RegionKind.WHOLE_MEMORY:
                return tensor.read(stored)
            end = tensor.offset + tensor.nbytes
            content = decode_part(stored, region.size, tensor.offset, end)
            return replace(tensor, offset=0).read(content)
        return tensor.read(self._contents[tensor.region])

    def __eq__(self, other: object) -> bool:
        return self.record == other.record if isinstance(other, State) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        return f"<state of generation {self.generation}: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        """The tensors as a table, for a notebook."""
        title = f"generation {self.generation:,}, {self.update_count:,} updates"
        rows = [
            (
                each.name,
                each.dtype + shape_text(each.shape),
                self.place(each.name),
                values_text(value),
            )
            for each, value in zip(self.tensors, self.values(), strict=True)
        ]
        return html_table(title, ("tensor", "type", "place", "values"), rows)

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def tensor(self, name: str) -> Tensor:
        """The description of a tensor.

        Raises:
            UnknownTensorError: if there is none of that name.
        """
        if name not in self._tensors:
            known = listed(self._tensors, 20)
            raise UnknownTensorError(f"no tensor {name!r}; there are {known}")
        return self._tensors[name]

    def place(self, name: str) -> str:
        """Where a tensor lives: an address, ``sym:NAME`` or ``global:NAME``.

        Of another memory than the first, ``mem:1:`` stands before it.
        """
        tensor = self.tensor(name)
        region = self.regions[tensor.region]
        if region.kind is RegionKind.GLOBAL:
            return f"global:{tensor.symbol or region.index}"
        memory = f"mem:{region.index}:" if region.index else ""
        if tensor.symbol is not None:
            return f"{memory}sym:{tensor.symbol}"
        return f"{memory}{region.start + tensor.offset}"

    def spec(self, name: str) -> TensorSpec:
        """A tensor as :func:`wasmstate.attach` takes it.

        Raises:
            UnknownTensorError: if there is none of that name.
        """
        each, place = self.tensor(name), self.place(name)
        return TensorSpec(name, each.dtype, each.shape, place, each.unit, each.merge, each.bounds)

    def content_offset(self, name: str) -> int:
        """Offset of a tensor's first byte from the start of the section's content.

        Zeros of a whole memory are not stored: of a tensor that begins with such, where its
        region begins.
        """
        tensor = self.tensor(name)
        region = self.regions[tensor.region]
        at = self.record.payload_offset + region.payload_offset
        if region.kind is not RegionKind.WHOLE_MEMORY:
            return at + tensor.offset
        for address, length, start in image_runs(
            self.record.region_bytes(tensor.region), region.size
        ):
            if address <= tensor.offset < address + length:
                return at + start + tensor.offset - address
        return at

    def contents(self) -> list[bytes]:
        """What each region is in the instance: bytes of memory, or the value of a global."""
        return list(self._contents)

    @cached_property
    def _contents(self) -> list[bytes]:
        return contents_of(self.record)

    @cached_property
    def is_whole_memory(self) -> bool:
        """Whether S is all of linear memory and every global that can change."""
        return any(region.kind is RegionKind.WHOLE_MEMORY for region in self.regions)

    def with_values(self, values: Mapping[str, Any]) -> State:
        """A copy with other values of some tensors.

        Args:
            values: by tensor name, anything ``numpy.asarray`` takes, of the tensor's shape.

        Raises:
            SchemaError: if there is no such tensor, or a shape or type differs.
            StateBoundsError: if a number does not fit the element type.
        """
        stored = [bytearray(self.record.region_bytes(i)) for i in range(len(self.regions))]
        for name, value in values.items():
            tensor = self.tensor(name)
            encoded, region = tensor.encode(value), self.regions[tensor.region]
            content, at = stored[tensor.region], tensor.offset
            if region.kind is RegionKind.WHOLE_MEMORY:
                content[:] = with_part(bytes(content), region.size, at, encoded)
            else:
                content[at : at + len(encoded)] = encoded
        regions, payload = fill_stored(self.regions, stored)
        return State(replace(self.record, regions=regions, payload=payload), self.schema)

    def with_contents(self, contents: Sequence[bytes], *, updates: int = 0) -> State:
        """A copy with other bytes in its regions.

        Args:
            contents: of each region, of the region's size; a whole memory may have grown.
            updates: how many more calls of ``update()`` the state has seen.

        Raises:
            SchemaError: if there are more or fewer, or one has another length.
            StateError: if the updates are more than the format counts.
        """
        lengths = [len(content) for content in contents]
        if not _fits(self.regions, lengths):
            raise SchemaError(f"the regions do not have the lengths {lengths}")
        regions, payload = fill(self.regions, contents)
        count = self.record.lineage.update_count + updates
        if count > MAX_COUNT:
            raise StateError(
                f"{MAX_COUNT} updates are the most that the format counts, and the state has seen "
                f"{self.record.lineage.update_count}"
            )
        lineage = replace(self.record.lineage, update_count=count)
        record = replace(self.record, regions=regions, payload=payload, lineage=lineage)
        return State(record, self.schema)

    def with_metadata(self, metadata: Mapping[str, Any]) -> State:
        """A copy with these keys of the metadata set; the others stay.

        Raises:
            SchemaError: a value is not JSON, or the schema gets larger than 1 MiB.
        """
        if all(
            key in self.schema.metadata and self.schema.metadata[key] == value
            for key, value in metadata.items()
        ):
            return self
        schema = replace(self.schema, metadata={**self.schema.metadata, **metadata})
        return State(replace(self.record, schema=schema.encode()), schema)

    def violations(self) -> list[str]:
        """What the values break of the schema's bounds, a line each."""
        return [f"{name}{wrong}" for name, wrong in self.broken_bounds()]

    def broken_bounds(self) -> list[tuple[str, str]]:
        """For each bound that the values break: the tensor's name, and the cell and what it is."""
        if not self.is_whole_memory:
            return self.schema.broken_bounds(self.contents())
        found = []
        for tensor in self.tensors:  # one by one: few bytes may claim gigabytes of memory
            if tensor.bounds:
                alone = Schema((replace(tensor, region=0, offset=0),))
                found += alone.broken_bounds([self[tensor.name].tobytes()])
        return found

    def check_bounds(self) -> None:
        """Check the values against the schema's bounds.

        Raises:
            StateBoundsError: naming each tensor and cell.
        """
        found = self.violations()
        if found:
            raise StateBoundsError(listed(found, 20, separator="; "))


def _fits(regions: Sequence[Region], lengths: Sequence[int]) -> bool:
    return len(regions) == len(lengths) and all(
        length == region.size or (region.kind is RegionKind.WHOLE_MEMORY and length > region.size)
        for region, length in zip(regions, lengths, strict=True)
    )
