"""Processes that outlive the one that started them, and that a later one can end for sure.

A process is known by its id, the moment it started (field 22 of /proc/<pid>/stat, in clock ticks
since boot) and the boot it belongs to. An id that another process has by now never
matches, so no other process is ever ended.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

MARK = "LINKERD_AMBASSADOR_MESH_CLUSTER"
"""The environment variable by which a process says which cluster directory it belongs to."""


class ProcessIdentity(BaseModel):
    """One process, distinguished from all others that had or will have its id on this machine."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: int
    boot: str

    def alive(self) -> bool:
        """Return whether exactly this process still runs. A zombie does not."""
        return identify(self.pid) == self


def identify(pid: int) -> ProcessIdentity | None:
    """Return the process that has this id now, or None."""
    return _look_up(pid, dead_too=False)


def _look_up(pid: int, *, dead_too: bool) -> ProcessIdentity | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name of the program, in parentheses, may hold spaces and parentheses of its own.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX" and not dead_too and not _has_threads(pid):
        _reap(pid)
        return None
    return ProcessIdentity(pid=pid, started=int(fields[19]), boot=_boot())


def _has_threads(pid: int) -> bool:
    # Its first thread may have ended while others still do, and keep its sockets open.
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except OSError:
        return False


def spawn(
    command: Sequence[str], log: Path, environment: Mapping[str, str], mark: str
) -> ProcessIdentity:
    """Start a process in a session of its own, its output appended to `log` (mode 0600).

    The process gets exactly `environment` and the mark of its cluster.

    Raises:
        OSError: the program cannot be run.
    """
    pid = os.posix_spawn(
        command[0],
        list(command),
        {**environment, MARK: mark},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGINT),
    )
    # It may have ended already, but it is not reaped yet.
    identity = _look_up(pid, dead_too=True)
    assert identity is not None
    return identity


def marked(mark: str) -> list[ProcessIdentity]:
    """Return every process of this user that was spawned with this mark.

    It finds what a process started that was killed before it could record it.
    """
    entry = f"{MARK}={mark}".encode()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            environment = (directory / "environ").read_bytes()
        except OSError:
            continue  # Another user's, or gone by now.
        if entry in environment.split(b"\0"):
            identity = identify(int(directory.name))
            if identity is not None:
                found.append(identity)
    return found


def end(identities: Sequence[ProcessIdentity], grace: float = 0.5) -> None:
    """End these processes: SIGTERM, and SIGKILL for those that remain after `grace` seconds.

    An API server and its etcd wait many seconds for each other when both are asked to end. What
    they hold survives being killed (etcd replays its log), so the default does not wait for that.

    Returns when none of them is left. A process that has one of the ids by
    now, but is another one, is left alone.
    """
    deadline = time.monotonic() + grace
    with contextlib.ExitStack() as stack:
        handles = []
        for identity in identities:
            try:
                handle = os.pidfd_open(identity.pid)
            except ProcessLookupError:
                continue
            stack.callback(os.close, handle)
            # The handle is fixed to the process that had the id when it was opened: comparing after
            # that leaves no moment in which another process could get the id.
            if identity.alive():
                handles.append((handle, identity.pid))
        for handle, _ in handles:
            _send(handle, signal.SIGTERM)
        for handle, _ in handles:
            if not _ended(handle, deadline - time.monotonic()):
                _send(handle, signal.SIGKILL)
        for handle, pid in handles:
            _ended(handle, None)
            _reap(pid)


def _send(handle: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, number)


def _ended(handle: int, timeout: float | None) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(None if timeout is None else max(0, int(timeout * 1000))))


def _reap(pid: int) -> None:
    # Only a child can be waited for; the children of others are reaped by their own parent.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
