"""Ending with the process that started this one."""

from __future__ import annotations

import os
import threading
import time

_POLL_SECONDS = 1.0


def end_with_parent() -> None:
    """End this process soon after its parent ended, however that happened.

    An engine that is killed does not end its plugins.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
