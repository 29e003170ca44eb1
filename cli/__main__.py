"""Entry point of `./mesh`, run by path so that it works from any folder."""

from __future__ import annotations

import io
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
# Python puts the folder of this file first, where our modules would shadow those of others.
if sys.path[0] != ROOT:
    sys.path[0] = ROOT


def main() -> None:
    """Run a verb; whatever goes wrong, the user reads a sentence and never a traceback."""
    from cli.commands import app
    from cli.errors import FAILED, INTERRUPTED, VerbError, record

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a sign shows another one in its place.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="./mesh")
    except VerbError as error:
        from cli import screen
        from cli.stacks import BadStackFileError

        if isinstance(error, BadStackFileError):
            screen.complain_of_stack(error)
        else:
            screen.complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    except Exception as error:
        log = record(error)
        where = f"; what led there is in {log}" if log else ""
        sys.stderr.write(f"error: unforeseen {type(error).__name__}{where}\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
