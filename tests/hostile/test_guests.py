"""Hostile guests end as they must, in this process; ``make hostile`` measures all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostile.guests import DEEP, ENDLESS, GROWING, MEMORY, REFUSED, TRAPS, VALUES, Guest
from wasmstate import DeadlineError, Limits, Session, State, WasmstateError
from wasmstate.session.predict_warning import PredictChangedStateWarning

SOON = 0.03
"""The limit of seconds for those that run without end; all others have time on a busy machine."""

LARGE = {"10,000 imports", "100,000 exports"}
EARLY = ["update writes S without end", "start never ends", "free never ends"]
SAMPLE: dict[str, Guest] = {
    **{name: ENDLESS[name] for name in EARLY},
    **{name: guest for name, guest in GROWING.items() if "table" not in name},
    **{name: guest for name, guest in DEEP.items() if "recursion" in name},
    **TRAPS,
    **VALUES,
    **{name: guest for name, guest in REFUSED.items() if name not in LARGE},
}


def use(path: Path, guest: Guest) -> object:
    seconds = SOON if guest.outcome is DeadlineError else 10
    with Session.open(path, limits=Limits(seconds=seconds, memory=MEMORY)) as session:
        function = session.predict if guest.call == "predict" else session.update
        return function(*guest.args)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_guest_answers_or_is_ended_and_s_is_whole(name: str, tmp_path: Path) -> None:
    guest = SAMPLE[name]
    path, data = guest.write(tmp_path), guest.data()
    if isinstance(guest.outcome, int):
        if guest.warns:
            with pytest.warns(PredictChangedStateWarning):
                use(path, guest)
        else:
            given = use(path, guest)
            assert guest.says is None or str(given) == str(guest.says)
        assert int(State.open(path)["n"]) == guest.outcome
        return
    with pytest.raises(WasmstateError) as caught:
        use(path, guest)
    assert type(caught.value) is guest.outcome
    assert guest.says is None or guest.says.replace("0.5", str(SOON)) in str(caught.value)
    assert path.read_bytes() == data
