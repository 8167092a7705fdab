"""``wasmstate run``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from wasmstate import GrantOptions
from wasmstate.cli.byte_size import byte_size
from wasmstate.cli.call_arguments import CallArguments, parse_values
from wasmstate.cli.common import (
    AfterCallsError,
    about,
    as_json,
    break_links,
    echo,
    echo_json_line,
    existing_file,
    keep_option,
    new_file,
    new_log,
    plural,
    state_option,
)
from wasmstate.cli.feeding import Feeder, can_take_many
from wasmstate.cli.flushing import flush_option, flushing
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.guarding import guarded
from wasmstate.cli.limit_options import limit_options
from wasmstate.cli.metrics import metrics
from wasmstate.cli.model_calls import CHOOSING, call_of, value_of
from wasmstate.cli.persist_option import persist_option
from wasmstate.cli.pipe import answer_lines
from wasmstate.cli.progress import bar, waiting
from wasmstate.cli.stopping import Stopped, Stopping
from wasmstate.cli.tables import Rows, table_options
from wasmstate.cli.watching import Watching, watching
from wasmstate.errors import CommittedLateError, WasmstateError
from wasmstate.runtime.limits import Limits
from wasmstate.session.policy import Policy
from wasmstate.session.session import Session
from wasmstate.session.table import TableFormat
from wasmstate.state.compare.condition import Condition
from wasmstate.storage.committable import check_committable
from wasmstate.storage.displaced import rescue_name
from wasmstate.storage.patience import lock_timeout as wait_at_most

if TYPE_CHECKING:
    from io import BufferedIOBase

_LARGE = 1 << 20  # bytes of a module that takes a while to compile


class _Indices(click.ParamType[list[int]]):
    name = "indices"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        try:
            return [int(each) for each in str(value).split(",")]
        except ValueError:
            self.fail(f"{value!r} is no list of indices such as 0,2", param, ctx)


@click.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=existing_file)
@click.argument("function")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Call it once for each row of a table: CSV, TSV, JSON lines, npy, npz, Parquet, Arrow, "
    "also with .gz or .zst; - is CSV from standard input.",
)
@table_options
@click.option(
    "--available",
    type=_Indices(),
    metavar="I,J,...",
    help="predict or decide chooses among these arms only; prints the probability, too.",
)
@click.option("--times", type=click.IntRange(1), default=1, help="Number of calls.")
@click.option(
    "--guard",
    metavar="CONDITION",
    help="What update() must keep true of the mean losses of the last 100 rows, of the model and "
    'of the state at first: "loss <= frozen + 0.02". Else S goes back to that state.',
)
@click.option("--until", metavar="CONDITION", help="End after the call that makes it true of S.")
@click.option(
    "--watch-drift",
    "watch_drift",
    metavar="[NAME|FILE]",
    is_flag=False,
    flag_value="",
    help="A detector is told how wrong the model was about each row that update() learns: ddm, "
    "page_hinkley or ewma, with options as of 'models new', or a file with one; if none is named, "
    "one that fits the model.",
)
@persist_option
@flush_option
@state_option
@keep_option
@break_links
@click.option("--record", type=new_log, help="Write what changes S to a new file, for replay.")
@click.option(
    "--metrics",
    "metrics_path",
    type=new_file,
    metavar="FILE.prom",
    help="Write figures of the run for Prometheus: generation, updates, commits, bytes.",
)
@click.option(
    "--record-limit",
    type=byte_size,
    metavar="SIZE",
    help="Of the record, as in 10MB: it is in numbered segments then, the oldest of which leave.",
)
@grant_options
@limit_options()
@click.option(
    "--lock-timeout",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="How long a commit waits while another process has locked FILE; without a limit if not "
    "given. A signal ends it after a second.",
)
@as_json
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    function: str,
    arguments: tuple[str, ...],
    source: Path | None,
    table: TableFormat,
    available: list[int] | None,
    times: int,
    guard: str | None,
    until: str | None,
    watch_drift: str | None,
    persist: str,
    beside: Path | None,
    keep: int | None,
    break_links: bool,
    record: Path | None,
    record_limit: int | None,
    flush_on: tuple[str, ...],
    metrics_path: Path | None,
    grants: GrantOptions,
    limits: Limits,
    lock_timeout: float | None,
    as_json: bool,
) -> None:
    """Call an exported function of a model, and keep what it learns.

    The state is loaded, the function is called, and if the state has changed it is written back to
    FILE so that no crash leaves anything but the old state or the new one. What the function gives
    is printed, a line a call. An array is written 1,2,3 or [[1,2],[3,4]]. Arguments may be named,
    and so may the features of a model that keeps their names.

    With - as FUNCTION, each line of standard input is a call in JSON, such as
    {"fn": "update", "args": [2, 1.0]}, and is answered by a line of JSON.

    \b
    Examples:  wasmstate run bandit.wasm predict
               wasmstate run bandit.wasm update 2 1.0
               wasmstate run bandit.wasm predict --available 0,2
               wasmstate run bandit.wasm decide
               wasmstate run bandit.wasm reward 17 1.0
               wasmstate run linear.wasm update 0.5,1.5,-1 3.0
               wasmstate run rain.wasm update wind=3.5 sun=0.2 label=wet
               wasmstate run bandit.wasm update --from clicks.csv --persist every:100
               wasmstate run bandit.wasm update --from clicks.csv --until "count > 1000"
               wasmstate run rain.wasm update --from days.csv --columns wind,sun,"rain, mm"
               wasmstate run rain.wasm update --from days.csv --watch-drift --until drift
               wasmstate run bandit.wasm -
    """
    is_pipe = function == "-"
    arguments, options = _split(arguments, function, watch_drift)
    if source is not None and arguments:
        raise click.UsageError("give the arguments, or --from, not both")
    if table != TableFormat() and source is None:
        raise click.UsageError(
            "--columns, --separator, --encoding, --skip-unlabelled, --skip-invalid need --from"
        )
    if is_pipe and (arguments or source or times > 1 or until):
        raise click.UsageError("with - as FUNCTION, the calls are all on standard input")
    if guard is not None and (function != "update" or watch_drift is not None):
        raise click.UsageError("--guard is for update, without --watch-drift")
    if available is not None and function not in CHOOSING:
        raise click.UsageError(f"--available is for predict and decide, not for {function}")
    if str(source) == "-" and times > 1:
        raise click.UsageError("standard input can be read once only, leave out --times")
    if record_limit is not None and record is None:
        raise click.UsageError("--record-limit needs --record")
    given = parse_values(ctx, arguments, CallArguments(beside or file, function))
    with about(file):
        session = _open(
            file,
            function,
            state=beside,
            persist=persist,
            limits=limits,
            keep=keep,
            allow_break_links=break_links,
            record=record,
            record_limit=record_limit,
            **grants,
        )
        before, calls, where = session.generation, 0, ""
        with Stopping() as stop:
            try:
                with (
                    wait_at_most(lock_timeout, is_over=lambda: stop.signal is not None),
                    metrics(session, metrics_path),
                    session,
                    flushing(session, flush_on),
                    watching(
                        session,
                        watch_drift,
                        options,
                        as_json=as_json,
                        persist=persist,
                        limits=limits,
                        allow_break_links=break_links,
                    ) as watch,
                    session,  # closed before the detector, whose commit comes first
                ):
                    if is_pipe:
                        answer_lines(session, cast("BufferedIOBase", sys.stdin.buffer), stop)
                    else:
                        run = _Run(
                            session, function, stop, until, watch, available, guard, as_json=as_json
                        )
                        try:
                            run.run(source, table, given, times)
                        finally:
                            calls, where = run.calls, run.where
            except Stopped:
                pass
            except WasmstateError as error:
                is_late = isinstance(error, CommittedLateError)
                if not (is_late and source is None and times == 1):  # else all is done
                    _raise_with_the_rest(session, error, before, calls)
                echo(f"{error}", err=True)
    if source is not None and watch_drift is None and not calls and stop.signal is None:
        echo(f"{source}: no rows, {function}() was not called", err=True)
    if not as_json and not is_pipe:
        stopped = f"{where}: {until}, after {plural(calls, 'call')}" if where else ""
        _sum_up(beside or file, session, before, stopped)
    if stop.signal is not None:
        echo(f"ended by {stop.signal.name}", err=True)
        ctx.exit(128 + stop.signal)


def _raise_with_the_rest(
    session: Session, error: WasmstateError, before: int, calls: int
) -> NoReturn:
    """Raise an error with what became of the calls before it; what the file lacks is rescued."""
    rest = []
    if calls:
        kept = f"generation {before} -> {session.generation}"
        if session.generation == before:
            kept = "nothing is written"
        rest.append(f"{plural(calls, 'call')} before it: {kept}")
    if session.uncommitted and session.persist != "manual":
        lost = (
            f"{plural(session.uncommitted, 'update')} {'is' if session.uncommitted == 1 else 'are'}"
        )
        copy = rescue_name(session.path)
        try:
            session.save_copy(copy)
        except WasmstateError as failure:
            rest.append(f"{lost} in no file: {failure}")
        else:
            rest.append(f"{lost} not in the file: S is saved in {copy}")
    if not rest:
        raise error
    raise AfterCallsError(str(error), "; ".join(rest)).helped_by(*error.remedies) from error


def _open(file: Path, function: str, **options: Any) -> Session:
    """Open the model; what will keep it from being written is told before the first call."""
    if function in ("update", "decide", "reward") and options["persist"] != "manual":
        check_committable(options["state"] or file, allow_break_links=options["allow_break_links"])
    with waiting("compiling", slow=file.stat().st_size > _LARGE):
        return Session.open(file, **options)


def _sum_up(file: Path, session: Session, before: int, stopped: str) -> None:
    """Say what ended the run, if a condition did, and what was written."""
    if stopped:
        echo(stopped, err=True)
    if session.generation != before:
        echo(
            f"{file}: generation {before} -> {session.generation}, "
            f"{plural(session.state.update_count, 'update')} in all",
            err=True,
        )


class _Run:
    """Calls of one function."""

    def __init__(
        self,
        session: Session,
        function: str,
        stop: Stopping,
        until: str | None,
        watch: Watching | None,
        available: list[int] | None,
        guard: str | None,
        *,
        as_json: bool,
    ) -> None:
        self._session = session
        self._function = function
        self._stop = stop
        is_watched = watch is not None
        self._until = Condition(until, session.state, is_watched=is_watched) if until else None
        self._watch = watch
        self._is_guarded = guard is not None
        self._call: Callable[..., Any] = (
            call_of(session, function, available) if guard is None else guarded(session, guard)
        )
        self._as_json = as_json
        self._feeder: Feeder | None = None

    @property
    def calls(self) -> int:
        """How many were made."""
        return self._feeder.calls if self._feeder else 0

    @property
    def where(self) -> str:
        """The place of the row after which the condition held."""
        return self._feeder.where if self._feeder else ""

    def run(
        self,
        source: Path | None,
        table: TableFormat,
        numbers: list[Any],
        times: int,
    ) -> None:
        """Make them. Raises as :meth:`Session.call`, and Stopped."""
        session, function = self._session, self._function
        rows = None
        if source is not None:
            rows = Rows(source, session.params(function), self._stop, table, session.names)
        total = rows.size if rows is not None else 1
        with bar("calls", total * times) as progress:
            passes = 0
            feeder = self._feeder = Feeder(
                session,
                self._stop,
                call=self._call,
                until=self._until,
                watching=self._watch,
                show=self._show,
                progress=lambda: progress.show(
                    passes * total + (rows.done if rows else 0), count=self.calls
                ),
                skip=rows.pass_over if rows is not None and table.skip_invalid else None,
            )
            policy = Policy.parse(session.persist)
            is_told = self._as_json or self._until is not None or self._watch is not None
            is_told |= self._is_guarded
            is_quiet = rows is not None and not is_told
            many = is_quiet and can_take_many(session, function, policy)
            for passes in range(times):
                where = f"call {passes + 1} of {times}" if times > 1 else ""
                if many and rows is not None:
                    feeder.feed_many(rows.parts())
                else:
                    feeder.feed(rows if rows is not None else [(where, numbers)])
                if feeder.where:
                    return
                if rows is not None:
                    rows.tell_skipped()

    def _show(self, value: Any) -> None:
        value, seen = value_of(value)
        if self._as_json:
            if self._watch is not None:
                seen = self._watch.document
            echo_json_line({"value": value, "generation": self._session.generation, **seen})
        elif value is not None:
            told = [value, *(each for each in seen.values() if each is not None)]
            echo(" ".join(map(str, told)))


def _split(
    arguments: tuple[str, ...], function: str, detector: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The arguments of a call, and the options of a detector behind them."""
    if detector is None:
        return arguments, ()
    if function != "update":
        raise click.UsageError(
            f"--watch-drift is for rows that update() learns, not for {function}"
        )
    first = next((i for i, each in enumerate(arguments) if each.startswith("--")), len(arguments))
    return arguments[:first], arguments[first:]
