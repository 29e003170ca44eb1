"""Kubeconfigs that Pulumi's Kubernetes provider leaves in the folder for temporary files.

Facts: pulumi-kubernetes 4.25 and 4.32, ``provider.go`` (Configure) and ``util.go``
(writeKubeconfigToFile): for Helm, a provider writes the kubeconfig that it is given, with its
credentials, into a new file ``kubeconfig<number>`` (mode 0600), uses it as long as it runs, and
never deletes it. Go docs, ``os.TempDir``: the folder is ``$TMPDIR``, or else ``/tmp``.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from config.language.yaml_text import YamlTextError, read_yaml
from kube.answers import inner, items

_NAME = re.compile(r"kubeconfig[0-9]+")
_PROVIDER = "pulumi-resource"
"""The first 15 characters of the provider's name, which is what /proc has of it."""
_FOLDER = "/tmp"
_LARGEST = 10_000_000
_DAY_SECONDS = 86_400.0
"""The age from which a file is left over where processes cannot be listed."""


def remove(servers: Collection[str], processes: Path = Path("/proc")) -> int:
    """Delete those of earlier runs that name one of these API servers; returns how many.

    `servers` are URLs. A file is of an earlier run where it is older than every provider of this
    user that runs and has the same folder; it stays where another user owns it or may read it, or
    it cannot be read. `processes` has a folder for each process, as Linux has it.
    """
    folder = os.environ.get("TMPDIR") or _FOLDER
    begun = _oldest_provider(processes, folder)
    number = 0
    for file in _candidates(Path(folder), begun):
        with suppress(OSError, UnicodeDecodeError, YamlTextError):
            found = read_yaml(file.read_text(encoding="utf-8"), _LARGEST)
            named = {inner(one, "cluster").get("server") for one in items(found, "clusters")}
            if named.intersection(servers):
                file.unlink()
                number += 1
    return number


def _candidates(folder: Path, begun: float) -> Iterator[Path]:
    with suppress(OSError):
        for file in folder.iterdir():
            if _NAME.fullmatch(file.name):
                with suppress(OSError):
                    seen = file.lstat()
                    private = stat.S_ISREG(seen.st_mode) and not seen.st_mode & 0o077
                    mine = seen.st_uid == os.getuid()
                    if private and mine and seen.st_size <= _LARGEST and seen.st_mtime < begun:
                        yield file


def _oldest_provider(processes: Path, folder: str) -> float:
    """When the oldest provider with this folder started, in seconds since 1970; else now."""
    try:
        boot = re.search(r"^btime (\d+)$", (processes / "stat").read_text(), re.MULTILINE)
    except OSError:
        boot = None
    if boot is None:
        return time.time() - _DAY_SECONDS
    oldest = time.time()
    for process in processes.glob("[0-9]*"):
        # One that ends meanwhile uses no file.
        with suppress(OSError, ValueError, IndexError):
            name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
            if name == _PROVIDER and _folder_of(process) == folder:
                # Field 22 is the start, in clock ticks after the boot; `rest` begins with field 3.
                ticks = int(rest.split()[19])
                oldest = min(oldest, int(boot[1]) + ticks / os.sysconf("SC_CLK_TCK"))
    return oldest


def _folder_of(process: Path) -> str:
    """Its folder for temporary files. Raises OSError where it is another user's."""
    variables = (process / "environ").read_bytes().split(b"\0")
    found = (os.fsdecode(one[7:]) for one in variables if one.startswith(b"TMPDIR="))
    return next(found, "") or _FOLDER
