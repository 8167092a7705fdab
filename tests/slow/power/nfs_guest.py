"""What runs in the guest of ``make power``: two clients of an NFS server commit to one file.

Server and clients are in one kernel, and speak through its loopback device. Each client has a
network of its own, so that they share no cache: what one has written the other asks the server for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from wasmstate import Session, StateConflictError, models

WORK = Path("/tmp/nfs")
CALLS = 60
"""Calls of each client, each one committed by a session of its own."""


def run(command: str) -> None:
    """Run a command of the shell; its error ends the guest."""
    subprocess.run(["sh", "-e", "-c", command], check=True)


def serve() -> None:
    """Export a folder to two networks."""
    WORK.mkdir()
    run("mkfs.ext4 -q -F /dev/vda; mkdir /tmp/nfs/export; mount -t ext4 /dev/vda /tmp/nfs/export")
    run("mount -t tmpfs tmpfs /var/lib/nfs; mkdir -p /var/lib/nfs/v4recovery /var/lib/nfs/sm")
    run("touch /var/lib/nfs/etab /var/lib/nfs/rmtab; mount -t nfsd nfsd /proc/fs/nfsd")
    run("ip link set lo up; rpc.nfsd --no-nfs-version 3 --nfs-version 4.2 4; rpc.mountd")
    run("exportfs -o rw,fsid=0,no_root_squash,insecure,no_subtree_check '*:/tmp/nfs/export'")
    for i in (1, 2):
        run(
            f"ip netns add c{i}; ip link add v{i} type veth peer name p{i} netns c{i}; "
            f"ip addr add 10.0.{i}.1/24 dev v{i}; ip link set v{i} up; "
            f"ip netns exec c{i} ip addr add 10.0.{i}.2/24 dev p{i}; "
            f"ip netns exec c{i} ip link set p{i} up"
        )


def client(number: str, version: str) -> None:
    """Mount the folder, learn, and print how many calls were acknowledged."""
    folder = WORK / f"client{number}"
    folder.mkdir()
    run(f"hostname client{number}")  # else the server takes the two for one that has restarted
    run(f"mount -t nfs4 -o vers={version} 10.0.{number}.1:/ {folder}")
    made = conflicts = 0
    while made < CALLS:
        try:
            with Session.open(folder / "model.wasm") as session:
                session.update(0, 1.0)
            made += 1
        except StateConflictError:  # the other client was faster: read the file again
            conflicts += 1
    print(json.dumps({"made": made, "conflicts": conflicts}))


def main(version: str) -> None:
    """Print a line of JSON: the calls that were acknowledged, and those that are in the file."""
    serve()
    path = WORK / "export" / "model.wasm"
    models.new("ucb1", arms=2).save(path)
    clients = [
        subprocess.Popen(
            [
                *f"ip netns exec c{i} unshare --uts".split(),
                sys.executable,
                __file__,
                version,
                str(i),
            ],
            stdout=subprocess.PIPE,
        )
        for i in (1, 2)
    ]
    told = [json.loads(each.communicate()[0]) for each in clients]
    with Session.open(path, persist="manual") as session:
        kept = int(session.value("pulls")[0])
    print("RESULT " + json.dumps({"clients": told, "kept": kept}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        client(sys.argv[2], sys.argv[1])
    else:
        main(sys.argv[1])
