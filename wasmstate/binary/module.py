"""A module: its sections in file order, read, edited and written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Self, TypeVar

from wasmstate.binary import section_list
from wasmstate.binary.frames import PREAMBLE_SIZE, read_frames
from wasmstate.binary.section_numbers import renumbered
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Frame, Section
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.nested import NestedSection
from wasmstate.binary.source import BytesSource, Source, open_source
from wasmstate.binary.verify import findings
from wasmstate.errors import MalformedError, SectionError, UnknownSectionError
from wasmstate.escapes import listed
from wasmstate.html_table import html_table

SectionType = TypeVar("SectionType", bound=Section)


class Module:
    """A WebAssembly module or component in its binary format.

    Only the frames of the sections are read at first; a section's content is read, and decoded,
    when it is asked for. A module never changes: edits give a new one, in which every section
    that was not edited keeps its bytes, padded integers and all.

    Attributes:
        sections: in file order.
        is_component: whether this is a component (layer 1), of which only the frames, the custom
            sections and the nested core modules and components are known.
        unread: of a module opened with ``strict=False``, why it could not be read to its end.
        rest: the bytes that could not be read of such a module, else ``None``.
        parent_offset: of a binary nested in a component, where it begins there, else ``None``.
    """

    def __init__(
        self,
        preamble: Frame,
        sections: Iterable[Section],
        rest: Frame | None = None,
        *,
        is_component: bool = False,
        unread: MalformedError | None = None,
        parent_offset: int | None = None,
    ) -> None:
        self.is_component = is_component
        self.parent_offset = parent_offset
        self.unread = unread
        self._preamble = preamble
        self.rest = rest
        self.sections: tuple[Section, ...] = tuple(sections)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview, *, strict: bool = True) -> Self:
        """Read a module from memory.

        Args:
            data: the whole binary.
            strict: whether bytes that the format does not allow are an error; if not, the
                sections around them are kept and :attr:`damage` says what is wrong.

        Raises:
            MalformedError: if ``strict`` and the frames of the sections are not well-formed.
        """
        return cls._read(BytesSource(bytes(data)), strict)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, strict: bool = True) -> Self:
        """Read a module from a file. Large files stay open and are read piece by piece.

        Raises:
            MalformedError: as for :meth:`from_bytes`.
            OSError: if the file cannot be opened or read.
        """
        return cls._read(open_source(path), strict)

    @classmethod
    def from_source(
        cls,
        source: Source,
        *,
        strict: bool = True,
        is_component: bool | None = None,
        parent_offset: int | None = None,
    ) -> Self:
        """Read a module from any source of bytes.

        Args:
            source: the whole binary.
            strict: as for :meth:`from_bytes`.
            is_component: whether it must be a component or must not, if only one is allowed.
            parent_offset: where it begins in the component around it, if there is one.

        Raises:
            MalformedError: as for :meth:`from_bytes`.
        """
        return cls._read(source, strict, is_component, parent_offset)

    @classmethod
    def _read(
        cls,
        source: Source,
        strict: bool,
        is_component: bool | None = None,
        parent_offset: int | None = None,
    ) -> Self:
        frames = read_frames(source, is_component=is_component)
        rest = None
        if frames.damage is not None:
            rest = Frame(source, frames.end, frames.end, source.size)
        start = min(PREAMBLE_SIZE, frames.end)
        module = cls(
            Frame(source, 0, start, start),
            frames.sections,
            rest,
            is_component=frames.is_component,
            unread=frames.damage,
            parent_offset=parent_offset,
        )
        if strict and module.damage is not None:
            before = [each for each in module.sections if each.offset < module.damage.offset]
            last = next((each for each in reversed(before) if each.fault is None), None)
            if last is not None and last.id != CUSTOM_ID and not frames.is_component:
                last.decode()  # the size of a malformed section is often wrong, too
            raise module.damage
        return module

    @property
    def faults(self) -> list[MalformedError]:
        """Each malformed frame in file order; the last may be what ended the reading."""
        faults = [each.fault for each in self.sections if each.fault is not None]
        return faults if self.unread is None else [*faults, self.unread]

    @property
    def damage(self) -> MalformedError | None:
        """The first malformed frame of a module opened with ``strict=False``.

        With one, this is no module: sections are readable, nothing runs it or commits to it.
        """
        return next(iter(self.faults), None)

    def verify(self) -> Self:
        """Decode every byte, instructions included; gives the module itself.

        Raises:
            MalformedError: the first of :meth:`findings`, if there are any.
        """
        for found in findings(self):
            raise found
        return self

    def findings(
        self, *, instructions: bool = True, progress: Callable[[int], object] | None = None
    ) -> list[MalformedError]:
        """Every independent way in which the binary is malformed, in file order.

        A section, or a function's code, that cannot be decoded does not keep the others from being
        looked at. Custom sections make no module malformed. Of a component, the core modules and
        components in it are verified.

        Args:
            instructions: whether to look into the code of functions.
            progress: is called now and then with the offset that has been reached.
        """
        return list(findings(self, instructions=instructions, progress=progress))

    def modules(self) -> Iterator[tuple[str, Module]]:
        """The core modules and components in this component, each before those inside it.

        Yields:
            The path (``sections[3].sections[0]``) and the nested binary, whose own paths and
            offsets count from its start.

        Raises:
            MalformedError: if one cannot be read, or is nested deeper than 64 others.
        """
        for section in self.sections:
            if isinstance(section, NestedSection):
                yield from section.modules()

    def keys(self) -> list[str]:
        """The names of the sections, in file order, each once; those of custom sections too."""
        return list(dict.fromkeys(each.name for each in self.sections if each.fault is None))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __getitem__(self, name: str) -> Section:
        """The section of a name: ``module["export"]``, ``module["producers"]``.

        Raises:
            UnknownSectionError: no section has that name; also a KeyError.
            SectionError: several sections have it: :meth:`custom_sections` lists them.
            TypeError: the name is not text; :attr:`sections` has them by index.
        """
        if not isinstance(name, str):
            raise TypeError(
                f"a section has a name (str), not {type(name).__name__}: "
                "module.sections has them by index"
            )
        found = [each for each in self.sections if each.fault is None and each.name == name]
        if len(found) > 1:
            places = listed([str(each.index) for each in found])
            raise SectionError(
                f"{len(found)} sections are named {name!r} ({places}): custom_sections() gives them"
            )
        if not found:
            raise UnknownSectionError(f"no section {name!r}; there are {listed(self.keys(), 20)}")
        return found[0]

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the module to a file; a crash leaves no file, or the file before, or this one.

        A commit to a file that carries a state is :func:`wasmstate.commit`, which notices that
        somebody else committed; this does not.

        Args:
            path: of the file.
            overwrite: whether a file that is there may be replaced; its permissions are kept.

        Raises:
            NotCommittedError: there is such a file, or the file system refused.
            DurabilityUnknownError: the file is in place, its folder not known to be synced.
        """
        # The writer is of a layer above, which a program that only reads never loads.
        write_new = import_module("wasmstate.storage").write_new
        write_new(path, self, overwrite=overwrite)

    def __repr__(self) -> str:
        kind = "component" if self.is_component else "module"
        return f"<{kind} of {self.size:,} bytes, {len(self.sections):,} sections>"

    def _repr_html_(self) -> str:
        """The sections as a table, for a notebook."""
        rows = [(s.index, s.name, f"{s.offset:#x}", f"{s.size:,}") for s in self.sections]
        return html_table(repr(self), ("index", "section", "offset", "bytes"), rows)

    @property
    def size(self) -> int:
        """Size of the whole binary, in bytes."""
        return sum(frame.end - frame.start for frame in self._frames())

    def to_bytes(self) -> bytes:
        """The binary; identical to what was read wherever nothing was edited."""
        return b"".join(frame.read() for frame in self.pieces())

    def pieces(self) -> list[Frame]:
        """The binary as ranges of the sources it comes from, neighbours joined.

        Whoever writes it can copy a range of a file without reading it.
        """
        pieces: list[Frame] = []
        for frame in self._frames():
            last = pieces[-1] if pieces else None
            if last is not None and last.source is frame.source and last.end == frame.start:
                pieces[-1] = Frame(last.source, last.start, last.content_start, frame.end)
            else:
                pieces.append(frame)
        return pieces

    def section(self, section_class: type[SectionType]) -> SectionType | None:
        """The first section of a class, or ``None``."""
        for section in self.sections:
            if isinstance(section, section_class):
                return section
        return None

    def custom_sections(self, name: str | None = None) -> list[CustomSection]:
        """The custom sections, or those of one name, in file order.

        One whose name is malformed is among all of them, and has no name.
        """
        return [
            section
            for section in self.sections
            if isinstance(section, CustomSection)
            and (name is None or (name == section.name and section.fault is None))
        ]

    def with_custom(
        self, name: str, content: bytes, *, index: int | None = None, force: bool = False
    ) -> Self:
        """A copy with a custom section of this name and content.

        Args:
            name: of the custom section.
            content: its bytes, without the name.
            index: the place of a section to be added. If not given, the section of that name
                gets the new content where it stands; if there is none, it is added at the end.
            force: whether ``wasmstate.state`` may hold anything, not only a state of this module.

        Raises:
            SectionError: if there are several of that name and no index is given, if the index
                is beyond the end, if the name cannot be written as UTF-8, or if the content is
                no state where one belongs.
        """
        if not force:
            self._check_content(name, content)
        section = CustomSection.build(name, content)
        sections = list(self.sections)
        if index is not None:
            if not 0 <= index <= len(sections):
                raise SectionError(
                    f"no place {index}: the module has {len(sections)} sections, "
                    f"a new one can go to 0 to {len(sections)}"
                )
            return self.with_sections([*sections[:index], section, *sections[index:]])
        same = self.custom_sections(name)
        if len(same) > 1:
            places = listed([str(each.index) for each in same])
            raise SectionError(
                f"{len(same)} custom sections are named {name!r} (sections {places}): "
                "give the index of one"
            ).helped_by("Module.with_content()")
        if same:
            sections[same[0].index] = section
        else:
            sections.append(section)
        return self.with_sections(sections)

    def with_content(self, index: int, content: bytes, *, force: bool = False) -> Self:
        """A copy in which the custom section of this index holds other bytes; its name stays.

        Args:
            index: of the section.
            content: its bytes, without the name.
            force: as for :meth:`with_custom`.

        Raises:
            SectionError: if no custom section has that index, or the content is no state where one
                belongs.
        """
        section = self._custom(index)
        if not force and section.fault is None:
            self._check_content(section.name, content)
        return self._with_changed(index, section.with_content(content))

    def with_name(self, index: int, name: str, *, force: bool = False) -> Self:
        """A copy in which the custom section of this index has another name.

        This also mends a section whose name is malformed.

        Args:
            index: of the section.
            name: the new one.
            force: as for :meth:`with_custom`.

        Raises:
            SectionError: if no custom section has that index, the name cannot be written as
                UTF-8, or it is that of a state and the content is no state.
        """
        if not force:
            self._check_content(name, self._custom(index).content)
        return self._with_changed(index, CustomSection.build(name, self._custom(index).content))

    def _check_content(self, name: str, content: bytes) -> None:
        """Raise SectionError if a section of this name has to hold a state of this module."""
        if name == "wasmstate.state":
            # The check is of a layer above, too.
            import_module("wasmstate.state.code_match").check_content(self, name, content)

    def _custom(self, index: int) -> CustomSection:
        section_list.check_index(self.sections, index)
        section = self.sections[index]
        if not isinstance(section, CustomSection):
            raise SectionError(f"section {index} is no custom section: it is {section.name}")
        return section

    def _with_changed(self, index: int, section: Section) -> Self:
        return self.with_sections([*self.sections[:index], section, *self.sections[index + 1 :]])

    def without_custom(self, *names: str) -> Self:
        """A copy without the custom sections of these names.

        Args:
            names: each a name, or a pattern as for a shell (``.debug*``). The sections of
                wasmstate itself are meant only by a pattern that begins with ``wasmstate.``.

        Raises:
            SectionError: no section has one of the names.
        """
        removed: set[int] = set()
        for name in names:
            found = {each.index for each in section_list.matching(self.custom_sections(), name)}
            if not found:
                raise SectionError(f"no custom section is named {name!r}")
            removed |= found
        return self.with_sections(s for s in self.sections if s.index not in removed)

    def with_nested(self, index: int, module: Module) -> Self:
        """A copy of a component with another binary in place of one nested in it.

        Args:
            index: of the section that holds the nested binary.
            module: a core module, or a component, as the section says.

        Raises:
            SectionError: the section holds no binary, or one of the other kind.
        """
        section_list.check_index(self.sections, index)
        section = self.sections[index]
        if not isinstance(section, NestedSection):
            raise SectionError(
                f"section {index} holds no module or component: it is {section.name}"
            )
        return self._with_changed(index, section.with_module(module))

    def with_entries(self, changes: Mapping[type[Section], Sequence[Any]]) -> Self:
        """A copy with other entries in some sections, ``{MemorySection: [...]}``.

        A section that is not there is added in its place; one without entries is removed. The data
        count follows the data; functions and code must be changed together if their number
        changes.

        Where something gets another index, what was there before goes on naming it: exports, the
        start function, elements, code, names, branch hints. Entries that were not there are taken
        as they are, with indices of the edited module. What was not changed keeps its bytes.

        Warns:
            StaleDebugInfoWarning: if DWARF or a source map gives places in code that has moved.

        Raises:
            SectionError: if the change cannot be made, or takes away what is still used.
            MalformedError: if a section that is changed cannot be decoded.
        """
        from wasmstate.binary.follow import with_changes  # noqa: PLC0415 (only edits need it)

        return self.with_sections(with_changes(self.sections, changes))

    def with_moved(self, index: int, to: int) -> Self:
        """A copy with section ``index`` at the place ``to``; standard sections keep their order.

        Raises:
            SectionError: if there is no such section, or the order would be wrong.
        """
        return self.with_sections(section_list.move(self.sections, index, to))

    def without_section(self, index: int) -> Self:
        """A copy without section ``index``.

        Raises:
            SectionError: if there is no such section, or another one depends on it.
        """
        section_list.check_index(self.sections, index)
        section = self.sections[index]
        if section is self.section(type(section)) and hasattr(section, "entries"):
            return self.with_entries({type(section): []})
        return self.with_sections(section_list.remove(self.sections, index))

    def with_sections(self, sections: Iterable[Section]) -> Self:
        """A copy of these sections, each placed behind the one before.

        In an object file, what names sections by their number goes on naming the same ones.

        Raises:
            SectionError: if a section that another names by its number would be gone, or
                ``dylink.0`` would no longer be the first.
        """
        placed = section_list.placed(sections, self._preamble.end - self._preamble.start)
        return type(self)(
            self._preamble,
            renumbered(self.sections, placed),
            self.rest,
            is_component=self.is_component,
            unread=self.unread,
            parent_offset=self.parent_offset,
        )

    def _frames(self) -> list[Frame]:
        frames = [self._preamble, *(section.frame for section in self.sections)]
        if self.rest is not None:
            frames.append(self.rest)
        return frames


NestedSection.read_module = Module.from_source
