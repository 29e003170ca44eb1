"""Local clusters by hand: ``python -m local_clusters up source target``, and ``down``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local_clusters.lifecycle import down, merge_kubeconfigs, status, up
from machine.progress import Progress
from vocabulary.errors import MeshError


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit code is 1 where it failed."""
    parser = argparse.ArgumentParser(prog="python -m local_clusters", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="start clusters and write one kubeconfig for them")
    starting.add_argument("names", nargs="+", help="names, which are also those of the contexts")
    starting.add_argument("--kubeconfig", type=Path, help="where to write the kubeconfig")
    ending = commands.add_parser("down", help="end clusters and remove what they kept")
    ending.add_argument("names", nargs="*", help="names; all clusters when left out")
    commands.add_parser("status", help="say which clusters run")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "up":
            print(merge_kubeconfigs(up(asked.names, _say), asked.kubeconfig))
        elif asked.command == "down":
            down(asked.names or None, _say)
        else:
            for item in status():
                print(f"{item.name}: {'runs' if item.healthy else 'does not run'}")
    except MeshError as error:
        print(f"error: {error.message}\n  {error.remedy}", file=sys.stderr)
        return 1
    return 0


def _say(progress: Progress) -> None:
    print(progress, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
