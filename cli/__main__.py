"""Entry point of `./mesh`, run by path so that it works from any folder."""

from __future__ import annotations

import io
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
# Python puts the folder of this file first, whose modules would shadow installed ones.
if sys.path[0] != ROOT:
    sys.path[0] = ROOT


def main() -> None:
    """Run a verb. An error is printed as message and remedy, never as a traceback."""
    from cli import screen
    from cli.commands import app
    from cli.errors import record
    from vocabulary.errors import FAILED, INTERRUPTED, MeshError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character shows `?` in its place.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="./mesh")
    except MeshError as error:
        screen.show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    except Exception as error:
        log = record(error)
        where = f"; traceback in {log}" if log else ""
        sys.stderr.write(f"error: unexpected {type(error).__name__}{where}\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
