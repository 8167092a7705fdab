"""What a device refuses: unknown signers, older metadata, stale ones, bytes that were changed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rounds_support import Fleet, learn, rows_of
from wasmstate import Module, merge
from wasmstate.rounds import RoundError, UntrustedError, create_repository, publish, pull


def strange_signer(fleet: Fleet) -> None:
    """Put the repository of somebody else into the place of the fleet's."""
    model = fleet.model(1)
    shutil.rmtree(fleet.repository)
    create_repository(fleet.repository, fleet.folder / "others")
    publish(fleet.repository, fleet.folder / "others", model)


def older_repository(fleet: Fleet) -> None:
    """Bring back what the repository was before the device saw a newer one."""
    shutil.copytree(fleet.repository, fleet.folder / "old")
    fleet.publish(merge(fleet.model(1), []).module)
    fleet.pull(fleet.folder / "a.wasm")
    shutil.rmtree(fleet.repository)
    shutil.move(fleet.folder / "old", fleet.repository)


def stale_repository(fleet: Fleet) -> None:
    """Sign for no time at all."""
    fleet.publish(fleet.model(1), days=-1)


def changed_model(fleet: Fleet) -> None:
    """Change a byte of the next model."""
    fleet.publish(merge(fleet.model(1), []).module)
    path = next((Path(fleet.repository) / "targets").glob("*.2.state"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (strange_signer, "timestamp was signed by 0/1 keys"),
        (older_repository, "must be >= "),
        (stale_repository, "timestamp.json is expired"),
        (changed_model, "does not match"),
    ],
    ids=lambda each: getattr(each, "__name__", "").replace("_", " "),
)
def test_what_is_not_trusted_changes_nothing(
    fleet: Fleet, attack: Callable[[Fleet], None], reason: str
) -> None:
    device = fleet.device("a")
    learn(device, 2)
    fleet.pull(device)
    attack(fleet)
    before = device.read_bytes()
    with pytest.raises(UntrustedError, match=reason):
        fleet.pull(device)
    assert device.read_bytes() == before


def test_the_first_root_has_to_be_given(fleet: Fleet) -> None:
    device = fleet.device("a")
    with pytest.raises(UntrustedError, match=r"no key of .* is trusted yet"):
        pull(fleet.repository, device)
    fleet.pull(device)
    pull(fleet.repository, device)


def test_any_web_server_can_serve_the_folder(fleet: Fleet) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    device = fleet.device("a")
    learn(device, 2)
    fleet.merge(1, {"a": Module.open(device)})
    handler = partial(Quiet, directory=fleet.repository)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert pull(address, device, root=fleet.root).round == 2
        with pytest.raises(RoundError, match=r"/nothing: HTTP status 404$"):
            pull(f"{address}/nothing", device)
        server.shutdown()
    assert rows_of(device) == 2


def test_a_repository_that_is_not_there_is_named(fleet: Fleet, tmp_path: Path) -> None:
    device = fleet.device("a")
    with pytest.raises(RoundError, match=r"nowhere is neither a folder nor an address"):
        pull(str(tmp_path / "nowhere"), device, root=fleet.root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RoundError, match=r"empty: HTTP status 404"):
        pull(str(tmp_path / "empty"), device, root=fleet.root)
    assert Module.open(device)
