"""Runs a function over many tasks: on processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

from wasmstate.fleet.errors import EngineError

Task = TypeVar("Task")
Result = TypeVar("Result")
_AHEAD = 4  # tasks that wait, for each process: memory does not grow with their number


@dataclass(frozen=True, slots=True)
class Engine:
    """Where work is done.

    Attributes:
        jobs: processes of this machine; with one, no other process is started.
        scheduler: address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``; in its place.
    """

    jobs: int = 1
    scheduler: str | None = None

    def run(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """The results, in the order in which they get ready.

        Args:
            function: of a module, so that other processes can import it.
            tasks: its arguments.

        Raises:
            EngineError: a process ended before its task was done; or the cluster cannot be reached.
        """
        if self.scheduler is not None:
            return _on_dask(self.scheduler, function, tasks)
        if self.jobs > 1:
            return _on_processes(self.jobs, function, tasks)
        return map(function, tasks)


def _on_processes(
    jobs: int, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[Result]:
    rest = iter(tasks)
    first = [*islice(rest, 2)]
    if len(first) < 2:  # a process takes half a second to start
        yield from map(function, first)
        return
    rest = chain(first, rest)
    # Not forked: Arrow has threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context)
    try:
        running: set[Future[Result]] = set()
        while True:
            fresh = islice(rest, jobs * _AHEAD - len(running))
            running |= {pool.submit(function, task) for task in fresh}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                yield each.result()
    except BrokenProcessPool as error:
        raise EngineError(
            "a process ended before its task was done: killed, or out of memory"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _on_dask(
    scheduler: str, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[Result]:
    from distributed import Client, KilledWorker, as_completed  # noqa: PLC0415 (loads for a second)

    rest = iter(tasks)
    try:
        client = Client(scheduler, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(f"no Dask scheduler answers at {scheduler}: {error}") from error
    try:
        ahead = max(sum(client.nthreads().values()), 1) * _AHEAD
        submitted = [client.submit(function, task, pure=False) for task in islice(rest, ahead)]
        running = as_completed(submitted, loop=client.loop)
        for each in running:
            yield each.result()
            for task in islice(rest, 1):
                running.add(client.submit(function, task, pure=False))
    except KilledWorker as error:
        raise EngineError(f"workers of the cluster ended again and again: {error}") from error
    finally:
        client.close()
