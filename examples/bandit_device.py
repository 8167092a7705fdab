"""A device in the field: it shows one of four adverts, sees whether it is clicked, and learns.

    python examples/bandit_device.py MODEL CLICKS

Every update is committed to MODEL before the next one. The device may be switched off at any
moment: started again, it goes on with the click after the last one that MODEL remembers.
"""

from __future__ import annotations

import random
import sys

from wasmstate import Session

RATES = (0.02, 0.05, 0.04, 0.10)
"""How often each advert is really clicked; the device does not know."""


def is_clicked(arm: int, i: int) -> float:
    """What the world answers to the i-th advert: 1.0 for a click, else 0.0."""
    return float(random.Random(i * len(RATES) + arm).random() < RATES[arm])


def learn(model: str, clicks: int) -> None:
    """Go on learning until the model has seen so many adverts; tell of each on standard output."""
    with Session.open(model) as session:
        for i in range(session.state.update_count, clicks):
            arm = session.predict()
            session.update(arm, is_clicked(arm, i))
            print(session.generation, arm, flush=True)


if __name__ == "__main__":
    learn(sys.argv[1], int(sys.argv[2]))
