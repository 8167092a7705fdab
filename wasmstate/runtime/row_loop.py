"""Functions that go through several rows in one call: ``update_many``.

Source: docs/format.md, "Entry points".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wasmstate.runtime import unchecked_call
from wasmstate.runtime.arguments import Allocation
from wasmstate.runtime.instance import Instance
from wasmstate.state.buffers import check_types, find_buffers
from wasmstate.state.record import Region
from wasmstate.state.signature import Signature


def rows_entry(
    instance: Instance, name: str, signature: Signature, regions: Sequence[Region]
) -> unchecked_call.Prepared:
    """A function that takes rows, prepared.

    Args:
        instance: that has it.
        name: of the export.
        signature: with ``signature.rows`` not 0.
        regions: of S, which no buffer may touch.

    Returns:
        What takes a sequence: how many rows there are, at most ``signature.rows``, and the bytes of
        the rows of each array; it raises as :meth:`Instance.call`.

    Raises:
        SchemaError, StateBoundsError, CallError: as for any entry point.
    """
    spaces = instance.program.spaces
    check_types(spaces, name, signature)
    native = instance.function(name, [param.name for param in signature.params])
    buffers = find_buffers(spaces, name, signature, regions)
    placed = [
        (each.index, instance.span(each.address, each.param.nbytes))
        for each in buffers
        if each.address is not None
    ]
    free = [each.index for each in buffers if each.address is None]
    allocation = Allocation(instance, name, regions) if free else None

    def call(args: Sequence[Any]) -> Any:
        rows, *contents = args
        values = [0] * len(contents)
        for i, span in placed:
            span.view[: len(contents[i])] = contents[i]
            values[i] = span.address
        if allocation is None:
            return native([*values, rows])
        addresses = allocation.take([contents[i] for i in free])
        for i, address in zip(free, addresses, strict=True):
            values[i] = address
        result = native([*values, rows])
        allocation.give_back(addresses)
        return result

    return call
