"""Commit with a limit on the size of files, from nothing to all that is needed.

A script of its own: the limit is one of the process. Prints a list of ``[limit, message]``, and
ends with an error if a commit that failed left anything but the old file.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys

from wasmstate import Module, NotCommittedError, State, commit

path = sys.argv[1]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
state = State.of(Module.open(path)).with_values({"total": 2})
before = Module.open(path).to_bytes()
outcomes: list[tuple[int, str | None]] = []
for limit in [*range(0, len(before), 50), len(before)]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        commit(path, state)
    except NotCommittedError as error:
        outcomes.append((limit, str(error)))
        assert Module.open(path).to_bytes() == before
    else:
        outcomes.append((limit, None))
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
print(json.dumps(outcomes))  # noqa: T201
